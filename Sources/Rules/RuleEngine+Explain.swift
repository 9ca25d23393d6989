public import CrenelBooking
public import CrenelFeatures
public import CrenelModel

/// One condition of a rule at one exchange: what was asked, what was there, and whether it held.
public struct ConditionTrace: Sendable, Hashable {
  /// The search identifier it stands in; `correlation` for the count of a correlation.
  public var selection: String
  /// The field as written in the rule.
  public var field: String
  /// The comparison as written: `gte`, `contains|all`, `=`.
  public var relation: String
  /// The value compared with, as text.
  public var wanted: String
  /// The number that was there; NaN for texts and for what is absent.
  public var value: Double
  /// What was measured.
  public var measure: Measure
  /// Whether it held.
  public var holds: Bool
  /// Whether that could not be found out: its regular expression gave up.
  public var isUndecided = false
}

/// A correlation's condition at one exchange, for those who put it into words.
public struct CorrelationTrace: Sendable, Hashable {
  /// What it measures.
  public var kind: CorrelationKind
  /// The names of the rules it refers to.
  public var rules: [String]
  /// Length of its window in seconds.
  public var seconds: Int64
  /// Of an absence: the rules before whose matches none of `rules` must have matched.
  public var before: [String] = []
}

/// A filter of a rule at one exchange.
public struct FilterTrace: Sendable, Hashable {
  /// Index in ``RuleSet/filters``.
  public var filter: Int
  /// What it is called.
  public var name: String
  /// Its condition, such as `not monitor`.
  public var condition: String
  /// Whether it let the exchange pass.
  public var holds: Bool
  /// Whether that could not be found out.
  public var isUndecided = false
  /// Whether the rule would have been true without its filters, and this one is why it was not.
  public var suppresses = false
}

/// A search identifier of a rule at one exchange.
public struct SelectionTrace: Sendable, Hashable {
  /// The search identifier.
  public var name: String
  /// Whether it was true.
  public var holds: Bool
  /// Whether that could not be found out: it hangs on a regular expression that gave up.
  public var isUndecided = false
}

/// A rule at one exchange.
public struct RuleTrace: Sendable, Hashable {
  /// Index of the rule in the set.
  public var rule: Int32
  /// Whether the rule was true.
  public var fired: Bool
  /// Whether it could not be decided; it did not fire then.
  public var isUndecided = false
  /// The expressions that gave up, when it could not.
  public var causes: [UndecidedCause] = []
  /// How the search identifiers are joined, such as `flow and not regular`; without its filters.
  public var condition: String
  /// The filters that apply to it, in the order of their documents.
  public var filters: [FilterTrace] = []
  /// What is counted; `nil` for rules that are no correlation.
  public var correlation: CorrelationTrace?
  /// The search identifiers, in the order of the rule.
  public var selections: [SelectionTrace] = []
  /// Its conditions, in the order of the rule.
  public var conditions: [ConditionTrace] = []
}

extension RuleEngine {
  /// Every rule with each of its conditions, at the exchange evaluated last.
  ///
  /// For people who ask why; it allocates, and evaluates what ``evaluate`` had no need to. The
  /// count of a correlation is NaN when the exchange was none of its events.
  public mutating func explain(
    _ batch: borrowing ExchangeBatch, _ index: Int, _ step: Step,
    _ features: borrowing FeatureStage, _ subjects: Subjects
  ) -> [RuleTrace] {
    var traces: [RuleTrace] = []
    for rule in program.rules.indices where !program.rules[rule].isCorrelation {
      let compiled = program.rules[rule]
      var trace = RuleTrace(
        rule: Int32(truncatingIfNeeded: rule), fired: hasMatched(Int32(truncatingIfNeeded: rule)),
        isUndecided: isUndecided(Int32(truncatingIfNeeded: rule)),
        causes: undecidedCauses(Int32(truncatingIfNeeded: rule)),
        condition: compiled.own.text(compiled.selections))
      trace.filters = filterTraces(compiled, batch, index, step, features, subjects)
      for selection in compiled.selections {
        for place in Self.tests(in: selection.tree) {
          let test = program.tests[place]
          let info = program.infos[place]
          let truth = truth(test, batch, index, step, features, subjects)
          trace.conditions.append(
            ConditionTrace(
              selection: selection.name, field: info.field, relation: info.relation,
              wanted: info.value,
              value: number(test.field, batch, index, step, features, subjects),
              measure: test.field.measure, holds: truth == .yes, isUndecided: truth == .unknown))
        }
        let truth = truth(
          selection.tree, compiled.selections, batch, index, step, features, subjects)
        trace.selections.append(
          SelectionTrace(
            name: selection.name, holds: truth == .yes, isUndecided: truth == .unknown))
      }
      traces.append(trace)
    }
    for place in program.correlations.indices { traces.append(correlationTrace(place)) }
    return traces
  }

  private func correlationTrace(_ place: Int) -> RuleTrace {
    let correlation = program.correlations[place]
    let names = correlation.inputs.map { set.metadata[Int($0.rule)].label }
    let before = correlation.triggers.map { set.metadata[Int($0.rule)].label }
    let kind = correlation.kind.rawValue
    let seconds = correlation.timespan / Nanoseconds.second
    let found = lastMeasure(place)
    let list = names.joined(separator: ", ")
    var trace = RuleTrace(
      rule: correlation.rule, fired: hasMatched(correlation.rule),
      isUndecided: isUndecided(correlation.rule), causes: undecidedCauses(correlation.rule),
      condition: correlation.isAbsence
        ? "no \(list) in the \(seconds) s before \(before.joined(separator: ", "))"
        : "\(kind) of \(list) within \(seconds) s",
      correlation: CorrelationTrace(
        kind: correlation.kind, rules: names, seconds: seconds, before: before))
    for bound in correlation.bounds {
      trace.conditions.append(
        ConditionTrace(
          selection: "correlation", field: kind, relation: bound.comparison.word,
          wanted: Self.text(of: bound.value), value: found ?? .nan,
          measure: .correlation(rule: correlation.rule),
          holds: found.map(bound.holds) ?? false, isUndecided: found?.isNaN ?? false))
    }
    return trace
  }

  private mutating func filterTraces(
    _ rule: CompiledRule, _ batch: borrowing ExchangeBatch, _ index: Int, _ step: borrowing Step,
    _ features: borrowing FeatureStage, _ subjects: Subjects
  ) -> [FilterTrace] {
    guard !rule.filters.isEmpty else { return [] }
    let own = truth(rule.own, rule.selections, batch, index, step, features, subjects)
    var traces: [FilterTrace] = []
    for applied in rule.filters {
      let truth = truth(
        applied.condition, rule.selections, batch, index, step, features, subjects)
      let filter = set.filters[applied.filter]
      traces.append(
        FilterTrace(
          filter: applied.filter, name: filter.name, condition: filter.condition,
          holds: truth == .yes, isUndecided: truth == .unknown,
          suppresses: own == .yes && truth == .no))
    }
    return traces
  }

  /// A number as rules write it: without a point when it is whole.
  private static func text(of value: Double) -> String {
    value == value.rounded() && abs(value) < 1e15 ? "\(Int64(value))" : "\(value)"
  }

  /// The tests of a tree, in the order of the rule.
  private static func tests(in tree: Tree) -> [Int] {
    switch tree {
    case .test(let place): [place]
    case .all(let children), .any(let children): children.flatMap { tests(in: $0) }
    case .not(let child): tests(in: child)
    case .constant, .selection: []
    }
  }
}
