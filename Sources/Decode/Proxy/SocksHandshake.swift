/// What one side says before a SOCKS proxy hands its connection on: version 4 and 4a, and version 5
/// (RFC 1928) without authentication or with a name and password (RFC 1929).
///
/// Only the handshake of a CONNECT that was granted is one: after anything else no bytes of the
/// client's own follow. Each side is told by its bytes alone, as the other may not be captured.
enum SocksHandshake: Hashable, Sendable, BitwiseCopyable {
  /// No such handshake.
  case none
  /// What there is may be one; ask again with more, at most ``limit`` bytes.
  case needMore
  /// A handshake of so many bytes, all of which are there.
  case whole(Int)

  /// Bytes after which `needMore` is never said again: those of the longest, of version 5 with a
  /// password, are 1,032.
  static let limit = 1_040
  /// Longest name of a user or host in version 4, which sets no bound, in bytes.
  static let nameLimit = 255

  /// The client's side; `bytes` are all of it so far.
  static func client(_ bytes: Span<UInt8>) -> SocksHandshake {
    guard bytes.count > 0 else { return .needMore }
    switch bytes[0] {
    case 4: return client4(bytes)
    case 5: return client5(bytes)
    default: return .none
    }
  }

  /// The server's side, of which version 4 begins with 0; `bytes` are all of it so far.
  static func server(_ bytes: Span<UInt8>) -> SocksHandshake {
    guard bytes.count > 0 else { return .needMore }
    switch bytes[0] {
    case 0:  // 90 is "granted"; port and address follow.
      guard bytes.count >= 2 else { return .needMore }
      return bytes[1] == 90 ? whole(8, bytes) : .none
    case 5: return server5(bytes)
    default: return .none
    }
  }

  // MARK: - Version 4

  /// `4 1 PORT ADDRESS USER 0`, and `HOST 0` where the address is 0.0.0.x (4a).
  private static func client4(_ bytes: Span<UInt8>) -> SocksHandshake {
    guard bytes.count >= 2 else { return .needMore }
    guard bytes[1] == 1 else { return .none }
    guard bytes.count >= 9 else { return .needMore }
    let hasHost = bytes[4] == 0 && bytes[5] == 0 && bytes[6] == 0 && bytes[7] != 0
    var at = 8
    for _ in 0..<(hasHost ? 2 : 1) {
      let last = min(bytes.count, at &+ nameLimit &+ 1)
      let end = find(0, in: bytes, from: at, to: last)
      guard end < last else { return last == bytes.count ? .needMore : .none }
      at = end &+ 1
    }
    return .whole(at)
  }

  // MARK: - Version 5

  /// Methods, a name and password where the server asks for them, then the request.
  private static func client5(_ bytes: Span<UInt8>) -> SocksHandshake {
    guard bytes.count >= 2 else { return .needMore }
    guard bytes[1] > 0 else { return .none }
    var at = 2 &+ Int(bytes[1])
    guard bytes.count > at else { return .needMore }
    if bytes[at] == 1 {
      guard bytes.count >= at &+ 2 else { return .needMore }
      let password = at &+ 2 &+ Int(bytes[at &+ 1])
      guard bytes.count > password else { return .needMore }
      at = password &+ 1 &+ Int(bytes[password])
    }
    return message5(bytes, at, code: 1)
  }

  /// The method, whether name and password were right where it is 2, then the reply.
  private static func server5(_ bytes: Span<UInt8>) -> SocksHandshake {
    guard bytes.count >= 2 else { return .needMore }
    switch bytes[1] {
    case 0: return message5(bytes, 2, code: 0)
    case 2:
      guard bytes.count >= 4 else { return .needMore }
      return bytes[2] == 1 && bytes[3] == 0 ? message5(bytes, 4, code: 0) : .none
    default: return .none  // none is acceptable, or all that follows is wrapped (GSSAPI)
    }
  }

  /// `5 CODE 0 TYPE ADDRESS PORT` at `at`, the last part of either side.
  private static func message5(_ bytes: Span<UInt8>, _ at: Int, code: UInt8) -> SocksHandshake {
    if bytes.count > at, bytes[at] != 5 { return .none }
    if bytes.count > at &+ 1, bytes[at &+ 1] != code { return .none }
    if bytes.count > at &+ 2, bytes[at &+ 2] != 0 { return .none }
    guard bytes.count > at &+ 4 else { return .needMore }
    switch bytes[at &+ 3] {
    case 1: return whole(at &+ 10, bytes)
    case 3: return whole(at &+ 7 &+ Int(bytes[at &+ 4]), bytes)
    case 4: return whole(at &+ 22, bytes)
    default: return .none
    }
  }

  private static func whole(_ length: Int, _ bytes: Span<UInt8>) -> SocksHandshake {
    bytes.count >= length ? .whole(length) : .needMore
  }
}
