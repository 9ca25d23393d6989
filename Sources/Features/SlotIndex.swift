import CrenelModel

/// Who a subject is: a counted address, or a session key.
struct SubjectKey: Hashable, BitwiseCopyable {
  var high: UInt64
  var low: UInt64
  var kind: UInt8

  init(client: ClientAddress) {
    high = client.high
    low = client.low
    kind = client.kind.rawValue
  }

  init(session: UInt64) {
    high = 0
    low = session
    kind = .max
  }
}

/// From keys to slots: open addressing with linear probing under a seeded hash.
///
/// A cell holds 32 bits of the hash and the slot plus one; 0 is an empty cell. It is sized once
/// for a load of at most a half and never grows. The keys themselves lie with the subjects.
struct SlotIndex: ~Copyable {
  private var cells: [UInt64]
  private let mask: Int
  private let seed: UInt64

  init(capacity: Int, seed: UInt64) {
    var size = 4
    while size < 2 * capacity { size *= 2 }
    cells = Array(repeating: 0, count: size)
    mask = size - 1
    self.seed = seed
  }

  /// The 32 bits of a key's hash that the index keeps.
  func tag(of key: SubjectKey) -> UInt32 {
    let first = key.high ^ (UInt64(key.kind) &* 0x9e37_79b9_7f4a_7c15)
    return UInt32(truncatingIfNeeded: Hash64.of(first, key.low, seed: seed) >> 32)
  }

  /// The slots that `tag` may lie in, one after the other: the cell to look at next.
  func firstCell(of tag: UInt32) -> Int { Int(tag) & mask }

  /// The slot in `cell` or a later one of its run whose tag is `tag`; `nil` at the run's end.
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

  /// Remembers where a key lies that is not in the index yet.
  mutating func insert(tag: UInt32, slot: Int) {
    var cell = Int(tag) & mask
    while cells[cell] != 0 { cell = (cell &+ 1) & mask }
    cells[cell] = UInt64(tag) << 32 | UInt64(slot &+ 1)
  }

  /// Forgets a key, closing the gap it leaves in its run of cells.
  mutating func remove(tag: UInt32, slot: Int) {
    let wanted = UInt64(tag) << 32 | UInt64(slot &+ 1)
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
}
