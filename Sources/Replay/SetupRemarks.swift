import CrenelAlerts
import CrenelModel
import CrenelRules

/// What is told of rules and profile once, before anything is read: rules that are not in force,
/// in one line, and warnings.
struct SetupRemarks {
  /// Places, and warnings, that are shown; how many more there are is said.
  static let limit = 3

  private let passedOver: [PassedOverRule]
  private let warnings: [Diagnostic]

  /// Those that may be misspelt come first among the rules that are not in force.
  init(passedOver: [PassedOverRule], warnings: [Diagnostic]) {
    self.passedOver =
      passedOver.filter { $0.suggestion != nil } + passedOver.filter { $0.suggestion == nil }
    self.warnings = warnings
  }

  /// Shows them on standard error.
  func tell(_ language: Language) { StandardError.write(text(language)) }

  /// The lines; empty when there is nothing to tell.
  func text(_ language: Language) -> String {
    let lines = [rules[language]] + warningLines(language)
    return lines.filter { !$0.isEmpty }.map { TerminalText.escapedLines($0) + "\n" }.joined()
  }

  private var rules: LocalizedText {
    guard !passedOver.isEmpty else { return LocalizedText(en: "", fr: "") }
    let shown = passedOver.prefix(Self.limit).map(Self.place)
    let more = passedOver.count - shown.count
    let (count, isOne) = (passedOver.count, passedOver.count == 1)
    return LocalizedText(
      en: English.counted(count, "rule") + " passed over, for "
        + (isOne ? "a log" : "logs") + " that Crenel does not read: "
        + shown.map(\.en).joined(separator: ", ")
        + (more > 0 ? " and \(more) more; crenel rules check shows all" : ""),
      fr: French.counted(count, "règle laissée", "règles laissées") + " de côté, pour "
        + (isOne ? "un journal" : "des journaux") + " que Crenel ne lit pas\u{a0}: "
        + shown.map(\.fr).joined(separator: ", ")
        + (more > 0
          ? " et \(more) \(French.form(more, "autre"))\u{a0}; crenel rules check montre tout" : ""))
  }

  private static func place(_ rule: PassedOverRule) -> LocalizedText {
    let place = TerminalText.escaped("\(rule.position.file):\(rule.position.line)")
    guard let word = rule.suggestion else { return LocalizedText(en: place, fr: place) }
    return LocalizedText(
      en: "\(place) (did you mean '\(word)'?)",
      fr: "\(place) (vouliez-vous dire «\u{a0}\(word)\u{a0}»\u{a0}?)")
  }

  /// Warnings themselves are in English, as errors are.
  private func warningLines(_ language: Language) -> [String] {
    guard !warnings.isEmpty else { return [] }
    let count = warnings.count
    let more = count > Self.limit
    let head = LocalizedText(
      en: English.counted(count, "warning") + " on rules and site profile"
        + (more ? "; the first \(Self.limit):" : ":"),
      fr: French.counted(count, "avertissement") + " sur les règles et le profil du site"
        + (more ? ", dont les \(Self.limit) premiers\u{a0}:" : "\u{a0}:"))
    return [head[language]] + warnings.prefix(Self.limit).map(\.description)
  }
}
