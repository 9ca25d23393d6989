import CrenelModel

/// When open alerts are due to close, the earliest first; one entry an alert.
///
/// An alert that grows is due later than its entry says, so what comes out is looked at again.
struct DeadlineHeap {
  /// An alert's place, and since when it is the one there.
  struct Entry {
    var deadline: Timestamp
    var order: UInt64
    var slot: Int

    static func < (left: Entry, right: Entry) -> Bool {
      (left.deadline, left.order) < (right.deadline, right.order)
    }
  }

  private var entries: [Entry] = []

  /// The entry that is due first.
  var first: Entry? { entries.first }

  /// Adds an entry.
  mutating func push(_ entry: Entry) {
    entries.append(entry)
    var place = entries.count - 1
    while place > 0, entries[place] < entries[(place - 1) / 2] {
      entries.swapAt(place, (place - 1) / 2)
      place = (place - 1) / 2
    }
  }

  /// Takes out the entry that is due first.
  mutating func pop() -> Entry? {
    guard let least = entries.first, let last = entries.popLast() else { return nil }
    guard !entries.isEmpty else { return least }
    entries[0] = last
    var place = 0
    while true {
      var smallest = place
      for child in [2 * place + 1, 2 * place + 2]
      where child < entries.count && entries[child] < entries[smallest] { smallest = child }
      guard smallest != place else { return least }
      entries.swapAt(place, smallest)
      place = smallest
    }
  }

  /// Forgets all entries.
  mutating func removeAll() { entries.removeAll() }
}
