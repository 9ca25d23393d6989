/// A run of elements of a shared array.
struct Slice: BitwiseCopyable {
  var first: Int32 = 0
  var count: Int32 = 0

  /// The indices of the run.
  var indices: Range<Int> { Int(first)..<Int(first &+ count) }
}

/// Bytes to find, with the first or last eight of them packed for a quick refusal.
struct Literal: BitwiseCopyable {
  var bytes = Slice()
  var key: UInt64 = 0
  var mask: UInt64 = 0
}

/// One list of texts, any of which makes a condition true.
struct TextTest: BitwiseCopyable {
  /// Whether letters must have the same case.
  var isCased = false
  /// Whole values, by length; bit `n & 63` of `lengths` is set when one has length `n`.
  var exact = Slice()
  var lengths: UInt64 = 0
  var prefixes = Slice()
  var suffixes = Slice()
  var inner = Slice()
  /// Patterns with wildcards inside, as tokens.
  var globs = Slice()
  /// The scan of the field, and the bit it sets when one of `inner` may be there; -1 without one.
  var scan: Int32 = -1
  var scanBit: Int32 = -1
  /// Whether that bit is the answer for `inner`, without a second look.
  var scanIsExact = true
}

/// The texts of all rules in flat arrays, and how they are compared.
///
/// Without `cased`, ASCII letters and the letters of Latin-1 in UTF-8 (`é`, `É`) match in either
/// case; other letters match as they are written.
struct TextPool {
  var bytes: [UInt8] = []
  var literals: [Literal] = []
  var globs: [Slice] = []
  var tokens: [UInt16] = []
  var tests: [TextTest] = []

  /// Adds a list of texts and gives its index.
  mutating func add(_ texts: [SigmaText], isCased: Bool) -> Int {
    var groups: [[[UInt8]]] = [[], [], [], []]  // exact, prefix, suffix, inner
    var patterns: [[UInt16]] = []
    for text in texts {
      var core = text.tokens
      let isOpenAtStart = core.first == SigmaText.many
      if isOpenAtStart { core.removeFirst() }
      let isOpenAtEnd = core.last == SigmaText.many
      if isOpenAtEnd { core.removeLast() }
      if core.contains(where: { $0 >= 256 }) {
        patterns.append(text.tokens)
        continue
      }
      let plain = core.map { UInt8(truncatingIfNeeded: $0) }
      // A lone `*` is true of every value, as an inner text of no bytes would be.
      let group =
        plain.isEmpty && (isOpenAtStart || isOpenAtEnd)
        ? 1 : (isOpenAtStart ? (isOpenAtEnd ? 3 : 2) : (isOpenAtEnd ? 1 : 0))
      groups[group].append(plain)
    }
    var test = TextTest(isCased: isCased)
    groups[0].sort { $0.count < $1.count }
    for text in groups[0] { test.lengths |= 1 << UInt64(text.count & 63) }
    test.exact = append(groups[0], fromEnd: false, isCased: isCased)
    test.prefixes = append(groups[1], fromEnd: false, isCased: isCased)
    test.suffixes = append(groups[2], fromEnd: true, isCased: isCased)
    test.inner = append(groups[3], fromEnd: false, isCased: isCased)
    test.scanIsExact = !isCased && groups[3].allSatisfy { $0.allSatisfy { $0 < 0x80 } }
    test.globs = Slice(first: Int32(globs.count), count: Int32(patterns.count))
    for pattern in patterns {
      globs.append(Slice(first: Int32(tokens.count), count: Int32(pattern.count)))
      tokens += isCased ? pattern : Self.folded(pattern)
    }
    tests.append(test)
    return tests.count - 1
  }

  private mutating func append(_ texts: [[UInt8]], fromEnd: Bool, isCased: Bool) -> Slice {
    let first = Int32(literals.count)
    for text in texts {
      let kept = isCased ? text : Self.folded(text)
      var literal = Literal(bytes: Slice(first: Int32(bytes.count), count: Int32(kept.count)))
      // The packed bytes are folded as ASCII only, so a byte past ASCII is left to the full look.
      for k in 0..<min(8, kept.count) {
        let byte = fromEnd ? kept[kept.count - 1 - k] : kept[k]
        guard byte < 0x80 else { continue }
        literal.key |= UInt64(Self.lower(byte)) << UInt64(8 * k)
        literal.mask |= 0xff << UInt64(8 * k)
      }
      bytes += kept
      literals.append(literal)
    }
    return Slice(first: first, count: Int32(texts.count))
  }

