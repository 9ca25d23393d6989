import CrenelModel

/// A first-in first-out queue in one block of memory, which it keeps.
struct Ring<Element: BitwiseCopyable> {
  private var storage: [Element]
  private var start = 0
  private(set) var count = 0

  /// Creates an empty queue; `filler` is what unused places hold.
  init(filler: Element) { storage = Array(repeating: filler, count: 16) }

  var isEmpty: Bool { count == 0 }
  var first: Element? { count > 0 ? storage[start] : nil }
  var last: Element? { count > 0 ? storage[place(count &- 1)] : nil }

  subscript(index: Int) -> Element {
    get { storage[place(index)] }
    set { storage[place(index)] = newValue }
  }

  mutating func append(_ element: Element) {
    if count == storage.count { grow() }
    storage[place(count)] = element
    count &+= 1
  }

  mutating func removeFirst() {
    guard count > 0 else { return }
    start = place(1)
    count &-= 1
  }

  mutating func replaceFirst(_ element: Element) { self[0] = element }
  mutating func replaceLast(_ element: Element) { self[count &- 1] = element }

  /// The storage's length is a power of two, so that a mask wraps the index.
  private func place(_ index: Int) -> Int { (start &+ index) & (storage.count &- 1) }

  private mutating func grow() {
    var larger = Array(repeating: storage[0], count: storage.count * 2)
    for index in 0..<count { larger[index] = self[index] }
    storage = larger
    start = 0
  }
}

/// A binary heap of exchanges held back, the first in order on top.
struct PendingHeap {
  /// The exchanges in heap order; only places may be changed, not times or arrival numbers.
  var items: [PendingExchange] = []

  var isEmpty: Bool { items.isEmpty }
  var count: Int { items.count }
  var first: PendingExchange? { items.first }

  mutating func insert(_ item: PendingExchange) {
    items.append(item)
    var child = items.count &- 1
    while child > 0 {
      let parent = (child &- 1) / 2
      guard PendingExchange.isBefore(items[child], items[parent]) else { return }
      items.swapAt(child, parent)
      child = parent
    }
  }

  mutating func removeFirst() {
    guard let last = items.popLast(), !items.isEmpty else { return }
    items[0] = last
    var parent = 0
    while true {
      var least = parent
      for child in (2 &* parent &+ 1)...(2 &* parent &+ 2)
      where child < items.count && PendingExchange.isBefore(items[child], items[least]) {
        least = child
      }
      guard least != parent else { return }
      items.swapAt(parent, least)
      parent = least
    }
  }
}
