import CrenelModel
import CrenelTestKit
import Testing

@testable import CrenelDecode

/// What a side says.
private struct Said {
  var isClient: Bool
  var text: String
  /// Number of its first byte in the side's stream.
  var at: Int

  static func client(_ text: String, at: Int) -> Said {
    Said(isClient: true, text: text, at: at)
  }
  static func server(_ text: String, at: Int) -> Said {
    Said(isClient: false, text: text, at: at)
  }
}

/// Method, target and status of what was read, `-` for what is not there; of a connection whose
/// opening was not captured, unless `isOpened`.
private func read(_ said: [Said], port: Int = 8_080, isOpened: Bool = false) -> [String] {
  var decoder = PacketDecoder(DecoderConfiguration(), seed: 1)
  var packets = PacketBatch()
  let (client, server): ([UInt8], [UInt8]) = ([192, 0, 2, 7], [198, 51, 100, 9])
  var ends = [true: 1_000, false: 1_000]
  let said = (isOpened ? [Said.client("", at: -1)] : []) + said
  for (i, piece) in said.enumerated() {
    let segment = Wire.tcp(
      Array(piece.text.utf8), from: piece.isClient ? 40_000 : port,
      to: piece.isClient ? port : 40_000, sequence: 1_000 + piece.at,
      acknowledged: ends[!piece.isClient] ?? 0, flags: piece.at < 0 ? 0x02 : 0x18)
    ends[piece.isClient] = 1_000 + max(piece.at, 0) + piece.text.utf8.count
    let packet = Wire.ethernet(
      Wire.ip4(
        segment, from: piece.isClient ? client : server, to: piece.isClient ? server : client))
    let begin = packets.bytes.count
    packets.bytes += packet
    packets.packets.append(
      Packet(
        at: Timestamp(nanoseconds: Int64(i) * Nanoseconds.millisecond),
        bytes: ByteRange(begin..<packets.bytes.count), originalLength: UInt32(packet.count),
        link: .ethernet, frame: UInt64(i + 1), offset: UInt64(begin)))
  }
  var batch = ExchangeBatch()
  var next = 0
  while next < packets.packets.count { decoder.decode(packets, from: &next, into: &batch) }
  while !decoder.finish(into: &batch) {}
  return batch.exchanges.map { exchange in
    let texts = [exchange[.method], exchange[.target]].map { range in
      range.isPresent ? String(decoding: batch.bytes[range.indices], as: UTF8.self) : "-"
    }
    return texts.joined(separator: " ") + " \(exchange.status)"
  }
}

@Suite("Connections found midway")
struct MidwayTests {
  private static let answer = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
  private static let next = "GET /next HTTP/1.1\r\nHost: rdv.example\r\n\r\n"

  @Test("the rest of a response body is passed over, and the next request read")
  func responseBody() {
    let body = String(repeating: "<p>", count: 40)
    let size = body.utf8.count
    #expect(
      read([.server(body, at: 0), .client(Self.next, at: 0), .server(Self.answer, at: size)])
        == ["GET /next 200"])
  }

  @Test("the rest of a form is no request, and nothing of it is kept")
  func form() {
    let form = "BBBB&password=hunter2&y=1"
    let size = form.utf8.count
    let read = read([
      .client(form, at: 0), .server(Self.answer, at: 0), .client(Self.next, at: size),
      .server(Self.answer, at: Self.answer.utf8.count),
    ])
    #expect(read == ["- - 200", "GET /next 200"])
  }

  @Test("frames of HTTP/2 are no request")
  func http2() {
    #expect(
      read([.client("\0\0\u{5b}\u{1}\u{5}\0\0\0\u{3}cookie\u{11}session=SECRET", at: 0)]).isEmpty)
  }

  @Test("on a port that is not of HTTP a connection must begin with a message")
  func otherPort() {
    #expect(read([.client(Self.next, at: 0), .server(Self.answer, at: 0)], port: 4_242).count == 1)
    #expect(read([.client("BBBB&y=1" + Self.next, at: 0)], port: 4_242).isEmpty)
  }

  @Test("a PROXY line that cannot be read is no request, and hides none")
  func badProxyLine() {
    let line = "PROXY TCP4 999.0.113.9 198.51.100.9 5555 80\r\n"
    let read = read(
      [.client(line + Self.next, at: 0), .server(Self.answer, at: 0)], isOpened: true)
    #expect(read == ["GET /next 200"])
  }

  @Test(
    "where a request line begins in a line",
    arguments: [
      ("GET /a HTTP/1.1", 0), ("y=1GET /a HTTP/1.1", 3), ("a b cPOST /a HTTP/1.0", 5),
      ("{\"x\":1}DELETE http://rdv.example/ HTTP/1.1", 7), ("MKCOL /a HTTP/1.1", 0),
      ("XGET /a HTTP/1.1", 0), ("OPTIONS * HTTP/1.1", 0), ("y=1get /a HTTP/1.1", nil),
      ("y=1GET a HTTP/1.1", nil), ("GET /a", nil), ("", nil), (" HTTP/1.1", nil),
      ("/ HTTP/1.1", nil), ("GET  HTTP/1.1", 0),
    ] as [(String, Int?)])
  func lines(line: String, start: Int?) {
    #expect(HTTP1Connection.requestStart(Array((line + "\r\n").utf8).span) == start)
  }
}
