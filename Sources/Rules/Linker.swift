import CrenelBooking
import CrenelFeatures
import CrenelModel

/// Resolves what rules say of each other, and puts the compiled rules together.
struct Linker {
  var builder: RuleBuilder
  let drafts: [RuleDraft]
  let filters: [FilterDraft]
  /// Index in `drafts` by id and by name.
  private(set) var places: [String: Int] = [:]
  /// The filters of each draft that has any, as indices of `filters`.
  var applied: [Int: [Int]] = [:]
  /// Index in the program of each draft that is kept.
  private var indices: [Int: Int32] = [:]
  /// Rules that alert although a correlation refers to them.
  private var generated: Set<Int32> = []

  init(builder: RuleBuilder, drafts: [RuleDraft], filters: [FilterDraft]) {
    self.builder = builder
    self.drafts = drafts
    self.filters = filters
  }

  /// The rule set; `nil` when there are errors.
  mutating func link() -> RuleSet? {
    guard drafts.count <= RuleSet.ruleLimit else {
      builder.problems.error(
        "rule-too-large", at: drafts[0].metadata.position,
        "there are \(drafts.count) rules; at most \(RuleSet.ruleLimit) are read")
      return nil
    }
    collectNames()
    linkFilters()
    let order = correlationOrder()
    for place in drafts.indices where !drafts[place].isSkipped {
      indices[place] = Int32(indices.count)
    }
    guard !builder.problems.hasErrors else { return nil }
    var metadata: [RuleMetadata] = []
    for (place, draft) in drafts.enumerated() where !draft.isSkipped {
      checkFamily(of: draft)
      metadata.append(self.metadata(of: draft))
      metadata[metadata.count - 1].filters = applied[place] ?? []
      compile(draft, filters: applied[place] ?? [])
      metadata[metadata.count - 1].conditions = conditions(of: builder.program.rules.last)
    }
    guard !builder.problems.hasErrors else { return nil }
    for place in order where !drafts[place].isSkipped { addCorrelation(place, &metadata) }
    builder.program.arrangeSteps()
    builder.program.buildScans()
    return RuleSet(
      metadata: metadata, warnings: Diagnostics(builder.problems.items).items,
      passedOver: builder.passedOver, filters: filterTexts, program: builder.program)
  }

  private mutating func collectNames() {
    for (place, draft) in drafts.enumerated() {
      let metadata = draft.metadata
      for name in Set([metadata.id, metadata.name].compactMap { $0 }).sorted() {
        guard let first = places[name] else {
          places[name] = place
          continue
        }
        builder.problems.error(
          "repeated-id", at: metadata.position,
          "'\(shown(name))' is already the id or name of the rule at "
            + "\(drafts[first].metadata.position)")
      }
    }
  }

  /// The subject a rule is about, and whether it alerts by itself.
  private func metadata(of draft: RuleDraft) -> RuleMetadata {
    var metadata = draft.metadata
    guard !draft.hasSubject else { return metadata }
    let session = SubjectKind.session.rawValue
    if let correlation = draft.correlation {
      let isSession = correlation.groups.contains { group in
        if case .field(.countedSession) = group { return true }
        return false
      }
      metadata.subject = isSession ? .session : .client
    } else {
      metadata.subject = draft.subjects.contains(session) ? .session : .client
    }
    return metadata
  }

  private mutating func compile(_ draft: RuleDraft, filters: [Int]) {
    var rule = CompiledRule()
    defer { builder.program.rules.append(rule) }
    guard draft.correlation == nil else {
      rule.isCorrelation = true
      return
    }
    rule.selections = draft.selections
    rule.condition = draft.condition
    applyFilters(filters, to: &rule)
    var compiler = Compiler(
      tests: builder.program.tests, selections: rule.selections,
      firstJump: builder.program.jumps.count)
    guard let result = compiler.compile(rule.condition),
      builder.program.jumps.count + result.jumps.count <= 2_000_000
    else {
      builder.problems.error(
        "rule-too-large", at: draft.metadata.position,
        "the condition comes to more than \(Compiler.jumpLimit) tests")
      return
    }
    rule.entry = result.entry
    rule.steps = result.entry == Jump.reject ? 0 : result.steps
    builder.program.jumps += result.jumps
    if rule.steps == 0 {
      builder.problems.warning(
        "never-true", at: draft.metadata.position,
        "no request can make rule '\(shown(draft.metadata.title))' true",
        hint: "its conditions exclude each other, or ask for fields that no log has")
    }
    rule.loose = loosen(rule, own: draft.selections.count)
  }

