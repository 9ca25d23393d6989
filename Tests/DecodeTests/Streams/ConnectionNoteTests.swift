import CrenelModel
import Testing

@testable import CrenelDecode

/// What a connection of such pieces gives: target, status, body of the response, and what is odd.
private func told(_ pieces: [HTTP2Piece], ends: FlowSide? = nil, endsAfter: Int = .max) -> [String]
{
  var table = ConnectionTable(DecoderConfiguration())
  let flow = testFlow()
  table.opened(flow)
  var offsets: [UInt64] = [0, 0]
  for (index, piece) in pieces.enumerated() {
    let mark = testMark(index + 1)
    if let ends, index == endsAfter { table.sideEnded(flow, ends, mark) }
    let side = piece.side
    if piece.isMissing {
      var mark = mark
      mark.isCut = true
      table.gap(
        flow, side, count: UInt64(piece.bytes.count), offset: offsets[side.index], mark)
    } else {
      table.data(flow, side, piece.bytes.span, offset: offsets[side.index], mark)
    }
    offsets[side.index] += UInt64(piece.bytes.count)
  }
  table.closed(flow, .finished, testMark(pieces.count + 1))
  return table.batch.exchanges.map { exchange in
    let detail = table.batch.details[Int(exchange.detail)]
    var line = "\(table.batch.string(exchange[.target]) ?? "-") \(exchange.status)"
    line += " \(exchange.bodyBytes) \(exchange.client)"
    if exchange.flags.contains(.incomplete) { line += " incomplete" }
    return PacketAnomaly.allCases.reduce(line) {
      detail.anomalies.contains($1) ? "\($0) \($1.code)" : $0
    }
  }
}

@Suite("What is noted of connections")
struct ConnectionNoteTests {
  private static let get = Array("GET /a HTTP/1.1\r\nHost: rdv.example\r\n\r\n".utf8)
  private static let ok = Array("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok".utf8)
  private static let badLine = Array("PROXY TCP4 999.0.113.9 198.51.100.9 5555 80\r\n".utf8)

  /// A PROXY header of version 2 for 203.0.113.9, with `extensions` bytes of TLVs.
  private static func proxy(extensions: Int) -> [UInt8] {
    let length = 12 + extensions
    return [13, 10, 13, 10, 0, 13, 10, 81, 85, 73, 84, 10, 0x21, 0x11, UInt8(length >> 8)]
      + [UInt8(length & 255), 203, 0, 113, 9, 198, 51, 100, 9, 0x15, 0xb3, 0, 80]
      + [UInt8](repeating: UInt8(ascii: "G"), count: extensions)
  }

