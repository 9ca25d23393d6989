import CrenelModel
import CrenelTestKit
import Testing

@testable import CrenelDecode

private let four: [UInt8] = [1, 0xbb, 192, 0, 2, 7]
private let five: [UInt8] = [1, 198, 51, 100, 9, 1, 0xbb]
private let name = Array("rdv.example".utf8)
private let named: [UInt8] = [3, 11] + name + [1, 0xbb]
private let six: [UInt8] =
  [4, 0x20, 1, 0xd, 0xb8] + [UInt8](repeating: 0, count: 11) + [9, 1, 0xbb]

/// Both sides of a handshake.
struct SocksCase: CustomTestStringConvertible, Sendable {
  var testDescription: String
  var client: [UInt8]
  var server: [UInt8]

  static let all = [
    SocksCase("version 4", [4, 1] + four + Array("anna".utf8) + [0], [0, 90] + four),
    SocksCase(
      "version 4a", [4, 1, 1, 0xbb, 0, 0, 0, 1, 0] + name + [0], [0, 90, 0, 0, 0, 0, 0, 0]),
    SocksCase("version 5", [5, 1, 0, 5, 1, 0] + five, [5, 0, 5, 0, 0] + five),
    SocksCase("version 5, a name", [5, 2, 0, 2, 5, 1, 0] + named, [5, 0, 5, 0, 0] + five),
    SocksCase("version 5, IPv6", [5, 1, 0, 5, 1, 0] + six, [5, 0, 5, 0, 0] + six),
    SocksCase(
      "version 5, a password",
      [5, 2, 0, 2, 1, 4] + Array("anna".utf8) + [2, 1, 2, 5, 1, 0] + named,
      [5, 2, 1, 0, 5, 0, 0] + five),
  ]

  init(_ description: String, _ client: [UInt8], _ server: [UInt8]) {
    testDescription = description
    self.client = client
    self.server = server
  }
}

@Suite("SOCKS handshakes")
struct SocksHandshakeTests {
  @Test("each side is told by its own bytes, and none of what follows", arguments: SocksCase.all)
  func whole(example: SocksCase) {
    let more: [UInt8] = [22, 3, 1, 0, 5]
    for count in 0..<example.client.count {
      #expect(SocksHandshake.client(Array(example.client.prefix(count)).span) == .needMore)
    }
    for count in 0..<example.server.count {
      #expect(SocksHandshake.server(Array(example.server.prefix(count)).span) == .needMore)
    }
    let (client, server) = (example.client + more, example.server + more)
    #expect(SocksHandshake.client(client.span) == .whole(example.client.count))
    #expect(SocksHandshake.server(server.span) == .whole(example.server.count))
  }

