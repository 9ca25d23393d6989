import CrenelModel

/// The part of a subject that every exchange touches, assets too: one cache line.
struct Presence: BitwiseCopyable {
  /// Who it is.
  var key: SubjectKey
  /// Place on the event clock of the latest exchange, in nanoseconds.
  var lastSeen: Int64 = 0
  /// The whole second of `lastSeen`.
  var second: Int64 = 0
  /// Longest time between two exchanges, in nanoseconds, as long as the clock permits; -1: none.
  var longestPause: Int64 = -1
  /// Exchanges seen; saturates.
  var requests: UInt32 = 0
  /// Where its deep state lies in the pool; -1: it has none.
  var funnel: Int32 = -1
  /// Exchanges in the second of `lastSeen`, not yet in the windows' buckets.
  var pending: UInt32 = 0
  /// Bit i: something was seen i clock hours ago, 0 being the hour of `lastSeen`; 24 bits.
  ///
  /// 0 until the first exchange that is not late.
  var hours: UInt32 = 0

  init(key: SubjectKey) { self.key = key }

  /// Counts one exchange, a late one without its time; `windows` takes over what is pending when a new second begins.
  mutating func note(_ facts: Facts, windows: inout RequestWindows) {
    requests.bump()
    guard !facts.isLate else { return }
    let now = max(facts.at, lastSeen)
    if hours == 0 {
      begin(facts)
    } else {
      let pause = saturatedSum(now.saturatingDifference(lastSeen), facts.resolution)
      longestPause = max(longestPause, pause)
      let moved = now.floorDivided(by: Nanoseconds.second)
      if moved != second {
        windows.fold(pending, second: second, now: moved)
        turn(to: moved)
      }
      lastSeen = now
    }
    pending.bump()
    hours |= 1
  }

  /// Hours of the last 24, the current one included, in which something was seen.
  var activeHours: Int { (hours & 0xff_ffff).nonzeroBitCount }

  private mutating func begin(_ facts: Facts) {
    lastSeen = facts.at
    second = facts.at.floorDivided(by: Nanoseconds.second)
  }

  /// Enters a later second, and with it perhaps a later hour.
  private mutating func turn(to moved: Int64) {
    let hoursPassed = moved.floorDivided(by: 3_600) &- second.floorDivided(by: 3_600)
    if hoursPassed > 0 { hours = hoursPassed < 24 ? (hours << UInt32(hoursPassed)) & 0xff_ffff : 0 }
    second = moved
    pending = 0
  }
}

extension UInt32 {
  /// Adds one and stays at the largest value.
  mutating func bump() {
    if self != .max { self &+= 1 }
  }
}

extension Int64 {
  /// The difference, at the ends of the range when it does not fit.
  func saturatingDifference(_ other: Int64) -> Int64 {
    let (difference, overflow) = subtractingReportingOverflow(other)
    guard overflow else { return difference }
    return self > other ? .max : .min
  }
}

/// The sum of two numbers, at the ends of the range when it does not fit.
func saturatedSum(_ left: Int64, _ right: Int64) -> Int64 {
  let (sum, overflow) = left.addingReportingOverflow(right)
  guard overflow else { return sum }
  return left > 0 ? .max : .min
}
