extension ClientAddress {
  /// Reads an IPv4 (dotted quad, no leading zeros) or IPv6 (RFC 4291 section 2.2) address.
  ///
  /// Takes a zone (`fe80::1%eth0`, `192.0.2.1%0`, dropped) and brackets (`[::1]`), not a port. `nil` for
  /// anything else; it never traps, whatever the bytes.
  public init?(parsing bytes: Span<UInt8>) {
    var first = 0
    var end = bytes.count
    if end >= 2, bytes[0] == UInt8(ascii: "["), bytes[end - 1] == UInt8(ascii: "]") {
      first = 1
      end -= 1
    }
    guard end > first, end - first <= 80 else { return nil }
    var hasColon = false
    for i in first..<end where bytes[i] == UInt8(ascii: ":") {
      hasColon = true
      break
    }
    guard hasColon else {
      // IIS writes a zone behind IPv4 addresses as well.
      if let zone = (first..<end).first(where: { bytes[$0] == UInt8(ascii: "%") }), zone + 1 < end {
        end = zone
      }
      guard let bits = Self.ipv4(in: bytes, from: first, to: end) else { return nil }
      self.init(ipv4: bits)
      return
    }
    for i in first..<end where bytes[i] == UInt8(ascii: "%") {
      guard i + 1 < end else { return nil }
      end = i
      break
    }
    guard let (high, low) = Self.ipv6(in: bytes, from: first, to: end) else { return nil }
    self.init(ipv6High: high, low: low)
  }

  /// Reads exactly four decimal numbers 0...255 without leading zeros.
  private static func ipv4(in bytes: Span<UInt8>, from first: Int, to end: Int) -> UInt32? {
    guard end - first >= 7, end - first <= 15 else { return nil }
    var value: UInt32 = 0
    var i = first
    for part in 0..<4 {
      var number: UInt32 = 0
      let start = i
      while i < end, i &- start < 4 {
        let digit = bytes[i] &- 0x30
        guard digit <= 9 else { break }
        number = number &* 10 &+ UInt32(digit)  // at most 4 digits: below 10,000
        i &+= 1
      }
      let digits = i &- start
      guard digits >= 1, digits <= 3, number <= 255, digits == 1 || bytes[start] != 0x30
      else { return nil }
      value = value << 8 | number
      guard part < 3 else { break }
      guard i < end, bytes[i] == UInt8(ascii: ".") else { return nil }
      i &+= 1
    }
    return i == end ? value : nil
  }

  /// Reads groups of hexadecimal digits with at most one `::` and a dotted quad at the end.
  private static func ipv6(
    in bytes: Span<UInt8>, from first: Int, to end: Int
  ) -> (high: UInt64, low: UInt64)? {
    var groups = InlineArray<8, UInt64>(repeating: 0)
    var count = 0
    var gap = -1
    var i = first
    if i + 1 < end, bytes[i] == UInt8(ascii: ":"), bytes[i + 1] == UInt8(ascii: ":") {
      gap = 0
      i += 2
    }
    while i < end {
      guard count < 8 else { return nil }
      var value: UInt64 = 0
      let start = i
      while i < end, i - start < 5, let digit = HexDigit.value(bytes[i]) {
        value = value << 4 | UInt64(digit)
        i += 1
      }
      if i < end, bytes[i] == UInt8(ascii: "."), count <= 6 {
        guard let quad = ipv4(in: bytes, from: start, to: end) else { return nil }
        groups[count] = UInt64(quad >> 16)
        groups[count + 1] = UInt64(quad & 0xffff)
        count += 2
        i = end
        break
      }
      guard (1...4).contains(i - start) else { return nil }
      groups[count] = value
      count += 1
      guard i < end else { break }
      guard bytes[i] == UInt8(ascii: ":") else { return nil }
      i += 1
      guard i < end else { return nil }  // a single colon at the end
      if bytes[i] == UInt8(ascii: ":") {
        guard gap < 0 else { return nil }
        gap = count
        i += 1
      }
    }
    guard gap >= 0 ? count < 8 : count == 8 else { return nil }
    if gap >= 0 {
      let moved = count - gap
      for k in 0..<moved {
        groups[7 - k] = groups[count - 1 - k]
      }
      for k in gap..<(8 - moved) { groups[k] = 0 }
    }
    return (
      groups[0] << 48 | groups[1] << 32 | groups[2] << 16 | groups[3],
      groups[4] << 48 | groups[5] << 32 | groups[6] << 16 | groups[7]
    )
  }
}

extension ClientAddress: CustomStringConvertible {
  /// The canonical text: dotted quad for IPv4, RFC 5952 for IPv6, `name:` and the hash in
  /// hexadecimal for a host name, `-` for none.
  public var description: String {
    switch kind {
    case .none: "-"
    case .name: "name:" + Self.hex(low, width: 16)
    case .ipv4: "\(low >> 24 & 255).\(low >> 16 & 255).\(low >> 8 & 255).\(low & 255)"
    case .ipv6: ipv6Text
    }
  }

  private var ipv6Text: String {
    let groups: [UInt64] = (0..<8).map { (index: Int) -> UInt64 in
      let word = index < 4 ? high : low
      return (word >> UInt64(48 - 16 * (index % 4))) & 0xffff
    }
    var best = 0..<0
    var i = 0
    while i < 8 {
      guard groups[i] == 0 else {
        i += 1
        continue
      }
      let start = i
      while i < 8, groups[i] == 0 { i += 1 }
      if i - start > best.count, i - start > 1 { best = start..<i }
    }
    func join(_ range: Range<Int>) -> String {
      groups[range].map { String($0, radix: 16) }.joined(separator: ":")
    }
    guard !best.isEmpty else { return join(0..<8) }
    return join(0..<best.lowerBound) + "::" + join(best.upperBound..<8)
  }

  /// Lower-case hexadecimal of fixed width.
  private static func hex(_ value: UInt64, width: Int) -> String {
    let digits = String(value, radix: 16)
    return String(repeating: "0", count: max(0, width - digits.count)) + digits
  }
}

extension ClientAddress: Comparable {
  /// Orders by kind, then by bits, so that lists of addresses are the same on every run.
  public static func < (left: ClientAddress, right: ClientAddress) -> Bool {
    (left.kind.rawValue, left.high, left.low) < (right.kind.rawValue, right.high, right.low)
  }
}
