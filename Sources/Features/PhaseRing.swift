import CrenelModel

/// The minute and the phase within it of the last 33 polls; 136 bytes.
struct PhaseRing: BitwiseCopyable {
  /// Polls kept.
  static let capacity = 33
  /// Polls below which nothing is said.
  static let enough = 9
  /// Length of the part of the minute that polls are locked to, in milliseconds.
  static let arc: Int32 = 3_000

  /// Low 16 bits of the minute, then the milliseconds within it.
  private var polls = InlineArray<33, UInt32>(repeating: 0)
  private var next: UInt8 = 0
  /// How many polls there are.
  private(set) var count: UInt8 = 0
  /// Widest of their stamps, in milliseconds.
  private var width: UInt16 = 0

  /// Adds a poll; one whose stamp is wider than a second is left out.
  mutating func append(_ start: TimeBounds) {
    let low = start.earliest.nanoseconds.floorDivided(by: Nanoseconds.millisecond)
    let high = start.latest.nanoseconds.floorDivided(by: Nanoseconds.millisecond)
    guard high &- low <= 1_000 else { return }
    let minute = low.floorDivided(by: 60_000)
    polls[Int(next)] =
      UInt32(UInt16(truncatingIfNeeded: minute)) << 16 | UInt32(low &- minute &* 60_000)
    width = max(width, UInt16(high &- low &+ 1))
    next = Int(next) &+ 1 == Self.capacity ? 0 : next &+ 1
    if Int(count) < Self.capacity { count &+= 1 }
  }

  /// Share of the polls within one and the same arc of the minute, one a minute at most.
  var lock: Double? {
    guard Int(count) >= Self.enough else { return nil }
    var best = 0
    for i in 0..<Int(count) { best = max(best, beats(from: Int32(polls[i] & 0xffff))) }
    return Double(best) / Double(count)
  }

  /// How many different minutes, counted from the arc's start, have a poll within the arc.
  private func beats(from start: Int32) -> Int {
    var found = 0
    var previous: Int32 = -1
    var place = Int(count) == Self.capacity ? Int(next) : 0
    for _ in 0..<Int(count) {
      let phase = Int32(polls[place] & 0xffff)
      let isAfter = phase >= start
      let offset = isAfter ? phase &- start : phase &- start &+ 60_000
      if offset &+ Int32(width) <= Self.arc {
        let minute = Int32(polls[place] >> 16)
        let beat = isAfter ? minute : (minute &- 1) & 0xffff
        if beat != previous { found &+= 1 }
        previous = beat
      }
      place = place &+ 1 == Self.capacity ? 0 : place &+ 1
    }
    return found
  }
}
