import CrenelBooking
import CrenelFeatures
import CrenelModel

/// Resolves what rules say of each other, and puts the compiled rules together.
struct Linker {
  var builder: RuleBuilder
  private let drafts: [RuleDraft]
  /// Index in `drafts` by id and by name.
  private var places: [String: Int] = [:]
  /// Drafts that are left out.
  private var skipped: Set<Int> = []
  /// Index in the program of each draft that is kept.
  private var indices: [Int: Int32] = [:]
  /// Rules that alert although a correlation refers to them.
  private var generated: Set<Int32> = []

  init(builder: RuleBuilder, drafts: [RuleDraft]) {
    self.builder = builder
    self.drafts = drafts
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
    let order = correlationOrder()
    for place in drafts.indices where !skipped.contains(place) {
      indices[place] = Int32(indices.count)
    }
    guard !builder.problems.hasErrors else { return nil }
    var metadata: [RuleMetadata] = []
    for (place, draft) in drafts.enumerated() where !skipped.contains(place) {
      checkFamily(of: draft)
      metadata.append(self.metadata(of: draft))
      compile(draft)
      metadata[metadata.count - 1].conditions = conditions(of: builder.program.rules.last)
    }
    guard !builder.problems.hasErrors else { return nil }
    for place in order where !skipped.contains(place) { addCorrelation(place, &metadata) }
    builder.program.arrangeSteps()
    builder.program.buildScans()
    return RuleSet(
      metadata: metadata, warnings: Diagnostics(builder.problems.items).items,
      passedOver: builder.passedOver, program: builder.program)
  }

  private mutating func collectNames() {
    for (place, draft) in drafts.enumerated() {
      if draft.isSkipped { skipped.insert(place) }
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

  private mutating func compile(_ draft: RuleDraft) {
    var rule = CompiledRule()
    defer { builder.program.rules.append(rule) }
    guard draft.correlation == nil else {
      rule.isCorrelation = true
      return
    }
    rule.selections = draft.selections
    rule.condition = draft.condition
    var compiler = Compiler(
      tests: builder.program.tests, selections: draft.selections,
      firstJump: builder.program.jumps.count)
    guard let result = compiler.compile(draft.condition),
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
    rule.loose = loosen(draft)
  }

  /// The rule with durations at their shortest, where it has any: what it would say of a person
  /// whom a coarse clock hides.
  private mutating func loosen(_ draft: RuleDraft) -> LooseRule? {
    var loosener = Loosener(program: builder.program)
    let selections = draft.selections.map { selection in
      var copy = selection
      copy.tree = loosener.loosened(selection.tree)
      return copy
    }
    guard loosener.hasLoosened else { return nil }
    builder.program = loosener.program
    var compiler = Compiler(
      tests: builder.program.tests, selections: selections, firstJump: builder.program.jumps.count)
    guard let result = compiler.compile(draft.condition) else { return nil }
    builder.program.jumps += result.jumps
    return LooseRule(entry: result.entry, selections: selections, condition: draft.condition)
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
      given.insert(.timing)
      for reference in correlation.rules {
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
    for reference in draft.rules {
      guard let target = places[reference.name] else {
        builder.problems.error(
          "unknown-rule", at: reference.position,
          "no rule has the id or name '\(shown(reference.name))'",
          hint: NearMiss.of(reference.name, among: places.keys.sorted())
            .map { "did you mean '\($0)'?" })
        continue
      }
      visit(target, &order, &state, depth: depth + 1)
      guard skipped.contains(target), !skipped.contains(place) else { continue }
      skipped.insert(place)
      builder.passedOver.append(
        PassedOverRule(
          at: reference.position,
          "'\(shown(drafts[place].metadata.title))' refers to a rule that is passed over: passed "
            + "over too"))
    }
    state[place] = true
    order.append(place)
  }

  /// Every alias names rules of the correlation, and every rule has a field for each alias.
  private mutating func checkAliases(_ draft: CorrelationDraft) {
    let known = draft.rules.map(\.name)
    for reference in draft.aliasRules where !known.contains(reference.name) {
      builder.problems.error(
        "unknown-rule", at: reference.position,
        "alias for '\(shown(reference.name))', which is not among this correlation's rules",
        hint: NearMiss.hint(reference.name, among: known))
    }
    for case .alias(_, let rules) in draft.groups {
      for reference in draft.rules where !rules.contains(reference.name) {
        builder.problems.error(
          "missing-key", at: reference.position,
          "an alias to group by has no field for rule '\(shown(reference.name))'")
      }
    }
  }

  private mutating func addCorrelation(_ place: Int, _ metadata: inout [RuleMetadata]) {
    guard let draft = drafts[place].correlation, let index = indices[place] else { return }
    var inputs: [Correlation.Input] = []
    for reference in draft.rules {
      guard let target = places[reference.name], let rule = indices[target] else { continue }
      let fields = draft.groups.compactMap { group in
        switch group {
        case .field(let field): field
        case .alias(let fields, _): fields[reference.name]
        }
      }
      inputs.append(Correlation.Input(rule: rule, fields: fields))
      if draft.generates { generated.insert(rule) }
      metadata[Int(rule)].alerts = generated.contains(rule)
      metadata[Int(index)].conditions.merge(metadata[Int(rule)].conditions) { old, _ in old }
    }
    let all = Correlation.Bound(comparison: .greaterOrEqual, value: Double(inputs.count))
    builder.program.correlations.append(
      Correlation(
        rule: index, kind: draft.kind, inputs: inputs, fields: draft.fields,
        percentile: draft.percentile, timespan: draft.timespan,
        bounds: draft.bounds.isEmpty ? [all] : draft.bounds))
    metadata[Int(index)].countsRapidly = builder.program.correlations.last?.isRapid ?? false
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
