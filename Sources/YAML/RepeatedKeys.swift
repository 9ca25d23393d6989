import Yams

/// Gets a text with repeated keys past the parser, which refuses it whole and names one place.
///
/// Each time a key is refused, the first letter where it stands first becomes a letter of private
/// use, so that it no longer stands twice; all places stay what they were. ``Converter`` puts the
/// letters back, and tells of every repetition with both its places.
struct RepeatedKeys {
  /// Bytes that may be read again on account of repeated keys, over all readings of a text.
  ///
  /// Reading costs time, and hostile text has thousands of such keys.
  static let limit = 4 * YAMLReader.Limit.bytes

  /// Line and column, from 1.
  struct Place: Hashable {
    var line: Int
    var column: Int

    init(_ mark: Mark) {
      line = mark.line
      column = mark.column
    }
  }

  private(set) var text: String
  /// The letters that stood at the places of keys.
  private(set) var letters: [Place: Unicode.Scalar] = [:]
  private var read = 0

  init(_ text: String) { self.text = text }

  /// Makes the key that stands first at `mark` another; `false` when it is not written plainly
  /// enough, or too much was read again already.
  mutating func setApart(_ key: String, at mark: Mark) -> Bool {
    read += text.utf8.count
    var scalars = text.unicodeScalars
    guard read <= Self.limit, let first = key.unicodeScalars.first, !Self.isQuote(first),
      let free = Unicode.Scalar(UInt32(0xe000 + letters.count % 6_400)),
      var place = index(of: mark)
    else { return false }
    if Self.isQuote(scalars[place]) { place = scalars.index(after: place) }
    guard place < scalars.endIndex, scalars[place] == first else { return false }
    scalars.replaceSubrange(place...place, with: CollectionOfOne(free))
    text = String(scalars)
    // A file may hold letters of private use itself, so that a key is set apart once more.
    if letters[Place(mark)] == nil { letters[Place(mark)] = first }
    return true
  }

  /// The name of the key at `mark` as the text has it.
  func name(_ key: String, at mark: Mark?) -> String {
    guard let mark, let letter = letters[Place(mark)] else { return key }
    var scalars = String.UnicodeScalarView([letter])
    scalars.append(contentsOf: key.unicodeScalars.dropFirst())
    return String(scalars)
  }

  private static func isQuote(_ scalar: Unicode.Scalar) -> Bool {
    scalar == "\"" || scalar == "'"
  }

  /// Where a mark stands; lines end as YAML 1.1 has it, by which the parser counts.
  private func index(of mark: Mark) -> String.Index? {
    let scalars = text.unicodeScalars
    var line = 1
    var column = 1
    var index = scalars.startIndex
    while index < scalars.endIndex {
      if line == mark.line, column == mark.column { return index }
      let scalar = scalars[index]
      index = scalars.index(after: index)
      switch scalar {
      case "\r" where index < scalars.endIndex && scalars[index] == "\n": continue
      case "\n", "\r", "\u{85}", "\u{2028}", "\u{2029}":
        line += 1
        column = 1
      default: column += 1
      }
    }
    return nil
  }
}
