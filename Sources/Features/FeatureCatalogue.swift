// CrenelFeatures: steps in, features out: fixed-size state per client and session, folded one
// exchange at a time, read by name. It knows nothing of rules and never asks what is "bad".

/// The independent kinds of evidence; an alert at medium or above needs two (DESIGN 1).
public enum FeatureFamily: UInt8, CaseIterable, Sendable, BitwiseCopyable {
  /// When requests come.
  case timing
  /// In which order steps come.
  case sequence
  /// What the client's software shows of itself.
  case transport
  /// How sessions and addresses belong together.
  case graph
  /// What became of slots and identities.
  case outcome

  /// The name in rules and alerts.
  public var name: String { "\(self)" }
}

/// What a feature means, as data: the source of `crenel features --list` and of the docs.
public struct FeatureDescriptor: Sendable, Hashable {
  /// Which feature.
  public var feature: Feature
  /// The name without its subject, such as `form_ms.max`.
  public var name: String
  /// Whose behaviour it can be read of.
  public var subjects: [SubjectKind]
  /// The unit: `count`, `ms`, `ratio`, `hours`, `bool` or `log10`.
  public var unit: String
  /// The kind of evidence it is.
  public var family: FeatureFamily
  /// Whether it counts as evidence of its family.
  ///
  /// What people show as well (images from a cache, an address shared, the server's own errors)
  /// or what only says how much was seen does not: it may narrow a rule, and accuses nobody.
  public var isEvidence: Bool
  /// Smallest and largest value.
  public var range: ClosedRange<Double>
  /// Exact meaning: what is counted, over what, and when it is absent.
  public var meaning: String
}

/// All features, by name.
public enum FeatureCatalogue {
  /// Every feature once, in the order of ``Feature``.
  public static let all: [FeatureDescriptor] =
    timing + sequence + transport + graph + outcome

  /// The descriptor of a feature.
  public static func descriptor(of feature: Feature) -> FeatureDescriptor {
    all[Int(feature.rawValue)]
  }

  /// The feature a rule names, such as `session.form_ms.max`; `nil` when there is none.
  ///
  /// A feature that is not told of that subject (see ``FeatureDescriptor/subjects``) is none.
  public static func feature(named name: String) -> FeatureName? {
    for subject in SubjectKind.allCases {
      let prefix = subject.name + "."
      guard name.hasPrefix(prefix) else { continue }
      let rest = name.dropFirst(prefix.count)
      guard let found = all.first(where: { $0.name == rest }), found.subjects.contains(subject)
      else { return nil }
      return FeatureName(subject, found.feature)
    }
    return nil
  }

  /// The full name, such as `session.form_ms.max`.
  public static func name(of name: FeatureName) -> String {
    name.subject.name + "." + descriptor(of: name.feature).name
  }
}

/// A row of the catalogue, before its family is known.
struct CatalogueRow {
  /// Which values a unit can have.
  enum Unit: String {
    case count, ms, ratio, hours, bool, log10

    var range: ClosedRange<Double> {
      switch self {
      case .count: 0...4_294_967_295
      case .ms: 0...9_223_372_036_855
      case .ratio, .bool: 0...1
      case .hours: 0...24
      case .log10: 0...16
      }
    }
  }

  var feature: Feature
  var name: String
  var unit: Unit
  var subjects: [SubjectKind] = [.client, .session]
  var largest: Double?
  var isEvidence = true
  var meaning: String

  init(
    _ feature: Feature, _ name: String, _ unit: Unit,
    of subjects: [SubjectKind] = [.client, .session],
    upTo largest: Double? = nil, isEvidence: Bool = true, _ meaning: String
  ) {
    self.feature = feature
    self.name = name
    self.unit = unit
    self.subjects = subjects
    self.largest = largest
    self.isEvidence = isEvidence
    self.meaning = meaning
  }

  func descriptor(in family: FeatureFamily) -> FeatureDescriptor {
    FeatureDescriptor(
      feature: feature, name: name, subjects: subjects, unit: unit.rawValue, family: family,
      isEvidence: isEvidence, range: unit.range.lowerBound...(largest ?? unit.range.upperBound),
      meaning: meaning)
  }
}
