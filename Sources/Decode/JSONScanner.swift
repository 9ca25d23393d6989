import CrenelModel

/// One pass over a JSON document (RFC 8259), remembering the values that somebody asked for.
///
/// The grammar is strict but for one thing: bytes of strings need not be UTF-8, since nginx copies
/// what clients send. Of a key that stands twice the first value counts.
struct JSONScanner {
  /// A value that was found.
  struct Value: BitwiseCopyable {
    /// Its bytes, a string's without the quotes.
    var range = ByteRange.absent
    /// Its rank among the paths of its slot; the lowest wins.
    var rank = UInt8.max
    /// Whether a string has escapes to decode.
    var hasEscapes = false
    /// Whether it is a number with a fraction or an exponent.
    var isReal = false
    /// More elements of the array it is the first of, or absent.
    var more = ByteRange.absent
  }

  /// Levels of nesting.
  static let depth = 32
  /// Values remembered.
  static let slots = 64

  private let tree: JSONPathTree
  var values = InlineArray<64, Value>(repeating: Value())
  /// Bit i: slot i was found.
  private(set) var found: UInt64 = 0
  /// Bit i: slot i was `null`.
  private(set) var nulls: UInt64 = 0

  init(_ tree: JSONPathTree) { self.tree = tree }

  /// Reads the document in `bytes[range]`; says why and where when it is none.
  mutating func scan(
    _ bytes: Span<UInt8>, _ range: Range<Int>
  ) -> (reason: RejectReason, at: Int)? {
    found = 0
    nulls = 0
    var at = Self.skipSpace(bytes, range.lowerBound, range.upperBound)
    guard byte(bytes, at) == UInt8(ascii: "{"), at < range.upperBound else {
      return (.badJSON, at)
    }
    if let reason = object(bytes, &at, range.upperBound, JSONPathTree.root, 0) {
      return (reason, at)
    }
    at = Self.skipSpace(bytes, at, range.upperBound)
    return at == range.upperBound ? nil : (.trailingText, at)
  }

  // MARK: - Grammar; each reads from `at` and leaves it behind what it read

  private mutating func object(
    _ bytes: Span<UInt8>, _ at: inout Int, _ end: Int, _ node: Int32, _ level: Int
  ) -> RejectReason? {
    guard level < Self.depth else { return .nestedTooDeep }
    at = Self.skipSpace(bytes, at &+ 1, end)
    if at < end, bytes[at] == UInt8(ascii: "}") {
      at &+= 1
      return nil
    }
    while true {
      guard at < end, bytes[at] == UInt8(ascii: "\"") else { return .badJSON }
      guard let key = string(bytes, &at, end) else { return .badJSON }
      let child =
        node == JSONPathTree.nowhere || key.hasEscapes
        ? JSONPathTree.nowhere
        : tree.child(of: node, in: bytes, from: key.range.lowerBound, to: key.range.upperBound)
      at = Self.skipSpace(bytes, at, end)
      guard at < end, bytes[at] == UInt8(ascii: ":") else { return .badJSON }
      at = Self.skipSpace(bytes, at &+ 1, end)
      if let reason = value(bytes, &at, end, child, level) { return reason }
      at = Self.skipSpace(bytes, at, end)
      guard at < end else { return .badJSON }
      if bytes[at] == UInt8(ascii: "}") {
        at &+= 1
        return nil
      }
      guard bytes[at] == UInt8(ascii: ",") else { return .badJSON }
      at = Self.skipSpace(bytes, at &+ 1, end)
    }
  }

  private mutating func array(
    _ bytes: Span<UInt8>, _ at: inout Int, _ end: Int, _ node: Int32, _ level: Int
  ) -> RejectReason? {
    guard level < Self.depth else { return .nestedTooDeep }
    let start = at
    at = Self.skipSpace(bytes, at &+ 1, end)
    if at < end, bytes[at] == UInt8(ascii: "]") {
      at &+= 1
      return nil
    }
    var isFirst = true
    while true {
      if let reason = value(bytes, &at, end, isFirst ? node : JSONPathTree.nowhere, level) {
        return reason
      }
      at = Self.skipSpace(bytes, at, end)
      guard at < end else { return .badJSON }
      if bytes[at] == UInt8(ascii: "]") {
        at &+= 1
        if !isFirst, let leaf = tree.leaf(of: node) {
          values[Int(leaf.slot)].more = ByteRange(start..<at)
        }
        return nil
      }
      guard bytes[at] == UInt8(ascii: ",") else { return .badJSON }
      at = Self.skipSpace(bytes, at &+ 1, end)
      isFirst = false
    }
  }

