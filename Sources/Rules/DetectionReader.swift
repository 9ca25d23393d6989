import CrenelModel
import CrenelYAML

/// One `field|modifiers: values` of a detection.
struct Item {
  var name: String
  var field: Field
  var modifiers: Modifiers
  var values: [YAMLNode]
  var position: SourcePosition
}

extension RuleBuilder {
  /// Reads the search identifiers and the condition of a detection or a filter.
  mutating func readDetection(
    _ node: YAMLNode, of place: String, except others: [String] = [], _ draft: inout RuleDraft
  ) {
    guard let pairs = node.mapping else {
      problems.error("bad-type", at: node.position, "\(place) is a map, this is \(node.kindName)")
      return
    }
    for pair in pairs where !(["condition", "timeframe"] + others).contains(pair.key) {
      selection = pair.key
      let tree = searchIdentifier(pair.value)
      draft.selections.append(
        Selection(name: pair.key, tree: tree ?? .constant(false), position: pair.position))
    }
    if let timeframe = pairs.first(where: { $0.key == "timeframe" }) {
      problems.error(
        "old-aggregation", at: timeframe.position, "'timeframe' was taken out of Sigma",
        hint: "write a correlation document with a 'timespan' (docs/rules.md)")
    }
    guard let condition = node["condition"] else {
      problems.error("missing-key", at: node.position, "\(place) needs a 'condition'")
      return
    }
    readCondition(condition, &draft)
  }

  private mutating func readCondition(_ node: YAMLNode, _ draft: inout RuleDraft) {
    var reader = ConditionReader(names: draft.selections.map(\.name), at: node.position)
    var trees: [Tree] = []
    let before = problems.errorCount
    for part in node.sequence ?? [node] {
      guard case .scalar(let text, let isPlain) = part.content else {
        problems.error(
          "bad-type", at: part.position, "a condition is text, this is \(part.kindName)")
        continue
      }
      let tree = reader.read(
        text, at: part.position, isExact: isPlain && !text.contains("\n"), &problems)
      if let tree { trees.append(tree) }
    }
    if node.sequence?.isEmpty == true {
      problems.error("bad-condition", at: node.position, "the list of conditions is empty")
    }
    draft.condition = trees.count == 1 ? trees[0] : .any(trees)
    guard problems.errorCount == before else { return }
    for (index, selection) in draft.selections.enumerated() where !reader.used.contains(index) {
      problems.warning(
        "unused-selection", at: selection.position,
        "search identifier '\(shown(selection.name))' is not used in the condition")
    }
  }

  /// A map, a list of maps, a list of keywords, or one keyword.
  private mutating func searchIdentifier(_ node: YAMLNode) -> Tree? {
    switch node.content {
    case .mapping(let pairs):
      guard !pairs.isEmpty else {
        problems.error("empty-selection", at: node.position, "a search identifier without fields")
        return nil
      }
      let trees = pairs.map { item($0) }
      guard !trees.contains(where: { $0 == nil }) else { return nil }
      let known = trees.compactMap { $0 }
      return known.count == 1 ? known[0] : .all(known)
    case .sequence(let nodes):
      guard !nodes.isEmpty else {
        problems.error("empty-selection", at: node.position, "a search identifier without values")
        return nil
      }
      let words = nodes.filter { $0.mapping == nil }
      var trees: [Tree?] = nodes.filter { $0.mapping != nil }.map { searchIdentifier($0) }
      if !words.isEmpty { trees.append(keywords(words, at: node.position)) }
      guard !trees.contains(where: { $0 == nil }) else { return nil }
      let known = trees.compactMap { $0 }
      return known.count == 1 ? known[0] : .any(known)
    case .scalar: return keywords([node], at: node.position)
    }
  }

  private mutating func keywords(_ nodes: [YAMLNode], at position: SourcePosition) -> Tree? {
    compile(
      Item(
        name: "", field: .raw, modifiers: Modifiers(), values: nodes, position: position))
  }

  private mutating func item(_ pair: YAMLPair) -> Tree? {
    let parts = pair.key.split(separator: "|", omittingEmptySubsequences: false)
    let name = String(parts.first ?? "")
    let modifiers = Modifiers.read(Array(parts.dropFirst()), at: pair.position, &problems)
    let field = name.isEmpty ? Field.raw : field(name, at: pair.position)
    guard let modifiers else { return nil }
    let values = pair.value.sequence ?? [pair.value]
    guard let field else {
      checkValues(values, modifiers)
      return nil
    }
    return compile(
      Item(
        name: name, field: field, modifiers: modifiers, values: values, position: pair.position))
  }

