/// The keys a decoder wants out of a JSON document, compiled for one look-up per key met.
///
/// Paths become a tree of objects; a path such as `source.ip` matches the nested and the dotted
/// spelling alike, because every way to join neighbouring parts becomes an edge. The edges live in
/// one open-addressing table keyed by the parent and a hash of the key's length and ends, so a
/// key nobody wants costs a load, a multiplication and an empty slot.
struct JSONPathTree: Sendable, Equatable {
  /// What a path found is stored as.
  struct Leaf: Sendable, Equatable {
    /// The slot the value goes to, 0 to 63.
    var slot: UInt8
    /// Which of the slot's paths this is; the lowest rank present wins.
    var rank: UInt8
  }

  private struct Edge: Sendable, Equatable {
    var parent: Int32
    var child: Int32
    var head: UInt64
    var tail: UInt64
    var start: Int32
    var length: Int32
    var ignoresCase: Bool
  }

  /// The node of the document's outermost object.
  static let root: Int32 = 0
  /// The node of everything nobody asked for.
  static let nowhere: Int32 = -1

  private var edges: [Edge] = []
  private var names: [UInt8] = []
  private var leaves: [Leaf?] = [nil]
  private var table: [Int32] = Array(repeating: -1, count: 16)

  /// Creates a tree that wants nothing.
  init() {}

  /// Wants the value at `path`, given as keys from the outside in.
  ///
  /// With `ignoresCase` the last key matches whatever its letter case, and `-` and `_` are one,
  /// as header names are written in logs. A path known already keeps its first leaf.
  mutating func insert(_ path: [String], as leaf: Leaf, ignoresCase: Bool) {
    insert(path[...], under: Self.root, as: leaf, ignoresCase: ignoresCase)
  }

  private mutating func insert(
    _ path: ArraySlice<String>, under parent: Int32, as leaf: Leaf, ignoresCase: Bool
  ) {
    // A path of n parts has 2^(n-1) spellings; beyond six parts only the nested one is kept.
    let longest = path.count <= 6 ? path.count : 1
    for joined in stride(from: 1, through: longest, by: 1) {
      let rest = path.dropFirst(joined)
      let key = Array(path.prefix(joined).joined(separator: ".").utf8)
      let child = child(of: parent, named: key, ignoresCase: ignoresCase && rest.isEmpty)
      guard rest.isEmpty else {
        insert(rest, under: child, as: leaf, ignoresCase: ignoresCase)
        continue
      }
      if leaves[Int(child)] == nil { leaves[Int(child)] = leaf }
    }
  }

  private mutating func child(of parent: Int32, named key: [UInt8], ignoresCase: Bool) -> Int32 {
    let known = edges.first {
      $0.parent == parent && $0.ignoresCase == ignoresCase
        && names[Int($0.start)..<Int($0.start + $0.length)].elementsEqual(key)
    }
    if let known { return known.child }
    let child = Int32(leaves.count)
    leaves.append(nil)
    let ends = Self.ends(of: key.span, from: 0, to: key.count)
    edges.append(
      Edge(
        parent: parent, child: child, head: ends.head, tail: ends.tail, start: Int32(names.count),
        length: Int32(key.count), ignoresCase: ignoresCase))
    names += key
    rebuild()
    return child
  }

  /// Puts exact spellings before those that ignore case, so that they are tried first.
  private mutating func rebuild() {
    var capacity = 16
    while capacity < edges.count * 4 { capacity *= 2 }
    table = Array(repeating: -1, count: capacity)
    for wanted in [false, true] {
      for (index, edge) in edges.enumerated() where edge.ignoresCase == wanted {
        var place = Self.hash(
          parent: edge.parent, head: edge.head, tail: edge.tail, length: Int(edge.length))
        while table[place & (capacity - 1)] >= 0 { place &+= 1 }
        table[place & (capacity - 1)] = Int32(index)
      }
    }
  }

  /// The node under `parent` that the key `bytes[from ..< to]` leads to; ``nowhere`` when unwanted.
  func child(of parent: Int32, in bytes: Span<UInt8>, from: Int, to: Int) -> Int32 {
    let length = to &- from
    let (head, tail) = Self.ends(of: bytes, from: from, to: to)
    let mask = table.count &- 1
    var place = Self.hash(parent: parent, head: head, tail: tail, length: length)
    while true {
      let index = table[place & mask]
      guard index >= 0 else { return Self.nowhere }
      let edge = edges[Int(index)]
      if edge.parent == parent, Int(edge.length) == length {
        if edge.ignoresCase {
          if isEqualIgnoringCase(edge, bytes, from: from) { return edge.child }
        } else if edge.head == head, edge.tail == tail,
          length <= 16 || isEqual(edge, bytes, from: from)
        {
          return edge.child
        }
      }
      place &+= 1
    }
  }

  /// What the value at a node is stored as; `nil` when only something inside it is wanted.
  func leaf(of node: Int32) -> Leaf? { node >= 0 ? leaves[Int(node)] : nil }

  private func isEqual(_ edge: Edge, _ bytes: Span<UInt8>, from: Int) -> Bool {
    for k in 0..<Int(edge.length) where names[Int(edge.start) &+ k] != bytes[from &+ k] {
      return false
    }
    return true
  }

  private func isEqualIgnoringCase(_ edge: Edge, _ bytes: Span<UInt8>, from: Int) -> Bool {
    for k in 0..<Int(edge.length) {
      guard Self.folded(names[Int(edge.start) &+ k]) == Self.folded(bytes[from &+ k]) else {
        return false
      }
    }
    return true
  }

  /// Lower case for letters, `_` for `-`.
  private static func folded(_ byte: UInt8) -> UInt8 {
    switch byte {
    case 0x41...0x5A: byte | 0x20
    case UInt8(ascii: "-"): UInt8(ascii: "_")
    default: byte
    }
  }

  /// The first and the last eight bytes of a key; a key shorter than eight is both, padded by 0.
  private static func ends(
    of bytes: Span<UInt8>, from: Int, to: Int
  ) -> (head: UInt64, tail: UInt64) {
    let length = to &- from
    guard length < 8 else {
      return (JSONWord.load(bytes, at: from), JSONWord.load(bytes, at: to &- 8))
    }
    guard length > 0 else { return (0, 0) }
    if from &+ 8 <= bytes.count {
      let word = JSONWord.load(bytes, at: from) & (UInt64.max >> UInt64(64 &- 8 &* length))
      return (word, word)
    }
    var word: UInt64 = 0
    for k in 0..<length { word |= UInt64(bytes[from &+ k]) << UInt64(8 &* k) }
    return (word, word)
  }

  /// A hash that is the same for all spellings that ``folded(_:)`` makes equal.
  ///
  /// Setting the bits 0x72 of every byte maps letters to one case and `-` to `_`; that also
  /// merges other bytes, which costs a comparison, never a wrong answer.
  private static func hash(parent: Int32, head: UInt64, tail: UInt64, length: Int) -> Int {
    let fold: UInt64 = 0x7272_7272_7272_7272
    let ends = (head | fold) ^ ((tail | fold) &* 0x9e37_79b9_7f4a_7c15)
    let word =
      ends ^ (UInt64(truncatingIfNeeded: length) << 32) ^ UInt64(UInt32(bitPattern: parent))
    let product = word.multipliedFullWidth(by: 0xa076_1d64_78bd_642f)
    return Int(truncatingIfNeeded: (product.high ^ product.low) >> 1)
  }
}
