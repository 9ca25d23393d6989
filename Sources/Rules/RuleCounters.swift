public import CrenelModel

/// What the engine met that people should know of.
public struct RuleCounters: Sendable, Hashable {
  /// Exchanges whose step, or for which at least one rule, could not be decided; see
  /// ``UndecidedRule``.
  public var undecided: UInt64 = 0
  /// Groups of correlations dropped to make room while their window was not over.
  public var evictedGroups: UInt64 = 0
  /// Events that a correlation did not count, for want of a field it groups by or counts.
  public var ungrouped: UInt64 = 0
  /// Numbers that sums, means and percentiles lack, because a group had too many in its window.
  public var droppedNumbers: UInt64 = 0

  /// Matches before which it could not be told whether something was absent: the input did not
  /// cover the window, or times overlap.
  public var openAbsences: UInt64 = 0

  /// Creates counters at zero.
  public init() {}
}

/// A rule whose answer hung on a regular expression, its own or one of the profile, that gave up
/// at its step limit.
///
/// Such a rule does not fire for the exchange, whatever stands above the expression: below `not`
/// it would accuse somebody for what was not looked at. A correlation that counts the rule is
/// undecided with it.
public struct UndecidedRule: Sendable, Hashable {
  /// Index of the rule in the ``RuleSet``.
  public var rule: Int32
  /// For how many exchanges.
  public var requests: UInt64 = 0
  /// The first of them.
  public var first: Provenance
  /// The expressions that gave up, each once.
  public var causes: [UndecidedCause] = []
  /// Those of the latest of them.
  var latest: [UndecidedCause] = []

  /// Starts with nothing counted.
  init(rule: Int32, first: Provenance) {
    self.rule = rule
    self.first = first
  }

  /// Counts an exchange.
  mutating func note(_ causes: [UndecidedCause]) {
    requests &+= 1
    latest = causes
    for cause in causes where !self.causes.contains(cause) { self.causes.append(cause) }
  }
}

/// Whose regular expression left a rule undecided.
public enum UndecidedCause: Sendable, Hashable, BitwiseCopyable {
  /// The rule's, or that of a rule it counts.
  case rule
  /// That of a step rule of the site's profile, by its number.
  case step(Int16)
}
