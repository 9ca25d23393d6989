import CrenelModel

/// How a subject asked again after answers of 5xx; 40 bytes.
struct Retries: BitwiseCopyable {
  /// A request that came for certain within this time is a retry at once, in milliseconds.
  static let prompt: Int64 = 5_000

  private var times = InlineArray<8, UInt32>(repeating: 0)
  private var next: UInt8 = 0
  private var count: UInt8 = 0
  private var decided: UInt16 = 0
  private var retried: UInt16 = 0

  /// What became of an answer of 5xx: asked again after at most `milliseconds`, or `nil`.
  mutating func note(_ milliseconds: Int64?) {
    if decided == .max {
      decided /= 2
      retried /= 2
    }
    decided &+= 1
    guard let milliseconds else { return }
    if milliseconds <= Self.prompt { retried &+= 1 }
    times[Int(next)] = UInt32(clamping: milliseconds)
    next = (next &+ 1) & 7
    if count < 8 { count &+= 1 }
  }

  /// Lower median of the last 8 times, in milliseconds; `nil` without one.
  var median: UInt32? {
    guard count > 0 else { return nil }
    var sorted = times
    for i in 1..<8 where i < Int(count) {
      let new = sorted[i]
      var place = i
      while place > 0, sorted[place &- 1] > new {
        sorted[place] = sorted[place &- 1]
        place &-= 1
      }
      sorted[place] = new
    }
    return sorted[(Int(count) &- 1) / 2]
  }

  /// Share of the answers that were followed by a retry at once; `nil` without any.
  var ratio: Double? { decided > 0 ? Double(retried) / Double(decided) : nil }
}

/// The answer of 5xx that a session has not asked again after.
struct LastError: BitwiseCopyable {
  private var earliest: Int64 = 0
  private var latest: Int64 = 0
  private var path: UInt32 = 0

  /// What the exchange says of the error before it, and perhaps the next error.
  mutating func follow(_ facts: Facts) -> (isDecided: Bool, milliseconds: Int64?) {
    guard !facts.isLate, facts.path != 0 else { return (false, nil) }
    var answer: (isDecided: Bool, milliseconds: Int64?) = (false, nil)
    if path != 0, path == facts.path {
      let ended = TimeBounds(
        earliest: Timestamp(nanoseconds: earliest), latest: Timestamp(nanoseconds: latest))
      answer = (true, ceiledMilliseconds(facts.start.duration(since: ended).max))
      path = 0
    }
    guard facts.isServerError else { return answer }
    if path != 0 { answer.isDecided = true }
    path = facts.path
    earliest = facts.end.earliest.nanoseconds
    latest = facts.end.latest.nanoseconds
    return answer
  }
}
