import CrenelModel

extension HTTP1Connection {
  /// Whether the 101 response that ends before `end`, and was read into `work.head`, is the answer to
  /// `Upgrade: h2c` of the only request that waits (RFC 7540 section 3.2).
  mutating func goesOver(_ end: UInt64) -> Bool {
    takeWork()
    guard isReadingServer, client.phase == .held, work.open.count &- work.first == 1,
      work.open[work.first].offersHTTP2, work.open[work.first].isRequestDone
    else { return false }
    http2Start = end
    server.phase = .tunnel
    client.phase = .tunnel
    return true
  }

  /// The connection that goes on in HTTP/2, and what the client has said of it; nothing more is read
  /// here, and the request is told there.
  mutating func takeHTTP2(
    _ http2: HTTP2Context
  ) -> (connection: HTTP2Connection, client: HeldBytes) {
    takeWork()
    let connection = HTTP2Connection(
      flow, http2, upgrading: work.store.exchanges[work.first], in: work.store)
    connection.client = proxied
    connection.anomalies = ofConnection
    var said = HeldBytes()
    swap(&said, &work.held)
    work.removeAll()
    settle()
    return (connection, said)
  }
}
