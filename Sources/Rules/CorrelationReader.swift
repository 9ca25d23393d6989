import CrenelModel
import CrenelYAML

extension RuleBuilder {
  /// The largest count that a correlation can compare with.
  static let countLimit = 10_000

  private static let types = [
    "event_count", "value_count", "temporal", "temporal_ordered", "value_sum", "value_avg",
    "value_percentile",
  ]
  private static let bounds: [(key: String, comparison: Comparison)] = [
    ("gt", .greater), ("gte", .greaterOrEqual), ("lt", .less), ("lte", .lessOrEqual),
    ("eq", .equal), ("neq", .notEqual),
  ]

  /// Reads a correlation document's section; `nil` after an error.
  mutating func readCorrelation(_ document: YAMLNode) -> CorrelationDraft? {
    guard let node = document["correlation"] else { return nil }
    guard let pairs = node.mapping else {
      problems.error(
        "bad-type", at: node.position, "'correlation' is \(node.kindName), expected a map")
      return nil
    }
    problems.checkKeys(
      pairs,
      known: ["type", "rules", "group-by", "timespan", "condition", "aliases", "generate"],
      of: "a correlation")
    guard let type = problems.word(node["type"], "correlation type", of: Self.types) else {
      if node["type"] == nil {
        problems.error("missing-key", at: node.position, "a correlation needs a 'type'")
      }
      return nil
    }
    guard type == "event_count" || type == "value_count" else {
      problems.error(
        "not-yet-supported", at: node["type"]?.position ?? node.position,
        "correlations of type '\(type)' are not evaluated yet",
        hint: "event_count and value_count are")
      return nil
    }
    let before = problems.errorCount
    for key in ["rules", "group-by", "timespan", "condition"] where node[key] == nil {
      problems.error("missing-key", at: node.position, "an \(type) correlation needs '\(key)'")
    }
    var draft = CorrelationDraft(
      countsValues: type == "value_count", rules: references(node["rules"]), groups: [],
      fields: [], timespan: problems.duration(node["timespan"], "timespan") ?? 0, bounds: [],
      position: node.position, generates: false, aliasRules: [])
    readGroups(node, &draft)
    readBounds(node["condition"], &draft)
    draft.generates = flag(document["generate"]) || flag(node["generate"])
    return problems.errorCount == before ? draft : nil
  }

  private mutating func flag(_ node: YAMLNode?) -> Bool {
    guard let node else { return false }
    guard let value = node.bool else {
      problems.error("bad-value", at: node.position, "'generate' is true or false")
      return false
    }
    return value
  }

  private mutating func references(_ node: YAMLNode?) -> [CorrelationDraft.Reference] {
    guard let node else { return [] }
    let nodes = node.sequence ?? [node]
    if nodes.isEmpty || nodes.count > 64 {
      problems.error("bad-value", at: node.position, "a correlation refers to 1 to 64 rules")
    }
    return nodes.prefix(64).compactMap { entry in
      problems.text(entry, "rules").map {
        CorrelationDraft.Reference(name: $0, position: entry.position)
      }
    }
  }

  // MARK: - Groups

  private mutating func readGroups(_ node: YAMLNode, _ draft: inout CorrelationDraft) {
    var aliases: [String: [String: Field]] = [:]
    for pair in node["aliases"]?.mapping ?? [] {
      var fields: [String: Field] = [:]
      for entry in pair.value.mapping ?? [] {
        guard let name = problems.text(entry.value, "aliases") else { continue }
        fields[entry.key] = groupField(name, at: entry.value.position)
        draft.aliasRules.append(.init(name: entry.key, position: entry.position))
      }
      if fields.isEmpty {
        problems.error(
          "bad-value", at: pair.position, "an alias maps names of rules to fields")
      }
      aliases[pair.key] = fields
    }
    guard let list = node["group-by"] else { return }
    let nodes = list.sequence ?? [list]
    if nodes.isEmpty || nodes.count > 8 {
      problems.error(
        "bad-value", at: list.position, "a correlation groups by 1 to 8 fields",
        hint: "client groups by address, session by session")
    }
    for entry in nodes.prefix(8) {
      guard let name = problems.text(entry, "group-by") else { continue }
      if let alias = aliases[name] {
        draft.groups.append(.alias(alias))
      } else if let field = groupField(name, at: entry.position) {
        draft.groups.append(.field(field))
      }
    }
  }

  /// A field whose value can be part of a key.
  private mutating func groupField(_ name: String, at position: SourcePosition) -> Field? {
    switch name {
    case "client": return .countedClient
    case "session": return .countedSession
    default: break
    }
    guard let field = field(name, at: position) else { return nil }
    guard field.kind != .feature, field.kind != .time else {
      problems.error(
        "bad-value", at: position, "'\(shown(name))' changes from event to event: no key",
        hint: "use client, session or a field of the request")
      return nil
    }
    guard field.kind != .nothing else {
      problems.error(
        "field-never-present", at: position, "no log that Crenel reads has '\(shown(name))'")
      return nil
    }
    return field
  }

  // MARK: - Condition

  private mutating func readBounds(_ node: YAMLNode?, _ draft: inout CorrelationDraft) {
    guard let node else { return }
    guard let pairs = node.mapping else {
      problems.error(
        "bad-type", at: node.position, "a correlation's condition is a map such as 'gte: 10'")
      return
    }
    let known = Self.bounds.map(\.key) + (draft.countsValues ? ["field"] : [])
    problems.checkKeys(pairs, known: known, of: "this condition")
    for pair in pairs {
      guard let bound = Self.bounds.first(where: { $0.key == pair.key }) else { continue }
      guard let value = number(pair.value) else { continue }
      guard value >= 0, value <= Double(Self.countLimit), value == value.rounded() else {
        problems.error(
          "bad-value", at: pair.value.position,
          "a count is a whole number from 0 to \(Self.countLimit)")
        continue
      }
      draft.bounds.append((bound.comparison, Int(value)))
    }
    if draft.bounds.isEmpty || draft.bounds.count > 2 {
      problems.error(
        "bad-value", at: node.position,
        "a condition has one of gt, gte, lt, lte, eq, neq, or two for a range")
    }
    guard draft.countsValues else { return }
    guard let fields = node["field"] else {
      problems.error("missing-key", at: node.position, "value_count needs a 'field' to count")
      return
    }
    for entry in fields.sequence ?? [fields] {
      guard let name = problems.text(entry, "field") else { continue }
      if let field = groupField(name, at: entry.position) { draft.fields.append(field) }
    }
    if draft.fields.isEmpty, problems.items.isEmpty {
      problems.error("bad-value", at: fields.position, "the list of fields is empty")
    }
  }
}
