import CrenelModel

/// What a ServerHello (RFC 8446 section 4.1.3) chose; a HelloRetryRequest has the same shape.
struct ServerHello: Sendable, BitwiseCopyable {
  var version: UInt16
  var cipher: UInt16

  /// Reads the body of the handshake message in `bytes[body]`; `nil` when it is none.
  init?(_ bytes: Span<UInt8>, _ body: Range<Int>) {
    var cursor = WireCursor(body)
    guard let legacy = cursor.number(2, bytes), cursor.take(32, bytes) != nil,
      let session = cursor.vector(lengthOf: 1, bytes), session.count <= 32,
      let suite = cursor.number(2, bytes), cursor.number(1, bytes) != nil
    else { return nil }
    version = UInt16(truncatingIfNeeded: legacy)
    cipher = UInt16(truncatingIfNeeded: suite)
    guard let list = cursor.vector(lengthOf: 2, bytes) else { return }
    var extensions = WireCursor(list)
    while let type = extensions.number(2, bytes),
      let content = extensions.vector(lengthOf: 2, bytes)
    {
      guard type == 0x002b, content.count == 2 else { continue }
      version = UInt16(bytes[content.lowerBound]) << 8 | UInt16(bytes[content.lowerBound &+ 1])
    }
  }
}
