import CrenelModel

/// Reads the Forwarded header field (RFC 7239) into the chain that X-Forwarded-For would hold.
enum ForwardedHeader {
  /// Appends the `for` node of each element of `bytes[range]`, joined by `, `.
  ///
  /// Quotes are taken off; a hop that names itself `unknown` or by an obfuscated name keeps that
  /// name, and one that does not say `for` is `unknown`, so that a walk through the chain stops
  /// at it. Several header lines are joined by commas before (RFC 7239 section 4).
  static func chain(_ range: Range<Int>, _ bytes: inout [UInt8]) -> ByteRange {
    let start = bytes.count
    var at = range.lowerBound
    while at < range.upperBound {
      if bytes.count > start { bytes.append(contentsOf: [0x2c, 0x20]) }
      let before = bytes.count
      element(&at, range.upperBound, &bytes)
      if bytes.count == before { bytes.append(contentsOf: Array("unknown".utf8)) }
    }
    return ByteRange(start..<bytes.count)
  }

  /// Reads one element and the comma behind it; appends its `for`.
  private static func element(_ at: inout Int, _ end: Int, _ bytes: inout [UInt8]) {
    var isTaken = false
    while at < end, bytes[at] != UInt8(ascii: ",") {
      let nameStart = at
      while at < end, !isDelimiter(bytes[at]) { at &+= 1 }
      guard at < end, bytes[at] == UInt8(ascii: "=") else {
        if at < end, bytes[at] != UInt8(ascii: ",") { at &+= 1 }
        continue
      }
      let isFor =
        !isTaken && FieldName.equals(bytes.span, nameStart..<at, "for")
      at &+= 1
      let kept = bytes.count
      value(&at, end, &bytes)
      if isFor { isTaken = true } else { bytes.removeLast(bytes.count - kept) }
    }
    at = min(at &+ 1, end)
  }

  /// Appends a token or a quoted string (RFC 9110 section 5.6.4), its quotes taken off.
  private static func value(_ at: inout Int, _ end: Int, _ bytes: inout [UInt8]) {
    guard at < end, bytes[at] == UInt8(ascii: "\"") else {
      while at < end, bytes[at] != UInt8(ascii: ";"), bytes[at] != UInt8(ascii: ","),
        bytes[at] != 0x20, bytes[at] != 0x09
      {
        bytes.append(bytes[at])
        at &+= 1
      }
      return
    }
    at &+= 1
    while at < end, bytes[at] != UInt8(ascii: "\"") {
      if bytes[at] == UInt8(ascii: "\\"), at &+ 1 < end { at &+= 1 }
      // A comma inside quotes would look like another hop in the chain.
      let byte = bytes[at]
      bytes.append(byte == UInt8(ascii: ",") || byte == 0x20 ? UInt8(ascii: "_") : byte)
      at &+= 1
    }
    at = min(at &+ 1, end)
  }

  private static func isDelimiter(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "="), UInt8(ascii: ";"), UInt8(ascii: ","), 0x20, 0x09: true
    default: false
    }
  }
}
