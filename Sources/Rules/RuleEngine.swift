public import CrenelBooking
public import CrenelFeatures
public import CrenelModel
import CrenelPattern

/// Evaluates a ``RuleSet``, one exchange after the other in event order.
///
/// Owns the memory it works in: nothing is allocated per exchange once correlations have met
/// their groups.
public struct RuleEngine: ~Copyable {
  /// What was met so far.
  public internal(set) var counters = RuleCounters()
  /// The rules.
  public let set: RuleSet

  let program: Program
  let regexes: [ByteRegex]
  /// Whether a regular expression gave up since this was last cleared.
  var hasGivenUp = false
  /// The expressions that gave up in the rule being evaluated.
  var causes: [UndecidedCause] = []
  /// Whether an exchange came whose step is not known: features may be about more than is known.
  private(set) var hasOpenSteps = false
  let zone: ZoneRules
  let seed: UInt64
  private let makesVerdicts: [Bool]
  private let subjects: [SubjectKind]

  /// Number of the exchange being evaluated, which marks what is remembered about it.
  private(set) var generation: UInt64 = 0
  private var featureValues: [Double]
  private var featureStamps: [UInt64]
  private var matchedAt: [UInt64]
  private var undecidedAt: [UInt64]
  /// The last exchange at which a rule could not be decided.
  private var lastUndecided: UInt64 = 0
  private var undecidedRules: [Int32: UndecidedRule] = [:]
  /// What each correlation measured at the exchange that was last an event of it.
  var measures: [(generation: UInt64, value: Double)]
  private var ranks: [Double] = []
  var scans: ScanMemo
  var scratch: [UInt8] = []
  var windows: CorrelationWindows
  /// Whether any correlation asks for what did not come.
  private let asksAbsence: Bool
  var absences: AbsenceWindows
  var coverage = InputCoverage()

  /// Prepares to evaluate `set`.
  ///
  /// `names` are the slots that the batches' extras have, as filled by ``RuleSet/parse``; `seed`
  /// keys the hashes of correlation groups and comes from the configuration, so that replays
  /// agree. `zone` is where time modifiers (`hour`...) read the clock.
  public init(_ set: RuleSet, names: FieldNames, seed: UInt64, zone: ZoneRules = .utc) {
    self.set = set
    program = set.program
    // The patterns compiled when the rules were read; the same ones compile again.
    regexes = set.program.regexes.compactMap { source in
      try? ByteRegex(source.pattern, options: .init(rawValue: source.options))
    }
    self.zone = zone
    self.seed = seed
    makesVerdicts = set.metadata.map(\.alerts)
    subjects = set.metadata.map(\.subject)
    let slots = SubjectKind.allCases.count * Feature.allCases.count
    featureValues = Array(repeating: .nan, count: slots)
    featureStamps = Array(repeating: 0, count: slots)
    matchedAt = Array(repeating: 0, count: set.metadata.count)
    undecidedAt = matchedAt
    measures = Array(repeating: (0, 0), count: set.program.correlations.count)
    scans = ScanMemo(set.program.scans)
    scratch.reserveCapacity(256)
    windows = CorrelationWindows()
    asksAbsence = set.program.correlations.contains { $0.isAbsence }
    absences = AbsenceWindows(timespans: set.program.correlations.map(\.timespan))
  }

