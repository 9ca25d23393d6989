/// Decides which slot of a full table is given up: second chance, with up to three chances.
///
/// A slot is used again when the hand comes by and its subject has no chance left. Every sighting
/// after the first adds a chance (at most three) and every passing of the hand takes one, so a
/// subject seen once goes first, and one seen often outlives three rounds of them. The hand
/// moves at most once per sighting on average, so placing is O(1) amortised; slots are given
/// in order, so the choice does not depend on hashes.
struct SlotClock: ~Copyable {
  private var chances: [UInt8] = []
  private var hand = 0
  private let capacity: Int

  /// Most chances a slot can gather.
  static let most: UInt8 = 3

  init(capacity: Int) {
    self.capacity = capacity
    chances.reserveCapacity(capacity)
  }

  /// Slots in use.
  var count: Int { chances.count }

  /// The slot's subject was seen again.
  mutating func touch(_ slot: Int) {
    if chances[slot] < Self.most { chances[slot] &+= 1 }
  }

  /// The slot is free to be taken next time the hand passes.
  mutating func release(_ slot: Int) { chances[slot] = 0 }

  /// A slot for a newcomer: a fresh one, or one whose subject must go.
  mutating func place() -> (slot: Int, isReused: Bool) {
    guard chances.count == capacity else {
      chances.append(0)
      return (chances.count - 1, false)
    }
    while chances[hand] > 0 {
      chances[hand] &-= 1
      advance()
    }
    let slot = hand
    advance()
    return (slot, true)
  }

  private mutating func advance() {
    hand &+= 1
    if hand == capacity { hand = 0 }
  }
}
