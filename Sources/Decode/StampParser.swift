import CrenelModel

/// Reads the stamps of logs; remembers the last date and offset, which seldom change between lines.
///
/// Results depend on the bytes alone: the memory only saves work.
struct StampParser {
  /// Zone of stamps without an offset.
  let zone: ZoneRules?
  /// Bytes of the last CLF date (`10/Oct/2000:`) and offset (` -0700`), and what they gave.
  private var clfDate: (UInt64, UInt64) = (0, 0)
  private var clfOffset: UInt64 = 0
  private var clfMidnight: Int64 = 0
  /// Bytes of the last ISO date (`2000-10-10`) and what it gave.
  private var isoDate: (UInt64, UInt64) = (0, 0)
  private var isoMidnight: Int64 = 0

  /// Creates a parser; `zone` is for stamps without an offset.
  init(zone: ZoneRules?) { self.zone = zone }

  /// Reads `10/Oct/2000:13:55:36 -0700`, with `.123` fractions after the seconds; without an
  /// offset the zone decides (HAProxy).
  mutating func clf(_ bytes: Span<UInt8>, _ range: Range<Int>) -> StampReading {
    let first = range.lowerBound
    let end = range.upperBound
    guard range.count >= 20, first >= 0, end <= bytes.count,
      let seconds = Self.timeOfDay(bytes, at: first &+ 12)
    else { return .rejected(.badTime) }
    let date = (word(bytes, at: first), word(bytes, at: first &+ 4))  // 12 bytes, overlapping
    if range.count == 26, date == clfDate, Self.offsetKey(bytes, at: first &+ 20) == clfOffset {
      guard let instant = Timestamp(seconds: clfMidnight &+ seconds) else {
        return .rejected(.badTime)
      }
      return .stamp(Stamp(first: instant, resolution: Nanoseconds.second))
    }
    guard let midnight = Self.clfMidnight(bytes, at: first) else { return .rejected(.badTime) }
    var i = first &+ 20
    guard let (fraction, width) = Self.fraction(bytes, at: &i, to: end) else {
      return .rejected(.badTime)
    }
    if i == end { return local(midnight + seconds, fraction, width) }
    guard byte(bytes, i) == UInt8(ascii: " "), end &- i == 6,
      let offset = Self.offset(bytes, (i &+ 1)..<end)
    else { return .rejected(.badTime) }
    if range.count == 26 {
      clfDate = date
      clfOffset = Self.offsetKey(bytes, at: first &+ 20)
      clfMidnight = midnight - offset
    }
    return Self.stamp(midnight + seconds - offset, fraction, width)
  }

  /// Reads `2000-10-10T13:55:36.123456789Z` and its kin: `T`, `t` or a space between, any fraction
  /// (`.` or `,`), `Z`, `+02:00`, `+0200`, `+02` or nothing, in which case the zone decides.
  mutating func iso(_ bytes: Span<UInt8>, _ range: Range<Int>) -> StampReading {
    let first = range.lowerBound
    let end = range.upperBound
    guard range.count >= 19, first >= 0, end <= bytes.count else { return .rejected(.badTime) }
    let between = bytes[first &+ 10]
    guard
      between == UInt8(ascii: "T") || between == UInt8(ascii: " ") || between == UInt8(ascii: "t"),
      let seconds = Self.timeOfDay(bytes, at: first &+ 11)
    else { return .rejected(.badTime) }
    let date = (word(bytes, at: first), word(bytes, at: first &+ 2))  // 10 bytes, overlapping
    if date != isoDate || isoDate.0 == 0 {
      guard let midnight = Self.isoMidnight(bytes, at: first) else { return .rejected(.badTime) }
      isoDate = date
      isoMidnight = midnight
    }
    let civil = isoMidnight + seconds
    var i = first &+ 19
    guard let (fraction, width) = Self.fraction(bytes, at: &i, to: end) else {
      return .rejected(.badTime)
    }
    if i == end { return local(civil, fraction, width) }
    if end &- i == 1, bytes[i] | 0x20 == UInt8(ascii: "z") {
      return Self.stamp(civil, fraction, width)
    }
    if bytes[i] == UInt8(ascii: " ") { i &+= 1 }
    guard i < end, let offset = Self.offset(bytes, i..<end) else { return .rejected(.badTime) }
    return Self.stamp(civil - offset, fraction, width)
  }

