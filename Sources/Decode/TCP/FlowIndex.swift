import CrenelModel

/// From a connection's two ends, in either order, to the slots it may lie in.
///
/// Open addressing with linear probing under a seeded hash, sized once for a load of at most a
/// half. A cell holds 32 bits of the hash and the slot plus one; 0 is an empty cell.
struct FlowIndex: ~Copyable {
  private var cells: [UInt64]
  private let mask: Int
  private let seed: UInt64

  /// Creates an empty index for `capacity` flows.
  init(capacity: Int, seed: UInt64) {
    var size = 4
    while size < 2 &* capacity { size &*= 2 }
    cells = Array(repeating: 0, count: size)
    mask = size &- 1
    self.seed = seed
  }

  /// The 32 bits of hash that the index keeps: the same for both directions.
  func tag(_ one: Endpoint, _ other: Endpoint) -> UInt32 {
    let sum = hash(one) &+ hash(other)
    return UInt32(truncatingIfNeeded: Hash64.of(sum, sum, seed: seed) >> 32)
  }

  /// The first cell to look at for `tag`.
  func firstCell(of tag: UInt32) -> Int { Int(tag) & mask }

  /// The slot in `cell` or a later one of its run that bears `tag`; `nil` at the run's end.
  ///
  /// Leaves `cell` behind the one found, so that the next call goes on from there.
  func nextSlot(_ tag: UInt32, from cell: inout Int) -> Int? {
    while true {
      let word = cells[cell]
      guard word != 0 else { return nil }
      cell = (cell &+ 1) & mask
      if word >> 32 == UInt64(tag) { return Int(word & 0xffff_ffff) &- 1 }
    }
  }

  /// Remembers where a flow lies that is not in the index yet.
  mutating func insert(tag: UInt32, slot: Int) {
    var cell = Int(tag) & mask
    while cells[cell] != 0 { cell = (cell &+ 1) & mask }
    cells[cell] = UInt64(tag) << 32 | UInt64(truncatingIfNeeded: slot &+ 1)
  }

  /// Forgets a flow; later cells of its run move up, so that no search stops short of them.
  mutating func remove(tag: UInt32, slot: Int) {
    let wanted = UInt64(tag) << 32 | UInt64(truncatingIfNeeded: slot &+ 1)
    var hole = Int(tag) & mask
    while cells[hole] != wanted {
      guard cells[hole] != 0 else { return }
      hole = (hole &+ 1) & mask
    }
    var next = (hole &+ 1) & mask
    while cells[next] != 0 {
      let home = Int(cells[next] >> 32) & mask
      if (next &- home) & mask >= (next &- hole) & mask {
        cells[hole] = cells[next]
        hole = next
      }
      next = (next &+ 1) & mask
    }
    cells[hole] = 0
  }

  private func hash(_ end: Endpoint) -> UInt64 {
    let address = Hash64.of(end.address.high, end.address.low, seed: seed)
    return Hash64.of(address, UInt64(end.port), seed: seed)
  }
}
