import CrenelModel

/// The parts of a ClientHello (RFC 8446 section 4.1.2, RFC 5246 section 7.4.1.2) that tell clients
/// apart; places in the bytes it was read from.
struct ClientHello: Sendable, BitwiseCopyable {
  /// Most entries that a list may have; real clients send below 150.
  static let listLimit = 1_024

  /// The version field at the head, `0x0303` since TLS 1.3.
  var legacyVersion: UInt16
  /// Cipher suites, two bytes each.
  var ciphers: ByteRange
  /// The extensions: type, length, content.
  var extensions = ByteRange.absent
  /// Whether there is a server_name extension, be it empty.
  var hasServerName = false
  /// The first host name of server_name (RFC 6066 section 3).
  var serverName = ByteRange.absent
  /// The names of ALPN (RFC 7301 section 3.1), each with its length before it.
  var protocols = ByteRange.absent
  /// The list of supported_versions (RFC 8446 section 4.2.1), two bytes each.
  var versions = ByteRange.absent
  /// The list of signature_algorithms (RFC 8446 section 4.2.3), two bytes each.
  var signatures = ByteRange.absent

  /// Whether the value is reserved so that clients can send nonsense (RFC 8701 section 2).
  static func isGrease(_ value: UInt16) -> Bool {
    value & 0x0f0f == 0x0a0a && value >> 8 == value & 0xff
  }

  /// Reads the body of the handshake message in `bytes[body]`; `nil` when its lengths contradict
  /// each other or a list is longer than ``listLimit``.
  ///
  /// An extension whose own content is broken counts as an extension and tells nothing else.
  init?(_ bytes: Span<UInt8>, _ body: Range<Int>) {
    var cursor = WireCursor(body)
    guard let version = cursor.number(2, bytes), cursor.take(32, bytes) != nil,
      let session = cursor.vector(lengthOf: 1, bytes), session.count <= 32,
      let suites = cursor.vector(lengthOf: 2, bytes), suites.count % 2 == 0,
      suites.count <= 2 &* Self.listLimit, cursor.vector(lengthOf: 1, bytes) != nil
    else { return nil }
    legacyVersion = UInt16(truncatingIfNeeded: version)
    ciphers = ByteRange(suites)
    guard cursor.left > 0 else { return }  // before RFC 3546 there were no extensions
    guard let list = cursor.vector(lengthOf: 2, bytes), read(extensions: list, bytes) else {
      return nil
    }
    extensions = ByteRange(list)
  }

  private mutating func read(extensions list: Range<Int>, _ bytes: Span<UInt8>) -> Bool {
    var cursor = WireCursor(list)
    var count = 0
    while cursor.left > 0 {
      guard let type = cursor.number(2, bytes), let content = cursor.vector(lengthOf: 2, bytes),
        count < Self.listLimit
      else { return false }
      count &+= 1
      switch type {
      case 0x0000: takeServerName(content, bytes)
      case 0x000d: Self.list(content, 2, bytes, into: &signatures)
      case 0x0010: Self.list(content, 2, bytes, into: &protocols)
      case 0x002b: Self.list(content, 1, bytes, into: &versions)
      default: break
      }
    }
    return signatures.count <= 2 &* Self.listLimit
  }

  private mutating func takeServerName(_ content: Range<Int>, _ bytes: Span<UInt8>) {
    hasServerName = true
    var outer = WireCursor(content)
    guard !serverName.isPresent, let list = outer.vector(lengthOf: 2, bytes) else { return }
    var cursor = WireCursor(list)
    while let type = cursor.number(1, bytes), let name = cursor.vector(lengthOf: 2, bytes) {
      guard type == 0 else { continue }
      serverName = ByteRange(name)
      return
    }
  }

  /// A list that fills an extension; the first of two counts, as the second is forbidden.
  private static func list(
    _ content: Range<Int>, _ width: Int, _ bytes: Span<UInt8>, into range: inout ByteRange
  ) {
    var cursor = WireCursor(content)
    guard !range.isPresent, let list = cursor.vector(lengthOf: width, bytes) else { return }
    range = ByteRange(list)
  }

  /// The highest version offered, GREASE aside; the version field where there is no list.
  func highestVersion(_ bytes: Span<UInt8>) -> UInt16 {
    var highest: UInt16 = 0
    var cursor = WireCursor(versions.indices)
    while let value = cursor.number(2, bytes) {
      let version = UInt16(truncatingIfNeeded: value)
      if !Self.isGrease(version), version > highest { highest = version }
    }
    return highest == 0 ? legacyVersion : highest
  }

  /// The first protocol of ALPN; `nil` when there is none.
  func firstProtocol(_ bytes: Span<UInt8>) -> Range<Int>? {
    var cursor = WireCursor(protocols.indices)
    return cursor.vector(lengthOf: 1, bytes)
  }
}