  private mutating func value(
    _ bytes: Span<UInt8>, _ at: inout Int, _ end: Int, _ node: Int32, _ level: Int
  ) -> RejectReason? {
    guard at < end else { return .badJSON }
    let start = at
    switch bytes[at] {
    case UInt8(ascii: "\""):
      guard let text = string(bytes, &at, end) else { return .badJSON }
      keep(node, text.range, hasEscapes: text.hasEscapes)
      return nil
    case UInt8(ascii: "{"): return object(bytes, &at, end, node, level &+ 1)
    case UInt8(ascii: "["): return array(bytes, &at, end, node, level &+ 1)
    case UInt8(ascii: "t"): return word("true", bytes, &at, end, node)
    case UInt8(ascii: "f"): return word("false", bytes, &at, end, node)
    case UInt8(ascii: "n"):
      guard starts(bytes, at..<end, with: "null") else { return .badJSON }
      at &+= 4
      if let leaf = tree.leaf(of: node) { nulls |= 1 << UInt64(leaf.slot) }
      return nil
    default:
      guard let isReal = number(bytes, &at, end) else { return .badJSON }
      keep(node, start..<at, isReal: isReal)
      return nil
    }
  }

  private mutating func word(
    _ text: StaticString, _ bytes: Span<UInt8>, _ at: inout Int, _ end: Int, _ node: Int32
  ) -> RejectReason? {
    guard starts(bytes, at..<end, with: text) else { return .badJSON }
    keep(node, at..<(at &+ text.utf8CodeUnitCount))
    at &+= text.utf8CodeUnitCount
    return nil
  }

  /// The bytes between the quotes; `nil` for a string that does not end, or a raw control byte.
  private func string(
    _ bytes: Span<UInt8>, _ at: inout Int, _ end: Int
  ) -> (range: Range<Int>, hasEscapes: Bool)? {
    let start = at &+ 1
    var hasEscapes = false
    var i = start
    while true {
      i = JSONWord.quoteOrBackslash(bytes, from: i)
      guard i < end else { return nil }
      if bytes[i] == UInt8(ascii: "\"") { break }
      hasEscapes = true
      guard i &+ 1 < end, JSONText.isEscape(bytes[i &+ 1]) else { return nil }
      i &+= 2
    }
    at = i &+ 1
    return (start..<i, hasEscapes)
  }

  /// RFC 8259 section 6: whether the number has a fraction or an exponent; `nil` when it is none.
  private func number(_ bytes: Span<UInt8>, _ at: inout Int, _ end: Int) -> Bool? {
    if byte(bytes, at) == UInt8(ascii: "-") { at &+= 1 }
    let first = at
    var isReal = false
    while at < end, isDigit(bytes[at]) { at &+= 1 }
    guard at > first, at == first &+ 1 || bytes[first] != 0x30 else { return nil }
    if at < end, bytes[at] == UInt8(ascii: ".") {
      isReal = true
      at &+= 1
      let fraction = at
      while at < end, isDigit(bytes[at]) { at &+= 1 }
      guard at > fraction else { return nil }
    }
    guard at < end, bytes[at] | 0x20 == UInt8(ascii: "e") else { return isReal }
    at &+= 1
    if at < end, bytes[at] == UInt8(ascii: "+") || bytes[at] == UInt8(ascii: "-") { at &+= 1 }
    let exponent = at
    while at < end, isDigit(bytes[at]) { at &+= 1 }
    return at > exponent ? true : nil
  }

  private mutating func keep(
    _ node: Int32, _ range: Range<Int>, hasEscapes: Bool = false, isReal: Bool = false
  ) {
    guard let leaf = tree.leaf(of: node) else { return }
    let slot = Int(leaf.slot)
    let bit = UInt64(1) << UInt64(slot)
    guard found & bit == 0 || leaf.rank < values[slot].rank else { return }
    found |= bit
    values[slot] = Value(
      range: ByteRange(range), rank: leaf.rank, hasEscapes: hasEscapes, isReal: isReal)
  }

  private static func skipSpace(_ bytes: Span<UInt8>, _ from: Int, _ end: Int) -> Int {
    var i = from
    while i < end, bytes[i] == 0x20 || bytes[i] == 0x09 || bytes[i] == 0x0d || bytes[i] == 0x0a {
      i &+= 1
    }
    return i
  }
}

