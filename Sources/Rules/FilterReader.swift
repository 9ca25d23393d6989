import CrenelModel
import CrenelYAML

extension RuleBuilder {
  /// Keys of `crenel` that mean something in a filter.
  private static let filterKeys = ["version", "title_fr", "knobs"]

  /// Reads a filter; `nil` when it is for no log that Crenel reads and fits no rule of `others`.
  mutating func readFilter(_ node: YAMLNode, rules others: [RuleDraft]) -> FilterDraft? {
    problems.checkKeys(
      node.mapping ?? [], known: RuleKeys.common + ["logsource", "filter"], of: "a filter")
    var draft = begin(node)
    problems.checkKeys(
      node["crenel"]?.mapping?.filter { RuleKeys.crenel.contains($0.key) } ?? [],
      known: Self.filterKeys, of: "a filter's crenel")
    guard let filter = node["filter"], filter.mapping != nil else {
      problems.error(
        "bad-type", at: node["filter"]?.position ?? node.position,
        "'filter' is \(node["filter"]?.kindName ?? "missing"), expected a map")
      return nil
    }
    guard readFilterSource(node, &draft, rules: others) else { return nil }
    if let list = filter["condition"], list.sequence != nil {
      problems.error(
        "bad-type", at: list.position, "a filter has one condition, this is \(list.kindName)",
        hint: "join them with 'and' or 'or'")
    }
    let before = problems.errorCount
    readDetection(filter, of: "a filter", except: ["rules"], &draft)
    if let condition = filter["condition"], problems.errorCount == before,
      !draft.condition.beginsWithNot
    {
      problems.warning(
        "filter-keeps-matches", at: condition.position,
        "this filter leaves only what its condition matches",
        hint: "a filter is joined by 'and': to drop what it matches, begin the condition with 'not'"
      )
    }
    finish(node, &draft)
    return FilterDraft(draft: draft, rules: filterRules(filter))
  }

  /// Reads the log source; whether the filter can apply to a rule that is read.
  private mutating func readFilterSource(
    _ node: YAMLNode, _ draft: inout RuleDraft, rules others: [RuleDraft]
  ) -> Bool {
    guard let source = node["logsource"] else {
      problems.error("missing-key", at: node.position, "a filter needs a 'logsource'")
      return true
    }
    let isRead = readSource(source, &draft)
    let wanted = draft.source
    guard source.mapping == nil || wanted != LogSource() else {
      problems.error(
        "bad-value", at: source.position, "a filter's 'logsource' names nothing",
        hint: "name a category, a product or a service, as the rules do")
      return true
    }
    isOurs = wanted.isCrenel
    let fits = others.contains {
      !$0.isSkipped && $0.correlation == nil && wanted.contains($0.source)
    }
    guard isRead || fits else {
      problems.warning(
        "logsource-skipped", at: source.position,
        "filter '\(shown(draft.metadata.title))' is for a log that Crenel does not read: skipped")
      return false
    }
    return true
  }

  /// The rules that a filter names; `nil` for any.
  private mutating func filterRules(_ node: YAMLNode) -> [CorrelationDraft.Reference]? {
    guard let rules = node["rules"], !rules.isNull else {
      problems.error(
        "missing-key", at: node.position, "a filter needs 'rules'",
        hint: "list ids or names of rules, or write rules: any")
      return nil
    }
    if case .scalar(let text, _) = rules.content, text.lowercased() == "any" { return nil }
    let nodes = rules.sequence ?? [rules]
    guard !nodes.isEmpty, nodes.count <= RuleSet.ruleLimit else {
      problems.error(
        "bad-value", at: rules.position,
        "a filter names 1 to \(RuleSet.ruleLimit) rules, this one \(nodes.count)",
        hint: "write rules: any for every rule of its log source")
      return nil
    }
    return nodes.compactMap { entry in
      problems.text(entry, "rules").map {
        CorrelationDraft.Reference(name: $0, position: entry.position)
      }
    }
  }
}

extension Tree {
  /// Whether the first word of the condition is `not`, parentheses left aside.
  var beginsWithNot: Bool {
    switch self {
    case .not: true
    case .all(let children), .any(let children): children.first?.beginsWithNot ?? false
    case .test, .selection, .constant: false
    }
  }
}
