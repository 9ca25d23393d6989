import CrenelModel

/// The version of HTTP as `http.version` has it: `0.9`, `1.0`, `1.1`, `2`, `3`.
///
/// From version 2 on HTTP has no minor version (RFC 9113 section 8.7, RFC 9114), yet servers go on
/// writing `HTTP/2.0`; that and the names of ALPN come out alike.
enum HTTPVersion {
  /// Where the version stands in `HTTP/1.1`, `HTTP/2.0`, `2.0`, `h2`, `h2c` or `h3`.
  ///
  /// `nil` for anything else.
  static func range(_ bytes: Span<UInt8>, _ range: Range<Int>) -> ByteRange? {
    guard range.lowerBound >= 0, range.upperBound <= bytes.count else { return nil }
    var start = range.lowerBound
    if starts(bytes, range, with: "HTTP/") {
      start &+= 5
    } else if byte(bytes, start) | 0x20 == UInt8(ascii: "h") {
      return named(bytes, (start &+ 1)..<range.upperBound)
    }
    return number(bytes, start..<range.upperBound)
  }

  /// The version in `1.1`, `2.0` or `2`; `nil` for anything else.
  static func number(_ bytes: Span<UInt8>, _ range: Range<Int>) -> ByteRange? {
    guard range.count == 1 || range.count == 3, isDigit(byte(bytes, range.lowerBound)) else {
      return nil
    }
    guard range.count == 3 else { return ByteRange(range) }
    let point = range.lowerBound &+ 1
    guard byte(bytes, point) == UInt8(ascii: "."), isDigit(byte(bytes, point &+ 1)) else {
      return nil
    }
    return ByteRange(isWhole(bytes, range) ? range.lowerBound..<point : range)
  }

  /// The digit of `h2`, `h2c` and `h3`, of which `range` is what follows the letter.
  private static func named(_ bytes: Span<UInt8>, _ range: Range<Int>) -> ByteRange? {
    let isClear = range.count == 2 && bytes[range.lowerBound &+ 1] | 0x20 == UInt8(ascii: "c")
    guard range.count == 1 || isClear, isDigit(bytes[range.lowerBound]) else { return nil }
    return ByteRange(range.lowerBound..<(range.lowerBound &+ 1))
  }

  /// Whether the three bytes are a version that has no minor one: `2.0`, `3.0`.
  static func isWhole(_ bytes: Span<UInt8>, _ range: Range<Int>) -> Bool {
    byte(bytes, range.lowerBound) &- 0x32 <= 7
      && byte(bytes, range.lowerBound &+ 1) == UInt8(ascii: ".")
      && byte(bytes, range.lowerBound &+ 2) == UInt8(ascii: "0")
  }
}
