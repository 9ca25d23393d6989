import CrenelModel

/// The modifiers after a field's name, checked against each other.
struct Modifiers {
  /// Changes of a value, in the order written.
  enum Transform { case windash, base64, base64offset, utf16le, utf16be, utf16 }

  var transforms: [Transform] = []
  var relation: TextPool.Relation = .equal
  var comparison: Comparison?
  var part: TimePart?
  var needsAll = false
  var isCased = false
  var isNegated = false
  var isExists = false
  var isNetwork = false
  var isReference = false
  var expands = false
  /// Flags of a regular expression: `i`, `m`, `s` as bits 1, 2 and 4.
  var regex: UInt8?
  /// The modifiers as written, for people.
  var written: [String] = []

  /// Every modifier of the specification.
  static let names = [
    "contains", "startswith", "endswith", "all", "cased", "neq", "exists", "windash", "re", "i",
    "m", "s", "base64", "base64offset", "utf16le", "utf16be", "utf16", "wide", "lt", "lte", "gt",
    "gte", "minute", "hour", "day", "week", "month", "year", "cidr", "expand", "fieldref",
  ]

  private static let comparisons: [String: Comparison] = [
    "lt": .less, "lte": .lessOrEqual, "gt": .greater, "gte": .greaterOrEqual,
  ]
  private static let parts: [String: TimePart] = [
    "minute": .minute, "hour": .hour, "day": .day, "week": .week, "month": .month, "year": .year,
  ]
  private static let encodings: [String: Transform] = [
    "windash": .windash, "base64": .base64, "base64offset": .base64offset, "utf16le": .utf16le,
    "wide": .utf16le, "utf16be": .utf16be, "utf16": .utf16,
  ]

  /// Reads the words after the field; `nil` after an error.
  static func read(
    _ words: [Substring], at position: SourcePosition, _ problems: inout Problems
  ) -> Modifiers? {
    var modifiers = Modifiers()
    for word in words.map(String.init) {
      guard names.contains(word) else {
        problems.error(
          "unknown-modifier", at: position, "'\(shown(word))' is no modifier",
          hint: NearMiss.of(word, among: names).map { "did you mean '\($0)'?" }
            ?? "docs/rules.md lists the modifiers")
        return nil
      }
      guard !modifiers.written.contains(word) else {
        problems.error("repeated-modifier", at: position, "'\(word)' stands twice")
        return nil
      }
      if let reason = modifiers.take(word) {
        problems.error("bad-modifier", at: position, "'\(word)' \(reason)")
        return nil
      }
      modifiers.written.append(word)
    }
    if let reason = modifiers.conflict {
      problems.error("bad-modifier", at: position, reason)
      return nil
    }
    return modifiers
  }

  /// Notes one modifier; a reason when it cannot stand where it does.
  private mutating func take(_ word: String) -> String? {
    if let encoding = Self.encodings[word] {
      guard relation == .equal else { return "must stand before contains, startswith or endswith" }
      transforms.append(encoding)
      return nil
    }
    if let comparison = Self.comparisons[word] {
      guard self.comparison == nil else { return "cannot stand with another comparison" }
      self.comparison = comparison
      return nil
    }
    if let part = Self.parts[word] {
      guard self.part == nil else { return "cannot stand with another part of the time" }
      self.part = part
      return nil
    }
    switch word {
    case "contains", "startswith", "endswith":
      guard relation == .equal else { return "cannot stand with contains, startswith or endswith" }
      relation = word == "contains" ? .inner : (word == "startswith" ? .prefix : .suffix)
    case "i", "m", "s":
      guard let flags = regex else { return "belongs after 're'" }
      regex = flags | (word == "i" ? 1 : (word == "m" ? 2 : 4))
    case "re": regex = 0
    case "all": needsAll = true
    case "cased": isCased = true
    case "neq": isNegated = true
    case "exists": isExists = true
    case "cidr": isNetwork = true
    case "fieldref": isReference = true
    default: expands = true
    }
    return nil
  }

  /// Why the modifiers cannot stand together.
  private var conflict: String? {
    let isText = relation != .equal || !transforms.isEmpty
    let kinds = [regex != nil, isNetwork, isExists, comparison != nil && part == nil]
      .count { $0 }
    if kinds > 1 { return "re, cidr, exists and number comparisons cannot stand together" }
    if isExists, written.count > 1 { return "'exists' stands alone" }
    if isText, kinds > 0 || part != nil { return "text modifiers cannot stand with \(mainWord)" }
    if isReference, !transforms.isEmpty || regex != nil || isNetwork || part != nil || needsAll {
      return "'fieldref' takes no changes of its value"
    }
    if isCased, regex != nil || isNetwork || comparison != nil || part != nil {
      return "'cased' is for texts; a regular expression is case-sensitive without 'i'"
    }
    if part != nil, regex != nil || isNetwork || isExists || needsAll || isReference {
      return "a part of the time is compared as a number"
    }
    if needsAll, comparison != nil { return "'all' makes no sense with a number comparison" }
    if expands, regex != nil || isNetwork || isReference { return "'expand' is for plain values" }
    return nil
  }

  private var mainWord: String {
    if regex != nil { return "'re'" }
    if isNetwork { return "'cidr'" }
    if isExists { return "'exists'" }
    return part != nil ? "a part of the time" : "a number comparison"
  }

  /// Whether any modifier makes this a comparison of texts.
  var isTextual: Bool { relation != .equal || !transforms.isEmpty || regex != nil || isCased }
}
