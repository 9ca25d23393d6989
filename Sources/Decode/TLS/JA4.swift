import CrenelModel
import Crypto

/// The JA4 of a ClientHello, and what it was made of.
struct JA4Fingerprint: Sendable, Equatable {
  /// Bytes of a JA4: `t13d1516h2_8daaf6152771_e5627efa2ab1`.
  static let length = 36

  /// The JA4, then the JA4_r.
  let text: [UInt8]

  /// Where the JA4 stands in ``text``.
  var hash: Range<Int> { 0..<Self.length }
  /// Where the JA4_r stands in ``text``.
  var raw: Range<Int> { Self.length..<text.count }
}

/// Makes JA4 fingerprints of TLS over TCP, by the published JA4 specification.
///
/// GREASE is dropped everywhere, in the signature algorithms too: Chromium draws new values there
/// for each connection. A first ALPN value that does not begin and end with a letter or digit is
/// told by hexadecimal digits, as the specification says; older tools wrote `99`. The last results
/// are kept, so that a hello seen again costs no hashing and no allocation.
struct JA4Builder: Sendable {
  /// Results kept.
  static let cacheSize = 16

  private var raw: [UInt8] = []
  private var list: [UInt16] = []
  private var known: [JA4Fingerprint] = []
  private var next = 0

  /// The fingerprint of a hello read from `bytes`.
  mutating func fingerprint(_ hello: ClientHello, _ bytes: Span<UInt8>) -> JA4Fingerprint {
    raw.removeAll(keepingCapacity: true)
    let suites = values(hello.ciphers, bytes)
    head(hello, bytes, ciphers: suites)
    raw.append(UInt8(ascii: "_"))
    list.sort()
    let first = raw.count
    writeList()
    let ciphers = first..<raw.count
    raw.append(UInt8(ascii: "_"))
    let second = raw.count
    takeExtensions(hello, bytes, isHashed: true)
    list.sort()
    writeList()
    if values(hello.signatures, bytes) > 0 {
      raw.append(UInt8(ascii: "_"))
      writeList()
    }
    return find() ?? finish(ciphers: ciphers, extensions: second..<raw.count)
  }

  // MARK: - Parts

  /// `t13d1516h2`; leaves the ciphers in ``list``.
  private mutating func head(_ hello: ClientHello, _ bytes: Span<UInt8>, ciphers: Int) {
    raw.append(UInt8(ascii: "t"))
    let version: (UInt8, UInt8) =
      switch hello.highestVersion(bytes) {
      case 0x0304: (UInt8(ascii: "1"), UInt8(ascii: "3"))
      case 0x0303: (UInt8(ascii: "1"), UInt8(ascii: "2"))
      case 0x0302: (UInt8(ascii: "1"), UInt8(ascii: "1"))
      case 0x0301: (UInt8(ascii: "1"), UInt8(ascii: "0"))
      case 0x0300: (UInt8(ascii: "s"), UInt8(ascii: "3"))
      case 0x0002: (UInt8(ascii: "s"), UInt8(ascii: "2"))
      default: (UInt8(ascii: "0"), UInt8(ascii: "0"))
      }
    raw.append(version.0)
    raw.append(version.1)
    raw.append(hello.hasServerName ? UInt8(ascii: "d") : UInt8(ascii: "i"))
    writeCount(ciphers)
    takeExtensions(hello, bytes, isHashed: false)
    writeCount(list.count)
    writeProtocol(hello, bytes)
    _ = values(hello.ciphers, bytes)
  }

  /// The first and last character of the first ALPN value, `00` where there is none.
  private mutating func writeProtocol(_ hello: ClientHello, _ bytes: Span<UInt8>) {
    guard let name = hello.firstProtocol(bytes), !name.isEmpty else {
      raw.append(UInt8(ascii: "0"))
      raw.append(UInt8(ascii: "0"))
      return
    }
    let first = bytes[name.lowerBound]
    let last = bytes[name.upperBound &- 1]
    let isPlain = Self.isAlphanumeric(first) && Self.isAlphanumeric(last)
    raw.append(isPlain ? first : Self.digit(first >> 4))
    raw.append(isPlain ? last : Self.digit(last & 15))
  }

