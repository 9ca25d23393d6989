/// A text of a rule, as bytes and wildcards.
struct SigmaText: Hashable {
  /// Stands for one character.
  static let one: UInt16 = 256
  /// Stands for any number of bytes.
  static let many: UInt16 = 257

  /// Bytes, ``one`` and ``many``.
  var tokens: [UInt16]

  /// Creates a text without wildcards.
  init(plain bytes: [UInt8]) { tokens = bytes.map(UInt16.init) }

  /// Reads a value with `*`, `?` and backslash escapes (specification, "Escape Character").
  ///
  /// A backslash escapes a wildcard or another backslash; before anything else it is itself.
  init(escaped text: String) {
    tokens = []
    let bytes = Array(text.utf8)
    let backslash = UInt8(ascii: "\\")
    var i = 0
    while i < bytes.count {
      let byte = bytes[i]
      let next = i + 1 < bytes.count ? bytes[i + 1] : 0
      if byte == backslash, next == UInt8(ascii: "*") || next == UInt8(ascii: "?") || next == byte {
        tokens.append(UInt16(next))
        i += 2
        continue
      }
      switch byte {
      case UInt8(ascii: "*"): if tokens.last != Self.many { tokens.append(Self.many) }
      case UInt8(ascii: "?"): tokens.append(Self.one)
      default: tokens.append(UInt16(byte))
      }
      i += 1
    }
  }

  /// Whether there is any wildcard.
  var hasWildcards: Bool { tokens.contains { $0 >= 256 } }

  /// The bytes of a text without wildcards.
  var plainBytes: [UInt8]? {
    hasWildcards ? nil : tokens.map { UInt8(truncatingIfNeeded: $0) }
  }

  /// Puts `*` before, after or on both sides.
  func open(start: Bool, end: Bool) -> SigmaText {
    var copy = self
    if start, copy.tokens.first != Self.many { copy.tokens.insert(Self.many, at: 0) }
    if end, copy.tokens.last != Self.many { copy.tokens.append(Self.many) }
    return copy
  }

  /// Takes each run of bytes through `encode` and leaves wildcards where they are.
  func mappingRuns(_ encode: ([UInt8]) -> [UInt8]) -> SigmaText {
    var copy = SigmaText(plain: [])
    var run: [UInt8] = []
    for token in tokens {
      if token < 256 {
        run.append(UInt8(truncatingIfNeeded: token))
        continue
      }
      copy.tokens += encode(run).map(UInt16.init)
      copy.tokens.append(token)
      run.removeAll()
    }
    copy.tokens += encode(run).map(UInt16.init)
    return copy
  }
}

/// The transformations that the specification's encoding modifiers name.
enum Encoding {
  /// Base64 (RFC 4648 section 4) with padding.
  static func base64(_ bytes: [UInt8]) -> [UInt8] {
    let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)
    var out: [UInt8] = []
    var i = 0
    while i < bytes.count {
      let rest = min(3, bytes.count - i)
      var word: UInt32 = 0
      for k in 0..<3 { word = word << 8 | (k < rest ? UInt32(bytes[i + k]) : 0) }
      for k in 0..<4 {
        let digit = Int(word >> UInt32(18 - 6 * k) & 63)
        out.append(k <= rest ? alphabet[digit] : UInt8(ascii: "="))
      }
      i += 3
    }
    return out
  }

  /// The parts of `bytes`' Base64 that do not depend on what stands before and after it, for the
  /// three places it can start at.
  static func base64Offsets(_ bytes: [UInt8]) -> [[UInt8]] {
    (0..<3).map { shift in
      let encoded = base64([UInt8](repeating: 0x20, count: shift) + bytes)
      let start = [0, 2, 3][shift]
      let dropped = [0, 3, 2][(bytes.count + shift) % 3]
      return Array(encoded.dropFirst(start).dropLast(dropped))
    }
  }

  /// UTF-16 code units of UTF-8 bytes, low byte first or last.
  static func utf16(_ bytes: [UInt8], bigEndian: Bool) -> [UInt8] {
    String(decoding: bytes, as: UTF8.self).utf16.flatMap { unit in
      let low = UInt8(truncatingIfNeeded: unit)
      let high = UInt8(truncatingIfNeeded: unit >> 8)
      return bigEndian ? [high, low] : [low, high]
    }
  }

  /// Every way to write the dashes of `text` (`-`, `/`, and the three Unicode dashes).
  ///
  /// `nil` when there are more than `limit`.
  static func dashes(_ text: String, limit: Int) -> [String]? {
    let kinds: [Character] = ["-", "/", "\u{2013}", "\u{2014}", "\u{2015}"]
    var variants = [""]
    for character in text {
      guard kinds.contains(character) else {
        for i in variants.indices { variants[i].append(character) }
        continue
      }
      guard variants.count * kinds.count <= limit else { return nil }
      variants = variants.flatMap { start in kinds.map { start + String($0) } }
    }
    return variants
  }
}