  /// Reads a number of seconds (`$msec`: `1477399773.123`), milliseconds, microseconds or
  /// nanoseconds since the epoch, with or without a fraction.
  func epoch(_ bytes: Span<UInt8>, _ range: Range<Int>, unit: EpochUnit) -> StampReading {
    guard let (value, width) = decimalTime(bytes, range, unit: unit.rawValue) else {
      return .rejected(.badTime)
    }
    return .stamp(Stamp(first: Timestamp(nanoseconds: value), resolution: width))
  }

  /// In which of the ways that ``FieldRole/anyTime`` knows a stamp is written.
  ///
  /// The size of a number says what it counts: no two units meet between 1973 and 5138.
  static func kind(_ bytes: Span<UInt8>, _ range: Range<Int>) -> StampFields.Kind {
    if byte(bytes, range.lowerBound &+ 2) == UInt8(ascii: "/") { return .clf }
    let mark = byte(bytes, range.lowerBound &+ 4)
    if mark == UInt8(ascii: "-") || mark == UInt8(ascii: "/") { return .iso }
    switch decimalTime(bytes, range, unit: 1)?.nanoseconds ?? 0 {
    case ..<100_000_000_000: return .epoch(.seconds)
    case ..<100_000_000_000_000: return .epoch(.milliseconds)
    case ..<100_000_000_000_000_000: return .epoch(.microseconds)
    default: return .epoch(.nanoseconds)
    }
  }

  /// The stamp of a civil time without an offset, in seconds as if it were UTC.
  func local(_ civil: Int64, _ fraction: Int64, _ width: Int64) -> StampReading {
    guard let zone else { return .rejected(.noZone) }
    switch zone.instants(local: civil) {
    case .unique(let instant): return Self.stamp(instant, fraction, width)
    case .nonexistent: return .rejected(.nonexistentTime)
    case .ambiguous(let earlier, let later):
      guard let first = Timestamp(seconds: earlier, nanoseconds: fraction),
        let last = Timestamp(seconds: later, nanoseconds: fraction)
      else { return .rejected(.badTime) }
      let bounds = TimeBounds(earliest: first, latest: last.adding(width - 1))
      return .stamp(Stamp(bounds: bounds, resolution: width))
    }
  }

  // MARK: - Parts

  /// A stamp from seconds since the epoch and a fraction in nanoseconds.
  static func stamp(_ seconds: Int64, _ fraction: Int64, _ width: Int64) -> StampReading {
    guard let instant = Timestamp(seconds: seconds, nanoseconds: fraction) else {
      return .rejected(.badTime)
    }
    return .stamp(Stamp(first: instant, resolution: width))
  }

  /// Seconds since midnight of `13:55:36`; second 60 is the next minute's 0.
  static func timeOfDay(_ bytes: Span<UInt8>, at index: Int) -> Int64? {
    let hour = twoDigits(bytes, index)
    let minute = twoDigits(bytes, index &+ 3)
    let second = twoDigits(bytes, index &+ 6)
    guard hour >= 0, hour <= 23, minute >= 0, minute <= 59, second >= 0, second <= 60,
      byte(bytes, index &+ 2) == UInt8(ascii: ":"), byte(bytes, index &+ 5) == UInt8(ascii: ":")
    else { return nil }
    return Int64(hour &* 3_600 &+ minute &* 60 &+ second)
  }

  /// Seconds from the epoch to midnight of `10/Oct/2000:`, as if it were UTC.
  static func clfMidnight(_ bytes: Span<UInt8>, at index: Int) -> Int64? {
    guard byte(bytes, index &+ 2) == UInt8(ascii: "/"),
      byte(bytes, index &+ 6) == UInt8(ascii: "/"),
      byte(bytes, index &+ 11) == UInt8(ascii: ":"), let month = Self.month(bytes, at: index &+ 3),
      let year = decimal(bytes, (index &+ 7)..<(index &+ 11))
    else { return nil }
    let civil = CivilTime(year: Int(year), month: month, day: twoDigits(bytes, index))
    return civil.secondsSinceEpoch()
  }

