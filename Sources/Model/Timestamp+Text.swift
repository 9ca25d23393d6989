extension Timestamp {
  /// RFC 3339 in UTC with milliseconds, rounded down: `2021-03-01T08:00:03.412Z`.
  public var rfc3339: String { rfc3339(digits: 3) }

  /// RFC 3339 in UTC with `digits` of a second, 1 to 9, rounded down.
  public func rfc3339(digits: Int) -> String {
    var bytes: [UInt8] = []
    appendRFC3339(digits: digits, to: &bytes)
    return String(decoding: bytes, as: UTF8.self)
  }

  /// Appends RFC 3339 in UTC with `digits` of a second, 1 to 9, rounded down.
  public func appendRFC3339(digits: Int, to bytes: inout [UInt8]) {
    let civil = CivilTime(self)
    let rest = nanoseconds - nanoseconds.floorDivided(by: Nanoseconds.second) * Nanoseconds.second
    Decimal.append(civil.year, width: 4, to: &bytes)
    for (mark, value) in [
      (UInt8(ascii: "-"), civil.month), (UInt8(ascii: "-"), civil.day),
      (UInt8(ascii: "T"), civil.hour), (UInt8(ascii: ":"), civil.minute),
      (UInt8(ascii: ":"), civil.second),
    ] {
      bytes.append(mark)
      Decimal.append(value, width: 2, to: &bytes)
    }
    bytes.append(UInt8(ascii: "."))
    let wanted = max(1, min(9, digits))
    Decimal.append(Int(rest), width: 9, to: &bytes)
    bytes.removeLast(9 - wanted)
    bytes.append(UInt8(ascii: "Z"))
  }
}

/// Whole numbers as decimal digits.
enum Decimal {
  /// Appends a number, with zeros before it up to `width` digits.
  static func append(_ value: Int, width: Int = 1, to bytes: inout [UInt8]) {
    if value < 0 { bytes.append(UInt8(ascii: "-")) }
    let start = bytes.count
    var rest = value.magnitude
    while rest > 0 || bytes.count - start < width {
      bytes.append(0x30 + UInt8(rest % 10))
      rest /= 10
    }
    var low = start
    var high = bytes.count - 1
    while low < high {
      bytes.swapAt(low, high)
      low += 1
      high -= 1
    }
  }
}
