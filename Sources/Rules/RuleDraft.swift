import CrenelFeatures
import CrenelModel
import CrenelYAML

/// A document that was read, before references between rules are resolved.
struct RuleDraft {
  var metadata: RuleMetadata
  var selections: [Selection] = []
  var condition: Tree = .constant(false)
  var correlation: CorrelationDraft?
  /// Subjects of the features its conditions read.
  var subjects: Set<UInt8> = []
  /// Families of the evidence its conditions read.
  var families: Set<FeatureFamily> = []
  /// The log source it is for.
  var source = LogSource()
  /// Whether its log source is none that Crenel reads; nothing but its name is kept.
  var isSkipped = false
  /// Whether the file says what its subject is.
  var hasSubject = false
}

/// A log source as written.
struct LogSource: Hashable {
  var category: String?
  var product: String?
  var service: String?

  /// Whether it is ours.
  var isCrenel: Bool { product == "crenel" }

  /// Whether what it says is all true of another one.
  func contains(_ other: LogSource) -> Bool {
    (category == nil || category == other.category)
      && (product == nil || product == other.product)
      && (service == nil || service == other.service)
  }
}

/// A Sigma filter, before it is put to the rules it names.
struct FilterDraft {
  /// What it says of itself, and its selections and condition.
  var draft: RuleDraft
  /// The rules it names; `nil` for any that fits its log source.
  var rules: [CorrelationDraft.Reference]?
}

/// The correlation section as written, with fields resolved.
struct CorrelationDraft {
  /// A reference to a rule, with its place.
  struct Reference {
    var name: String
    var position: SourcePosition
  }

  /// A group-by entry: a field, or an alias with a field for each rule it names (`rules` are the
  /// names as written, those with a wrong field too).
  enum Group {
    case field(Field)
    case alias([String: Field], rules: Set<String>)
  }

  var kind: CorrelationKind
  var rules: [Reference]
  var groups: [Group]
  var fields: [Field]
  var timespan: Int64
  var bounds: [Correlation.Bound]
  /// Of a percentile: which.
  var percentile: Double?
  var position: SourcePosition
  var generates: Bool
  /// Where the names of alias maps stand, to check them once rules are known.
  var aliasRules: [Reference]
  /// `crenel.absent_before`: the rules before whose matches none of `rules` must have matched.
  var triggers: [Reference] = []

  /// All rules it refers to.
  var references: [Reference] { rules + triggers }
}

/// The words of the specification for whole documents.
enum RuleKeys {
  static let common = [
    "title", "id", "name", "taxonomy", "status", "description", "license", "author", "references",
    "date", "modified", "falsepositives", "level", "tags", "related", "scope", "fields", "crenel",
  ]
  static let statuses = ["stable", "test", "experimental", "deprecated", "unsupported"]
  static let crenel = [
    "version", "verdict", "confidence", "subject", "family", "finding", "benign", "knobs",
    "close_after", "title_fr", "absent_before",
  ]
  static let units = ["count", "ms", "s", "ratio", "hours", "bool", "log10", "bytes"]
}
