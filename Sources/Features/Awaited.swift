import CrenelModel

/// Something shown (a form, a captcha, a free slot) that the client has yet to act on.
///
/// Which of several sights the client acts on cannot be seen, so the time it took is at least the
/// time since the last sight and at most the time since the first one not acted on.
struct Awaited: BitwiseCopyable {
  /// What was shown and not acted on is forgotten after this long without a further sight.
  static let patience = Nanoseconds.hour

  private var first: Int64 = 0
  private var last: Int64 = 0
  private(set) var count: UInt32 = 0
  /// Whether any of it was asked for, and not only shown again for mending.
  private var wasAskedFor = false

  /// It was shown by an answer that ended within `end`.
  ///
  /// A form that comes back to be mended (`isAgain`) makes later times longer and is never timed
  /// by itself: one field is soon mended, and a double click sends before the answer is there.
  mutating func show(_ end: TimeBounds, isAgain: Bool = false) {
    expire(at: end.earliest)
    if count == 0 || end.earliest.nanoseconds < first { first = end.earliest.nanoseconds }
    last = count == 0 ? end.latest.nanoseconds : max(last, end.latest.nanoseconds)
    count.bump()
    if !isAgain { wasAskedFor = true }
  }

  /// The client acted at `start`: how long that took; `nil` when there was nothing to act on.
  ///
  /// A browser (`isOne`) acts on all it was shown. Where several people may be behind a session,
  /// the others' sights stay, from the first one on: their times come out too long, never short.
  mutating func act(_ start: TimeBounds, isOne: Bool) -> DurationBounds? {
    expire(at: start.earliest)
    guard count > 0 else { return nil }
    let shown = TimeBounds(
      earliest: Timestamp(nanoseconds: first), latest: Timestamp(nanoseconds: last))
    let isTimed = wasAskedFor
    count = isOne ? 0 : count &- 1
    if count == 0 { wasAskedFor = false }
    return isTimed ? start.duration(since: shown) : nil
  }

  /// There is nothing left to act on.
  mutating func clear() {
    count = 0
    wasAskedFor = false
  }

  private mutating func expire(at now: Timestamp) {
    if count > 0, now.since(Timestamp(nanoseconds: last)) > Self.patience { clear() }
  }
}