/// Strings of JSON and of web forms, decoded once.
enum JSONText {
  /// Whether a byte may follow a backslash: RFC 8259 section 7, and nginx's `\x`.
  static func isEscape(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"), UInt8(ascii: "b"),
      UInt8(ascii: "f"), UInt8(ascii: "n"), UInt8(ascii: "r"), UInt8(ascii: "t"),
      UInt8(ascii: "u"), UInt8(ascii: "x"):
      true
    default: false
    }
  }

  /// Appends the decoded text to `bytes`; a lone surrogate becomes U+FFFD.
  static func decode(_ range: Range<Int>, _ bytes: inout [UInt8]) -> ByteRange {
    let start = bytes.count
    var i = range.lowerBound
    while i < range.upperBound {
      let byte = bytes[i]
      guard byte == UInt8(ascii: "\\"), i &+ 1 < range.upperBound else {
        bytes.append(byte)
        i &+= 1
        continue
      }
      let next = bytes[i &+ 1]
      i &+= 2
      switch next {
      case UInt8(ascii: "b"): bytes.append(0x08)
      case UInt8(ascii: "f"): bytes.append(0x0c)
      case UInt8(ascii: "n"): bytes.append(0x0a)
      case UInt8(ascii: "r"): bytes.append(0x0d)
      case UInt8(ascii: "t"): bytes.append(0x09)
      case UInt8(ascii: "u"): i = scalar(at: i, range.upperBound, &bytes)
      case UInt8(ascii: "x"):
        if i &+ 1 < range.upperBound, let high = HexDigit.value(bytes[i]),
          let low = HexDigit.value(bytes[i &+ 1])
        {
          bytes.append(high << 4 | low)
          i &+= 2
        } else {
          bytes.append(contentsOf: [0x5c, next])
        }
      default: bytes.append(next)
      }
    }
    return ByteRange(start..<bytes.count)
  }

  /// Appends the scalar of `XXXX`, and of the low surrogate behind it; returns what follows.
  private static func scalar(at index: Int, _ end: Int, _ bytes: inout [UInt8]) -> Int {
    guard let first = hex4(bytes, index, end) else {
      bytes.append(contentsOf: [0xef, 0xbf, 0xbd])
      return index
    }
    var next = index &+ 4
    var value = first
    if first & 0xfc00 == 0xd800, next &+ 1 < end, bytes[next] == UInt8(ascii: "\\"),
      bytes[next &+ 1] == UInt8(ascii: "u"), let second = hex4(bytes, next &+ 2, end),
      second & 0xfc00 == 0xdc00
    {
      value = 0x10000 + ((first & 0x3ff) << 10 | second & 0x3ff)
      next &+= 6
    }
    let unicode = Unicode.Scalar(value) ?? "\u{fffd}"
    for unit in UTF8.encode(unicode) ?? UTF8.encodedReplacementCharacter { bytes.append(unit) }
    return next
  }

  private static func hex4(_ bytes: [UInt8], _ index: Int, _ end: Int) -> UInt32? {
    guard index &+ 4 <= end else { return nil }
    var value: UInt32 = 0
    for k in 0..<4 {
      guard let digit = HexDigit.value(bytes[index &+ k]) else { return nil }
      value = value << 4 | UInt32(digit)
    }
    return value
  }

  /// The value of `name` in `a=1&b=2` (application/x-www-form-urlencoded), appended decoded.
  ///
  /// The first of that name counts; absent when there is none.
  static func form(
    _ name: [UInt8], in range: Range<Int>, _ bytes: inout [UInt8]
  ) -> ByteRange {
    var start = range.lowerBound
    while start < range.upperBound {
      let end = find(UInt8(ascii: "&"), in: bytes.span, from: start, to: range.upperBound)
      let equal = find(UInt8(ascii: "="), in: bytes.span, from: start, to: end)
      let key = percentDecode(start..<equal, &bytes)
      let isWanted = bytes[key.indices].elementsEqual(name)
      bytes.removeLast(key.count)
      if isWanted, equal < end { return percentDecode((equal &+ 1)..<end, &bytes) }
      start = end &+ 1
    }
    return .absent
  }

  private static func percentDecode(_ range: Range<Int>, _ bytes: inout [UInt8]) -> ByteRange {
    let start = bytes.count
    var i = range.lowerBound
    while i < range.upperBound {
      let byte = bytes[i]
      if byte == UInt8(ascii: "%"), i &+ 2 < range.upperBound,
        let high = HexDigit.value(bytes[i &+ 1]),
        let low = HexDigit.value(bytes[i &+ 2])
      {
        bytes.append(high << 4 | low)
        i &+= 3
      } else {
        bytes.append(byte == UInt8(ascii: "+") ? 0x20 : byte)
        i &+= 1
      }
    }
    return ByteRange(start..<bytes.count)
  }
}
