import CrenelModel
import CrenelTestKit
import Foundation
import Testing

@testable import CrenelDecode

/// Segments by frame as tshark sees them: the innermost TCP, and the IP packet around it.
private enum Tshark {
  static let path = ["/usr/bin/tshark", "/usr/local/bin/tshark"].first {
    FileManager.default.isExecutableFile(atPath: $0)
  }

  private static let fields = [
    "frame.number", "frame.protocols", "ip.src", "ipv6.src", "tcp.srcport", "ip.dst", "ipv6.dst",
    "tcp.dstport", "tcp.seq_raw", "tcp.len",
  ]

  static func segments(_ capture: String) throws -> [String] {
    let process = Process()
    process.executableURL = URL(filePath: path ?? "/usr/bin/false")
    process.arguments =
      ["-n", "-r", capture, "-o", "tcp.desegment_tcp_streams:false", "-Y", "tcp", "-T", "fields"]
      // Two Teredo hosts of these traces speak to each other on ports that tshark does not know.
      + ["-d", "udp.port==32900,teredo", "-E", "occurrence=l"] + fields.flatMap { ["-e", $0] }
    let pipe = Pipe()
    process.standardOutput = pipe
    process.standardError = FileHandle.nullDevice
    try process.run()
    let text = String(decoding: pipe.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
    process.waitUntilExit()
    return text.split(separator: "\n").compactMap(segment)
  }

  private static func segment(_ line: Substring) -> String? {
    let values = line.split(separator: "\t", omittingEmptySubsequences: false)
    guard values.count == fields.count else { return "unreadable: \(line)" }
    let layers = values[1].split(separator: ":")
    // TCP that an ICMP message quotes is no segment of that packet.
    guard !layers.contains("icmp"), !layers.contains("icmpv6") else { return nil }
    let around = layers[..<(layers.lastIndex(of: "tcp") ?? 0)]
    let isIPv6 = around.last { $0 == "ip" || $0 == "ipv6" } == "ipv6"
    let ends = (values[isIPv6 ? 3 : 2], values[isIPv6 ? 6 : 5])
    return "\(values[0]): \(address(ends.0)) \(values[4]) -> \(address(ends.1)) \(values[7])"
      + " seq \(values[8]) len \(values[9])"
  }

  private static func address(_ text: Substring) -> String {
    ClientAddress(parsing: Array(text.utf8).span).map(describe) ?? "?"
  }
}

private func describe(_ address: ClientAddress) -> String {
  String(address.high, radix: 16) + "." + String(address.low, radix: 16)
}

private let captures: [String] = {
  let path = (SharedData.root ?? "") + "/pcap-http"
  let names = (try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []
  return names.filter { $0.hasSuffix(".pcap") }.sorted().map { "pcap-http/" + $0 }
}()

@Suite("Captures of other projects")
struct TraceTests {
  @Test(
    "the segments of each are those that tshark finds",
    .enabled(if: Tshark.path != nil, "skipped: no tshark"),
    .enabled(if: SharedData.root != nil, "\(SharedData.skipped)"), arguments: captures)
  func segments(capture: String) throws {
    let path = (SharedData.root ?? "") + "/" + capture
    let file = try TraceFile(path)
    var decoder = NetworkDecoder()
    var anomalies = AnomalyCounters()
    var found: [String] = []
    for packet in file.batch.packets {
      guard let segment = decoder.decode(packet, file.batch.bytes.span, &anomalies) else {
        continue
      }
      let from = "\(describe(segment.source.address)) \(segment.source.port)"
      let to = "\(describe(segment.destination.address)) \(segment.destination.port)"
      let length = segment.payload.count + segment.missing
      found.append("\(packet.frame): \(from) -> \(to) seq \(segment.sequence) len \(length)")
    }
    let expected = try Tshark.segments(path)
    let extra = found.filter { !expected.contains($0) }
    let lost = expected.filter { !found.contains($0) }
    #expect(extra.isEmpty && lost.isEmpty, "ours: \(extra.prefix(5)), tshark: \(lost.prefix(5))")
    #expect(found.count == expected.count)
    let withoutTCP = ["dns53.pcap"]
    #expect(found.isEmpty == withoutTCP.contains { capture.hasSuffix($0) })
  }
}