  /// The rule with durations at their shortest, where it has any.
  ///
  /// It is what the rule would say of a person whom a coarse clock hides. Filters are read as they
  /// are.
  private mutating func loosen(_ rule: CompiledRule, own: Int) -> LooseRule? {
    var loosener = Loosener(program: builder.program)
    var selections = rule.selections
    for place in 0..<own { selections[place].tree = loosener.loosened(selections[place].tree) }
    guard loosener.hasLoosened else { return nil }
    builder.program = loosener.program
    var compiler = Compiler(
      tests: builder.program.tests, selections: selections, firstJump: builder.program.jumps.count)
    guard let result = compiler.compile(rule.condition) else { return nil }
    builder.program.jumps += result.jumps
    return LooseRule(entry: result.entry, selections: selections, condition: rule.condition)
  }

  /// What the conditions of a rule say, for those who are told of its alerts.
  private func conditions(of rule: CompiledRule?) -> [Int32: ConditionText] {
    guard let rule else { return [:] }
    var found: [Int32: ConditionText] = [:]
    let selections = rule.selections + (rule.loose?.selections ?? [])
    for place in selections.flatMap({ $0.tree.tests }) {
      let info = builder.program.infos[place]
      found[Int32(clamping: place)] = ConditionText(
        field: info.field, relation: info.relation, wanted: info.value)
    }
    return found
  }

  /// A family that no condition gives would be a claim without evidence.
  private mutating func checkFamily(of draft: RuleDraft) {
    guard let family = draft.metadata.family else { return }
    var given = draft.families
    if let correlation = draft.correlation {
      // What is absent is evidence of no family.
      let judged = correlation.triggers.isEmpty ? correlation.rules : correlation.triggers
      if correlation.triggers.isEmpty { given.insert(.timing) }
      for reference in judged {
        if let place = places[reference.name] { given.formUnion(drafts[place].families) }
      }
    }
    guard !given.contains(family) else { return }
    let names = FeatureFamily.allCases.filter { given.contains($0) }.map(\.name)
    builder.problems.error(
      "family-not-given", at: draft.metadata.position,
      "family is '\(family.name)', but no condition reads evidence of it",
      hint: names.isEmpty
        ? "the conditions give no family of evidence; leave 'family' out"
        : "the conditions give: \(names.joined(separator: ", "))")
  }

  // MARK: - Correlations

  /// Correlations after the ones they refer to; tells of unknown names and circles.
  private mutating func correlationOrder() -> [Int] {
    var order: [Int] = []
    var state: [Int: Bool] = [:]  // false: being visited; true: done
    for place in drafts.indices where drafts[place].correlation != nil {
      visit(place, &order, &state, depth: 0)
    }
    return order
  }

  private mutating func visit(
    _ place: Int, _ order: inout [Int], _ state: inout [Int: Bool], depth: Int
  ) {
    guard let draft = drafts[place].correlation, state[place] != true else { return }
    guard state[place] == nil, depth < 32 else {
      builder.problems.error(
        "circular-correlation", at: draft.position,
        depth < 32 ? "this correlation refers to itself" : "more than 32 correlations in a row")
      return
    }
    state[place] = false
    checkAliases(draft)
    for reference in draft.references {
      guard let target = places[reference.name] else {
        tellUnknown(reference)
        continue
      }
      visit(target, &order, &state, depth: depth + 1)
    }
    if !draft.triggers.isEmpty { checkAbsent(draft.rules) }
    state[place] = true
    order.append(place)
  }

  /// Tells that there is no rule of a name; `hint` stands in for the nearest name there is.
  mutating func tellUnknown(_ reference: CorrelationDraft.Reference, hint: String? = nil) {
    builder.problems.error(
      "unknown-rule", at: reference.position,
      "no rule has the id or name '\(shown(reference.name))'",
      hint: hint
        ?? NearMiss.of(reference.name, among: places.keys.sorted())
        .map { "did you mean '\($0)'?" })
  }

