import CrenelModel

/// How a subject asked again after answers of 5xx; 104 bytes.
struct Retries: BitwiseCopyable {
  /// A request that came for certain within this time is a retry, in milliseconds.
  static let prompt: Int64 = 5_000
  /// Times kept.
  static let capacity = 16
  /// Times below which nothing is said of their spread.
  static let enough = 8

  private var lows = InlineArray<16, UInt32>(repeating: 0)
  private var widths = InlineArray<16, UInt16>(repeating: 0)
  private var next: UInt8 = 0
  private var count: UInt8 = 0
  private var decided: UInt16 = 0
  private var retried: UInt16 = 0

  /// What became of an answer of 5xx: asked again after `time`, or `nil`.
  mutating func note(_ time: Gap?) {
    if decided == .max {
      decided /= 2
      retried /= 2
    }
    decided &+= 1
    guard let time else { return }
    if Int64(time.max) <= Self.prompt { retried &+= 1 }
    lows[Int(next)] = time.min
    widths[Int(next)] = time.width
    next = (next &+ 1) & 15
    if Int(count) < Self.capacity { count &+= 1 }
  }

  private func high(_ place: Int) -> UInt32 { lows[place] &+ UInt32(widths[place]) }

  /// Lower median of the times kept, as long as the log permits, in milliseconds; `nil` without one.
  var median: UInt32? {
    guard count > 0 else { return nil }
    var sorted = InlineArray<16, UInt32>(repeating: 0)
    for i in 0..<Int(count) {
      let new = high(i)
      var place = i
      while place > 0, sorted[place &- 1] > new {
        sorted[place] = sorted[place &- 1]
        place &-= 1
      }
      sorted[place] = new
    }
    return sorted[(Int(count) &- 1) / 2]
  }

  /// Standard deviation of the decimal logarithm of the times kept, at most, as that of gaps.
  var logDeviation: Double? {
    guard Int(count) >= Self.enough else { return nil }
    var middles = InlineArray<16, Double>(repeating: 0)
    var mean = 0.0
    var doubt = 0.0
    for i in 0..<Int(count) {
      let low = decimalLogarithm(Double(lows[i]))
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

  /// Share of the answers that were followed by a retry; `nil` without any.
  var ratio: Double? { decided > 0 ? Double(retried) / Double(decided) : nil }
}

/// The answer of 5xx that a session has not asked again after.
struct LastError: BitwiseCopyable {
  private var earliest: Int64 = 0
  private var latest: Int64 = 0
  private var path: UInt32 = 0
  /// Whether it was a page's for certain.
  private var isPage = true

  /// What the exchange says of the error before it, and perhaps the next error.
  ///
  /// What may be an asset is none of a page's errors for certain, and no retry: it only makes
  /// errors that were not followed by one.
  mutating func follow(_ facts: Facts) -> (isDecided: Bool, retry: Gap?) {
    guard !facts.isLate, facts.path != 0 else { return (false, nil) }
    var answer: (isDecided: Bool, retry: Gap?) = (false, nil)
    if path != 0, path == facts.path {
      let ended = TimeBounds(
        earliest: Timestamp(nanoseconds: earliest), latest: Timestamp(nanoseconds: latest))
      let isRetry = isPage && !facts.mayBeAsset
      answer = (true, isRetry ? Gap(facts.start.duration(since: ended)) : nil)
      path = 0
    }
    guard facts.isServerError else { return answer }
    if path != 0 { answer.isDecided = true }
    path = facts.path
    isPage = !facts.mayBeAsset
    earliest = facts.end.earliest.nanoseconds
    latest = facts.end.latest.nanoseconds
    return answer
  }
}
