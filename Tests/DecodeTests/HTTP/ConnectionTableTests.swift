import CrenelModel
import CrenelTestKit
import Testing

@testable import CrenelDecode

@Suite("What a connection speaks")
struct ConnectionTableTests {
  /// Hands both sides to a table, the client's in pieces of `size` bytes.
  private func read(
    _ client: [UInt8], _ server: [UInt8], size: Int
  ) -> (count: ConnectionCounts, batch: ExchangeBatch) {
    var table = ConnectionTable(DecoderConfiguration())
    let flow = testFlow()
    table.opened(flow)
    var at = 0
    while at < client.count {
      let piece = Array(client[at..<min(at + size, client.count)])
      table.data(flow, .client, piece.span, offset: UInt64(at), testMark(1))
      at += piece.count
    }
    table.data(flow, .server, server.span, offset: 0, testMark(2))
    table.closed(flow, .finished, testMark(3))
    return (table.count, table.batch)
  }

  @Test("HTTP/2 is told from HTTP/1 by its preface, however that is cut", arguments: 1...60)
  func http2(size: Int) {
    let client =
      HTTP2Builder.preface + HTTP2Builder.settings
      + HTTP2Builder.headers(1, HTTP2Builder.request("/a"), ends: true)
    let server =
      HTTP2Builder.settings + HTTP2Builder.headers(1, [(":status", "204")], ends: true)
    let (count, batch) = read(client, server, size: size)
    #expect(count.http2 == 1 && count.http1 == 0)
    #expect(batch.exchanges.map(\.status) == [204])
  }

  @Test("a method that begins like the preface is HTTP/1", arguments: 1...60)
  func http1(size: Int) {
    let client = Array("PRI /a HTTP/1.1\r\nHost: rdv.example\r\n\r\n".utf8)
    let server = Array("HTTP/1.1 405 No\r\nContent-Length: 0\r\n\r\n".utf8)
    let (count, batch) = read(client, server, size: size)
    #expect(count.http1 == 1 && count.http2 == 0)
    #expect(batch.exchanges.map(\.status) == [405])
  }
}