  /// Evaluates every rule on one exchange and appends a verdict for each that is true.
  ///
  /// Verdicts come in the order of the rules, those of correlations last, a correlation after the
  /// ones it refers to. Call it once per exchange, in event order: correlations count the calls.
  public mutating func evaluate(
    _ batch: borrowing ExchangeBatch, _ index: Int, _ step: Step,
    _ features: borrowing FeatureStage, _ subjects: Subjects, into verdicts: inout [Verdict]
  ) {
    generation &+= 1
    scans.forget()
    if step.isUndecided { hasOpenSteps = true }
    if asksAbsence { coverage.note(batch.exchanges[index]) }
    let slice = program.slice(of: step)
    var hasMatched = false
    for place in slice.indices {
      let rule = program.stepRules[place]
      guard isTrue(rule, batch, index, step, features, subjects) else {
        if let loose = program.rules[Int(rule)].loose, makesVerdicts[Int(rule)],
          isTrue(rule, loose, batch, index, step, features, subjects)
        {
          noteWithinClock(rule, loose, batch, index, step, features, subjects, into: &verdicts)
        }
        continue
      }
      matchedAt[Int(rule)] = generation
      hasMatched = true
      guard makesVerdicts[Int(rule)] else { continue }
      var verdict = Verdict(rule: rule, subject: self.subjects[Int(rule)])
      _ = collect(
        program.rules[Int(rule)].condition, program.rules[Int(rule)].selections, &verdict, batch,
        index, step, features, subjects)
      verdicts.append(verdict)
    }
    // What later requests are judged by lacks this one, whether or not a rule hung on its step.
    if step.isUndecided, lastUndecided != generation { counters.undecided &+= 1 }
    let concerns = hasMatched || (asksAbsence && lastUndecided == generation)
    guard concerns, !program.correlations.isEmpty else { return }
    correlate(batch, index, step, features, subjects, into: &verdicts)
  }

  /// A rule that is true for some of the times that the stamps permit, and not for all of them.
  ///
  /// Only the width of the stamps may stand between: nothing is said where the longest time is
  /// longer for another reason, such as two open tabs or a stamp that may be of either end.
  private mutating func noteWithinClock(
    _ rule: Int32, _ loose: LooseRule, _ batch: borrowing ExchangeBatch, _ index: Int,
    _ step: borrowing Step, _ features: borrowing FeatureStage, _ subjects: Subjects,
    into verdicts: inout [Verdict]
  ) {
    var verdict = Verdict(rule: rule, subject: self.subjects[Int(rule)])
    verdict.isWithinClock = true
    guard
      collect(
        loose.condition, loose.selections, &verdict, batch, index, step, features, subjects)
        == .yes
    else { return }
    let width =
      2 * Double(batch.exchanges[index].resolution) / Double(Nanoseconds.millisecond) + 2
    for i in 0..<Int(verdict.reasonCount) {
      guard case .feature(let name) = verdict.reasons[i].measure,
        let longest = Feature.allCases.first(where: { $0.shortest == name.feature })
      else { continue }
      let most = feature(FeatureName(name.subject, longest), features, subjects)
      guard most - width < verdict.reasons[i].threshold else { return }
    }
    verdicts.append(verdict)
  }

  /// Takes in that there was something which rules cannot look into, such as TLS: until it is out
  /// of a window, nothing is said to have been absent.
  public mutating func passOver(_ exchange: borrowing Exchange) {
    if asksAbsence { coverage.miss(exchange) }
  }

  // MARK: - Truth

  private mutating func isTrue(
    _ rule: Int32, _ batch: borrowing ExchangeBatch, _ index: Int, _ step: borrowing Step,
    _ features: borrowing FeatureStage, _ subjects: Subjects
  ) -> Bool {
    begin(step)
    if !hasGivenUp {
      let isTrue = decides(
        program.rules[Int(rule)].entry, batch, index, step, features, subjects)
      guard hasGivenUp else { return isTrue }
    }
    let compiled = program.rules[Int(rule)]
    return settle(
      rule, truth(compiled.condition, compiled.selections, batch, index, step, features, subjects),
      at: batch.exchanges[index].provenance)
  }

  private mutating func isTrue(
    _ rule: Int32, _ loose: LooseRule, _ batch: borrowing ExchangeBatch, _ index: Int,
    _ step: borrowing Step, _ features: borrowing FeatureStage, _ subjects: Subjects
  ) -> Bool {
    begin(step)
    if !hasGivenUp {
      let isTrue = decides(loose.entry, batch, index, step, features, subjects)
      guard hasGivenUp else { return isTrue }
    }
    return settle(
      rule, truth(loose.condition, loose.selections, batch, index, step, features, subjects),
      at: batch.exchanges[index].provenance)
  }