  /// Reads a list of 16-bit values into ``list``, GREASE dropped; gives their number.
  @discardableResult
  private mutating func values(_ range: ByteRange, _ bytes: Span<UInt8>) -> Int {
    list.removeAll(keepingCapacity: true)
    var cursor = WireCursor(range.indices)
    while let value = cursor.number(2, bytes) { add(UInt16(truncatingIfNeeded: value)) }
    return list.count
  }

  /// Reads the types of the extensions into ``list``; those hashed lack SNI and ALPN.
  private mutating func takeExtensions(
    _ hello: ClientHello, _ bytes: Span<UInt8>, isHashed: Bool
  ) {
    list.removeAll(keepingCapacity: true)
    var cursor = WireCursor(hello.extensions.indices)
    while let type = cursor.number(2, bytes), cursor.vector(lengthOf: 2, bytes) != nil {
      if isHashed, type == 0x0000 || type == 0x0010 { continue }
      add(UInt16(truncatingIfNeeded: type))
    }
  }

  private mutating func add(_ value: UInt16) {
    if !ClientHello.isGrease(value) { list.append(value) }
  }

  // MARK: - Text

  private mutating func writeCount(_ count: Int) {
    let shown = UInt8(clamping: min(count, 99))
    raw.append(0x30 &+ shown / 10)
    raw.append(0x30 &+ shown % 10)
  }

  /// Four digits each, joined by commas.
  private mutating func writeList() {
    for (i, value) in list.enumerated() {
      if i > 0 { raw.append(UInt8(ascii: ",")) }
      writeByte(UInt8(truncatingIfNeeded: value >> 8))
      writeByte(UInt8(truncatingIfNeeded: value))
    }
  }

  private mutating func writeByte(_ byte: UInt8) {
    raw.append(Self.digit(byte >> 4))
    raw.append(Self.digit(byte & 15))
  }

  private static func isAlphanumeric(_ byte: UInt8) -> Bool {
    isDigit(byte) || (byte | 0x20) &- 0x61 < 26
  }

  private static func digit(_ value: UInt8) -> UInt8 { value < 10 ? 0x30 &+ value : 0x57 &+ value }

  // MARK: - Results

  /// The result kept for the same JA4_r.
  private func find() -> JA4Fingerprint? {
    known.first { $0.text.count == raw.count &+ JA4Fingerprint.length && isSame($0) }
  }

  private func isSame(_ fingerprint: JA4Fingerprint) -> Bool {
    let text = fingerprint.text.span
    for i in raw.indices where raw[i] != text[i &+ JA4Fingerprint.length] { return false }
    return true
  }

  private mutating func finish(ciphers: Range<Int>, extensions: Range<Int>) -> JA4Fingerprint {
    var text: [UInt8] = []
    text.reserveCapacity(raw.count + JA4Fingerprint.length)
    text.append(contentsOf: raw[..<10])
    text.append(UInt8(ascii: "_"))
    hash(ciphers, into: &text)
    text.append(UInt8(ascii: "_"))
    hash(extensions, into: &text)
    text.append(contentsOf: raw)
    let fingerprint = JA4Fingerprint(text: text)
    if known.count < Self.cacheSize {
      known.append(fingerprint)
    } else {
      known[next] = fingerprint
      next = (next &+ 1) % Self.cacheSize
    }
    return fingerprint
  }

  /// The first 12 digits of SHA-256, or zeros for a list without values.
  private func hash(_ range: Range<Int>, into text: inout [UInt8]) {
    guard !range.isEmpty else {
      text.append(contentsOf: repeatElement(UInt8(ascii: "0"), count: 12))
      return
    }
    var hasher = SHA256()
    unsafe raw[range].withUnsafeBytes { unsafe hasher.update(bufferPointer: $0) }
    for byte in hasher.finalize().prefix(6) {
      text.append(Self.digit(byte >> 4))
      text.append(Self.digit(byte & 15))
    }
  }
}

/// How JA4 fingerprints are made here.
public enum JA4Method {
  /// Names the method, to be stored with fingerprints: only those of equal methods compare.
  public static let name = "ja4-tls/1"
}
