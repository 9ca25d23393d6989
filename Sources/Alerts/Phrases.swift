import CrenelFeatures
public import CrenelModel
public import CrenelRules

/// Language of texts for people.
public enum Language: String, CaseIterable, Sendable {
  case en, fr
}

extension LocalizedText {
  /// The text in one language.
  public subscript(language: Language) -> String { language == .fr ? fr : en }
}

/// Findings and reasons in words.
public enum Phrases {
  /// The rule's finding, its `{feature}` and `{threshold}` places filled from the reasons.
  ///
  /// A place whose condition did not hold, one of several alternatives, is filled with a dash.
  static func finding(_ record: AlertRecord, _ rule: RuleMetadata, _ language: Language) -> String {
    guard !record.isWithinClock else { return withinClock(rule, language) }
    let title = language == .fr ? rule.titles.fr : rule.titles.en
    let finding = language == .fr ? rule.finding.fr : rule.finding.en
    var values: [String: String] = [:]
    var threshold: String?
    for reason in record.reasons {
      guard case .feature = reason.measure, finding.contains("{\(reason.name)}") else { continue }
      if values[reason.name] == nil {
        values[reason.name] = amount(reason.value, reason.unit, language)
      }
      if threshold == nil { threshold = amount(reason.threshold, reason.unit, language) }
    }
    values["threshold"] = threshold
    return filled(finding.isEmpty ? title : finding, values)
  }

  /// What is said where the rule is true for some of the times that the stamps permit.
  private static func withinClock(_ rule: RuleMetadata, _ language: Language) -> String {
    language == .fr
      ? "Compatible avec une personne\u{a0}: «\u{a0}\(rule.titles.fr)\u{a0}» n’est vrai que pour "
        + "une partie des heures que permettent les horodatages du journal."
      : "Compatible with a person: \"\(rule.titles.en)\" is true for only some of the times that "
        + "the log's stamps permit."
  }

  /// `text` with each `{name}` replaced.
  private static func filled(_ text: String, _ values: [String: String]) -> String {
    var parts = text.split(separator: "{", omittingEmptySubsequences: false)
    var filled = String(parts.removeFirst())
    for part in parts {
      let name = String(part.prefix { $0 != "}" })
      filled += (values[name] ?? "—") + part.dropFirst(name.count + 1)
    }
    return filled
  }

  /// A value of a reason with its unit.
  static func amount(_ value: ReasonValue, _ unit: String, _ language: Language) -> String {
    switch value {
    case .number(let number): amount(number, unit, language)
    case .text(let text): text
    }
  }

  /// The level in a language.
  public static func level(_ level: RuleLevel, _ language: Language) -> String {
    switch (level, language) {
    case (_, .en): level.name
    case (.informational, .fr): "information"
    case (.low, .fr): "faible"
    case (.medium, .fr): "moyen"
    case (.high, .fr): "élevé"
    case (.critical, .fr): "critique"
    }
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

  /// A reason as `session.form_ms.max 112 ms < 1.5 s`, or `c-ip 192.0.2.7 matches cidr: …`.
  static func reason(_ reason: ReportedReason, _ language: Language) -> String {
    let sign =
      switch reason.comparison {
      case .less: "<"
      case .lessOrEqual: "≤"
      case .greater: ">"
      case .greaterOrEqual: "≥"
      case .equal: "="
      case .notEqual: "≠"
      case .matches: language == .fr ? "correspond à" : "matches"
      }
    return "\(reason.name) \(amount(reason.value, reason.unit, language)) \(sign) "
      + amount(reason.threshold, reason.unit, language)
  }

  /// The name and unit of what was measured.
  public static func measure(_ measure: Measure, _ rules: [RuleMetadata]) -> (
    name: String, unit: String
  ) {
    switch measure {
    case .feature(let name):
      (FeatureCatalogue.name(of: name), FeatureCatalogue.descriptor(of: name.feature).unit)
    case .correlation(let rule):
      ("count(" + rules[Int(rule)].label + ")", "count")
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
