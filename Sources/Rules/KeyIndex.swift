/// 128 seeded bits that stand for a group or a value.
struct WindowKey: Hashable, BitwiseCopyable {
  var high: UInt64
  var low: UInt64
}

/// A hash table from 128-bit keys to places, with linear probing; keys are already well mixed.
struct KeyIndex {
  private struct Slot: BitwiseCopyable {
    var key: WindowKey
    var place: Int32
  }

  private var slots: [Slot] = []
  private var count = 0

  /// The place of a key.
  subscript(key: WindowKey) -> Int32? {
    guard count > 0 else { return nil }
    let slot = slots[find(key)]
    return slot.place >= 0 ? slot.place : nil
  }

  /// Adds a key that is not there yet.
  mutating func insert(_ key: WindowKey, _ place: Int32) {
    if (count + 1) * 2 > slots.count { grow() }
    slots[find(key)] = Slot(key: key, place: place)
    count += 1
  }

  /// Removes a key and closes the gap it leaves.
  mutating func remove(_ key: WindowKey) {
    guard count > 0 else { return }
    var gap = find(key)
    guard slots[gap].place >= 0 else { return }
    count -= 1
    let mask = slots.count - 1
    var next = gap
    while true {
      slots[gap].place = -1
      repeat {
        next = (next + 1) & mask
        guard slots[next].place >= 0 else { return }
        // A slot may fill the gap when its home is not between the gap and itself.
      } while (next - home(slots[next].key)) & mask < (next - gap) & mask
      slots[gap] = slots[next]
      gap = next
    }
  }

  private func home(_ key: WindowKey) -> Int {
    Int(truncatingIfNeeded: key.high ^ key.low) & (slots.count - 1)
  }

  /// The slot that holds the key, or the free one where it would go.
  private func find(_ key: WindowKey) -> Int {
    var place = home(key)
    while slots[place].place >= 0, slots[place].key != key {
      place = (place + 1) & (slots.count - 1)
    }
    return place
  }

  private mutating func grow() {
    let old = slots
    let empty = Slot(key: WindowKey(high: 0, low: 0), place: -1)
    slots = Array(repeating: empty, count: max(64, old.count * 2))
    for slot in old where slot.place >= 0 { slots[find(slot.key)] = slot }
  }
}
