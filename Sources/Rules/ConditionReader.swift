import CrenelModel

/// Reads a condition: `or` binds least, then `and`, `not`, `x of pattern`, parentheses.
struct ConditionReader {
  /// Parentheses and `not`s within each other, at most.
  static let depthLimit = 64
  /// Words of one condition, at most.
  static let wordLimit = 2_000

  private struct Word {
    var text: String
    var position: SourcePosition
  }

  private let names: [String]
  private var words: [Word] = []
  private var place = 0
  private var end: SourcePosition
  /// The search identifiers that the condition asks for.
  private(set) var used: Set<Int> = []

  /// Unknown names, after which reading goes on.
  private var unknown: [Failure] = []
  /// The place after the last of them.
  private var afterUnknown = -1

  /// A mistake; thrown to leave the descent where nothing can be made of what follows.
  private struct Failure: Error {
    var code: String
    var position: SourcePosition
    var message: String
    var hint: String?
  }

  init(names: [String], at position: SourcePosition) {
    self.names = names
    end = position
  }

  /// The condition's tree; `nil` after an error.
  mutating func read(
    _ text: String, at position: SourcePosition, isExact: Bool, _ problems: inout Problems
  ) -> Tree? {
    split(text, at: position, isExact: isExact)
    place = 0
    unknown = []
    afterUnknown = -1
    let root = tree(at: position)
    for mistake in unknown {
      problems.error(mistake.code, at: mistake.position, mistake.message, hint: mistake.hint)
    }
    return unknown.isEmpty ? root : nil
  }

  /// The tree of all words; `nil` when the grammar is broken, which `unknown` then tells as well.
  private mutating func tree(at position: SourcePosition) -> Tree? {
    do throws(Failure) {
      guard words.count <= Self.wordLimit else {
        throw Failure(
          code: "rule-too-large", position: position,
          message: "a condition has at most \(Self.wordLimit) words")
      }
      let tree = try alternatives(depth: 0)
      if place < words.count {
        throw unexpected("'and', 'or' or the end")
      }
      return tree
    } catch {
      // A word that is no name may have been meant as one of the grammar: what follows is not told.
      if place != afterUnknown { unknown.append(error) }
      return nil
    }
  }

  /// Cuts the text into words and parentheses; places are exact for a plain scalar on one line.
  private mutating func split(_ text: String, at position: SourcePosition, isExact: Bool) {
    words = []
    var current = ""
    var start = 0
    var column = 0
    func place(_ offset: Int) -> SourcePosition {
      guard isExact else { return position }
      return SourcePosition(
        file: position.file, line: position.line, column: position.column + offset)
    }
    func finish(_ words: inout [Word]) {
      if !current.isEmpty { words.append(Word(text: current, position: place(start))) }
      current = ""
    }
    for character in text {
      switch character {
      case " ", "\t", "\n", "\r\n", "\r": finish(&words)
      case "(", ")", "|":
        finish(&words)
        words.append(Word(text: String(character), position: place(column)))
      default:
        if current.isEmpty { start = column }
        current.append(character)
      }
      column += 1
    }
    finish(&words)
    end = place(column)
  }

  private func keyword(_ index: Int) -> String? {
    guard index < words.count else { return nil }
    let lower = words[index].text.lowercased()
    return ["and", "or", "not", "of", "(", ")", "|"].contains(lower) ? lower : nil
  }

  private func unexpected(_ expected: String) -> Failure {
    guard place < words.count else {
      return Failure(
        code: "bad-condition", position: end, message: "the condition ends, expected \(expected)")
    }
    let word = words[place]
    if word.text == "|" {
      return Failure(
        code: "old-aggregation", position: word.position,
        message: "aggregations after '|' were taken out of Sigma",
        hint: "write a correlation document (docs/rules.md)")
    }
    return Failure(
      code: "bad-condition", position: word.position,
      message: "found '\(shown(word.text))', expected \(expected)")
  }

  private mutating func alternatives(depth: Int) throws(Failure) -> Tree {
    var trees = [try conjunction(depth: depth)]
    while keyword(place) == "or" {
      place += 1
      trees.append(try conjunction(depth: depth))
    }
    return trees.count == 1 ? trees[0] : .any(trees)
  }

