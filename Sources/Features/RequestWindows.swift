import CrenelModel

/// How many exchanges came in the last 10 s, 1 min, 10 min and 1 h; never one too many.
///
/// Each window is a ring of buckets aligned to the epoch: 10 of 1 s, 12 of 5 s, 10 of 1 min and
/// 12 of 5 min. The current bucket is part of the window, so a count covers at least the window
/// less one bucket and at most the whole window. 88 bytes; buckets saturate at 65,535.
struct RequestWindows: BitwiseCopyable {
  private var tenSeconds = InlineArray<10, UInt16>(repeating: 0)
  private var minute = InlineArray<12, UInt16>(repeating: 0)
  private var tenMinutes = InlineArray<10, UInt16>(repeating: 0)
  private var hour = InlineArray<12, UInt16>(repeating: 0)

  /// Adds the exchanges of a second that is over, then forgets what `now` puts out of reach.
  mutating func fold(_ count: UInt32, second: Int64, now: Int64) {
    add(count, second)
    let passed = now.saturatingDifference(second)
    guard passed < 3_600 else {
      self = RequestWindows()
      return
    }
    clear(&tenSeconds, from: second, to: now)
    clear(&minute, from: second.floorDivided(by: 5), to: now.floorDivided(by: 5))
    clear(&tenMinutes, from: second.floorDivided(by: 60), to: now.floorDivided(by: 60))
    clear(&hour, from: second.floorDivided(by: 300), to: now.floorDivided(by: 300))
  }

  /// Exchanges of the last ten seconds, those of the current second aside.
  var inTenSeconds: UInt64 { sum(tenSeconds) }
  /// Exchanges of the last minute, those of the current second aside.
  var inMinute: UInt64 { sum(minute) }
  /// Exchanges of the last ten minutes, those of the current second aside.
  var inTenMinutes: UInt64 { sum(tenMinutes) }
  /// Exchanges of the last hour, those of the current second aside.
  var inHour: UInt64 { sum(hour) }

  private mutating func add(_ count: UInt32, _ second: Int64) {
    add(count, to: &tenSeconds, at: second)
    add(count, to: &minute, at: second.floorDivided(by: 5))
    add(count, to: &tenMinutes, at: second.floorDivided(by: 60))
    add(count, to: &hour, at: second.floorDivided(by: 300))
  }

  private func add<let n: Int>(
    _ count: UInt32, to ring: inout InlineArray<n, UInt16>, at bucket: Int64
  ) {
    let place = Self.place(bucket, Int64(n))
    ring[place] = UInt16(clamping: UInt64(ring[place]) &+ UInt64(count))
  }

  /// Empties the buckets after `old` up to and with `new`, at most all of them.
  private func clear<let n: Int>(
    _ ring: inout InlineArray<n, UInt16>, from old: Int64, to new: Int64
  ) {
    var steps = Int(clamping: min(new &- old, Int64(n)))
    guard steps > 0 else { return }
    var place = Self.place(new, Int64(n))
    while steps > 0 {
      ring[place] = 0
      place = place == 0 ? n &- 1 : place &- 1
      steps &-= 1
    }
  }

  private func sum<let n: Int>(_ ring: InlineArray<n, UInt16>) -> UInt64 {
    var total: UInt64 = 0
    for i in ring.indices { total &+= UInt64(ring[i]) }
    return total
  }

  /// The bucket's place in a ring of `size`; buckets before the epoch count on downwards.
  private static func place(_ bucket: Int64, _ size: Int64) -> Int {
    let rest = bucket % size
    return Int(rest < 0 ? rest &+ size : rest)
  }
}
