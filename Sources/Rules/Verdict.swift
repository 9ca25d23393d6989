// CrenelRules: features and fields in, verdicts out. Sigma documents are checked, compiled to a
// closed form once, and evaluated per exchange without allocation. It never decides what a person
// is told: families, hypotheses and levels are CrenelAlerts' business.

public import CrenelFeatures
public import CrenelModel

/// How bad a rule's author thinks a match is (Sigma `level`).
public enum RuleLevel: UInt8, CaseIterable, Sendable, Comparable, BitwiseCopyable {
  case informational, low, medium, high, critical

  /// The name in rules and alerts.
  public var name: String { "\(self)" }

  /// Orders from informational to critical.
  public static func < (left: RuleLevel, right: RuleLevel) -> Bool {
    left.rawValue < right.rawValue
  }
}

/// What was measured, in a reason.
public enum Measure: Sendable, Hashable, BitwiseCopyable {
  /// A feature of the catalogue.
  case feature(FeatureName)
  /// A correlation's count: the index of its rule in the ``RuleSet``.
  case correlation(rule: Int32)
  /// The HTTP status.
  case status
  /// The booking step, as ``StepKind`` raw value; shown by name.
  case step
  /// Another field matched: the index of ``TextField``, and past those of a slot of ``FieldNames``
  /// and of further fields; ``fieldName(_:)`` tells them apart.
  ///
  /// `value` and `threshold` are NaN unless numbers were compared.
  case text(UInt8)
}

/// How a value was compared with a threshold.
public enum Comparison: UInt8, Sendable, BitwiseCopyable {
  case less, lessOrEqual, greater, greaterOrEqual, equal, notEqual, matches

  /// Whether a value larger than `value` may give another answer.
  func mayTurn(above value: Double, _ threshold: Double) -> Bool {
    switch self {
    case .less, .greaterOrEqual: value < threshold
    case .lessOrEqual, .greater, .equal, .notEqual: value <= threshold
    case .matches: false
    }
  }

  /// As Sigma's correlations write it.
  var word: String {
    switch self {
    case .less: "lt"
    case .lessOrEqual: "lte"
    case .greater: "gt"
    case .greaterOrEqual: "gte"
    case .equal: "eq"
    case .notEqual: "neq"
    case .matches: "matches"
    }
  }
}

/// Where a reason's value stands when it is no number.
public enum ReasonSource: Sendable, Hashable, BitwiseCopyable {
  /// It is a number, or nothing.
  case value
  /// Bytes of the batch.
  case bytes(ByteRange)
  /// The exchange's client, or its peer.
  case client, peer
  /// The step's outcome.
  case outcome
}

/// One condition that held: what was measured, its value, and the threshold it passed.
public struct Reason: Sendable, Hashable, BitwiseCopyable {
  /// What was measured.
  public var measure: Measure
  /// How it was compared.
  public var comparison: Comparison
  /// The value, in the measure's unit; NaN for texts.
  public var value: Double
  /// What it was compared with, in the same unit; NaN for texts.
  public var threshold: Double
  /// The condition, a key of ``RuleMetadata/conditions``; -1 for a correlation's count.
  public var condition: Int32
  /// Where the value stands, for texts.
  public var source: ReasonSource

  /// Creates a reason.
  public init(
    _ measure: Measure, _ comparison: Comparison, value: Double, threshold: Double,
    condition: Int32 = -1, source: ReasonSource = .value
  ) {
    self.measure = measure
    self.comparison = comparison
    self.value = value
    self.threshold = threshold
    self.condition = condition
    self.source = source
  }
}

/// A rule true of a subject at an event time.
public struct Verdict: Sendable, BitwiseCopyable {
  /// Reasons kept of one verdict; further ones are dropped.
  public static let reasonCapacity = 8

  /// Index of the rule in the ``RuleSet``.
  public var rule: Int32
  /// Whose behaviour it is about.
  public var subject: SubjectKind
  /// Whether it holds only for some of the times that the log's stamps permit: a person's too.
  public var isWithinClock = false
  /// How many of `reasons` are set.
  public var reasonCount: UInt8
  /// The conditions that held, in the order of the rule.
  public var reasons: InlineArray<8, Reason>

  /// Creates a verdict without reasons.
  public init(rule: Int32, subject: SubjectKind) {
    self.rule = rule
    self.subject = subject
    reasonCount = 0
    reasons = .init(
      repeating: Reason(.status, .equal, value: .nan, threshold: .nan))
  }

  /// Adds a reason while there is room.
  public mutating func add(_ reason: Reason) {
    guard Int(reasonCount) < Self.reasonCapacity else { return }
    reasons[Int(reasonCount)] = reason
    reasonCount += 1
  }
}