  private mutating func conjunction(depth: Int) throws(Failure) -> Tree {
    var trees = [try negation(depth: depth)]
    while keyword(place) == "and" {
      place += 1
      trees.append(try negation(depth: depth))
    }
    return trees.count == 1 ? trees[0] : .all(trees)
  }

  private mutating func negation(depth: Int) throws(Failure) -> Tree {
    guard depth < Self.depthLimit else {
      throw Failure(
        code: "rule-too-large", position: end,
        message: "more than \(Self.depthLimit) parentheses or 'not's within each other")
    }
    switch keyword(place) {
    case "not":
      place += 1
      return .not(try negation(depth: depth + 1))
    case "(":
      place += 1
      let tree = try alternatives(depth: depth + 1)
      guard keyword(place) == ")" else { throw unexpected("')'") }
      place += 1
      return tree
    case nil where place < words.count: return try name()
    default: throw unexpected("a search identifier, 'not', '1 of', 'all of' or '('")
    }
  }

  /// A search identifier, or `1 of` or `all of` a pattern or `them`.
  private mutating func name() throws(Failure) -> Tree {
    let word = words[place]
    guard keyword(place + 1) == "of" else {
      guard let index = names.firstIndex(of: word.text) else {
        return unknown(
          word, "there is no search identifier '\(shown(word.text))'", among: names)
      }
      place += 1
      used.insert(index)
      return .selection(index)
    }
    guard ["1", "any", "all"].contains(word.text.lowercased()) else {
      return try unknownCount(word)
    }
    return try group(isAll: word.text.lowercased() == "all")
  }

  /// Notes a count that there is not, and goes on as if it were another.
  private mutating func unknownCount(_ word: Word) throws(Failure) -> Tree {
    unknown.append(
      Failure(
        code: "bad-condition", position: word.position,
        message: "'\(shown(word.text)) of' is not known", hint: "write '1 of' or 'all of'"))
    return try group(isAll: false)
  }

  /// A pattern or `them`, behind a word and `of`.
  private mutating func group(isAll: Bool) throws(Failure) -> Tree {
    place += 2
    guard place < words.count, keyword(place) == nil else {
      throw unexpected("'them' or a pattern of search identifiers")
    }
    let pattern = words[place]
    let found = names.indices.filter { matches(names[$0], pattern.text) }
    guard !found.isEmpty else {
      return unknown(
        pattern, "no search identifier matches '\(shown(pattern.text))'", among: names + ["them"])
    }
    place += 1
    used.formUnion(found)
    let trees = found.map { Tree.selection($0) }
    return isAll ? .all(trees) : .any(trees)
  }

  /// Notes a name that there is not, and goes on behind it.
  private mutating func unknown(
    _ word: Word, _ message: String, among known: [String]
  ) -> Tree {
    unknown.append(
      Failure(
        code: "unknown-selection", position: word.position, message: message,
        hint: NearMiss.hint(word.text, among: known)))
    place += 1
    afterUnknown = place
    return .constant(false)
  }

  /// Whether a search identifier is meant by `them` or a pattern with `*`.
  private func matches(_ name: String, _ pattern: String) -> Bool {
    if pattern.lowercased() == "them" { return !name.hasPrefix("_") }
    let parts = pattern.split(separator: "*", omittingEmptySubsequences: false).map(String.init)
    guard parts.count > 1 else { return name == pattern }
    guard name.hasPrefix(parts[0]) else { return false }
    var rest = name.dropFirst(parts[0].count)
    for part in parts.dropFirst().dropLast() where !part.isEmpty {
      guard let next = find(part, in: rest) else { return false }
      rest = next
    }
    return rest.hasSuffix(parts[parts.count - 1])
  }

  /// What stands after the first occurrence of `part`.
  private func find(_ part: String, in text: Substring) -> Substring? {
    var rest = text
    while !rest.isEmpty {
      if rest.hasPrefix(part) { return rest.dropFirst(part.count) }
      rest = rest.dropFirst()
    }
    return nil
  }
}