  /// Prepares to evaluate a rule; one that may ask for a step that is not known takes the long way.
  private mutating func begin(_ step: borrowing Step) {
    hasGivenUp = step.isUndecided
    if !causes.isEmpty { causes.removeAll(keepingCapacity: true) }
  }

  /// Whether a rule is surely true; one that hangs on what was given up is noted as undecided.
  private mutating func settle(_ rule: Int32, _ truth: Truth, at place: Provenance) -> Bool {
    if truth == .unknown { noteUndecided(rule, at: place) }
    return truth == .yes
  }

  /// Notes a rule, and each correlation that would have counted it, once an exchange.
  mutating func noteUndecided(_ rule: Int32, at place: Provenance) {
    guard !isUndecided(rule) else { return }
    if lastUndecided != generation { counters.undecided &+= 1 }
    lastUndecided = generation
    undecidedAt[Int(rule)] = generation
    undecidedRules[rule, default: UndecidedRule(rule: rule, first: place)].note(causes)
    for correlation in program.correlations
    where correlation.judged.contains(where: { $0.rule == rule }) {
      noteUndecided(correlation.rule, at: place)
    }
  }

  /// Rules that could not be decided for some request, in their order.
  public var undecided: [UndecidedRule] {
    undecidedRules.values.sorted { $0.rule < $1.rule }
  }

  /// Whether a rule could not be decided for the exchange being evaluated.
  func isUndecided(_ rule: Int32) -> Bool { undecidedAt[Int(rule)] == generation }

  /// Why a rule could not be decided for the exchange being evaluated; nothing when it was.
  func undecidedCauses(_ rule: Int32) -> [UndecidedCause] {
    isUndecided(rule) ? undecidedRules[rule]?.latest ?? [] : []
  }

  /// Follows a rule's jumps to one of the ends.
  private mutating func decides(
    _ entry: Int32, _ batch: borrowing ExchangeBatch, _ index: Int, _ step: borrowing Step,
    _ features: borrowing FeatureStage, _ subjects: Subjects
  ) -> Bool {
    var place = entry
    while place >= 0 {
      let jump = program.jumps[Int(place)]
      let holds = holds(
        program.tests[Int(jump.test)], batch, index, step, features, subjects)
      place = holds ? jump.whenTrue : jump.whenFalse
    }
    return place == Jump.accept
  }

  // MARK: - Reasons

  /// A tree's truth; adds a reason for each test that held on a true branch.
  ///
  /// What a negation asks is not evidence, so nothing below `not` gives a reason.
  private mutating func collect(
    _ tree: Tree, _ selections: [Selection], _ verdict: inout Verdict,
    _ batch: borrowing ExchangeBatch, _ index: Int, _ step: borrowing Step,
    _ features: borrowing FeatureStage, _ subjects: Subjects
  ) -> Truth {
    let before = verdict.reasonCount
    switch tree {
    case .constant(let value): return value ? .yes : .no
    case .selection(let place):
      return collect(
        selections[place].tree, selections, &verdict, batch, index, step, features, subjects)
    case .not(let child):
      let truth = collect(
        child, selections, &verdict, batch, index, step, features, subjects)
      verdict.reasonCount = before
      return truth.negated
    case .test(let place):
      let truth = truth(program.tests[place], batch, index, step, features, subjects)
      if truth == .yes { verdict.add(reason(place, batch, index, step, features, subjects)) }
      return truth
    case .all(let children):
      var found = Truth.yes
      for child in children where found != .no {
        found = found.and(
          collect(child, selections, &verdict, batch, index, step, features, subjects))
      }
      if found != .yes { verdict.reasonCount = before }
      return found
    case .any(let children):
      var found = Truth.no
      for child in children {
        found = found.or(
          collect(child, selections, &verdict, batch, index, step, features, subjects))
      }
      return found
    }
  }

