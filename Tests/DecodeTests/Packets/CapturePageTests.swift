import CrenelModel
import CrenelTestKit
import Testing

@testable import CrenelDecode

/// docs/captures.md says what the code does.
@Suite("The page about captures")
struct CapturePageTests {
  private let lines: [String]

  init() throws {
    let bytes = try SharedData.bytes(SharedData.package + "docs/captures.md")
    lines = String(decoding: bytes, as: UTF8.self).split(separator: "\n").map(String.init)
  }

  /// The second cell of the row that begins with `first`.
  private func cell(_ first: String) throws -> String {
    let row = try #require(lines.first { $0.hasPrefix("| \(first) |") }, "\(first)")
    return row.split(separator: "|").map { $0.trimmingPrefix(" ") }[1].trimmingSuffix(" ")
  }

  @Test("has a row for each anomaly, and no other")
  func anomalies() throws {
    let start = try #require(lines.firstIndex(of: "## Anomalies"))
    let end = try #require(lines.firstIndex(of: "## Fields"))
    let codes = lines[start..<end].filter { $0.hasPrefix("| `") }.map {
      $0.split(separator: "`")[1]
    }
    #expect(codes.map(String.init) == PacketAnomaly.allCases.map(\.code))
  }

  @Test("states the limits that hold")
  func limits() throws {
    let (tcp, fragments, http) = (TCPLimits(), FragmentLimits(), HTTP1Limits())
    func thousands(_ number: Int) -> String {
      number < 1_000 ? "\(number)" : "\(number / 1_000),\("\(1_000 + number % 1_000)".dropFirst())"
    }
    func mebi(_ number: Int) -> String { "\(number >> 20) MiB" }
    func kibi(_ number: Int) -> String { "\(number >> 10) KiB" }
    func seconds(_ time: Int64) -> String { "\(time / Nanoseconds.second) s" }
    let rows: [(String, String)] = [
      ("connections", thousands(tcp.flows)),
      (
        "silence of a connection; before its handshake is done",
        "\(seconds(tcp.idle)); \(seconds(tcp.halfOpenIdle))"
      ),
      (
        "bytes waiting behind holes, a connection; all",
        "\(mebi(tcp.bufferedPerFlow)); \(mebi(tcp.bufferedInTotal))"
      ),
      ("bytes that connections hold, all, those included", mebi(PacketDecoder.heldLimit)),
      (
        "datagrams in fragments; their bytes; fragments of one; time",
        "\(thousands(fragments.datagrams)); \(mebi(fragments.bytes)); \(fragments.fragments); "
          + seconds(fragments.timeout)
      ),
      ("layers in each other", "\(LayerCursor.limit)"),
      ("HTTP/1 head; fields of it", "\(kibi(http.headBytes)); \(http.fields)"),
      (
        "request body looked at, as sent; decompressed",
        "\(kibi(http.bodyBytes)); \(kibi(http.inflatedBytes))"
      ),
      (
        "HTTP/1 requests without a response, a connection; their heads",
        "\(http.outstanding); \(mebi(http.outstandingBytes))"
      ),
      (
        "HTTP/2 streams open at once; their texts, a connection",
        "\(HTTP2Connection.streamLimit); \(mebi(HTTP2Connection.heldLimit))"
      ),
      ("TLS handshake message", kibi(HandshakeCollector.limit)),
    ]
    for (name, value) in rows { #expect(try cell(name) == value) }
  }
}

extension StringProtocol {
  /// Without the character at its end, as often as it stands there.
  fileprivate func trimmingSuffix(_ character: Character) -> String {
    var text = String(self)
    while text.last == character { text.removeLast() }
    return text
  }
}