  // MARK: - Folding

  /// The lower-case form of an ASCII letter; other bytes as they are.
  static func lower(_ byte: UInt8) -> UInt8 {
    byte &- 0x41 < 26 ? byte | 0x20 : byte
  }

  /// The folded form of a byte that stands after `previous`.
  static func fold(_ byte: UInt8, after previous: UInt8) -> UInt8 {
    if byte < 0x80 { return lower(byte) }
    // U+00C0...U+00DE are C3 80...C3 9E, their lower case 20 hexadecimal further; 97 is a sign.
    guard previous == 0xc3, byte <= 0x9e, byte != 0x97 else { return byte }
    return byte | 0x20
  }

  private static func folded(_ bytes: [UInt8]) -> [UInt8] {
    bytes.indices.map { fold(bytes[$0], after: $0 > 0 ? bytes[$0 - 1] : 0) }
  }

  private static func folded(_ tokens: [UInt16]) -> [UInt16] {
    tokens.indices.map { i in
      guard tokens[i] < 256 else { return tokens[i] }
      let previous = i > 0 && tokens[i - 1] < 256 ? tokens[i - 1] : 0
      return UInt16(
        fold(
          UInt8(truncatingIfNeeded: tokens[i]), after: UInt8(truncatingIfNeeded: previous)))
    }
  }
}

// MARK: - Matching

extension TextPool {
  /// Whether `value` is one of the test's texts; `scanned` is the field's scan bit, `nil` unscanned.
  func matches(_ index: Int, _ value: Span<UInt8>, scanned: Bool?) -> Bool {
    let test = tests[index]
    if matchesWhole(test, value) || matchesEnds(test, value) { return true }
    if test.inner.count > 0, scanned != false {
      if scanned == true, test.scanIsExact { return true }
      for i in test.inner.indices where contains(literals[i], value, isCased: test.isCased) {
        return true
      }
    }
    for i in test.globs.indices where matchesGlob(globs[i], value, isCased: test.isCased) {
      return true
    }
    return false
  }

  private func matchesWhole(_ test: TextTest, _ value: Span<UInt8>) -> Bool {
    guard test.lengths & (1 << UInt64(value.count & 63)) != 0 else { return false }
    let key = Self.key(value, fromEnd: false)
    for i in test.exact.indices {
      let literal = literals[i]
      guard Int(literal.bytes.count) == value.count, (key ^ literal.key) & literal.mask == 0 else {
        continue
      }
      if equals(literal, value, at: 0, isCased: test.isCased) { return true }
    }
    return false
  }

  private func matchesEnds(_ test: TextTest, _ value: Span<UInt8>) -> Bool {
    if test.prefixes.count > 0 {
      let key = Self.key(value, fromEnd: false)
      for i in test.prefixes.indices {
        let literal = literals[i]
        if (key ^ literal.key) & literal.mask == 0,
          equals(literal, value, at: 0, isCased: test.isCased)
        {
          return true
        }
      }
    }
    if test.suffixes.count > 0 {
      let key = Self.key(value, fromEnd: true)
      for i in test.suffixes.indices {
        let literal = literals[i]
        if (key ^ literal.key) & literal.mask == 0,
          equals(
            literal, value, at: value.count &- Int(literal.bytes.count), isCased: test.isCased)
        {
          return true
        }
      }
    }
    return false
  }

  /// The first or last eight bytes, folded as ASCII, packed; missing ones are 0.
  private static func key(_ value: Span<UInt8>, fromEnd: Bool) -> UInt64 {
    var key: UInt64 = 0
    let count = min(8, value.count)
    for k in 0..<count {
      let byte = value[fromEnd ? value.count &- 1 &- k : k]
      key |= UInt64(lower(byte)) << UInt64(8 &* k)
    }
    return key
  }