  @Test("a PROXY header that cannot be read is noted on each exchange of HTTP/1")
  func badHeaderHTTP1() {
    let pieces: [HTTP2Piece] = [
      .client(Self.badLine + Self.get), .server(Self.ok), .client(Self.get), .server(Self.ok),
    ]
    #expect(
      told(pieces)
        == Array(repeating: "/a 200 2 192.0.2.7 bad-proxy-header", count: 2))
  }

  @Test("and on each of HTTP/2, and on a TLS connection")
  func badHeaderOthers() {
    let opening = HTTP2Builder.preface + HTTP2Builder.settings
    let request = HTTP2Builder.headers(1, HTTP2Builder.request("/a"), ends: true)
    let response = HTTP2Builder.headers(1, [(":status", "204")], ends: true)
    #expect(
      told([.client(Self.badLine + opening + request), .server(HTTP2Builder.settings + response)])
        == ["/a 204 0 192.0.2.7 bad-proxy-header"])
    let hello = HelloBuilder.browser(salt: 1, shuffled: false).records()
    #expect(
      told([.client(Self.badLine + hello)]).map { $0.hasSuffix("bad-proxy-header") } == [true])
  }

  @Test(
    "extensions of a PROXY header may fill its 64 KiB, and are not kept",
    arguments: [5_000, 65_523], [100, 1_460, 70_000])
  func longHeader(extensions: Int, size: Int) {
    let bytes = Self.proxy(extensions: extensions) + Self.get
    let pieces = stride(from: 0, to: bytes.count, by: size).map {
      HTTP2Piece.client(Array(bytes[$0..<min(bytes.count, $0 + size)]))
    }
    #expect(told(pieces + [.server(Self.ok)]) == ["/a 200 2 203.0.113.9"])
    let preamble = Preamble()
    for (i, piece) in pieces.dropLast(size < bytes.count ? 2 : 1).enumerated() {
      preamble.add(.client, piece.bytes.span, UInt64(i * size), testMark(i))
      _ = preamble.takesProxyHeader(isLast: false, isMidStream: false)
      #expect(preamble.held < 1_000)
    }
  }

  @Test("extensions of a PROXY header that were not captured are passed over")
  func cutHeader() {
    let header = Self.proxy(extensions: 3_000)
    #expect(
      told([
        .client(Array(header.prefix(200))), .lost(.client, header.count - 200), .client(Self.get),
        .server(Self.ok),
      ]) == ["/a 200 2 203.0.113.9"])
  }

  @Test("a response until the end of the connection, told before its request, is whole")
  func endWhileHeld() {
    let pieces: [HTTP2Piece] = [
      .server(Array("HTTP/1.0 200 OK\r\n\r\nhello".utf8)), .client(Self.get),
    ]
    #expect(told(pieces, ends: .server, endsAfter: 1) == ["/a 200 5 192.0.2.7"])
  }

  private static let upgrade = Array(
    "GET /a HTTP/1.1\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABk\r\n\r\n".utf8)

  @Test(
    "a request that is upgraded to HTTP/2 has the answer of stream 1", arguments: [false, true])
  func upgrade(isClientFirst: Bool) {
    let switching = Array("HTTP/1.1 101 Switching\r\nUpgrade: h2c\r\n\r\n".utf8)
    let answer = HTTP2Builder.settings + HTTP2Builder.headers(1, [(":status", "203")])
    let client = HTTP2Piece.client(
      HTTP2Builder.preface + HTTP2Builder.settings
        + HTTP2Builder.headers(3, HTTP2Builder.request("/b"), ends: true))
    let server = HTTP2Piece.server(switching + answer + HTTP2Builder.data(1, 9, ends: true))
    #expect(
      told(
        [.client(Self.get), .server(Self.ok), .client(Self.upgrade)]
          + (isClientFirst ? [client, server] : [server, client])
          + [.server(HTTP2Builder.headers(3, [(":status", "404")], ends: true))])
        == ["/a 200 2 192.0.2.7", "/a 203 9 192.0.2.7", "/b 404 0 192.0.2.7"])
  }

  @Test("a server that refuses an upgrade is read as before")
  func refusedUpgrade() {
    #expect(
      told([
        .client(Self.upgrade), .client(Self.get), .server(Self.ok), .server(Self.ok),
        .client(Self.upgrade), .lost(.client, 7), .client(Self.get), .server(Self.ok),
      ]).prefix(3).map { $0.prefix(8) } == ["/a 200 2", "/a 200 2", "/a 200 2"])
  }

  @Test("bytes that the snap length cut are noted on HTTP/2 and TLS")
  func cut() {
    let opening = HTTP2Builder.preface + HTTP2Builder.settings
    let request = HTTP2Builder.headers(1, HTTP2Builder.request("/a"), ends: true)
    let response =
      HTTP2Builder.headers(1, [(":status", "200")]) + HTTP2Builder.data(1, 20, ends: true)
    #expect(
      told([
        .client(opening + request),
        .server(HTTP2Builder.settings + Array(response.dropLast(15))), .lost(.server, 15),
      ]) == ["/a 200 20 192.0.2.7 incomplete cut-by-capture stream-gap"])
    let hello = HelloBuilder.browser(salt: 1, shuffled: false).records()
    #expect(
      told([.client(Array(hello.dropLast(20))), .lost(.client, 20)])
        == ["- 0 -1 192.0.2.7 incomplete cut-by-capture stream-gap"])
  }
}