  /// Every alias names rules of the correlation, and every rule has a field for each alias.
  private mutating func checkAliases(_ draft: CorrelationDraft) {
    let known = draft.references.map(\.name)
    for reference in draft.aliasRules where !known.contains(reference.name) {
      builder.problems.error(
        "unknown-rule", at: reference.position,
        "alias for '\(shown(reference.name))', which is not among this correlation's rules",
        hint: NearMiss.hint(reference.name, among: known))
    }
    for case .alias(_, let rules) in draft.groups {
      for reference in draft.references where !rules.contains(reference.name) {
        builder.problems.error(
          "missing-key", at: reference.position,
          "an alias to group by has no field for rule '\(shown(reference.name))'")
      }
    }
  }

  private mutating func addCorrelation(_ place: Int, _ metadata: inout [RuleMetadata]) {
    guard let draft = drafts[place].correlation, let index = indices[place] else { return }
    let inputs = draft.rules.compactMap { input($0, of: draft) }
    let triggers = draft.triggers.compactMap { input($0, of: draft) }
    for input in inputs + triggers {
      let rule = Int(input.rule)
      if draft.generates { generated.insert(input.rule) }
      metadata[rule].alerts = generated.contains(input.rule)
      metadata[Int(index)].conditions.merge(metadata[rule].conditions) { old, _ in old }
    }
    let all = Correlation.Bound(comparison: .greaterOrEqual, value: Double(inputs.count))
    let correlation = Correlation(
      rule: index, kind: draft.kind, inputs: inputs, fields: draft.fields,
      percentile: draft.percentile, timespan: draft.timespan,
      bounds: draft.bounds.isEmpty ? [all] : draft.bounds, triggers: triggers)
    if !correlation.isAbsence, correlation.isNeverTrue {
      builder.problems.warning(
        "never-true", at: draft.position, "what is counted is never what this condition asks for",
        hint: "an event counts itself, so that a count is 1 or more; for what did not come see "
          + "crenel.absent_before")
    }
    builder.program.correlations.append(correlation)
    metadata[Int(index)].countsRapidly = correlation.isRapid
  }

  /// A rule that a correlation refers to, with the fields of its key.
  private func input(
    _ reference: CorrelationDraft.Reference, of draft: CorrelationDraft
  ) -> Correlation.Input? {
    guard let target = places[reference.name], let rule = indices[target] else { return nil }
    let fields = draft.groups.compactMap { group in
      switch group {
      case .field(let field): field
      case .alias(let fields, _): fields[reference.name]
      }
    }
    var input = Correlation.Input(rule: rule, fields: fields)
    if !draft.triggers.isEmpty, fields.contains(.countedSession) {
      input.addressFields = fields.map { $0 == .countedSession ? .countedClient : $0 }
    }
    return input
  }
}

extension Correlation {
  /// Whether no count of events meets its condition: none at or beside what it compares with.
  fileprivate var isNeverTrue: Bool {
    guard kind.isCount else { return false }
    let most = kind.isTemporal ? Double(inputs.count) : .infinity
    let counts: [Double] = [1] + bounds.flatMap { [$0.value - 1, $0.value, $0.value + 1] }
    return !counts.contains { $0 >= 1 && $0 <= most && holds($0) }
  }
}

extension Program {
  /// Lists the rules that each step, and one that is not known, can make true, in their order.
  mutating func arrangeSteps() {
    stepSlices = []
    stepRules = []
    for step in StepKind.allCases {
      let first = stepRules.count
      for (index, rule) in rules.enumerated() where rule.steps & (1 << UInt32(step.rawValue)) != 0 {
        stepRules.append(Int32(clamping: index))
      }
      stepSlices.append(Slice(first: Int32(first), count: Int32(stepRules.count - first)))
    }
    let first = stepRules.count
    for (index, rule) in rules.enumerated() where rule.steps != 0 {
      stepRules.append(Int32(clamping: index))
    }
    stepSlices.append(Slice(first: Int32(first), count: Int32(stepRules.count - first)))
  }

  /// The run of `stepRules` that can be true at a step.
  func slice(of step: borrowing Step) -> Slice {
    stepSlices[step.isUndecided ? stepSlices.count - 1 : Int(step.kind.rawValue)]
  }
}
