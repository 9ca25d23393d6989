/// Doubly linked lists over numbered places, each place in one list at most.
///
/// 8 bytes a place, apart from what the places hold, so that moving one touches little memory.
public struct SlotLists: ~Copyable {
  private struct Link: BitwiseCopyable {
    var previous: Int32 = -1
    var next: Int32 = -1
  }

  private struct Ends: BitwiseCopyable {
    var first: Int32 = -1
    var last: Int32 = -1
    var count = 0
  }

  private var links: [Link]
  private var ends: [Ends]

  /// Creates `lists` empty lists over no more than `capacity` places.
  public init(lists: Int, capacity: Int) {
    links = []
    links.reserveCapacity(capacity)
    ends = Array(repeating: Ends(), count: lists)
  }

  /// Makes places up to `count` known.
  public mutating func grow(to count: Int) {
    while links.count < count { links.append(Link()) }
  }

  /// The place at the head of a list; negative when it is empty.
  public func first(_ list: Int) -> Int { Int(ends[list].first) }

  /// The place after `place`; negative at the end.
  public func next(_ place: Int) -> Int { Int(links[place].next) }

  /// Number of places in a list.
  public func count(_ list: Int) -> Int { ends[list].count }

  /// Adds a place that is in no list to the end of one.
  public mutating func append(_ place: Int, to list: Int) {
    let last = ends[list].last
    links[place] = Link(previous: last, next: -1)
    if last >= 0 {
      links[Int(last)].next = Int32(truncatingIfNeeded: place)
    } else {
      ends[list].first = Int32(truncatingIfNeeded: place)
    }
    ends[list].last = Int32(truncatingIfNeeded: place)
    ends[list].count &+= 1
  }

  /// Takes a place out of the list it is in.
  public mutating func remove(_ place: Int, from list: Int) {
    let link = links[place]
    if link.previous >= 0 {
      links[Int(link.previous)].next = link.next
    } else {
      ends[list].first = link.next
    }
    if link.next >= 0 {
      links[Int(link.next)].previous = link.previous
    } else {
      ends[list].last = link.previous
    }
    links[place] = Link()
    ends[list].count &-= 1
  }

  /// Moves a place of a list to its end.
  public mutating func renew(_ place: Int, in list: Int) {
    let link = links[place]
    // The last one has no next, and is where it should be.
    guard link.next >= 0 else { return }
    let last = ends[list].last
    ends[list].last = Int32(truncatingIfNeeded: place)
    if link.previous < 0 { ends[list].first = link.next }
    var links = self.links.mutableSpan
    links[Int(link.next)].previous = link.previous
    if link.previous >= 0 { links[Int(link.previous)].next = link.next }
    links[Int(last)].next = Int32(truncatingIfNeeded: place)
    links[place] = Link(previous: last, next: -1)
  }
}