  /// Whether the literal stands at `start`; false where it does not fit.
  private func equals(
    _ literal: Literal, _ value: Span<UInt8>, at start: Int, isCased: Bool
  ) -> Bool {
    let count = Int(literal.bytes.count)
    guard start >= 0, start &+ count <= value.count else { return false }
    let first = Int(literal.bytes.first)
    for k in 0..<count {
      let byte = value[start &+ k]
      let previous = start &+ k > 0 ? value[start &+ k &- 1] : 0
      guard (isCased ? byte : Self.fold(byte, after: previous)) == bytes[first &+ k] else {
        return false
      }
    }
    return true
  }

  private func contains(_ literal: Literal, _ value: Span<UInt8>, isCased: Bool) -> Bool {
    var start = 0
    while start &+ Int(literal.bytes.count) <= value.count {
      if equals(literal, value, at: start, isCased: isCased) { return true }
      start &+= 1
    }
    return false
  }

  /// Matches tokens against the whole value, going back to the last `*` alone: time is at most the
  /// product of the two lengths.
  private func matchesGlob(_ glob: Slice, _ value: Span<UInt8>, isCased: Bool) -> Bool {
    var token = Int(glob.first)
    let end = Int(glob.first &+ glob.count)
    var place = 0
    var star: (token: Int, place: Int)?
    while place < value.count {
      if token < end, tokens[token] == SigmaText.many {
        star = (token, place)
        token &+= 1
        continue
      }
      if token < end {
        let width = step(tokens[token], value, at: place, isCased: isCased)
        if width > 0 {
          token &+= 1
          place &+= width
          continue
        }
      }
      guard let back = star else { return false }
      star = (back.token, back.place &+ 1)
      token = back.token &+ 1
      place = back.place &+ 1
    }
    while token < end, tokens[token] == SigmaText.many { token &+= 1 }
    return token == end
  }

  /// Bytes that one token takes at `place`; 0 when it does not match.
  private func step(
    _ token: UInt16, _ value: Span<UInt8>, at place: Int, isCased: Bool
  ) -> Int {
    let byte = value[place]
    if token == SigmaText.one { return Self.characterWidth(value, at: place) }
    let previous = place > 0 ? value[place &- 1] : 0
    return UInt16(isCased ? byte : Self.fold(byte, after: previous)) == token ? 1 : 0
  }

  /// Bytes of the UTF-8 character at `place`; 1 for a byte that starts none.
  private static func characterWidth(_ value: Span<UInt8>, at place: Int) -> Int {
    let byte = value[place]
    let width = byte < 0xc2 ? 1 : (byte < 0xe0 ? 2 : (byte < 0xf0 ? 3 : (byte < 0xf5 ? 4 : 1)))
    guard place &+ width <= value.count else { return 1 }
    var k = 1
    while k < width {
      guard value[place &+ k] & 0xc0 == 0x80 else { return 1 }
      k &+= 1
    }
    return width
  }
}

// MARK: - Two values of an exchange

extension TextPool {
  /// How two texts can stand to each other.
  enum Relation: UInt8, BitwiseCopyable { case equal, prefix, suffix, inner }

  /// Whether `left` is, starts with, ends with or holds `right`.
  static func compare(
    _ left: Span<UInt8>, _ relation: Relation, _ right: Span<UInt8>, isCased: Bool
  ) -> Bool {
    let spare = left.count &- right.count
    guard spare >= 0 else { return false }
    switch relation {
    case .equal: return spare == 0 && matches(left, at: 0, right, isCased: isCased)
    case .prefix: return matches(left, at: 0, right, isCased: isCased)
    case .suffix: return matches(left, at: spare, right, isCased: isCased)
    case .inner:
      for start in 0...spare where matches(left, at: start, right, isCased: isCased) {
        return true
      }
      return false
    }
  }

  private static func matches(
    _ left: Span<UInt8>, at start: Int, _ right: Span<UInt8>, isCased: Bool
  ) -> Bool {
    for k in 0..<right.count {
      let one = left[start &+ k]
      let other = right[k]
      guard one != other else { continue }
      guard !isCased else { return false }
      let before = start &+ k > 0 ? left[start &+ k &- 1] : 0
      guard fold(one, after: before) == fold(other, after: k > 0 ? right[k &- 1] : 0) else {
        return false
      }
    }
    return true
  }
}