  /// Seconds from the epoch to midnight of `2000-10-10` (or with slashes), as if it were UTC.
  static func isoMidnight(_ bytes: Span<UInt8>, at index: Int) -> Int64? {
    let mark = byte(bytes, index &+ 4)
    guard mark == UInt8(ascii: "-") || mark == UInt8(ascii: "/"), byte(bytes, index &+ 7) == mark,
      let year = decimal(bytes, index..<(index &+ 4))
    else { return nil }
    let civil = CivilTime(
      year: Int(year), month: twoDigits(bytes, index &+ 5), day: twoDigits(bytes, index &+ 8))
    return civil.secondsSinceEpoch()
  }

  /// The number of an English month abbreviation, 1 to 12.
  static func month(_ bytes: Span<UInt8>, at index: Int) -> Int? {
    guard index >= 0, index &+ 3 <= bytes.count else { return nil }
    let name =
      UInt32(bytes[index]) << 16 | UInt32(bytes[index &+ 1]) << 8 | UInt32(bytes[index &+ 2])
    switch name {
    case 0x4a_61_6e: return 1
    case 0x46_65_62: return 2
    case 0x4d_61_72: return 3
    case 0x41_70_72: return 4
    case 0x4d_61_79: return 5
    case 0x4a_75_6e: return 6
    case 0x4a_75_6c: return 7
    case 0x41_75_67: return 8
    case 0x53_65_70: return 9
    case 0x4f_63_74: return 10
    case 0x4e_6f_76: return 11
    case 0x44_65_63: return 12
    default: return nil
    }
  }

  /// An optional fraction at `index`: its nanoseconds and the width of its last digit.
  ///
  /// Moves `index` past it. `nil` for a mark without a digit.
  static func fraction(
    _ bytes: Span<UInt8>, at index: inout Int, to end: Int
  ) -> (nanoseconds: Int64, width: Int64)? {
    guard index < end,
      bytes[index] == UInt8(ascii: ".") || bytes[index] == UInt8(ascii: ",")
    else { return (0, Nanoseconds.second) }
    var width = Nanoseconds.second
    var value: Int64 = 0
    index &+= 1
    let first = index
    while index < end, isDigit(bytes[index]) {
      if width > 1 {
        width /= 10
        value &+= Int64(bytes[index] &- 0x30) &* width  // below one second
      }
      index &+= 1
    }
    return index > first ? (value, width) : nil
  }

  /// Seconds east of UTC of `+0200`, `+02:00` or `+02`, filling the range.
  static func offset(_ bytes: Span<UInt8>, _ range: Range<Int>) -> Int64? {
    let first = range.lowerBound
    let sign = byte(bytes, first)
    let hours = twoDigits(bytes, first &+ 1)
    guard sign == UInt8(ascii: "+") || sign == UInt8(ascii: "-"), hours >= 0, hours <= 23 else {
      return nil
    }
    let minutes: Int
    switch range.count {
    case 3: minutes = 0
    case 5: minutes = twoDigits(bytes, first &+ 3)
    case 6 where byte(bytes, first &+ 3) == UInt8(ascii: ":"):
      minutes = twoDigits(bytes, first &+ 4)
    default: return nil
    }
    guard minutes >= 0, minutes <= 59 else { return nil }
    let seconds = Int64(hours &* 3_600 &+ minutes &* 60)
    return sign == UInt8(ascii: "-") ? -seconds : seconds
  }

  /// The six bytes of ` -0700` as a word; 0 when they are not there.
  private static func offsetKey(_ bytes: Span<UInt8>, at index: Int) -> UInt64 {
    guard index >= 2, index &+ 6 <= bytes.count else { return 0 }
    return word(bytes, at: index &- 2) >> 16
  }
}
