import CrenelModel

/// Takes `host:port` apart.
package enum HostPort {
  /// Where a port may stand: `192.0.2.7:1234`, `[2001:db8::1]:1234`, `name:1234`.
  ///
  /// Two colons without brackets are an IPv6 address and no port.
  static func likely(
    _ bytes: Span<UInt8>, _ range: Range<Int>
  ) -> (host: Range<Int>, port: UInt16?) {
    let host = RequestTarget.host(bytes, range)
    let port = port(bytes, host, range)
    return port == nil ? (range, nil) : (host, port)
  }

  /// Where a port always stands: HAProxy writes `2001:db8::1:3331` without brackets.
  static func certain(
    _ bytes: Span<UInt8>, _ range: Range<Int>
  ) -> (host: Range<Int>, port: UInt16?) {
    var colon = range.upperBound
    while colon > range.lowerBound, isDigit(bytes[colon &- 1]) { colon &-= 1 }
    guard colon > range.lowerBound, bytes[colon &- 1] == UInt8(ascii: ":") else {
      return (range, nil)
    }
    let host = range.lowerBound..<(colon &- 1)
    let isAddress = ClientAddress(parsing: bytes.extracting(host)) != nil
    // `2001:db8::7` without its port is an address as a whole, and none without its last group.
    guard isAddress || ClientAddress(parsing: bytes.extracting(range)) == nil else {
      return (range, nil)
    }
    return (host, port(bytes, host, range))
  }

  private static func port(
    _ bytes: Span<UInt8>, _ host: Range<Int>, _ range: Range<Int>
  ) -> UInt16? {
    guard host.upperBound < range.upperBound, bytes[host.upperBound] == UInt8(ascii: ":")
    else { return nil }
    return decimal(bytes, (host.upperBound &+ 1)..<range.upperBound).flatMap(UInt16.init(exactly:))
  }

  /// Whether a text can be a host's name, or what a server writes in its place: anything without
  /// spaces, control bytes and angle brackets, which tell a line cut at the wrong places.
  package static func isName(_ bytes: Span<UInt8>, _ range: Range<Int>) -> Bool {
    for i in range {
      switch bytes[i] {
      case 0...0x20, 0x7f, UInt8(ascii: "<"), UInt8(ascii: ">"): return false
      default: continue
      }
    }
    return !range.isEmpty
  }
}
