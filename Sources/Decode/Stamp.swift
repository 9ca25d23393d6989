import CrenelModel

/// An instant as a log wrote it: the interval that its digits stand for.
struct Stamp: Hashable, BitwiseCopyable {
  /// The instants compatible with the digits.
  var bounds: TimeBounds
  /// Width of the last digit, in nanoseconds; 0 for a stamp that was not logged.
  var resolution: Int64

  /// No stamp.
  static let absent = Stamp(
    bounds: TimeBounds(exact: Timestamp(nanoseconds: 0)), resolution: 0)

  /// Whether there is one.
  var isPresent: Bool { resolution > 0 }

  /// Creates a stamp from an interval.
  init(bounds: TimeBounds, resolution: Int64) {
    self.bounds = bounds
    self.resolution = resolution
  }

  /// Creates a stamp one `resolution` wide from its first instant.
  init(first: Timestamp, resolution: Int64) {
    bounds = TimeBounds(earliest: first, latest: first.adding(resolution - 1))
    self.resolution = resolution
  }
}

/// A stamp, or why there is none.
enum StampReading: Equatable {
  case stamp(Stamp)
  case rejected(RejectReason)
}

/// What the digits of an epoch stamp count.
enum EpochUnit: Int64, Sendable, BitwiseCopyable {
  case seconds = 1_000_000_000
  case milliseconds = 1_000_000
  case microseconds = 1_000
  case nanoseconds = 1
}

/// How long a server says an exchange took, and between which bounds that is true.
struct Elapsed: Hashable, BitwiseCopyable {
  /// As logged, in nanoseconds; negative when not logged.
  var logged: Int64
  /// The lengths compatible with the log, in nanoseconds.
  var bounds: DurationBounds

  /// No duration.
  static let absent = Elapsed(logged: -1, bounds: DurationBounds(min: 0, max: 0))

  /// Whether there is one.
  var isPresent: Bool { logged >= 0 }

  private init(logged: Int64, bounds: DurationBounds) {
    self.logged = logged
    self.bounds = bounds
  }

  /// A duration cut off below `width`: the truth lies in `logged ..< logged + width` (Apache).
  init(truncated logged: Int64, width: Int64) {
    let value = min(max(logged, 0), Self.limit)
    self.init(logged: value, bounds: DurationBounds(min: value, max: value + width - 1))
  }

  /// A difference of two clock readings, each cut off below `width`: the truth lies within one
  /// `width` either side (nginx, HAProxy).
  init(difference logged: Int64, width: Int64) {
    let value = min(max(logged, 0), Self.limit)
    self.init(
      logged: value, bounds: DurationBounds(min: max(0, value - width), max: value + width))
  }

  /// A duration logged before the end was known: it may be longer by `bound`.
  func atLeast(longerBy bound: Int64) -> Elapsed {
    Elapsed(logged: logged, bounds: DurationBounds(min: bounds.min, max: bounds.max + bound))
  }

  /// About 36 years: longer durations are clamped, so that sums stay inside `Int64`.
  private static let limit: Int64 = 1 << 60
}
