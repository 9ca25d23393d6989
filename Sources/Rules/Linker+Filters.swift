import CrenelModel

extension Linker {
  /// Filters put to rules, at most, counting each rule of each filter.
  private static let applicationLimit = 100_000

  /// Finds the rules of each filter, and tells what is wrong with the rules they name.
  mutating func linkFilters() {
    var names: [String: SourcePosition] = [:]
    var total = 0
    for (number, filter) in filters.enumerated() {
      checkName(of: filter, &names)
      var targets: [Int] = []
      if let rules = filter.rules {
        for reference in rules {
          guard let place = target(of: reference, filter), !targets.contains(place) else {
            continue
          }
          targets.append(place)
        }
      } else {
        targets = drafts.indices.filter { fits($0, filter) }
        if targets.isEmpty {
          builder.problems.warning(
            "filter-without-rules", at: filter.draft.metadata.position,
            "filter '\(shown(filter.draft.metadata.title))' fits the log source of no rule")
        }
      }
      total += targets.count
      guard total <= Self.applicationLimit else {
        builder.problems.error(
          "rule-too-large", at: filter.draft.metadata.position,
          "filters and rules come to more than \(Self.applicationLimit) pairs")
        return
      }
      for place in targets { applied[place, default: []].append(number) }
    }
  }

  private func fits(_ place: Int, _ filter: FilterDraft) -> Bool {
    !drafts[place].isSkipped && drafts[place].correlation == nil
      && filter.draft.source.contains(drafts[place].source)
  }

  /// An id or name is that of one document.
  private mutating func checkName(
    of filter: FilterDraft, _ names: inout [String: SourcePosition]
  ) {
    let metadata = filter.draft.metadata
    for name in Set([metadata.id, metadata.name].compactMap { $0 }).sorted() {
      let first = places[name].map { drafts[$0].metadata.position } ?? names[name]
      if let first {
        builder.problems.error(
          "repeated-id", at: metadata.position,
          "'\(shown(name))' is already the id or name of the document at \(first)")
      }
      names[name] = metadata.position
    }
  }

  /// The rule that a filter names, where it applies to it.
  private mutating func target(
    of reference: CorrelationDraft.Reference, _ filter: FilterDraft
  ) -> Int? {
    guard let place = places[reference.name] else {
      let isAny = reference.name.lowercased() == "any"
      tellUnknown(reference, hint: isAny ? "write rules: any, without a list" : nil)
      return nil
    }
    let draft = drafts[place]
    guard !draft.isSkipped else { return nil }
    if let correlation = draft.correlation {
      let rules = correlation.rules.map { shown($0.name) }.joined(separator: ", ")
      builder.problems.warning(
        "filter-not-applied", at: reference.position,
        "'\(shown(reference.name))' is a correlation, to which a filter does not apply",
        hint: "name the rules it refers to: \(rules)")
      return nil
    }
    guard filter.draft.source.contains(draft.source) else {
      builder.problems.warning(
        "filter-not-applied", at: reference.position,
        "the log source of '\(shown(reference.name))' is not that of this filter, which does not "
          + "apply to it",
        hint: "give the filter the logsource of the rule, or leave out what differs")
      return nil
    }
    return place
  }

  /// Joins the filters of a rule to its condition by `and`.
  ///
  /// What they ask is no evidence against anybody, so none of it gives a reason.
  mutating func applyFilters(_ numbers: [Int], to rule: inout CompiledRule) {
    guard !numbers.isEmpty else { return }
    var parts = [rule.condition]
    for number in numbers {
      let draft = filters[number].draft
      let first = rule.selections.count
      rule.selections += draft.selections.map { selection in
        var copy = selection
        copy.name = Self.name(of: draft.metadata) + "/" + selection.name
        return copy
      }
      let condition = draft.condition.renumbered(by: first)
      rule.filters.append(
        AppliedFilter(
          filter: number, condition: condition, selections: first..<rule.selections.count))
      parts.append(.withoutReasons(condition))
    }
    rule.condition = .all(parts)
  }

  /// The filters for those who are told of them.
  var filterTexts: [RuleFilter] {
    filters.map { filter in
      let metadata = filter.draft.metadata
      return RuleFilter(
        id: metadata.id, name: Self.name(of: metadata), title: metadata.title,
        condition: filter.draft.condition.text(filter.draft.selections),
        knobs: metadata.knobs, position: metadata.position)
    }
  }

  private static func name(of metadata: RuleMetadata) -> String {
    metadata.name ?? metadata.title
  }
}

extension Tree {
  /// The same truth, of which nothing is a reason: see `RuleEngine.collect`.
  static func withoutReasons(_ tree: Tree) -> Tree { .not(.not(tree)) }

  /// The tree with search identifiers that stand `offset` places further.
  func renumbered(by offset: Int) -> Tree {
    switch self {
    case .selection(let place): .selection(place + offset)
    case .not(let child): .not(child.renumbered(by: offset))
    case .all(let children): .all(children.map { $0.renumbered(by: offset) })
    case .any(let children): .any(children.map { $0.renumbered(by: offset) })
    case .test, .constant: self
    }
  }

  /// A condition in Sigma's words, with the parentheses it needs.
  func text(_ selections: [Selection], isInner: Bool = false) -> String {
    switch self {
    case .selection(let place): return selections[place].name
    case .not(let child): return "not " + child.text(selections, isInner: true)
    case .constant(let value): return value ? "true" : "false"
    case .test: return "test"
    case .all(let children), .any(let children):
      let isAll = if case .all = self { true } else { false }
      let parts = children.map { $0.text(selections, isInner: true) }
      let joined = parts.joined(separator: isAll ? " and " : " or ")
      return isInner && parts.count > 1 ? "(" + joined + ")" : joined
    }
  }
}