  /// What a test that held says: the value it read and the threshold it passed.
  private mutating func reason(
    _ place: Int, _ batch: borrowing ExchangeBatch, _ index: Int, _ step: borrowing Step,
    _ features: borrowing FeatureStage, _ subjects: Subjects
  ) -> Reason {
    let test = program.tests[place]
    let info = program.infos[place]
    var reason = Reason(
      test.field.measure, info.comparison, value: .nan, threshold: info.threshold,
      condition: Int32(truncatingIfNeeded: place))
    switch test.match {
    case .number, .time:
      reason.value = measured(test, batch, index, step, features, subjects)
    case .otherNumber(let other, let comparison):
      reason.comparison = test.isNegated ? comparison.inverse : comparison
      reason.value = number(test.field, batch, index, step, features, subjects)
      reason.threshold = number(other, batch, index, step, features, subjects)
    case .members where test.field == .step:
      reason.value = Double(step.kind.rawValue)
      reason.comparison = test.isNegated ? .notEqual : .equal
      reason.threshold = .nan
    default:
      reason.comparison = test.isNegated ? .notEqual : .matches
      reason.threshold = .nan
      switch test.field {
      case .client: reason.source = .client
      case .peer: reason.source = .peer
      case .outcome: reason.source = .outcome
      case .number, .feature:
        reason.value = number(test.field, batch, index, step, features, subjects)
      default: reason.source = .bytes(range(of: test.field, batch, index, step))
      }
    }
    return reason
  }

  /// The value of a feature, read once per exchange.
  mutating func feature(
    _ name: FeatureName, _ features: borrowing FeatureStage, _ subjects: Subjects
  ) -> Double {
    let slot =
      Int(name.subject.rawValue) &* Feature.allCases.count &+ Int(name.feature.rawValue)
    if featureStamps[slot] == generation { return featureValues[slot] }
    let value = features.value(name, of: subjects)
    featureValues[slot] = value
    featureStamps[slot] = generation
    return value
  }

  // MARK: - Correlations

  /// Whether a rule was true of the exchange being evaluated.
  func hasMatched(_ rule: Int32) -> Bool { matchedAt[Int(rule)] == generation }

  /// What a correlation measured at the exchange being evaluated; `nil` when it was no event of it.
  ///
  /// Counts stop at ``Correlation/capacity``; NaN of an absence that cannot be told. Of several
  /// groups it belongs to, that of the first which meets the condition; else the largest.
  func lastMeasure(_ place: Int) -> Double? {
    measures[place].generation == generation ? measures[place].value : nil
  }

  private mutating func correlate(
    _ batch: borrowing ExchangeBatch, _ index: Int, _ step: borrowing Step,
    _ features: borrowing FeatureStage, _ subjects: Subjects, into verdicts: inout [Verdict]
  ) {
    for place in program.correlations.indices {
      let measured =
        program.correlations[place].isAbsence
        ? absence(place, batch, index, step)
        : measure(place, batch, index, step, features, subjects)
      guard let found = measured else { continue }
      let rule = program.correlations[place].rule
      matchedAt[Int(rule)] = generation
      guard makesVerdicts[Int(rule)] else { continue }
      var verdict = Verdict(rule: rule, subject: self.subjects[Int(rule)])
      for bound in program.correlations[place].bounds {
        verdict.add(
          Reason(
            .correlation(rule: rule), bound.comparison, value: found, threshold: bound.value))
      }
      for input in program.correlations[place].judged where hasMatched(input.rule) {
        let source = program.rules[Int(input.rule)]
        guard !source.isCorrelation else { continue }
        _ = collect(
          source.condition, source.selections, &verdict, batch, index, step, features, subjects)
      }
      verdicts.append(verdict)
    }
  }