  /// Tells what is wrong with values whatever their field is, where that is not known.
  private mutating func checkValues(_ values: [YAMLNode], _ modifiers: Modifiers) {
    for node in values {
      guard case .scalar(let text, _) = node.content else {
        _ = isScalar(node)
        continue
      }
      if text.hasPrefix("%"), text.hasSuffix("%") {
        usedKnobs.insert(String(text.dropFirst().dropLast()))
      }
      if let flags = modifiers.regex {
        _ = checkRegex(text, flags, at: node.position)
      } else if modifiers.isNetwork {
        _ = network(node, isNetwork: true)
      } else if modifiers.isReference {
        _ = self.field(text, at: node.position)
      } else if modifiers.comparison != nil || modifiers.part != nil {
        _ = number(node)
      }
    }
  }

  /// Whether a value is text or a number; tells the person when it is not.
  private mutating func isScalar(_ node: YAMLNode) -> Bool {
    if case .scalar = node.content { return true }
    problems.error(
      "bad-type", at: node.position, "a value is \(node.kindName), expected text or a number")
    return false
  }

  /// Checks what holds for every kind of field, then compiles by kind.
  private mutating func compile(_ item: Item) -> Tree? {
    guard !item.values.isEmpty else {
      problems.error("empty-list", at: item.position, "'\(shown(item.name))' has no values")
      return nil
    }
    let areScalars = item.values.map { isScalar($0) }
    guard !areScalars.contains(false) else { return nil }
    if item.modifiers.needsAll, item.values.count < 2 {
      problems.error(
        "all-needs-list", at: item.position, "'all' needs a list of two values or more",
        hint: "drop 'all'")
      return nil
    }
    if let null = item.values.first(where: \.isNull) {
      guard item.values.count == 1 else {
        problems.error(
          "null-in-list", at: null.position, "null cannot be one of several values",
          hint: "give it a search identifier of its own")
        return nil
      }
      return nullTest(item)
    }
    if item.modifiers.isExists { return existsTest(item) }
    guard item.field.kind != .nothing else {
      neverPresent(item.name, at: item.position, "this condition is never true")
      return .constant(false)
    }
    return compileByKind(item)
  }

  private mutating func compileByKind(_ item: Item) -> Tree? {
    let modifiers = item.modifiers
    if modifiers.isReference { return referenceTest(item) }
    if modifiers.part != nil || item.field.kind == .time { return timeTest(item) }
    if modifiers.comparison != nil { return comparisonTest(item) }
    if modifiers.regex != nil, item.field.kind != .category { return regexTest(item) }
    if modifiers.isNetwork { return networkTest(item) }
    switch item.field.kind {
    case .feature: return equalityTest(item)
    case .number where !modifiers.isTextual && !hasWildcards(item): return equalityTest(item)
    case .category: return categoryTest(item)
    case .address where !modifiers.isTextual && !hasWildcards(item): return networkTest(item)
    default: return textTest(item)
    }
  }

  private func hasWildcards(_ item: Item) -> Bool {
    item.values.contains { node in
      guard case .scalar(let text, _) = node.content else { return false }
      return text.utf8.contains { $0 == UInt8(ascii: "*") || $0 == UInt8(ascii: "?") }
    }
  }

  // MARK: - Presence

  private mutating func nullTest(_ item: Item) -> Tree? {
    guard item.modifiers.written.allSatisfy({ $0 == "neq" }) else {
      problems.error(
        "bad-modifier", at: item.position, "null takes no modifier but neq",
        hint: "an empty value is written ''")
      return nil
    }
    return presence(item, isPresent: item.modifiers.isNegated, shown: "null")
  }

  private mutating func existsTest(_ item: Item) -> Tree? {
    guard item.values.count == 1, let flag = item.values[0].bool else {
      problems.error(
        "bad-value", at: item.values[0].position, "'exists' is compared with true or false")
      return nil
    }
    return presence(item, isPresent: flag, shown: flag ? "true" : "false")
  }

  private mutating func presence(_ item: Item, isPresent: Bool, shown: String) -> Tree {
    if item.field.kind == .nothing {
      neverPresent(
        item.name, at: item.position, "this condition is \(isPresent ? "never" : "always") true")
      return .constant(!isPresent)
    }
    return add(
      Test(field: item.field, match: isPresent ? .present : .absent),
      info(item, shown, .matches, .nan))
  }

  /// What people read of a test of `item`.
  func info(
    _ item: Item, _ value: String, _ comparison: Comparison, _ threshold: Double
  ) -> TestInfo {
    let written = item.modifiers.written.joined(separator: "|")
    return TestInfo(
      selection: selection, field: item.name.isEmpty ? "event.original" : item.name,
      relation: written.isEmpty ? (item.name.isEmpty ? "contains" : "=") : written,
      value: shown(value), position: item.position, comparison: comparison, threshold: threshold)
  }
}
