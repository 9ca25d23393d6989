import CrenelModel

/// Sessions of clients without a cookie: one client with one agent, until an hour goes by.
///
/// One hour of silence ends a session: Halfaker et al., "User Session Identification Based on
/// Strong Regularities in Inter-activity Time", WWW 2015. At most `capacity` are kept; the one
/// that was opened first goes first, and is counted.
struct SessionTable: ~Copyable {
  /// The silence that ends a session, in nanoseconds.
  static let gap = Nanoseconds.hour

  private struct Entry: BitwiseCopyable {
    var who: UInt64
    var session: UInt64
    var lastSeen: Timestamp
  }

  private(set) var evicted: UInt64 = 0
  private var entries: [Entry] = []
  private var cells: [UInt32]
  private var next = 0
  private let capacity: Int
  private let mask: Int
  private let seed: UInt64

  /// `seed` says where entries stand, so that nobody can choose that; no session depends on it.
  init(capacity: Int = 65_536, seed: UInt64 = 0) {
    self.seed = seed
    self.capacity = max(1, capacity)
    var size = 16
    while size < 2 * self.capacity { size *= 2 }
    cells = Array(repeating: 0, count: size)
    mask = size - 1
    entries.reserveCapacity(min(self.capacity, 1_024))
  }

  /// The session of `who` at `now`, and whether it begins here.
  mutating func session(of who: UInt64, at now: Timestamp) -> (key: UInt64, isNew: Bool) {
    var cell = home(who)
    while cells[cell] != 0 {
      let slot = Int(cells[cell]) &- 1
      if entries[slot].who == who { return see(slot, now) }
      cell = (cell &+ 1) & mask
    }
    let entry = Entry(who: who, session: Self.key(who, now), lastSeen: now)
    if entries.count < capacity {
      entries.append(entry)
      cells[cell] = UInt32(entries.count)
      return (entry.session, true)
    }
    evicted &+= 1
    let slot = next
    next = next &+ 1 == capacity ? 0 : next &+ 1
    forget(slot)
    entries[slot] = entry
    cell = home(who)
    while cells[cell] != 0 { cell = (cell &+ 1) & mask }
    cells[cell] = UInt32(slot &+ 1)
    return (entry.session, true)
  }

  /// Where an entry stands when nothing is in its way.
  private func home(_ who: UInt64) -> Int {
    Int(truncatingIfNeeded: Hash64.of(who, 0, seed: seed)) & mask
  }

  private mutating func see(_ slot: Int, _ now: Timestamp) -> (key: UInt64, isNew: Bool) {
    let isNew = now.since(entries[slot].lastSeen) > Self.gap
    if isNew { entries[slot].session = Self.key(entries[slot].who, now) }
    entries[slot].lastSeen = max(entries[slot].lastSeen, now)
    return (entries[slot].session, isNew)
  }

  private static func key(_ who: UInt64, _ start: Timestamp) -> UInt64 {
    Hash64.of(who, UInt64(bitPattern: start.nanoseconds), seed: 0x7365_7373_696f_6e)
  }

  /// Takes a slot out of the index, closing the gap it leaves in its run of cells.
  private mutating func forget(_ slot: Int) {
    var hole = home(entries[slot].who)
    while Int(cells[hole]) != slot &+ 1 { hole = (hole &+ 1) & mask }
    var cell = (hole &+ 1) & mask
    while cells[cell] != 0 {
      let home = home(entries[Int(cells[cell]) &- 1].who)
      if (cell &- home) & mask >= (cell &- hole) & mask {
        cells[hole] = cells[cell]
        hole = cell
      }
      cell = (cell &+ 1) & mask
    }
    cells[hole] = 0
  }
}
