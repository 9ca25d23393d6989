import CrenelModel

/// A length of time in whole milliseconds, rounded outwards, and how wide it is.
struct Gap: BitwiseCopyable {
  /// The shortest length the log permits, in milliseconds.
  var min: UInt32
  /// The longest less the shortest, in milliseconds.
  var width: UInt16

  /// Rounds bounds outwards; `nil` when they do not fit (49 days, or 65 s of doubt).
  init?(_ bounds: DurationBounds) {
    let low = bounds.min / Nanoseconds.millisecond
    let high = ceiledMilliseconds(bounds.max)
    guard let min = UInt32(exactly: low), high <= UInt32.max,
      let width = UInt16(exactly: high &- low)
    else { return nil }
    self.min = min
    self.width = width
  }

  /// The longest length the log permits, in milliseconds.
  var max: UInt32 { min &+ UInt32(width) }
}

/// Nanoseconds, zero or more, in milliseconds, rounded up.
func ceiledMilliseconds(_ nanoseconds: Int64) -> Int64 {
  nanoseconds / Nanoseconds.millisecond &+ (nanoseconds % Nanoseconds.millisecond > 0 ? 1 : 0)
}

/// The last 32 gaps between polls, as bounds; 196 bytes.
struct GapRing: BitwiseCopyable {
  /// Gaps kept.
  static let capacity = 32
  /// Gaps below which nothing is said of their distribution.
  static let enough = 8

  private var mins = InlineArray<32, UInt32>(repeating: 0)
  private var widths = InlineArray<32, UInt16>(repeating: 0)
  private var next: UInt8 = 0
  /// How many gaps there are.
  private(set) var count: UInt8 = 0

  /// Adds a gap, in place of the oldest when there is no room.
  mutating func append(_ gap: Gap) {
    mins[Int(next)] = gap.min
    widths[Int(next)] = gap.width
    next = (next &+ 1) & 31
    if Int(count) < Self.capacity { count &+= 1 }
  }

  /// The shortest length in the ring at place `i`.
  func low(_ i: Int) -> Int64 { Int64(mins[i]) }

  /// The longest length in the ring at place `i`.
  func high(_ i: Int) -> Int64 { Int64(mins[i]) &+ Int64(widths[i]) }

  /// Half of the widest gap, rounded up: the width of the clock's stamps, in milliseconds.
  var clockWidth: Int64 {
    var widest: UInt16 = 0
    for i in 0..<Int(count) { widest = Swift.max(widest, widths[i]) }
    return (Int64(widest) &+ 1) / 2
  }
}

extension GapRing {
  /// The shortest gap, as short as the log permits; `nil` without one.
  var shortest: Int64? {
    extreme {
      $1 < $0 ? $1 : $0
    } of: {
      low($0)
    }
  }

  /// The longest gap, as long as the log permits; `nil` without one.
  var longest: Int64? {
    extreme {
      $1 > $0 ? $1 : $0
    } of: {
      high($0)
    }
  }

  /// The lower median of the longest lengths; `nil` without a gap.
  var medianHigh: Int64? { count > 0 ? median { high($0) } : nil }

  /// Whether the longest gap is at most 4 times the shortest for certain; `nil` with too few.
  var isBounded: Bool? {
    guard Int(count) >= Self.enough, let shortest, let longest else { return nil }
    return longest <= 4 &* shortest
  }

  /// Share of the gaps near their median for every time the log permits; see the catalogue.
  var concentration: Double? {
    guard Int(count) >= Self.enough else { return nil }
    let low = median { self.low($0) }
    let high = median { self.high($0) }
    let clock = clockWidth
    let twice = low &+ high
    guard twice >= 8 &* clock, twice > 0 else { return nil }
    // For every median M in low...high a gap must lie within T(M) = max(M/20, k·clock) of it. M - T
    // grows with M, so the far ends decide; everything is multiplied by 20 to stay whole.
    let widening = 20 &* clock &* (twice >= 24 &* clock ? 3 : 2)
    var near = 0
    for i in 0..<Int(count) {
      let above = 20 &* (self.high(i) &- low) <= Swift.max(low, widening)
      let below = 20 &* (high &- self.low(i)) <= Swift.max(high, widening)
      if above, below { near &+= 1 }
    }
    return Double(near) / Double(count)
  }

  /// Standard deviation of the decimal logarithm, at most; `nil` with too few gaps.
  ///
  /// A deviation is a norm, so that of the true values is at most that of the middles plus the
  /// root mean square of how far the true values can be from them.
  var logDeviation: Double? {
    guard Int(count) >= Self.enough else { return nil }
    var middles = InlineArray<32, Double>(repeating: 0)
    var mean = 0.0
    var doubt = 0.0
    for i in 0..<Int(count) {
      let low = decimalLogarithm(Double(low(i)))
      let high = decimalLogarithm(Double(high(i)))
      middles[i] = (low + high) / 2
      mean += middles[i]
      doubt += (high - low) * (high - low) / 4
    }
    mean /= Double(count)
    var variance = 0.0
    for i in 0..<Int(count) { variance += (middles[i] - mean) * (middles[i] - mean) }
    return (variance / Double(count)).squareRoot() + (doubt / Double(count)).squareRoot()
  }

  /// Twice the period, in milliseconds: the lower median of the gaps' middles; `nil` with too few.
  var twicePeriod: Int64? {
    Int(count) >= Self.enough ? median { low($0) &+ high($0) } : nil
  }

  /// Share of the gaps near a multiple of the period for every time the log permits.
  var periodScore: Double? {
    guard let twice = twicePeriod, twice > 0 else { return nil }
    let clock = clockWidth
    guard twice >= 40 &* clock else { return nil }
    // In units of 1/40 ms, so that 5 % of half of `twice` is whole.
    let tolerance = Swift.max(twice, 80 &* clock)
    var near = 0
    for i in 0..<Int(count) {
      let sum = low(i) &+ high(i)
      let beats = Swift.min(Swift.max((sum &+ twice / 2) / twice, 1), 8)
      let centre = 20 &* twice &* beats
      if 40 &* high(i) &- centre <= tolerance, centre &- 40 &* low(i) <= tolerance { near &+= 1 }
    }
    return Double(near) / Double(count)
  }

  private func extreme(
    _ better: (Int64, Int64) -> Int64, of value: (Int) -> Int64
  ) -> Int64? {
    guard count > 0 else { return nil }
    var best = value(0)
    for i in 1..<Swift.max(1, Int(count)) { best = better(best, value(i)) }
    return best
  }

  /// The lower of the two middle values, or the middle one; there must be a gap.
  private func median(_ value: (Int) -> Int64) -> Int64 {
    var sorted = InlineArray<32, Int64>(repeating: 0)
    for i in 0..<Int(count) {
      let new = value(i)
      var place = i
      while place > 0, sorted[place &- 1] > new {
        sorted[place] = sorted[place &- 1]
        place &-= 1
      }
      sorted[place] = new
    }
    return sorted[(Int(count) &- 1) / 2]
  }
}
