// The fuzz targets: one for each reader of hostile or hand-written text. libFuzzer gives bytes, the
// target named by CRENEL_FUZZ_TARGET takes them. Built only when CRENEL_FUZZ is set (scripts/fuzz).

import CrenelBooking
import CrenelCapture
import CrenelDecode
import CrenelModel
import CrenelRules
import Foundation

@_silgen_name("LLVMFuzzerRunDriver")
private func runDriver(
  _ argc: UnsafeMutablePointer<Int32>,
  _ argv: UnsafeMutablePointer<UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>?>,
  _ target: @convention(c) (UnsafePointer<UInt8>?, Int) -> Int32
) -> Int32

/// Everything that reads what others wrote.
private enum Target: String, CaseIterable {
  case combined, nginx, apache, haproxy, iis, alb, envoy, json, detect
  case format, profile, rules, archive, booking
  case pcap, layers, reassembly, tls, proxy, http1, http2, packets
}

private let target = Target(
  rawValue: ProcessInfo.processInfo.environment["CRENEL_FUZZ_TARGET"] ?? "")

/// Decodes the input as a log, whole and cut in two, and compares.
private func decode(_ bytes: [UInt8], _ format: String) {
  var configuration = DecoderConfiguration()
  configuration.zone = .utc
  configuration.client = .forwarded
  configuration.trustedProxies = [Network("10.0.0.0/8")].compactMap { $0 }
  for name in ["cookie.a", "form.b", "json.c", "header.d"] {
    _ = configuration.names.slot(for: name)
  }
  guard let parsed = try? LogFormat.parse(format),
    var whole = try? LogDecoder(parsed, configuration),
    var halves = try? LogDecoder(parsed, configuration)
  else { preconditionFailure("a format of ours is none: \(format)") }
  var batch = ExchangeBatch()
  batch.bytes = bytes
  whole.decode(&batch, lines: bytes.indices, offset: 0)
  let counters = whole.counters
  precondition(
    counters.lines == counters.exchanges + counters.unparsed.total + counters.blank
      + counters.comments)
  precondition(batch.exchanges.count == Int(counters.exchanges))
  for exchange in batch.exchanges {
    precondition(exchange.start.earliest <= exchange.start.latest)
    precondition(exchange.end.earliest <= exchange.end.latest)
    for range in [exchange.raw] + (0..<20).map({ exchange.texts[$0] }) where range.isPresent {
      precondition(range.indices.upperBound <= batch.bytes.count)
    }
  }
  let cut = bytes.firstIndex(of: 0x0a).map { $0 + 1 } ?? bytes.count
  for part in [bytes[..<cut], bytes[cut...]] {
    var piece = ExchangeBatch()
    piece.bytes = Array(part)
    halves.decode(&piece, lines: piece.bytes.indices, offset: UInt64(part.startIndex))
  }
  precondition(halves.counters.exchanges == counters.exchanges)
}

private func archive(_ bytes: [UInt8]) {
  let path = "/tmp/crenel-fuzz-\(ProcessInfo.processInfo.processIdentifier)"
  guard FileManager.default.createFile(atPath: path, contents: Data(bytes)),
    var reader = try? LogReader(
      InputSource(name: path, path: path, size: UInt64(bytes.count)), chunkSize: 4_096)
  else { return }
  var buffer: [UInt8] = []
  var rounds = 0
  while rounds < 4_096 {
    rounds += 1
    if reader.fill(&buffer).isEnd { break }
  }
}

private let ezbooking = try? SiteProfileParser.parse(
  """
  id: f
  title: f
  session: { cookie: "a*" }
  steps:
    - { step: hold, path: "/b/{service}/{slot}", query: "x={slot}&y=*z" }
    - { step: list, path: "~^/l(?<service>.*)$", location: "*/2" }
    - { step: landing, words: [rdv, book] }
  fields: { mailbox: [query.m, form.b], document: [query.d], slot: [query.s] }
  """, file: "fuzz")

private func booking(_ bytes: [UInt8]) {
  guard let profile = ezbooking,
    var stage = try? BookingStage(profile: profile, names: FieldNames(), siteKey: nil)
  else { preconditionFailure("the profile of ours is none") }
  var batch = ExchangeBatch()
  batch.bytes = bytes
  var exchange = Exchange(
    at: Timestamp(nanoseconds: 0), provenance: Provenance(source: 0, offset: 0, length: 0, line: 1))
  let third = bytes.count / 3
  exchange[.method] = ByteRange(0..<min(4, bytes.count))
  exchange[.path] = ByteRange(0..<third)
  exchange[.query] = ByteRange(third..<(2 * third))
  exchange[.cookies] = ByteRange((2 * third)..<bytes.count)
  exchange[.location] = ByteRange(third..<bytes.count)
  exchange[.userAgent] = ByteRange(0..<bytes.count)
  batch.exchanges = [exchange]
  let step = stage.classify(batch, 0)
  precondition(!step.slot.isPresent || step.slot.indices.upperBound <= bytes.count)
}

private func run(_ bytes: [UInt8]) {
  let text = String(decoding: bytes, as: UTF8.self)
  switch target {
  case .combined: decode(bytes, "combined")
  case .nginx:
    decode(bytes, "nginx-crenel")
    decode(
      bytes,
      #"$http_x_forwarded_for $remote_user [$time_local] $msec "$request_method $request_uri "#
        + #"$server_protocol" $status $upstream_addr "$http_user_agent $http_accept_language""#)
    decode(bytes, "$remote_addr:$remote_port $msec $request $status")
  case .apache:
    decode(bytes, #"%v %h %l %u %t "%m %U%q" %>s %O %D "%{Referer}i" "%{Cookie}i" %{msec_frac}t"#)
    decode(bytes, #"%a %{end:msec}t %t "%r" %T %D"#)
  case .haproxy:
    decode(bytes, "haproxy")
    decode(bytes, "haproxy:User-Agent,Referer/Location")
  case .iis: decode(bytes, "iis")
  case .alb: decode(bytes, "alb")
  case .envoy: decode(bytes, "envoy")
  case .json:
    for preset in ["nginx-json", "caddy", "envoy-json", "ecs"] { decode(bytes, preset) }
  case .detect: _ = FormatDetector.detect(bytes.span)
  case .format: _ = try? LogFormat.parse(text)
  case .profile: _ = try? SiteProfileParser.parse(text, file: "fuzz")
  case .rules:
    var names = FieldNames()
    _ = try? RuleSet.parse(files: [("fuzz.yml", text)], names: &names)
  case .archive: archive(bytes)
  case .booking: booking(bytes)
  case .pcap: fuzzPcap(bytes)
  case .layers: fuzzLayers(bytes)
  case .reassembly:
    if let violation = ReassemblyProbe.firstViolation(in: bytes.span) {
      preconditionFailure(violation)
    }
  case .tls: fuzzTLS(bytes)
  case .proxy: fuzzProxy(bytes)
  case .http1: fuzzHTTP1(bytes)
  case .http2: fuzzHTTP2(bytes)
  case .packets: fuzzPackets(bytes)
  case nil: break
  }
}

@main
struct Fuzz {
  static func main() {
    guard target != nil else {
      print(Target.allCases.map(\.rawValue).joined(separator: " "))
      return
    }
    var count = CommandLine.argc
    var arguments = unsafe Optional(CommandLine.unsafeArgv)
    exit(
      unsafe runDriver(&count, &arguments) { data, size in
        let bytes = unsafe Array(UnsafeBufferPointer(start: data, count: size))
        run(bytes)
        return 0
      })
  }
}
