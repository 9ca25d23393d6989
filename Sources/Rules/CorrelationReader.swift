import CrenelModel
import CrenelYAML

extension RuleBuilder {
  /// The largest count that a correlation can compare with.
  static let countLimit = 10_000

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
    let type = problems.word(
      node["type"], "correlation type", of: CorrelationKind.allCases.map(\.rawValue))
    let kind = type.flatMap(CorrelationKind.init(rawValue:))
    var known = ["type", "rules", "group-by", "timespan", "condition", "aliases", "generate"]
    // A 'field' out of its place is told where the condition is read.
    if kind?.readsField ?? true { known.append("field") }
    problems.checkKeys(pairs, known: known, of: "a correlation")
    let needed =
      ["type", "rules", "group-by", "timespan"] + (kind?.isTemporal == true ? [] : ["condition"])
    for key in needed where node[key] == nil {
      problems.error("missing-key", at: node.position, "a correlation needs '\(key)'")
    }
    var draft = CorrelationDraft(
      kind: kind ?? .eventCount, rules: references(node["rules"]), groups: [],
      fields: [], timespan: problems.duration(node["timespan"], "timespan") ?? 0, bounds: [],
      position: node.position, generates: false, aliasRules: [])
    readGroups(node, &draft)
    readBounds(node["condition"], hasType: type != nil, &draft)
    if draft.kind.readsField { readFields(node, &draft) }
    checkOrder(node, draft)
    readTriggers(document, node, &draft)
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

  mutating func references(_ node: YAMLNode?) -> [CorrelationDraft.Reference] {
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
    guard field.kind != .nothing || !isOurs else {
      problems.error(
        "field-never-present", at: position, "no log that Crenel reads has '\(shown(name))'")
      return nil
    }
    if field.kind == .nothing { neverPresent(name, at: position, "this correlation is never true") }
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
    let takesField = draft.kind.readsField || !hasType
    let takesPercentile = draft.kind == .valuePercentile || !hasType
    problems.checkKeys(
      pairs,
      known: Self.bounds.map(\.key) + (takesField ? ["field"] : [])
        + (takesPercentile ? ["percentile"] : []), of: "this condition")
    readPercentile(node["percentile"], &draft)
    // What was told above, or is told below, is not told again as missing.
    let compared = pairs.filter { $0.key != "field" && $0.key != "percentile" }
    if compared.isEmpty || compared.count > 2 {
      problems.error(
        "bad-value", at: node.position,
        "a condition has one of gt, gte, lt, lte, eq, neq, or two for a range")
    }
    for pair in pairs {
      guard let bound = Self.bounds.first(where: { $0.key == pair.key }) else { continue }
      guard let value = number(pair.value) else { continue }
      let limit = draft.kind.isTemporal ? draft.rules.count : Self.countLimit
      let isWhole = (0...Double(limit)).contains(value) && value == value.rounded()
      guard isWhole || !draft.kind.isCount else {
        let what = draft.kind.isTemporal ? "a number of its rules" : "a count"
        problems.error(
          "bad-value", at: pair.value.position, "\(what) is a whole number from 0 to \(limit)")
        continue
      }
      draft.bounds.append(Correlation.Bound(comparison: bound.comparison, value: value))
    }
  }

  /// Which percentile is meant; without one, the share of the event's own value.
  ///
  /// `percentile` is not in the specification's text; pySigma reads it in this place.
  private mutating func readPercentile(_ node: YAMLNode?, _ draft: inout CorrelationDraft) {
    guard let node, draft.kind == .valuePercentile, let value = number(node) else { return }
    guard value > 0, value <= 100 else {
      problems.error(
        "bad-value", at: node.position, "a percentile is a number above 0 and up to 100")
      return
    }
    draft.percentile = value
  }

  /// An ordered correlation of a part of its rules keeps a chain for each rule and length.
  private mutating func checkOrder(_ node: YAMLNode, _ draft: CorrelationDraft) {
    if draft.kind.isTemporal, draft.rules.count < 2, let rules = node["rules"] {
      problems.error(
        "bad-value", at: rules.position, "a \(draft.kind.rawValue) correlation needs two rules",
        hint: "for one rule, event_count counts its matches")
    }
    var seen: Set<String> = []
    for reference in draft.rules where !seen.insert(reference.name).inserted {
      problems.error(
        "repeated-rule", at: reference.position,
        "'\(shown(reference.name))' is listed twice", hint: "list each rule once")
    }
    if draft.kind == .temporalOrdered, draft.rules.count > 16 {
      problems.error(
        "bad-value", at: node.position, "an ordered correlation refers to at most 16 rules")
    }
  }

  /// The field whose values are measured; it stands in the condition (Sigma 2.x, correlations).
  private mutating func readFields(_ node: YAMLNode, _ draft: inout CorrelationDraft) {
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
        "the condition of a \(draft.kind.rawValue) needs the 'field' that is meant",
        hint: "write condition: { field: url.path, gte: 3 }, for example")
      return
    }
    let nodes = fields.sequence ?? [fields]
    for entry in nodes {
      guard let name = problems.text(entry, "field") else { continue }
      let isShare = draft.kind == .valuePercentile && draft.percentile == nil
      let isKey = draft.kind == .valueCount || isShare
      if let field = isKey ? groupField(name, at: entry.position) : numberField(name, entry) {
        draft.fields.append(field)
      }
    }
    if nodes.isEmpty || nodes.contains(where: \.isNull) {
      problems.error("bad-value", at: fields.position, "'field' names no field to count")
    } else if nodes.count > 1, draft.kind != .valueCount {
      problems.error(
        "bad-value", at: fields.position, "a \(draft.kind.rawValue) reads one field")
    }
  }

  /// A field whose value is, or may be written as, a number.
  private mutating func numberField(_ name: String, _ node: YAMLNode) -> Field? {
    guard let field = field(name, at: node.position) else { return nil }
    switch field.kind {
    case .number, .feature, .text: return field
    case .nothing where !isOurs:
      neverPresent(name, at: node.position, "this correlation is never true")
      return field
    case .address, .category, .time, .subject, .nothing:
      problems.error(
        "bad-value", at: node.position, "'\(shown(name))' is no number",
        hint: "http.response.bytes and features are, for example")
      return nil
    }
  }
}
