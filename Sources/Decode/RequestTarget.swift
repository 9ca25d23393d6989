import CrenelModel

/// Takes request lines and targets apart (RFC 9112 section 3).
enum RequestTarget {
  /// Splits `GET /path?query HTTP/1.1` into the exchange's texts.
  ///
  /// A line of another shape is kept whole as the target, and flagged.
  static func split(
    requestLine range: Range<Int>, _ bytes: Span<UInt8>, into exchange: inout Exchange
  ) {
    let space = UInt8(ascii: " ")
    let methodEnd = find(space, in: bytes, from: range.lowerBound, to: range.upperBound)
    guard methodEnd < range.upperBound, isMethod(bytes, range.lowerBound..<methodEnd) else {
      exchange.flags.insert(.malformedRequest)
      exchange[.target] = ByteRange(range)
      return
    }
    var targetEnd = range.upperBound
    if let version = versionStart(bytes, range) {
      let number = (version &+ 6)..<range.upperBound
      exchange[.version] = HTTPVersion.number(bytes, number) ?? ByteRange(number)
      targetEnd = version
    }
    exchange[.method] = ByteRange(range.lowerBound..<methodEnd)
    guard targetEnd > methodEnd &+ 1 else {
      exchange.flags.insert(.malformedRequest)
      return
    }
    split(target: (methodEnd &+ 1)..<targetEnd, bytes, into: &exchange)
  }

  /// Whether a logged request line is what a server writes where it could read none: `-`, HAProxy's
  /// `<BADREQ>`, `- - -` and `- - HTTP/1.1` of Envoy and Traefik, ALB's `- http://its-own-name:80- -`.
  static func standsForNone(_ bytes: Span<UInt8>, _ range: Range<Int>) -> Bool {
    guard starts(bytes, range, with: "- ") else {
      return isDash(bytes, range) || equals(bytes, range, "<BADREQ>")
    }
    if equals(bytes, (range.upperBound &- 2)..<range.upperBound, " -") { return true }
    return starts(bytes, range, with: "- - ")
      && find(0x20, in: bytes, from: range.lowerBound &+ 4, to: range.upperBound)
        == range.upperBound
  }

  /// Splits `/path?query`, `http://host/path` or `host:port` into the exchange's texts.
  static func split(
    target range: Range<Int>, _ bytes: Span<UInt8>, into exchange: inout Exchange
  ) {
    exchange[.target] = ByteRange(range)
    var start = range.lowerBound
    if byte(bytes, start) != UInt8(ascii: "/"), let authority = authority(bytes, range) {
      if authority.scheme.count > 0 { exchange[.scheme] = ByteRange(authority.scheme) }
      if !exchange[.host].isPresent { exchange[.host] = ByteRange(authority.host) }
      start = authority.end
    }
    let end = find(UInt8(ascii: "#"), in: bytes, from: start, to: range.upperBound)
    let mark = find(UInt8(ascii: "?"), in: bytes, from: start, to: end)
    exchange[.path] = ByteRange(start..<mark)
    guard mark < end else { return }
    exchange[.query] = ByteRange((mark &+ 1)..<end)
  }

  /// The host without its port, of `host:port` or `[::1]:port`.
  static func host(_ bytes: Span<UInt8>, _ range: Range<Int>) -> Range<Int> {
    if byte(bytes, range.lowerBound) == UInt8(ascii: "[") {
      let close = find(
        UInt8(ascii: "]"), in: bytes, from: range.lowerBound, to: range.upperBound)
      return close < range.upperBound ? range.lowerBound..<(close &+ 1) : range
    }
    var i = range.upperBound
    while i > range.lowerBound, isDigit(bytes[i &- 1]) { i &-= 1 }
    guard i > range.lowerBound, bytes[i &- 1] == UInt8(ascii: ":") else { return range }
    let colon = i &- 1
    let first = find(UInt8(ascii: ":"), in: bytes, from: range.lowerBound, to: colon)
    return first == colon ? range.lowerBound..<colon : range  // two colons: an IPv6 address
  }

  /// Where ` HTTP/x` starts at the end of a request line.
  private static func versionStart(_ bytes: Span<UInt8>, _ range: Range<Int>) -> Int? {
    // " HTTP/1.1" is 9 bytes, " HTTP/2" 7; nothing longer is a version.
    for length in [9, 7] where range.count >= length {
      let start = range.upperBound &- length
      if starts(bytes, start..<range.upperBound, with: " HTTP/") { return start }
    }
    return nil
  }

  /// A token of RFC 9110 section 5.6.2, at most 32 bytes.
  private static func isMethod(_ bytes: Span<UInt8>, _ range: Range<Int>) -> Bool {
    guard (1...32).contains(range.count) else { return false }
    for i in range {
      switch bytes[i] {
      case 0x41...0x5a, 0x61...0x7a, 0x30...0x39, UInt8(ascii: "-"), UInt8(ascii: "_"),
        UInt8(ascii: "."), UInt8(ascii: "!"), UInt8(ascii: "*"), UInt8(ascii: "+"):
        continue
      default: return false
      }
    }
    return true
  }

  /// Scheme, host and where the path starts in `http://host:port/path`.
  private static func authority(
    _ bytes: Span<UInt8>, _ range: Range<Int>
  ) -> (scheme: Range<Int>, host: Range<Int>, end: Int)? {
    let colon = find(UInt8(ascii: ":"), in: bytes, from: range.lowerBound, to: range.upperBound)
    guard starts(bytes, colon..<range.upperBound, with: "://") else { return nil }
    for i in range.lowerBound..<colon {
      guard (bytes[i] | 0x20) >= 0x61, (bytes[i] | 0x20) <= 0x7a else { return nil }
    }
    let start = colon &+ 3
    var end = start
    while end < range.upperBound, bytes[end] != UInt8(ascii: "/"), bytes[end] != UInt8(ascii: "?") {
      end &+= 1
    }
    return (range.lowerBound..<colon, host(bytes, start..<end), end)
  }
}