  @Test(
    "what is no granted CONNECT is none",
    arguments: [
      [6, 1, 0], [4, 2] + four + [0], [5, 0], [5, 1, 0, 5, 2, 0], [5, 1, 0, 5, 1, 1],
      [5, 1, 0, 4, 1, 0], [5, 1, 0, 5, 1, 0, 2, 0], [22, 3, 1],
      [4, 1] + four + [UInt8](repeating: 0x61, count: 300), Array("GET / HTTP/1.1".utf8),
    ] as [[UInt8]])
  func notClient(bytes: [UInt8]) { #expect(SocksHandshake.client(bytes.span) == .none) }

  @Test(
    "a refusal, and a method that wraps what follows, are none",
    arguments: [
      [0, 91], [5, 255], [5, 1], [5, 0, 5, 1], [5, 2, 1, 1], [5, 0, 5, 0, 0, 9, 0], [1],
      Array("SSH-2.0".utf8),
    ] as [[UInt8]])
  func notServer(bytes: [UInt8]) { #expect(SocksHandshake.server(bytes.span) == .none) }

  /// The turns of a connection through a table: client and server by turns, in pieces of `size`.
  private func read(
    _ turns: [(FlowSide, [UInt8])], size: Int
  ) -> (count: ConnectionCounts, batch: ExchangeBatch) {
    var table = ConnectionTable(DecoderConfiguration())
    let flow = testFlow()
    var offsets: [UInt64] = [0, 0]
    table.opened(flow)
    for (side, bytes) in turns {
      for start in stride(from: 0, to: bytes.count, by: size) {
        let piece = Array(bytes[start..<min(start + size, bytes.count)])
        table.data(flow, side, piece.span, offset: offsets[side.index], testMark(1))
        offsets[side.index] += UInt64(piece.count)
      }
    }
    table.closed(flow, .finished, testMark(3))
    return (table.count, table.batch)
  }

  @Test(
    "TLS behind SOCKS is read like TLS, however it is cut", arguments: SocksCase.all,
    [1, 2, 7, 2_000])
  func tls(example: SocksCase, size: Int) {
    let hello = HelloBuilder.browser(salt: 1, shuffled: false).records()
    let answer = serverHello(cipher: 0x1301, version: 0x0304)
    // Greeting, request and replies by turns where version 5 needs them; together is as good.
    let (count, batch) = read(
      [(.client, example.client), (.server, example.server), (.client, hello), (.server, answer)],
      size: size)
    #expect(count.tls == 1 && count.others == 0 && batch.exchanges.count == 1)
    let exchange = batch.exchanges[0]
    let detail = batch.details[0]
    #expect(batch.string(exchange[.ja4])?.hasPrefix("t13d0406h2_") == true)
    #expect(batch.string(exchange[.tlsCipher]) == "TLS_AES_128_GCM_SHA256")
    #expect(batch.string(detail.serverName) == "rdv.example")
    #expect(detail.requestStream.offset == UInt64(example.client.count))
    #expect(detail.requestStream.length == UInt64(hello.count))
    #expect(detail.responseStream.offset == UInt64(example.server.count))
    #expect(exchange.client.description == "192.0.2.7")
  }

  @Test("HTTP behind SOCKS is read like HTTP", arguments: SocksCase.all, [1, 3, 2_000])
  func http(example: SocksCase, size: Int) {
    let request = Array("GET /a HTTP/1.1\r\nHost: rdv.example\r\n\r\n".utf8)
    let response = Array("HTTP/1.1 204 No\r\n\r\n".utf8)
    let (count, batch) = read(
      [
        (.client, example.client), (.server, example.server), (.client, request),
        (.server, response),
      ], size: size)
    #expect(count.http1 == 1 && batch.exchanges.map(\.status) == [204])
    #expect(batch.string(batch.exchanges[0][.target]) == "/a")
  }

  @Test("where the server's side was not captured, the client's is enough")
  func oneSided() {
    let hello = HelloBuilder.browser(salt: 1, shuffled: false).records()
    let (count, batch) = read([(.client, SocksCase.all[2].client), (.client, hello)], size: 90)
    #expect(count.tls == 1 && batch.string(batch.details[0].serverName) == "rdv.example")
  }

  @Test("a PROXY header may come before it")
  func behindProxyHeader() {
    let line = Array("PROXY TCP4 203.0.113.5 198.51.100.9 51234 1080\r\n".utf8)
    let example = SocksCase.all[2]
    let (count, batch) = read(
      [
        (.client, line + example.client), (.server, example.server),
        (.client, HelloBuilder().records()),
      ], size: 16)
    #expect(count.tls == 1 && batch.exchanges[0].client.description == "203.0.113.5")
  }

  @Test("a refused handshake, and one with nothing behind it, give no exchange")
  func refused() {
    for (client, server) in [
      (SocksCase.all[2].client, [5, 0, 5, 5, 0] + five),
      (SocksCase.all[2].client, SocksCase.all[2].server),
    ] as [([UInt8], [UInt8])] {
      let (count, batch) = read([(.client, client), (.server, server)], size: 4)
      #expect(count.others == 1 && batch.exchanges.isEmpty)
    }
  }
}
