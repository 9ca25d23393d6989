import CrenelDecode
import CrenelModel
import CrenelTestKit
import Foundation
import Testing

/// A line of the table that the conformance tests print.
private struct Tally {
  var name: String
  var format: String
  var lines: UInt64
  var exchanges: UInt64
  var compared = 0
  var differing = 0
  var fields: Set<String> = []

  var row: String {
    func pad(_ text: String, _ width: Int) -> String {
      text + String(repeating: " ", count: max(1, width - text.count))
    }
    return pad(name, 34) + pad(format, 21) + pad("\(lines)", 7) + pad("\(exchanges)", 10)
      + pad("\(compared)", 9) + pad("\(differing)", 10) + fields.sorted().joined(separator: " ")
  }

  static let head =
    "log                               format               lines  exchanges compared differing fields"
}

/// Where we differ on purpose, and why: file, field.
private let deviations: [String: [String: String]] = [
  "haproxy.log": ["@timestamp": "theirs is the syslog stamp's year and zone of the machine"],
  "test.log": ["source.ip": "they take the first public address of a chain, which can be forged"],
  "test-with-host.log": [
    "source.ip": "they take the first public address of a chain, which can be forged"
  ],
  "test-iis-7.5.log": ["source.ip": "the client is written as a host name there"],
  "tcplog.log": ["*": "a TCP connection, no HTTP: counted as not understood"],
  "envoy-logs": ["remote_addr": "they take the first X-Forwarded-For, which a client can forge"],
  "default.log": ["*": "a connection notice, no HTTP: counted as not understood"],
]

