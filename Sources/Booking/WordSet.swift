import CrenelModel

/// Up to 64 groups of words, all looked for in one pass over a path.
///
/// A word is a run of ASCII letters and digits; letter case does not matter.
struct WordSet {
  private var keys: [UInt64] = Array(repeating: 0, count: 64)
  private var bits: [UInt64] = Array(repeating: 0, count: 64)
  private var used = 0
  private var groups = 0

  var isEmpty: Bool { used == 0 }

  /// Adds a group of words and returns its bit; 0 when 64 groups are there already.
  mutating func add(_ words: [String]) -> UInt64 {
    guard groups < 64 else { return 0 }
    let bit = UInt64(1) << UInt64(groups)
    groups += 1
    for word in words { insert(Self.hash(of: word), bit) }
    return bit
  }

  /// The groups of which a word stands in `bytes[range]`.
  func find(_ bytes: Span<UInt8>, _ range: Range<Int>) -> UInt64 {
    var found: UInt64 = 0
    var hash = Self.start
    var length = 0
    for i in range {
      let folded = Self.fold(bytes[i])
      if folded != 0 {
        hash = Self.step(hash, folded)
        length &+= 1
      } else if length > 0 {
        found |= look(hash)
        hash = Self.start
        length = 0
      }
    }
    return length > 0 ? found | look(hash) : found
  }

  private static let start: UInt64 = 0xcbf2_9ce4_8422_2325  // FNV-1a, 64 bits

  private static func step(_ hash: UInt64, _ byte: UInt8) -> UInt64 {
    (hash ^ UInt64(byte)) &* 0x0000_0100_0000_01b3
  }

  /// Whether a byte can be part of a word.
  static func isPart(_ byte: UInt8) -> Bool { fold(byte) != 0 }

  /// A letter in lower case or a digit; 0 for what separates words.
  private static func fold(_ byte: UInt8) -> UInt8 {
    switch byte {
    case 0x30...0x39, 0x61...0x7a: byte
    case 0x41...0x5a: byte | 0x20
    default: 0
    }
  }

  private static func hash(of word: String) -> UInt64 {
    word.utf8.reduce(start) { step($0, fold($1)) }
  }

  /// Two words of one hash are taken as one: 64 bits make that a matter of chance, not of attack,
  /// since the words are the profile's and a path that hits one by design could name it as well.
  private func look(_ hash: UInt64) -> UInt64 {
    let mask = keys.count &- 1
    var place = Int(truncatingIfNeeded: hash) & mask
    while keys[place] != 0 {
      if keys[place] == hash { return bits[place] }
      place = (place &+ 1) & mask
    }
    return 0
  }

  private mutating func insert(_ hash: UInt64, _ bit: UInt64) {
    if used * 2 >= keys.count { grow() }
    let mask = keys.count - 1
    var place = Int(truncatingIfNeeded: hash) & mask
    while keys[place] != 0, keys[place] != hash { place = (place + 1) & mask }
    if keys[place] == 0 { used += 1 }
    keys[place] = hash
    bits[place] |= bit
  }

  private mutating func grow() {
    let old = zip(keys, bits).filter { $0.0 != 0 }
    keys = Array(repeating: 0, count: keys.count * 2)
    bits = Array(repeating: 0, count: keys.count)
    used = 0
    for (key, bit) in old { insert(key, bit) }
  }
}
