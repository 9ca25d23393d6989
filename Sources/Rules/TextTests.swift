import CrenelModel
import CrenelPattern
import CrenelYAML

extension RuleBuilder {
  /// Ways to write one value after `windash`, at most.
  static let variantLimit = 1_000
  /// Texts of a whole rule set, at most.
  static let textLimit = 200_000

  /// Texts: whole, prefix, suffix, inner, with wildcards, encoded.
  mutating func textTest(_ item: Item) -> Tree? {
    guard let lists = all(item.values, { $0.texts(item, $1) }) else { return nil }
    let total = program.texts.literals.count + program.texts.globs.count
    guard total + lists.reduce(0, { $0 + $1.count }) <= Self.textLimit else {
      problems.error(
        "rule-too-large", at: item.position,
        "the rules have more than \(Self.textLimit) texts to compare with")
      return nil
    }
    let isCased = item.modifiers.isCased
    return combined(item, lists.count) { builder, range in
      .text(Int32(builder.program.texts.add(lists[range].flatMap { $0 }, isCased: isCased)))
    }
  }

  /// The texts that one value stands for: encoded, expanded, opened at its ends.
  mutating func texts(_ item: Item, _ node: YAMLNode) -> [SigmaText]? {
    let modifiers = item.modifiers
    guard let expanded = expand(plain(node), item, at: node.position) else { return nil }
    var variants = [expanded]
    if modifiers.transforms.contains(.windash) {
      guard let dashes = Encoding.dashes(expanded, limit: Self.variantLimit) else {
        problems.error(
          "rule-too-large", at: node.position,
          "windash gives more than \(Self.variantLimit) ways to write this value",
          hint: "use 're' for it")
        return nil
      }
      variants = dashes
    }
    var texts = variants.map { SigmaText(escaped: $0) }
    for transform in modifiers.transforms {
      guard let encoded = encode(texts, transform, at: node.position) else { return nil }
      texts = encoded
    }
    // A keyword stands anywhere in the line.
    let relation = item.name.isEmpty && modifiers.relation == .equal ? .inner : modifiers.relation
    return texts.map {
      $0.open(
        start: relation == .suffix || relation == .inner,
        end: relation == .prefix || relation == .inner)
    }
  }

  private mutating func encode(
    _ texts: [SigmaText], _ transform: Modifiers.Transform, at position: SourcePosition
  ) -> [SigmaText]? {
    switch transform {
    case .windash: return texts
    case .utf16le: return texts.map { $0.mappingRuns { Encoding.utf16($0, bigEndian: false) } }
    case .utf16be: return texts.map { $0.mappingRuns { Encoding.utf16($0, bigEndian: true) } }
    case .utf16:
      return texts.map { text in
        var copy = text.mappingRuns { Encoding.utf16($0, bigEndian: false) }
        copy.tokens.insert(contentsOf: [0xff, 0xfe], at: 0)
        return copy
      }
    case .base64, .base64offset:
      var encoded: [SigmaText] = []
      for text in texts {
        guard let bytes = text.plainBytes, !bytes.isEmpty else {
          problems.error(
            "bad-value", at: position, "a value for base64 has no wildcards and is not empty",
            hint: "write \\* or \\? for the characters themselves")
          return nil
        }
        encoded +=
          transform == .base64
          ? [SigmaText(plain: Encoding.base64(bytes))]
          : Encoding.base64Offsets(bytes).filter { !$0.isEmpty }.map { SigmaText(plain: $0) }
      }
      return encoded
    }
  }

  /// Puts knobs in the place of `%name%` when the item has `expand`.
  private mutating func expand(
    _ value: String, _ item: Item, at position: SourcePosition
  ) -> String? {
    guard item.modifiers.expands else { return value }
    var out = ""
    var rest = Substring(value)
    while let next = rest.first {
      rest = rest.dropFirst()
      if next == "\\", rest.first == "%" {
        out.append("%")
        rest = rest.dropFirst()
        continue
      }
      guard next == "%", let end = rest.firstIndex(of: "%") else {
        out.append(next)
        continue
      }
      guard let value = knob(String(rest[..<end]), at: position) else { return nil }
      out += text(of: value)
      rest = rest[rest.index(after: end)...]
    }
    return out
  }

  // MARK: - Regular expressions

  /// `re` with its flags; found anywhere in the value.
  mutating func regexTest(_ item: Item) -> Tree? {
    guard item.field.kind != .feature, let flags = item.modifiers.regex else {
      problems.error(
        "bad-modifier", at: item.position, "'\(shown(item.name))' is a number: no 're'")
      return nil
    }
    let patterns = item.values.map(plain)
    let before = problems.errorCount
    for node in item.values { _ = checkRegex(plain(node), flags, at: node.position) }
    guard problems.errorCount == before else { return nil }
    return combined(item, patterns.count) { builder, range in
      let first = builder.program.regexes.count
      builder.program.regexes += patterns[range].map { ($0, flags) }
      return .regexes(Slice(first: Int32(first), count: Int32(range.count)))
    }
  }

  /// Whether the pattern compiles; tells the person where it does not.
  mutating func checkRegex(_ pattern: String, _ flags: UInt8, at position: SourcePosition) -> Bool {
    do throws(ByteRegex.CompileError) {
      _ = try ByteRegex(pattern, options: .init(rawValue: flags))
      return true
    } catch {
      problems.error(
        "bad-regex", at: position,
        "at byte \(error.offset) of the regular expression: \(error.message)")
      return false
    }
  }

  // MARK: - References

  /// `fieldref`: the value is the name of another field.
  mutating func referenceTest(_ item: Item) -> Tree? {
    let trees = all(item.values) { builder, node in
      builder.field(builder.plain(node), at: node.position)
        .flatMap { builder.reference(item, $0, node) }
    }
    guard let trees else { return nil }
    if trees.count == 1 { return trees[0] }
    return item.modifiers.isNegated ? .all(trees) : .any(trees)
  }

  private mutating func reference(_ item: Item, _ other: Field, _ node: YAMLNode) -> Tree? {
    guard other.kind != .nothing else {
      neverPresent(plain(node), at: node.position, "this condition is never true")
      return .constant(false)
    }
    guard let match = match(item, other, at: node.position) else { return nil }
    var test = Test(field: item.field, match: match)
    test.isNegated = item.modifiers.isNegated
    return add(test, info(item, plain(node), .matches, .nan))
  }

  private mutating func match(
    _ item: Item, _ other: Field, at position: SourcePosition
  ) -> Match? {
    let kinds = [item.field.kind, other.kind]
    let areNumbers = kinds.allSatisfy { $0 == .number || $0 == .feature }
    if areNumbers, item.modifiers.relation == .equal {
      return .otherNumber(other, item.modifiers.comparison ?? .equal)
    }
    let isText = kinds.allSatisfy { [.text, .address, .number].contains($0) }
    guard isText, item.modifiers.comparison == nil else {
      problems.error(
        "bad-modifier", at: position,
        "'\(shown(item.name))' cannot be compared with this field: numbers with numbers, texts "
          + "with texts")
      return nil
    }
    return .otherText(other, item.modifiers.relation, isCased: item.modifiers.isCased)
  }
}
