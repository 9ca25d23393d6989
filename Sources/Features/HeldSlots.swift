import CrenelModel

/// The last 8 slots a subject held, and what became of them; 264 bytes.
struct HeldSlots: BitwiseCopyable {
  /// How far from a hold's end a further hold of the slot is one at its expiry, in nanoseconds.
  static let expiryWindow = 10 * Nanoseconds.second

  private var ring = InlineArray<8, Held>(repeating: Held())
  private var next: UInt8 = 0

  private struct Held: BitwiseCopyable {
    var slot: UInt64 = 0
    var earliest: Int64 = 0
    var latest: Int64 = 0
    /// The session that holds it; 0 in an empty place.
    var session: UInt32 = 0
    var isOpen = false
  }

  /// A slot was held; whether the subject held it before and this is that hold's expiry.
  mutating func hold(_ facts: Facts, lifetime: Int64) -> Bool {
    let now = TimeBounds(earliest: facts.start.earliest, latest: facts.start.latest)
    var isAtExpiry = false
    if lifetime > 0, facts.slot != 0, !facts.isLate {
      for i in 0..<8 where ring[i].session != 0 && ring[i].slot == facts.slot {
        let before = TimeBounds(
          earliest: Timestamp(nanoseconds: ring[i].earliest),
          latest: Timestamp(nanoseconds: ring[i].latest))
        let since = now.duration(since: before)
        let isWithin =
          since.min >= lifetime.saturatingDifference(Self.expiryWindow)
          && since.max <= saturatedSum(lifetime, Self.expiryWindow)
        if isWithin { isAtExpiry = true }
      }
    }
    ring[Int(next)] = Held(
      slot: facts.slot, earliest: now.earliest.nanoseconds, latest: now.latest.nanoseconds,
      session: folded(facts.session), isOpen: true)
    next = (next &+ 1) & 7
    return isAtExpiry
  }

  /// What a session held, or that very slot, is no longer open: taken for good or given back.
  mutating func settle(session: UInt64, slot: UInt64) {
    let tag = folded(session)
    for i in 0..<8 where ring[i].isOpen {
      if ring[i].session == tag || (slot != 0 && ring[i].slot == slot) { ring[i].isOpen = false }
    }
  }

  /// A step of a session is not known: what it may have settled is no longer open, which is what
  /// the session held, and any hold of a slot that is known, since the step may name that slot.
  mutating func settleUnknown(session: UInt64) {
    let tag = folded(session)
    for i in 0..<8 where ring[i].session == tag || ring[i].slot != 0 { ring[i].isOpen = false }
  }

  /// Closes the holds whose lifetime is over for certain; how many they were.
  mutating func expire(at now: Int64, lifetime: Int64) -> UInt32 {
    var expired: UInt32 = 0
    for i in 0..<8 where ring[i].isOpen && saturatedSum(ring[i].latest, lifetime) < now {
      ring[i].isOpen = false
      expired &+= 1
    }
    return expired
  }

  /// When the next open hold's lifetime is over; the end of time without one.
  func nextExpiry(lifetime: Int64) -> Int64 {
    var next = Int64.max
    for i in 0..<8 where ring[i].isOpen { next = min(next, saturatedSum(ring[i].latest, lifetime)) }
    return next
  }
}
