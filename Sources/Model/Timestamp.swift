// CrenelModel: the nouns every stage shares. Values in, values out; it never reads a clock, a
// file or the environment, and owns no memory but what a caller hands it.

/// An instant, in nanoseconds since 1970-01-01T00:00:00Z, leap seconds not counted (POSIX time).
///
/// Range: 1677-09-21 to 2262-04-11; parsers refuse what lies outside.
public struct Timestamp: Comparable, Hashable, Sendable, BitwiseCopyable {
  /// Nanoseconds since the epoch; negative before 1970.
  public var nanoseconds: Int64

  /// Creates an instant from nanoseconds since the epoch.
  @inlinable
  public init(nanoseconds: Int64) { self.nanoseconds = nanoseconds }

  /// Creates an instant from whole seconds since the epoch; `nil` outside the range.
  public init?(seconds: Int64, nanoseconds: Int64 = 0) {
    let (scaled, overflow) = seconds.multipliedReportingOverflow(by: 1_000_000_000)
    let (sum, carry) = scaled.addingReportingOverflow(nanoseconds)
    guard !overflow, !carry else { return nil }
    self.nanoseconds = sum
  }

  /// The earliest instant that can be written.
  public static let distantPast = Timestamp(nanoseconds: .min)
  /// The latest instant that can be written.
  public static let distantFuture = Timestamp(nanoseconds: .max)

  /// Orders by time.
  @inlinable
  public static func < (left: Timestamp, right: Timestamp) -> Bool {
    left.nanoseconds < right.nanoseconds
  }

  /// The instant `duration` nanoseconds later; saturates at the ends of the range.
  @inlinable
  public func adding(_ duration: Int64) -> Timestamp {
    let (sum, overflow) = nanoseconds.addingReportingOverflow(duration)
    guard overflow else { return Timestamp(nanoseconds: sum) }
    return duration > 0 ? .distantFuture : .distantPast
  }

  /// Nanoseconds from `earlier` to this instant.
  ///
  /// Negative when `earlier` is the later one; saturates at the ends of the range.
  @inlinable
  public func since(_ earlier: Timestamp) -> Int64 {
    let (difference, overflow) = nanoseconds.subtractingReportingOverflow(earlier.nanoseconds)
    guard overflow else { return difference }
    return nanoseconds > earlier.nanoseconds ? .max : .min
  }
}

/// Lengths of time in nanoseconds, for arithmetic with ``Timestamp``.
public enum Nanoseconds {
  /// One microsecond.
  public static let microsecond: Int64 = 1_000
  /// One millisecond.
  public static let millisecond: Int64 = 1_000_000
  /// One second.
  public static let second: Int64 = 1_000_000_000
  /// One minute.
  public static let minute: Int64 = 60 * second
  /// One hour.
  public static let hour: Int64 = 60 * minute
  /// One day of 24 hours.
  public static let day: Int64 = 24 * hour
}

/// The instants an event can have happened at, both ends included: `earliest ... latest`.
///
/// A log that stamps whole seconds gives intervals one second wide; a packet gives a point.
public struct TimeBounds: Hashable, Sendable, BitwiseCopyable {
  /// The first instant compatible with what was logged.
  public var earliest: Timestamp
  /// The last instant compatible with what was logged; never before `earliest`.
  public var latest: Timestamp

  /// Creates an interval; the two ends are put in order.
  @inlinable
  public init(earliest: Timestamp, latest: Timestamp) {
    self.earliest = min(earliest, latest)
    self.latest = max(earliest, latest)
  }

  /// Creates the interval that holds one instant only.
  @inlinable
  public init(exact: Timestamp) {
    earliest = exact
    latest = exact
  }

  /// The lengths of time from any instant of `earlier` to any instant of this interval.
  ///
  /// `min` is never below zero: the caller knows which event came first.
  public func duration(since earlier: TimeBounds) -> DurationBounds {
    DurationBounds(
      min: Swift.max(0, earliest.since(earlier.latest)),
      max: Swift.max(0, latest.since(earlier.earliest)))
  }
}

/// A length of time known to lie in `min ... max`, in nanoseconds, both zero or more.
///
/// "Faster than" is proven by `max`, "slower than" by `min` (DESIGN 5).
public struct DurationBounds: Hashable, Sendable, BitwiseCopyable {
  /// The shortest length compatible with what was logged, in nanoseconds.
  public var min: Int64
  /// The longest length compatible with what was logged, in nanoseconds.
  public var max: Int64

  /// Creates bounds in nanoseconds.
  public init(min: Int64, max: Int64) {
    self.min = min
    self.max = max
  }
}