@Suite("Conformance with public logs")
struct ConformanceTests {
  @Test("all 10,000 lines of a real blog's log are read, and their counts agree with awk's")
  func elastic() throws {
    guard let root = SharedData.root else {
      print(SharedData.skipped)
      return
    }
    let bytes = try SharedData.bytes(root + "/logs/elastic/apache_logs")
    let detection = FormatDetector.detect(bytes.span.extracting(first: 65_536))
    let format = try #require(detection.format)
    #expect(format.name == "combined")
    let decoded = try Decoded(bytes, format)
    #expect(decoded.counters.exchanges == 10_000 && decoded.counters.unparsed.total == 0)
    var statuses: [UInt16: Int] = [:]
    for exchange in decoded.batch.exchanges { statuses[exchange.status, default: 0] += 1 }
    // awk '{print $9}' | sort | uniq -c
    #expect(
      statuses == [200: 9_126, 206: 45, 301: 164, 304: 445, 403: 2, 404: 213, 416: 2, 500: 3])
    let clients = Set(decoded.batch.exchanges.map(\.client))
    #expect(clients.count == 1_753)
    print(Tally.head)
    print(
      Tally(name: "elastic/apache_logs", format: format.name, lines: 10_000, exchanges: 10_000).row)
  }

  @Test("the logs of the Beats modules are read as their expected events say")
  func beats() throws {
    guard let root = SharedData.root else {
      print(SharedData.skipped)
      return
    }
    print(Tally.head)
    var total = 0
    for path in try files(root + "/logs/beats", ending: ".log") {
      let tally = try beats(path)
      print(tally.row)
      total += tally.compared
    }
    #expect(total > 600, "only \(total) fields were compared")
  }

  private func beats(_ path: String) throws -> Tally {
    let name = path.split(separator: "/").suffix(2).joined(separator: "/")
    let file = String(path.split(separator: "/").last ?? "")
    let bytes = try SharedData.bytes(path)
    let detection = FormatDetector.detect(bytes.span)
    let expected = try events(path + "-expected.json")
    let whole = deviations[file]?["*"]
    guard let format = detection.format else {
      #expect(whole != nil, "\(name): \(detection.reason)")
      return Tally(name: name, format: "none", lines: UInt64(expected.count), exchanges: 0)
    }
    var configuration = utcConfiguration()
    // The module's fixtures were made in this zone.
    configuration.zone = ZoneRules(name: "-02:00", offset: -2 * 3_600)
    let decoded = try Decoded(bytes, format, configuration)
    var tally = Tally(
      name: name, format: format.name, lines: decoded.counters.lines,
      exchanges: decoded.counters.exchanges)
    for event in expected {
      let offset = (event["log.offset"] as? Int).map(UInt64.init) ?? 0
      let found = decoded.batch.exchanges.first { $0.provenance.offset == offset }
      guard let exchange = found else {
        #expect(isKnownLoss(name, offset), "\(name): nothing at offset \(offset)")
        continue
      }
      for (field, value) in event {
        guard let ours = Self.ours(field, exchange, decoded.batch) else { continue }
        if deviations[file]?[field] != nil { continue }
        tally.compared += 1
        tally.fields.insert(field)
        guard Self.agrees(ours, "\(value)") else {
          tally.differing += 1
          Issue.record("\(name) at \(offset): \(field) is \(ours), expected \(value)")
          continue
        }
      }
    }
    return tally
  }

  /// Lines that have fewer columns than their own `#Fields` line says.
  private func isKnownLoss(_ name: String, _ offset: UInt64) -> Bool {
    name == "iis/test.log" && offset > 1_400
  }

  /// Our value of an ECS field as text; `nil` for fields that are not compared.
  static func ours(_ field: String, _ exchange: Exchange, _ batch: ExchangeBatch) -> String? {
    switch field {
    case "http.request.method": return batch.string(exchange[.method]) ?? ""
    case "http.response.status_code": return "\(exchange.status)"
    case "http.response.body.bytes": return "\(max(exchange.bodyBytes, exchange.responseBytes))"
    case "user_agent.original": return batch.string(exchange[.userAgent]) ?? ""
    case "http.request.referrer": return batch.string(exchange[.referrer]) ?? ""
    case "http.version":
      // Where they keep the minor version that HTTP/2 does not have.
      let version = batch.string(exchange[.version]) ?? ""
      return ["2", "3"].contains(version) ? version + ".0" : version
    case "user.name": return batch.string(exchange[.user]) ?? ""
    case "source.port": return "\(exchange.port)"
    case "tls.cipher": return batch.string(exchange[.tlsCipher]) ?? ""
    case "url.path": return batch.string(exchange[.path]) ?? ""
    case "url.query": return batch.string(exchange[.query]) ?? ""
    case "source.ip": return exchange.client.description
    default: return nil
    }
  }

  @Test("the logs of the CrowdSec parsers are read as their assertions say")
  func crowdsec() throws {
    guard let root = SharedData.root else {
      print(SharedData.skipped)
      return
    }
    print(Tally.head)
    var total = 0
    for path in try files(root + "/logs/crowdsec", ending: ".log") {
      let tally = try crowdsec(path)
      print(tally.row)
      total += tally.compared
    }
    #expect(total > 200, "only \(total) fields were compared")
  }

  private func crowdsec(_ path: String) throws -> Tally {
    let name = String(path.split(separator: "/").suffix(2).first ?? "")
    let bytes = try SharedData.bytes(path)
    let detection = FormatDetector.detect(bytes.span)
    let assertions = try assertions(path)
    // Half of this one is TLS notices, so it is named.
    let format =
      try name == "haproxy-logs" ? LogFormat.parse("haproxy") : #require(detection.format)
    let decoded = try Decoded(bytes, format, utcConfiguration())
    var tally = Tally(
      name: name, format: format.name, lines: decoded.counters.lines,
      exchanges: decoded.counters.exchanges)
    let lines = String(decoding: bytes, as: UTF8.self).split(
      separator: "\n", omittingEmptySubsequences: false)
    for event in assertions.values {
      guard let message = event["message"],
        let index = lines.firstIndex(where: { $0.hasSuffix(message) && !message.isEmpty })
      else { continue }
      let found = decoded.batch.exchanges.first { $0.provenance.line == UInt64(index + 1) }
      guard let exchange = found else {
        #expect(isOtherLog(message), "\(name):\(index + 1) was not read: \(message.prefix(80))")
        continue
      }
      for (field, value) in event.sorted(by: { $0.key < $1.key }) {
        guard let ours = Self.ours(crowdsec: field, exchange, decoded.batch) else { continue }
        if deviations[name]?[field] != nil { continue }
        tally.compared += 1
        tally.fields.insert(field)
        guard Self.agrees(ours, value) else {
          tally.differing += 1
          Issue.record("\(name):\(index + 1): \(field) is \(ours), expected \(value)")
          continue
        }
      }
    }
    return tally
  }

  /// Lines of an error log, of TLS, of a plugin: no HTTP exchange.
  private func isOtherLog(_ message: String) -> Bool {
    // The last one lacks the column of the user.
    [" [error] ", "SSL handshake", "heartbeat", "DEBUG:", "\"level\":\"debug\"", "192.168.1.1 - ["]
      .contains {
        message.contains($0)
      }
  }

  /// A value that their log writes as absent is absent with us.
  ///
  /// They decode percent signs and keep long spellings of addresses; we keep what was sent, and
  /// make addresses canonical.
  private static func agrees(_ ours: String, _ theirs: String) -> Bool {
    ours == theirs || ours.isEmpty && ["-", "0", ""].contains(theirs)
      || ours.replacing("+", with: " ").removingPercentEncoding == theirs
      || ours.removingPercentEncoding == theirs
      || ClientAddress(parsing: Array(theirs.utf8).span)?.description == ours
  }

  private static func ours(
    crowdsec field: String, _ exchange: Exchange, _ batch: ExchangeBatch
  ) -> String? {
    switch field {
    case "verb", "http_verb": batch.string(exchange[.method]) ?? ""
    case "status", "http_status_code": exchange.status == 0 ? "" : "\(exchange.status)"
    case "request": batch.string(exchange[.target]) ?? ""
    case "http_user_agent": batch.string(exchange[.userAgent]) ?? ""
    case "http_referer": batch.string(exchange[.referrer]) ?? ""
    case "remote_addr", "remote_ip", "client_ip": exchange.client.description
    case "remote_user": batch.string(exchange[.user]) ?? ""
    case "client_port": "\(exchange.port)"
    default: nil
    }
  }

  // MARK: - Reading the answers

  private func files(_ folder: String, ending: String) throws -> [String] {
    let names = FileManager.default.enumerator(atPath: folder)?.compactMap { $0 as? String } ?? []
    return names.filter { $0.hasSuffix(ending) }.sorted().map { folder + "/" + $0 }
  }

  private func events(_ path: String) throws -> [[String: Any]] {
    let data = Data(try SharedData.bytes(path))
    return try #require(try JSONSerialization.jsonObject(with: data) as? [[String: Any]])
  }

  /// `results["s01-parse"]["…"][3].Evt.Parsed["verb"] == "GET"`, by number.
  private func assertions(_ log: String) throws -> [Int: [String: String]] {
    let path = log.split(separator: "/").dropLast().joined(separator: "/")
    let bytes = try SharedData.bytes("/" + path + "/parser.assert")
    var found: [Int: [String: String]] = [:]
    for line in String(decoding: bytes, as: UTF8.self).split(separator: "\n") {
      guard line.hasPrefix("results[\"s01-parse\"]"),
        let middle = line.range(of: "].Evt.Parsed[\""),
        let end = line.range(of: "\"] == \""),
        let open = line[..<middle.lowerBound].lastIndex(of: "["),
        let number = Int(line[line.index(after: open)..<middle.lowerBound])
      else { continue }
      let field = String(line[middle.upperBound..<end.lowerBound])
      let quoted = "[\"" + line[end.upperBound...] + "]"
      let value = try JSONSerialization.jsonObject(with: Data(quoted.utf8)) as? [String]
      found[number, default: [:]][field] = value?.first
    }
    return found
  }
}
