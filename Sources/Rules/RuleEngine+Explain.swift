public import CrenelBooking
public import CrenelFeatures
public import CrenelModel

/// One condition of a rule at one exchange: what was asked, what was there, and whether it held.
public struct ConditionTrace: Sendable, Hashable {
  /// The search identifier it stands in.
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
}

/// A rule at one exchange.
public struct RuleTrace: Sendable, Hashable {
  /// Index of the rule in the set.
  public var rule: Int32
  /// Whether the rule was true.
  public var fired: Bool
  /// Its conditions, in the order of the rule.
  public var conditions: [ConditionTrace]
}

extension RuleEngine {
  /// Every detection with each of its conditions, at the exchange evaluated last.
  ///
  /// For people who ask why; it allocates, and evaluates what ``evaluate`` had no need to.
  /// Correlations are left out: their inputs are here.
  public mutating func explain(
    _ batch: borrowing ExchangeBatch, _ index: Int, _ step: Step,
    _ features: borrowing FeatureStage, _ subjects: Subjects
  ) -> [RuleTrace] {
    var traces: [RuleTrace] = []
    for rule in program.rules.indices where !program.rules[rule].isCorrelation {
      var trace = RuleTrace(
        rule: Int32(truncatingIfNeeded: rule), fired: hasMatched(Int32(truncatingIfNeeded: rule)),
        conditions: [])
      for place in program.rules[rule].selections.flatMap({ Self.tests(in: $0.tree) }) {
        let test = program.tests[place]
        let info = program.infos[place]
        trace.conditions.append(
          ConditionTrace(
            selection: info.selection, field: info.field, relation: info.relation,
            wanted: info.value,
            value: number(test.field, batch, index, step, features, subjects),
            measure: test.field.measure,
            holds: holds(test, batch, index, step, features, subjects)))
      }
      traces.append(trace)
    }
    return traces
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
