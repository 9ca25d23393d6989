/// Which side the sender of a segment is, where the handshake was not captured.
enum SideGuess {
  private static let methods: [StaticString] = [
    "GET ", "POST ", "HEAD ", "PUT ", "DELETE ", "OPTIONS ", "PATCH ", "CONNECT ", "TRACE ",
    "PRI * HTTP/2",
  ]

  /// What the first bytes tell: HTTP (RFC 9112 section 2.1), a TLS hello (RFC 8446 section 5.1);
  /// else the side with the lower port is the server.
  static func sender(of payload: Span<UInt8>, from source: Endpoint, to destination: Endpoint)
    -> FlowSide
  {
    if starts(payload, with: "HTTP/") { return .server }
    if payload.count > 5, payload[0] == 0x16, payload[1] == 3 {
      if payload[5] == 1 { return .client }
      if payload[5] == 2 { return .server }
    }
    for method in methods where starts(payload, with: method) { return .client }
    return source.port < destination.port ? .server : .client
  }

  private static func starts(_ payload: Span<UInt8>, with word: StaticString) -> Bool {
    let count = word.utf8CodeUnitCount
    guard payload.count >= count else { return false }
    return word.withUTF8Buffer { buffer in
      var isEqual = true
      for i in 0..<count where unsafe buffer[i] != payload[i] { isEqual = false }
      return isEqual
    }
  }
}
