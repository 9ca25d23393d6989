public import CrenelFeatures
public import CrenelModel

/// What a rule says of the behaviour it finds (DESIGN 8).
public enum VerdictKind: String, CaseIterable, Sendable {
  case watcher, sniper, farm, hoarder, reseller, enumerator, hammer, replayer
  case apiClient = "api-client"
  case declared
}

/// A threshold with a name and a unit, which a site may override.
public struct Knob: Sendable, Hashable {
  /// The name, as rules write it: `%name%`.
  public var name: String
  /// The value in force.
  public var value: Double
  /// The unit: `count`, `ms`, `s`, `ratio`, `hours`, `bool`, `log10` or `bytes`.
  public var unit: String
  /// What it does, for people.
  public var meaning: String

  /// Creates a knob.
  public init(name: String, value: Double, unit: String, meaning: String) {
    self.name = name
    self.value = value
    self.unit = unit
    self.meaning = meaning
  }
}

/// What a rule says about itself.
public struct RuleMetadata: Sendable, Hashable {
  /// Sigma `id`; the name when it has none.
  public var id: String
  /// Sigma `name`, for correlations to refer to.
  public var name: String?
  /// Sigma `title`.
  public var title: String
  /// `crenel.title_fr`: the title in French; that of Sigma when absent.
  public var titleFR: String
  /// Sigma `description`.
  public var description: String
  /// `crenel.version`, "1" when absent.
  public var version: String
  /// Sigma `level`; medium when absent.
  public var level: RuleLevel
  /// Sigma `status`.
  public var status: String
  /// The folder the rule's file stands in: `booking`; `rules` for a bare file name.
  public var ruleset: String
  /// Sigma `tags`.
  public var tags: [String]
  /// Sigma `falsepositives`.
  public var falsePositives: [String]
  /// `crenel.verdict`.
  public var verdict: VerdictKind?
  /// `crenel.family`: the kind of evidence its author calls it, which its conditions must give.
  public var family: FeatureFamily?
  /// `crenel.confidence`, 0 to 1; 0.5 when absent.
  public var confidence: Double
  /// `crenel.finding`: the sentence of the finding.
  public var finding: LocalizedText
  /// `crenel.benign`: innocent explanations to test beside those tested for every rule.
  public var benign: [Hypothesis]
  /// `crenel.subject`, or what the fields imply.
  public var subject: SubjectKind
  /// `crenel.knobs` with the values in force.
  public var knobs: [Knob]
  /// `crenel.close_after` in nanoseconds: an alert closes when nothing came for this long.
  public var closeAfter: Int64
  /// Its conditions, and those of the rules that a correlation refers to, by ``Reason/condition``.
  public var conditions: [Int32: ConditionText] = [:]
  /// The filters that apply to it, as indices of ``RuleSet/filters``.
  public var filters: [Int] = []
  /// Whether it is a correlation that counts more events in its window than a person makes.
  ///
  /// Only then is the count evidence of timing: see ``Correlation/isRapid``.
  public var countsRapidly = false
  /// Whether matches make alerts; a rule only referred to by correlations makes none.
  public var alerts: Bool
  /// Where it is written.
  public var position: SourcePosition

  /// What people call it: its name, or its id when it has none.
  public var label: String { name ?? id }

  /// The title in English and French.
  public var titles: LocalizedText { LocalizedText(en: title, fr: titleFR) }
}

/// A Sigma filter: a condition that is joined by `and` to those of the rules it names.
public struct RuleFilter: Sendable, Hashable {
  /// Sigma `id`; the name when it has none, else the title.
  public var id: String
  /// What it is called: Sigma `name`, else the title.
  public var name: String
  /// Sigma `title`.
  public var title: String
  /// Its condition, such as `not monitor`.
  public var condition: String
  /// `crenel.knobs` with the values in force.
  public var knobs: [Knob]
  /// Where it is written.
  public var position: SourcePosition
}

/// What a condition of a rule says, as it is written.
public struct ConditionText: Sendable, Hashable {
  /// The field's name.
  public var field: String
  /// The comparison: `gte`, `contains|all`, `=`.
  public var relation: String
  /// The value compared with, as text.
  public var wanted: String
}
