import CrenelModel

/// Whole and decimal numbers in bytes.
enum Decimal {
  /// The number that `bytes` are, all of them: digits with a sign and a point; NaN for others.
  ///
  /// At most 18 digits, which a Double holds to its precision.
  static func value(_ bytes: Span<UInt8>) -> Double {
    var place = 0
    let isNegative = bytes.count > 0 && bytes[0] == UInt8(ascii: "-")
    if isNegative { place = 1 }
    var digits: Int64 = 0
    var count = 0
    var scale: Double = 1
    var hasPoint = false
    while place < bytes.count {
      let byte = bytes[place]
      place &+= 1
      if byte == UInt8(ascii: "."), !hasPoint, count > 0 {
        hasPoint = true
        continue
      }
      let digit = byte &- 0x30
      guard digit <= 9, count < 18 else { return .nan }
      digits = digits &* 10 &+ Int64(digit)  // at most 18 digits: below 10^18
      count &+= 1
      if hasPoint { scale *= 10 }
    }
    guard count > 0, bytes[bytes.count &- 1] != UInt8(ascii: ".") else { return .nan }
    let value = Double(digits) / scale
    return isNegative ? -value : value
  }

  /// Appends the digits of a number.
  static func append(_ number: UInt64, to bytes: inout [UInt8], radix: UInt64 = 10) {
    var divisor: UInt64 = 1
    while number / divisor >= radix { divisor *= radix }
    while divisor > 0 {
      let digit = UInt8(truncatingIfNeeded: number / divisor % radix)
      bytes.append(digit < 10 ? 0x30 &+ digit : 0x57 &+ digit)
      divisor /= radix
    }
  }
}

/// The canonical text of addresses, written without a String (RFC 5952 for IPv6).
enum AddressText {
  /// Appends the text of an IPv4 or IPv6 address.
  static func append(_ address: ClientAddress, to bytes: inout [UInt8]) {
    guard address.kind == .ipv6 else {
      for place in 0..<4 {
        if place > 0 { bytes.append(UInt8(ascii: ".")) }
        Decimal.append(address.low >> UInt64(24 &- 8 &* place) & 255, to: &bytes)
      }
      return
    }
    let gap = longestZeros(address)
    var place = 0
    while place < 8 {
      if place == gap.lowerBound, gap.count > 1 {
        bytes.append(UInt8(ascii: ":"))
        bytes.append(UInt8(ascii: ":"))
        place = gap.upperBound
        continue
      }
      if place > 0, place != gap.upperBound || gap.count < 2 { bytes.append(UInt8(ascii: ":")) }
      Decimal.append(group(address, place), to: &bytes, radix: 16)
      place &+= 1
    }
  }

  private static func group(_ address: ClientAddress, _ place: Int) -> UInt64 {
    (place < 4 ? address.high : address.low) >> UInt64(48 - 16 * (place % 4)) & 0xffff
  }

  private static func longestZeros(_ address: ClientAddress) -> Range<Int> {
    var best = 0..<0
    var place = 0
    while place < 8 {
      let start = place
      while place < 8, group(address, place) == 0 { place &+= 1 }
      if place - start > best.count { best = start..<place }
      if place == start { place &+= 1 }
    }
    return best
  }
}