  /// Takes the exchange into the groups it belongs to; what was measured of the first group that
  /// meets the condition, or `nil`.
  private mutating func measure(
    _ place: Int, _ batch: borrowing ExchangeBatch, _ index: Int, _ step: borrowing Step,
    _ features: borrowing FeatureStage, _ subjects: Subjects
  ) -> Double? {
    var found: Double?
    var largest = -Double.infinity
    let inputs = program.correlations[place].inputs
    // Of the rules in an order the later go first: see ``CorrelationWindows/advance``.
    let isOrdered = program.correlations[place].kind == .temporalOrdered
    for i in inputs.indices {
      let position = isOrdered ? inputs.count - 1 - i : i
      guard hasMatched(inputs[position].rule),
        let event = event(place, position, batch, index, step, features, subjects)
      else { continue }
      let value = add(event, position, to: place)
      largest = max(largest, value)
      if program.correlations[place].holds(value) { found = found ?? value }
    }
    if found != nil || largest > -.infinity { measures[place] = (generation, found ?? largest) }
    return found
  }

  /// The exchange as an event of a correlation by one of its rules; `nil` when it is none.
  private mutating func event(
    _ place: Int, _ position: Int, _ batch: borrowing ExchangeBatch, _ index: Int,
    _ step: borrowing Step, _ features: borrowing FeatureStage, _ subjects: Subjects
  ) -> WindowEvent? {
    let inputs = program.correlations[place].inputs
    guard let group = key(inputs[position].fields, of: place, batch, index, step) else {
      counters.ungrouped &+= 1
      return nil
    }
    var event = WindowEvent(group: group, at: batch.exchanges[index].at.nanoseconds)
    let kind = program.correlations[place].kind
    guard !kind.isTemporal else {
      event.value = WindowKey(high: UInt64(position), low: 0)
      return event
    }
    // One exchange is one event of a group, however many rules it matched.
    for other in inputs[..<position] where hasMatched(other.rule) {
      if key(other.fields, of: place, batch, index, step) == group { return nil }
    }
    guard kind.readsField else { return event }
    let fields = program.correlations[place].fields
    if kind == .valueCount || program.correlations[place].isShare {
      guard let value = key(fields, of: -1, batch, index, step) else {
        counters.ungrouped &+= 1
        return nil
      }
      event.value = value
    } else {
      guard let field = fields.first else { return nil }
      event.number = number(field, batch, index, step, features, subjects)
      guard event.number.isFinite else {
        counters.ungrouped &+= 1
        return nil
      }
    }
    return event
  }

  /// Adds an event to its window, and measures.
  private mutating func add(_ event: WindowEvent, _ position: Int, to place: Int) -> Double {
    let shape = program.correlations[place].shape
    if program.correlations[place].kind == .temporalOrdered {
      return Double(
        windows.advance(
          event, shape, position: position, allowsGaps: program.correlations[place].allowsGaps,
          evicted: &counters.evictedGroups))
    }
    var dropped: UInt64 = 0
    let group = windows.add(
      event, shape, evicted: &counters.evictedGroups, dropped: &dropped)
    if !program.correlations[place].kind.isCount { counters.droppedNumbers &+= dropped }
    return windows.measure(group, program.correlations[place], last: event.value, scratch: &ranks)
  }

  /// 128 seeded bits of the fields' values; `nil` when one is absent.
  mutating func key(
    _ fields: [Field], of place: Int, _ batch: borrowing ExchangeBatch, _ index: Int,
    _ step: borrowing Step
  ) -> WindowKey? {
    let salt = UInt64(truncatingIfNeeded: place &+ 1)
    var key = WindowKey(
      high: Hash64.of(salt, 1, seed: seed), low: Hash64.of(salt, 2, seed: ~seed))
    for field in fields {
      guard let part = fingerprint(of: field, batch, index, step) else { return nil }
      key = WindowKey(
        high: Hash64.of(key.high, part.high, seed: seed),
        low: Hash64.of(key.low, part.low, seed: ~seed))
    }
    return key
  }
}
