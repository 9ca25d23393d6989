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

  /// Reads a correlation document's section; `nil` when it is no map.
  ///
  /// Mistakes do not keep the rest from being read, so that they are told with all others.
  mutating func readCorrelation(_ document: YAMLNode) -> CorrelationDraft? {
    guard let node = document["correlation"] else { return nil }
    guard let pairs = node.mapping else {
      problems.error(
        "bad-type", at: node.position, "'correlation' is \(node.kindName), expected a map")
      return nil
    }
    let type = problems.word(node["type"], "correlation type", of: Self.types)
    var known = ["type", "rules", "group-by", "timespan", "condition", "aliases", "generate"]
    // A 'field' out of its place is told where the condition is read.
    if type != "event_count" { known.append("field") }
    problems.checkKeys(pairs, known: known, of: "a correlation")
    let isSupported = type.map { $0 == "event_count" || $0 == "value_count" } ?? true
    if let type, !isSupported {
      problems.error(
        "not-yet-supported", at: node["type"]?.position ?? node.position,
        "correlations of type '\(type)' are not evaluated yet",
        hint: "event_count and value_count are")
    }
    // What an unsupported type wants of its condition is not known here.
    let needed = ["type", "rules", "group-by", "timespan"] + (isSupported ? ["condition"] : [])
    for key in needed where node[key] == nil {
      problems.error("missing-key", at: node.position, "a correlation needs '\(key)'")
    }
    var draft = CorrelationDraft(
      countsValues: type == "value_count", rules: references(node["rules"]), groups: [],
      fields: [], timespan: problems.duration(node["timespan"], "timespan") ?? 0, bounds: [],
      position: node.position, generates: false, aliasRules: [])
    readGroups(node, &draft)
    if isSupported {
      readBounds(node["condition"], hasType: type != nil, &draft)
      if draft.countsValues { readCountedFields(node, &draft) }
    }
    let isGenerating = [flag(document["generate"]), flag(node["generate"])]
    draft.generates = isGenerating.contains(true)
    return draft
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
    var aliases: [String: CorrelationDraft.Group] = [:]
    for pair in node["aliases"]?.mapping ?? [] {
      var fields: [String: Field] = [:]
      var rules: Set<String> = []
      for entry in pair.value.mapping ?? [] {
        rules.insert(entry.key)
        guard let name = problems.text(entry.value, "aliases") else { continue }
        fields[entry.key] = groupField(name, at: entry.value.position)
        draft.aliasRules.append(.init(name: entry.key, position: entry.position))
      }
      if rules.isEmpty {
        problems.error(
          "bad-value", at: pair.position, "an alias maps names of rules to fields")
      }
      aliases[pair.key] = .alias(fields, rules: rules)
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
        draft.groups.append(alias)
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

  private mutating func readBounds(
    _ node: YAMLNode?, hasType: Bool, _ draft: inout CorrelationDraft
  ) {
    guard let node else { return }
    guard let pairs = node.mapping else {
      problems.error(
        "bad-type", at: node.position, "a correlation's condition is a map such as 'gte: 10'")
      return
    }
    let takesField = draft.countsValues || !hasType
    problems.checkKeys(
      pairs, known: Self.bounds.map(\.key) + (takesField ? ["field"] : []), of: "this condition")
    // What was told above, or is told below, is not told again as missing.
    let compared = pairs.filter { $0.key != "field" }
    if compared.isEmpty || compared.count > 2 {
      problems.error(
        "bad-value", at: node.position,
        "a condition has one of gt, gte, lt, lte, eq, neq, or two for a range")
    }
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
  }

  /// The field whose values are counted; it stands in the condition (Sigma 2.x, correlations).
  private mutating func readCountedFields(_ node: YAMLNode, _ draft: inout CorrelationDraft) {
    if let field = node["field"] {
      problems.error(
        "misplaced-key", at: field.position,
        "'field' stands beside 'type'; in Sigma 2.x it belongs inside 'condition'",
        hint: "write condition: { field: …, gte: … }")
    }
    let inner = node["condition"]?["field"]
    guard let fields = inner ?? node["field"] else {
      guard let condition = node["condition"], condition.mapping != nil else { return }
      problems.error(
        "missing-key", at: condition.position,
        "the condition of a value_count needs a 'field' whose values are counted",
        hint: "write condition: { field: url.path, gte: 3 }, for example")
      return
    }
    let nodes = fields.sequence ?? [fields]
    for entry in nodes {
      guard let name = problems.text(entry, "field") else { continue }
      if let field = groupField(name, at: entry.position) { draft.fields.append(field) }
    }
    if nodes.isEmpty || nodes.contains(where: \.isNull) {
      problems.error("bad-value", at: fields.position, "'field' names no field to count")
    }
  }
}
