import CrenelFeatures
import CrenelModel
public import CrenelRules

/// Language of texts for people.
public enum Language: String, CaseIterable, Sendable {
  case en, fr
}

/// Findings and reasons in words.
public enum Phrases {
  /// The rule's finding, its `{feature}` and `{threshold}` places filled from the reasons.
  static func finding(_ rule: RuleMetadata, _ reasons: [Reason], _ language: Language) -> String {
    var text = language == .fr ? rule.finding.fr : rule.finding.en
    if text.isEmpty { text = rule.title }
    var threshold: String?
    for reason in reasons {
      guard case .feature(let name) = reason.measure else { continue }
      let place = "{" + FeatureCatalogue.name(of: name) + "}"
      let unit = FeatureCatalogue.descriptor(of: name.feature).unit
      guard text.contains(place) else { continue }
      text = replaced(place, in: text, by: amount(reason.value, unit, language))
      if threshold == nil { threshold = amount(reason.threshold, unit, language) }
    }
    return replaced("{threshold}", in: text, by: threshold ?? "—")
  }

  /// A number with its unit: `112 ms`, `1.5 s`, `0.97`; in French with a comma and hard spaces.
  public static func amount(_ value: Double, _ unit: String, _ language: Language) -> String {
    guard value.isFinite else { return "—" }
    let space = language == .fr ? "\u{a0}" : " "
    var number = value
    var suffix = ""
    switch unit {
    case "ms" where abs(value) >= 1_000:
      number = value / 1_000
      suffix = space + "s"
    case "ms", "hours": suffix = space + (unit == "ms" ? "ms" : "h")
    default: break
    }
    let hundredths = (number * 100).rounded() / 100
    let digits = JSONWriter.text(of: hundredths)
    return (language == .fr ? replaced(".", in: digits, by: ",") : digits) + suffix
  }

  /// A reason as `session.form_ms.max 112 ms ≤ 1.5 s`.
  static func reason(_ reason: Reason, _ rules: [RuleMetadata], _ language: Language) -> String {
    let sign =
      switch reason.comparison {
      case .less: "<"
      case .lessOrEqual: "≤"
      case .greater: ">"
      case .greaterOrEqual: "≥"
      case .equal: "="
      case .notEqual: "≠"
      case .matches: language == .fr ? "correspond" : "matches"
      }
    let (name, unit) = measure(reason.measure, rules)
    guard reason.comparison != .matches else { return "\(name) \(sign)" }
    return "\(name) \(amount(reason.value, unit, language)) \(sign) "
      + amount(reason.threshold, unit, language)
  }

  /// The name and unit of what was measured.
  public static func measure(_ measure: Measure, _ rules: [RuleMetadata]) -> (
    name: String, unit: String
  ) {
    switch measure {
    case .feature(let name):
      (FeatureCatalogue.name(of: name), FeatureCatalogue.descriptor(of: name.feature).unit)
    case .correlation(let rule):
      ("count(" + (rules[Int(rule)].name ?? rules[Int(rule)].id) + ")", "count")
    case .status: ("http.response.status_code", "code")
    case .step: ("booking.step", "code")
    case .text(let field): (TextField(rawValue: Int(field))?.name ?? "text", "text")
    }
  }

  /// `text` with every `place` replaced.
  static func replaced(_ place: String, in text: String, by value: String) -> String {
    text.split(separator: place, omittingEmptySubsequences: false).joined(separator: value)
  }
}
