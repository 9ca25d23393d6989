/// From 32 bits of a key's hash to the slots it may lie in: open addressing with linear probing.
///
/// A cell holds the 32 bits, the tag, and the slot plus one; 0 is an empty cell. Sized once for a load
/// of at most a half, it never grows. The keys themselves lie with what the slots hold, and the
/// caller compares them; it also seeds the hash, so that nobody can choose where keys fall.
public struct TagIndex: ~Copyable {
  private var cells: [UInt64]
  private let mask: Int

  /// Creates an empty index for `capacity` slots.
  public init(capacity: Int) {
    var size = 4
    while size < 2 &* capacity { size &*= 2 }
    cells = Array(repeating: 0, count: size)
    mask = size &- 1
  }

  /// The first cell to look at for `tag`.
  public func firstCell(of tag: UInt32) -> Int { Int(tag) & mask }

  /// The slot in `cell` or a later one of its run that bears `tag`; `nil` at the run's end.
  ///
  /// Leaves `cell` behind the one found, so that the next call goes on from there.
  public func nextSlot(_ tag: UInt32, from cell: inout Int) -> Int? {
    while true {
      let word = cells[cell]
      guard word != 0 else { return nil }
      cell = (cell &+ 1) & mask
      if word >> 32 == UInt64(tag) { return Int(word & 0xffff_ffff) &- 1 }
    }
  }

  /// Remembers where a key lies that is not in the index yet.
  public mutating func insert(tag: UInt32, slot: Int) {
    var cell = Int(tag) & mask
    while cells[cell] != 0 { cell = (cell &+ 1) & mask }
    cells[cell] = UInt64(tag) << 32 | UInt64(truncatingIfNeeded: slot &+ 1)
  }

  /// Forgets a key; later cells of its run move up, so that no search stops short of them.
  public mutating func remove(tag: UInt32, slot: Int) {
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
}
