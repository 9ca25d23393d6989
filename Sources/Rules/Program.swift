import CrenelFeatures
import CrenelModel
import CrenelPattern

/// A part of a date that time modifiers take out.
enum TimePart: UInt8, BitwiseCopyable { case minute, hour, day, week, month, year }

/// How one condition decides.
enum Match: BitwiseCopyable {
  case present
  case absent
  /// A number against a threshold.
  case number(Comparison, Double)
  /// A list of ``TextPool/tests``.
  case text(Int32)
  /// Any of a run of networks.
  case networks(Slice)
  /// Any of a run of regular expressions.
  case regexes(Slice)
  /// A step or outcome in a set, by raw value.
  case members(UInt32)
  case time(TimePart, Comparison, Double)
  case otherNumber(Field, Comparison)
  case otherText(Field, TextPool.Relation, isCased: Bool)
}

/// One condition: a field and what must be true of it.
///
/// Never true of a field that is absent, negated or not, but for ``Match/absent``.
struct Test: BitwiseCopyable {
  var field: Field
  var match: Match
  /// `neq`: the field is there and does not match.
  var isNegated = false
}

/// What a condition is for people, and its share of a reason.
struct TestInfo: Sendable {
  /// The search identifier it stands in.
  var selection: String
  /// The field as written in the rule.
  var field: String
  /// The comparison as written: `gte`, `contains|all`, `=`.
  var relation: String
  /// The value compared with, as text.
  var value: String
  var position: SourcePosition
  var comparison: Comparison
  var threshold: Double
}

/// A condition's truth as a tree, in the order of the rule.
indirect enum Tree: Sendable {
  case test(Int)
  case all([Tree])
  case any([Tree])
  case not(Tree)
  case constant(Bool)
  /// A search identifier of the same rule.
  case selection(Int)
}

/// A test with where to go next: an index, or one of the two ends.
struct Jump: BitwiseCopyable {
  static let accept: Int32 = -1
  static let reject: Int32 = -2

  var test: Int32
  var whenTrue: Int32
  var whenFalse: Int32
}

/// A named part of a rule's detection.
struct Selection: Sendable {
  var name: String
  var tree: Tree
  var position: SourcePosition
}

/// A rule as evaluated.
struct CompiledRule: Sendable {
  /// Where its decision starts in ``Program/jumps``; an end for rules that are always one.
  var entry: Int32 = Jump.reject
  /// The steps it can be true of, as bits of ``StepKind`` raw values.
  var steps: UInt32 = 0
  /// Its search identifiers, then those of its filters.
  var selections: [Selection] = []
  /// The rule's own condition, and those of its filters.
  var condition: Tree = .constant(false)
  var filters: [AppliedFilter] = []
  var isCorrelation = false
  /// The same decision with durations at their shortest; `nil` for rules without "faster than".
  var loose: LooseRule?
}

/// A filter as it stands in a rule's condition.
struct AppliedFilter: Sendable {
  /// Index in ``RuleSet/filters``.
  var filter: Int
  /// Its condition, with search identifiers numbered as in the rule.
  var condition: Tree
  /// Where its search identifiers stand among the rule's.
  var selections: Range<Int>
}

extension CompiledRule {
  /// The condition without those of filters.
  var own: Tree {
    guard !filters.isEmpty, case .all(let parts) = condition else { return condition }
    return parts[0]
  }
}

/// A rule with each "faster than" read at the shortest time that the log permits.
struct LooseRule: Sendable {
  /// Where its decision starts in ``Program/jumps``.
  var entry: Int32
  var selections: [Selection]
  var condition: Tree
}

/// All rules in closed, flat form.
struct Program: Sendable {
  var tests: [Test] = []
  var infos: [TestInfo] = []
  var texts = TextPool()
  var networks: [Network] = []
  var regexes: [(pattern: String, options: UInt8)] = []
  var jumps: [Jump] = []
  var rules: [CompiledRule] = []
  var correlations: [Correlation] = []
  var scans: [Scan] = []
  /// Rules to evaluate at each step: a run of `stepRules` per ``StepKind``, and one for exchanges
  /// whose step is not known.
  var stepSlices: [Slice] = []
  var stepRules: [Int32] = []
}
