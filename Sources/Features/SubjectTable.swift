import CrenelModel

/// The states of all subjects of one kind, with the deep states of some of them.
///
/// The memory for a full table is reserved at once and touched only as it fills.
struct SubjectTable<State: Subject>: ~Copyable {
  /// The states, by slot.
  var states: [State] = []
  /// The deep states; ``Presence/funnel`` says which is whose.
  var funnels: [Funnel] = []
  /// Subjects dropped to make room.
  private(set) var evicted: UInt64 = 0
  /// Deep states dropped to make room.
  private(set) var evictedFunnels: UInt64 = 0

  /// Subjects it has room for.
  let capacity: Int

  private var index: TagIndex
  private let tags: SubjectTags
  private var clock: SlotClock
  private var funnelClock: SlotClock

  /// Creates an empty table; sizes are clamped to 1...4,194,304.
  init(capacity: Int, funnelCapacity: Int, seed: UInt64) {
    let size = Swift.min(Swift.max(capacity, 1), 4_194_304)
    let depth = Swift.min(Swift.max(funnelCapacity, 1), size)
    self.capacity = size
    index = TagIndex(capacity: size)
    tags = SubjectTags(seed: seed)
    clock = SlotClock(capacity: size)
    funnelClock = SlotClock(capacity: depth)
    states.reserveCapacity(size)
    funnels.reserveCapacity(depth)
  }

  /// The slot of a subject, a new one when it is not known.
  ///
  /// What one that must go for it kept of captures is given back to `pool`.
  mutating func slot(of key: SubjectKey, _ pool: inout PacketPool) -> (slot: Int, isNew: Bool) {
    let tag = tags.tag(of: key)
    var cell = index.firstCell(of: tag)
    while let slot = index.nextSlot(tag, from: &cell) {
      if states[slot].common.presence.key == key {
        clock.touch(slot)
        return (slot, false)
      }
    }
    return (place(key, tag: tag, &pool), true)
  }

  /// The place of a subject's deep state, a new one when it has none.
  mutating func funnel(of slot: Int) -> Int {
    let known = Int(states[slot].common.presence.funnel)
    if known >= 0 {
      funnelClock.touch(known)
      return known
    }
    let (place, isReused) = funnelClock.place()
    if isReused {
      let owner = Int(funnels[place].owner)
      if owner >= 0 {
        states[owner].common.presence.funnel = -1
        states[owner].common.nextExpiry = .max
        evictedFunnels &+= 1
      }
      funnels[place] = Funnel()
    } else {
      funnels.append(Funnel())
    }
    funnels[place].owner = Int32(truncatingIfNeeded: slot)
    states[slot].common.presence.funnel = Int32(truncatingIfNeeded: place)
    return place
  }

  /// Counts the subject's holds whose lifetime is over.
  mutating func expireHolds(of slot: Int, at now: Int64, lifetime: Int64) {
    let place = Int(states[slot].common.presence.funnel)
    guard place >= 0 else { return }
    let expired = funnels[place].held.expire(at: now, lifetime: lifetime)
    funnels[place].expired = UInt32(clamping: UInt64(funnels[place].expired) &+ UInt64(expired))
    states[slot].common.nextExpiry = funnels[place].held.nextExpiry(lifetime: lifetime)
  }

  /// Settles the subject's holds that a step of `session` which is not known may have settled.
  mutating func settleHolds(of slot: Int, unknownOf session: UInt64, lifetime: Int64) {
    let place = Int(states[slot].common.presence.funnel)
    guard place >= 0 else { return }
    funnels[place].held.settleUnknown(session: session)
    states[slot].common.nextExpiry = funnels[place].held.nextExpiry(lifetime: lifetime)
  }

  private mutating func place(
    _ key: SubjectKey, tag: UInt32, _ pool: inout PacketPool
  ) -> Int {
    let (slot, isReused) = clock.place()
    if isReused {
      evict(slot)
      if !pool.isEmpty { states[slot].common.places.release(to: &pool) }
      states[slot] = State(key: key)
    } else {
      states.append(State(key: key))
    }
    index.insert(tag: tag, slot: slot)
    return slot
  }

  private mutating func evict(_ slot: Int) {
    let presence = states[slot].common.presence
    index.remove(tag: tags.tag(of: presence.key), slot: slot)
    let place = Int(presence.funnel)
    if place >= 0 {
      funnels[place].owner = -1
      funnelClock.release(place)
    }
    evicted &+= 1
  }
}
