/// A date and time of day in the proleptic Gregorian calendar, without a zone.
///
/// Conversions use the days-from-civil arithmetic of the Gregorian calendar (era of 400 years =
/// 146,097 days), so they need no locale, zone database or library.
public struct CivilTime: Hashable, Sendable, BitwiseCopyable {
  /// Year, 1678 to 2261 when it comes from a log.
  public var year: Int
  /// Month, 1 to 12.
  public var month: Int
  /// Day of the month, from 1.
  public var day: Int
  /// Hour, 0 to 23.
  public var hour: Int
  /// Minute, 0 to 59.
  public var minute: Int
  /// Second, 0 to 60 (60 only as a leap second, counted as the next minute's 0).
  public var second: Int

  /// Creates a civil time; validity is checked by ``secondsSinceEpoch(offset:)``.
  public init(year: Int, month: Int, day: Int, hour: Int = 0, minute: Int = 0, second: Int = 0) {
    self.year = year
    self.month = month
    self.day = day
    self.hour = hour
    self.minute = minute
    self.second = second
  }

  /// Creates the civil time of an instant at a fixed offset from UTC, in seconds east.
  public init(_ instant: Timestamp, offset: Int64 = 0) {
    let shifted = instant.adding(offset &* Nanoseconds.second).nanoseconds
    let seconds = shifted.floorDivided(by: Nanoseconds.second)
    let days = seconds.floorDivided(by: 86_400)
    let rest = Int(seconds &- days &* 86_400)
    let era = (days &+ 719_468).floorDivided(by: 146_097)
    let dayOfEra = (days &+ 719_468) &- era &* 146_097
    let yearOfEra =
      (dayOfEra &- dayOfEra / 1_460 &+ dayOfEra / 36_524 &- dayOfEra / 146_096) / 365
    let dayOfYear = dayOfEra &- (365 &* yearOfEra &+ yearOfEra / 4 &- yearOfEra / 100)
    let shiftedMonth = (5 &* dayOfYear &+ 2) / 153
    day = Int(dayOfYear &- (153 &* shiftedMonth &+ 2) / 5 &+ 1)
    month = Int(shiftedMonth < 10 ? shiftedMonth &+ 3 : shiftedMonth &- 9)
    year = Int(yearOfEra &+ era &* 400) &+ (month <= 2 ? 1 : 0)
    hour = rest / 3_600
    minute = rest / 60 % 60
    second = rest % 60
  }

  /// Days in the month; `nil` for a month outside 1 to 12.
  public static func daysIn(month: Int, year: Int) -> Int? {
    switch month {
    case 1, 3, 5, 7, 8, 10, 12: 31
    case 4, 6, 9, 11: 30
    case 2: (year % 4 == 0 && year % 100 != 0) || year % 400 == 0 ? 29 : 28
    default: nil
    }
  }

  /// Seconds since the epoch for this time at `offset` seconds east of UTC.
  ///
  /// `nil` when a part is out of range (30 February, hour 24, second 61, year outside 1678...2261).
  public func secondsSinceEpoch(offset: Int64 = 0) -> Int64? {
    guard (1_678...2_261).contains(year), let days = Self.daysIn(month: month, year: year),
      (1...days).contains(day), (0...23).contains(hour), (0...59).contains(minute),
      (0...60).contains(second)
    else { return nil }
    let shiftedYear = Int64(month <= 2 ? year - 1 : year)
    let era = shiftedYear / 400
    let yearOfEra = shiftedYear - era * 400
    let shiftedMonth = Int64(month > 2 ? month - 3 : month + 9)
    let dayOfYear = (153 * shiftedMonth + 2) / 5 + Int64(day) - 1
    let dayOfEra = yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear
    let epochDays = era * 146_097 + dayOfEra - 719_468
    return epochDays * 86_400 + Int64(hour) * 3_600 + Int64(minute) * 60 + Int64(second) - offset
  }

  /// Day of the week, 1 for Monday to 7 for Sunday (ISO 8601).
  public var weekday: Int {
    let midnight = CivilTime(year: year, month: month, day: day).secondsSinceEpoch() ?? 0
    return Int((midnight.floorDivided(by: 86_400) + 3) % 7 + 7) % 7 + 1
  }
}

extension Int64 {
  /// Division rounded towards minus infinity; `divisor` must be positive.
  @inlinable
  public func floorDivided(by divisor: Int64) -> Int64 {
    let quotient = self / divisor
    return self % divisor < 0 ? quotient &- 1 : quotient
  }
}
