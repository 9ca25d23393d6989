import CrenelModel

/// What a stream begins with, as far as the PROXY protocol goes (HAProxy's proxy-protocol.txt).
enum ProxyHeader: Hashable, Sendable, BitwiseCopyable {
  /// No PROXY header; the bytes belong to what comes next.
  case none
  /// What there is may be one; ask again with more, at most ``bufferLimit`` bytes.
  case needMore
  /// A header of `length` bytes, which may be more than were given: the rest are extensions (TLVs)
  /// to be skipped.
  ///
  /// The ends are `nil` where the proxy speaks for itself (LOCAL), does not know (UNKNOWN, UNSPEC)
  /// or names a UNIX socket; then the connection's own ends count.
  case header(length: Int, source: Endpoint?, destination: Endpoint?)
  /// It begins like one and breaks the format.
  case bad

  /// Longest version 1 header, with its line end.
  static let lineLimit = 107
  /// Bytes after which `needMore` is never said again; a binary header is clear after 52.
  static let bufferLimit = lineLimit

  /// Reads the header at the start of a stream; `bytes` are all of its bytes so far.
  static func parse(_ bytes: Span<UInt8>) -> ProxyHeader {
    guard bytes.count > 0 else { return .needMore }
    switch bytes[0] {
    case 0x0d: return binary(bytes)
    case UInt8(ascii: "P"): return line(bytes)
    default: return .none
    }
  }

  // MARK: - Version 1

  /// `PROXY TCP4 192.0.2.1 198.51.100.2 51234 443\r\n`.
  private static func line(_ bytes: Span<UInt8>) -> ProxyHeader {
    let prefix: StaticString = "PROXY "
    let shown = min(bytes.count, prefix.utf8CodeUnitCount)
    let isSame = prefix.withUTF8Buffer { expected in
      for i in 0..<shown where unsafe bytes[i] != expected[i] { return false }
      return true
    }
    guard isSame else { return .none }
    let end = find(0x0d, in: bytes, from: 0, to: min(bytes.count, lineLimit &- 1))
    guard end &+ 1 < bytes.count, end &+ 1 < lineLimit else {
      return bytes.count >= lineLimit ? .bad : .needMore
    }
    guard bytes[end &+ 1] == 0x0a else { return .bad }
    let length = end &+ 2
    var start = 6
    let family = word(bytes, &start, end)
    if equals(bytes, family, "UNKNOWN") {
      return .header(length: length, source: nil, destination: nil)
    }
    guard equals(bytes, family, "TCP4") || equals(bytes, family, "TCP6") else { return .bad }
    let isIPv6 = bytes[family.upperBound &- 1] == UInt8(ascii: "6")
    let source = address(bytes, word(bytes, &start, end), isIPv6: isIPv6)
    let destination = address(bytes, word(bytes, &start, end), isIPv6: isIPv6)
    let sourcePort = port(bytes, word(bytes, &start, end))
    let destinationPort = port(bytes, word(bytes, &start, end))
    guard let source, let destination, let sourcePort, let destinationPort, start == end &+ 1
    else { return .bad }
    return .header(
      length: length, source: Endpoint(address: source, port: sourcePort),
      destination: Endpoint(address: destination, port: destinationPort))
  }

  /// The bytes up to the next space or the end, and `start` past it.
  private static func word(_ bytes: Span<UInt8>, _ start: inout Int, _ end: Int) -> Range<Int> {
    guard start < end else { return end..<end }
    let space = find(UInt8(ascii: " "), in: bytes, from: start, to: end)
    let range = start..<space
    start = space &+ 1
    return range
  }

  private static func address(
    _ bytes: Span<UInt8>, _ range: Range<Int>, isIPv6: Bool
  ) -> ClientAddress? {
    var hasColon = false
    for i in range {
      // No zone and no brackets, which the reader of logs would take.
      guard HexDigit.value(bytes[i]) != nil || bytes[i] == 0x2e || bytes[i] == 0x3a else {
        return nil
      }
      if bytes[i] == 0x3a { hasColon = true }
    }
    guard hasColon == isIPv6 else { return nil }
    return ClientAddress(parsing: bytes.extracting(range))
  }

  private static func port(_ bytes: Span<UInt8>, _ range: Range<Int>) -> UInt16? {
    guard range.count <= 5, range.count == 1 || byte(bytes, range.lowerBound) != 0x30 else {
      return nil
    }
    return decimal(bytes, range).flatMap { UInt16(exactly: $0) }
  }

  // MARK: - Version 2

  private static let signature: InlineArray<12, UInt8> = [
    0x0d, 0x0a, 0x0d, 0x0a, 0x00, 0x0d, 0x0a, 0x51, 0x55, 0x49, 0x54, 0x0a,
  ]

  private static func binary(_ bytes: Span<UInt8>) -> ProxyHeader {
    for i in 0..<min(12, bytes.count) where bytes[i] != signature[i] { return .none }
    guard bytes.count >= 16 else { return .needMore }
    let isLocal = bytes[12] == 0x20
    guard isLocal || bytes[12] == 0x21 else { return .bad }
    let content = Int(bytes[14]) << 8 | Int(bytes[15])
    let nothing = ProxyHeader.header(length: 16 &+ content, source: nil, destination: nil)
    guard !isLocal else { return nothing }
    guard bytes[13] & 15 <= 2 else { return .bad }
    let size: Int
    switch bytes[13] >> 4 {
    case 0: return nothing
    case 1: size = 4
    case 2: size = 16
    case 3: return content >= 216 ? nothing : .bad
    default: return .bad
    }
    guard content >= 2 &* size &+ 4 else { return .bad }
    guard bytes.count >= 16 &+ 2 &* size &+ 4 else { return .needMore }
    let ports = 16 &+ 2 &* size
    return .header(
      length: 16 &+ content,
      source: Endpoint(address: binary(bytes, at: 16, size), port: port(bytes, at: ports)),
      destination: Endpoint(
        address: binary(bytes, at: 16 &+ size, size), port: port(bytes, at: ports &+ 2)))
  }

  /// An address of 4 or 16 bytes; the caller has shown that they are there.
  private static func binary(_ bytes: Span<UInt8>, at start: Int, _ size: Int) -> ClientAddress {
    var high: UInt64 = 0
    var low: UInt64 = 0
    for i in 0..<size {
      high = high << 8 | low >> 56
      low = low << 8 | UInt64(bytes[start &+ i])
    }
    return size == 4
      ? ClientAddress(ipv4: UInt32(truncatingIfNeeded: low))
      : ClientAddress(ipv6High: high, low: low)
  }

  private static func port(_ bytes: Span<UInt8>, at start: Int) -> UInt16 {
    UInt16(bytes[start]) << 8 | UInt16(bytes[start &+ 1])
  }
}
