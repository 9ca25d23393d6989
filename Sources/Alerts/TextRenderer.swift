import CrenelFeatures
import CrenelModel
public import CrenelRules

/// Writes alert records for a person at a terminal, and a table of them at the end.
public struct TextRenderer: Sendable {
  /// What a rule came to, for the closing table.
  private struct Row {
    var opened = 0
    var matches: UInt64 = 0
    var subjects: Set<String> = []
    var highest = RuleLevel.informational
    var capped = 0
  }

  private let rules: [RuleMetadata]
  private let language: Language
  private let hasColour: Bool
  private var rows: [Int32: Row] = [:]

  /// Creates a renderer for the alerts of a rule set.
  public init(rules: [RuleMetadata], language: Language, hasColour: Bool) {
    self.rules = rules
    self.language = language
    self.hasColour = hasColour
  }

  /// The text of a record; empty for one that says nothing new to a person.
  ///
  /// `source` names the sources of evidence as the user did.
  public mutating func text(_ record: AlertRecord, source: (UInt32) -> String) -> String {
    note(record)
    let rule = rules[Int(record.rule)]
    switch record.action {
    case .opened: return whole(record, rule, source)
    case .updated where record.raisedFrom != nil: return whole(record, rule, source)
    case .updated:
      return
        "\(level(record.level)) \(record.at.rfc3339)  \(record.clientText)  \(title(rule))"
        + "\(matches(record))\n"
    case .closed: return ""
    }
  }

  /// The closing table.
  public func summary() -> String {
    guard !rows.isEmpty else {
      return (language == .fr ? "Aucune alerte." : "No alert.") + "\n"
    }
    let head =
      language == .fr
      ? ["niveau", "alertes", "constats", "acteurs", "plafonnées", "règle"]
      : ["level", "alerts", "matches", "actors", "capped", "rule"]
    var table = [head]
    let sorted = rows.sorted { left, right in
      (right.value.highest, left.key) < (left.value.highest, right.key)
    }
    for (rule, row) in sorted {
      table.append([
        Phrases.level(row.highest, language), "\(row.opened)", "\(row.matches)",
        "\(row.subjects.count)",
        "\(row.capped)", title(rules[Int(rule)]),
      ])
    }
    let widths = head.indices.map { column in table.map { $0[column].count }.max() ?? 0 }
    var text = "\n"
    for (index, line) in table.enumerated() {
      var cells: [String] = []
      for (column, cell) in line.enumerated() {
        let padding = String(repeating: " ", count: widths[column] - cell.count)
        let isNumber = (1...4).contains(column)
        cells.append(isNumber ? padding + cell : column == 5 ? cell : cell + padding)
      }
      let joined = cells.joined(separator: "  ")
      text += (index == 0 ? paint(joined, "1") : joined) + "\n"
    }
    return text
  }

  private mutating func note(_ record: AlertRecord) {
    var row = rows[record.rule] ?? Row()
    if record.action == .opened { row.opened += 1 }
    if record.action == .closed {
      row.matches &+= record.matches
      if !record.caps.isEmpty { row.capped += 1 }
    }
    row.subjects.insert(record.actor)
    row.highest = max(row.highest, record.level)
    rows[record.rule] = row
  }

  /// Everything of an alert that opened or whose level rose.
  private func whole(
    _ record: AlertRecord, _ rule: RuleMetadata, _ source: (UInt32) -> String
  ) -> String {
    let verdict = rule.verdict.map { "  [\($0.rawValue)]" } ?? ""
    let count = record.action == .opened ? "" : matches(record)
    var text =
      "\(level(record.level)) \(record.at.rfc3339)  \(paint(record.clientText, "1"))  "
      + "\(paint(title(rule), "1"))\(verdict)\(count)\n"
    line(&text, "", Phrases.finding(record, rule, language))
    if let before = record.raisedFrom {
      line(&text, language == .fr ? "relevé" : "raised", change(before, record.level))
    }
    let reasons = record.reasons.filter {
      if case .step = $0.measure { return false }
      return true
    }
    for (index, reason) in reasons.enumerated() {
      let title = index == 0 ? (language == .fr ? "parce que" : "because") : ""
      line(&text, title, Phrases.reason(reason, language))
    }
    for (index, finding) in record.benign.enumerated() {
      let title = index == 0 ? (language == .fr ? "à décharge" : "benign?") : ""
      let because = language == .fr ? finding.because.fr : finding.because.en
      let name = language == .fr ? finding.hypothesis.title.fr : finding.hypothesis.title.en
      line(&text, title, "\(name)\(colon) \(self.result(finding.result)), \(because)")
    }
    if !record.caps.isEmpty {
      let why = record.caps.map { cap($0) }.joined(separator: language == .fr ? "\u{a0}; " : "; ")
      line(
        &text, language == .fr ? "plafonné" : "capped",
        "\(change(rule.level, record.level))\(colon) \(why)")
    }
    if let last = record.evidence.last { evidence(last, record.evidence.count - 1, source, &text) }
    return text + "\n"
  }

  /// The latest place that shows it, and how many there are beside it.
  private func evidence(
    _ last: Evidence, _ more: Int, _ source: (UInt32) -> String, _ text: inout String
  ) {
    let at = last.place.provenance
    let name = TerminalText.escaped(source(at.source))
    let isCapture = last.place.packets != nil
    let noun = isCapture ? ("request", "requête") : ("line", "ligne")
    let others =
      switch (more, language) {
      case (0, _): ""
      case (_, .en): ", and " + English.counted(more, "more \(noun.0)")
      case (_, .fr): ", et " + French.counted(more, "autre \(noun.1)", "autres \(noun.1)s")
      }
    let place =
      isCapture ? (language == .fr ? " trame " : " frame ") + "\(at.line)" : ":\(at.line)"
    line(&text, language == .fr ? "preuve" : "evidence", "\(name)\(place)\(others)")
  }

  private func matches(_ record: AlertRecord) -> String {
    "\(colon) "
      + (language == .fr
        ? French.counted(record.matches, "constat")
        : English.counted(record.matches, "match", "matches"))
  }

  private func change(_ from: RuleLevel, _ to: RuleLevel) -> String {
    "\(Phrases.level(from, language)) → \(Phrases.level(to, language))"
  }

  /// A colon, with the hard space that French puts before it.
  private var colon: String { language == .fr ? "\u{a0}:" : ":" }

  private func line(_ text: inout String, _ title: String, _ body: String) {
    let padded = title + String(repeating: " ", count: max(0, 10 - title.count))
    text += "     " + paint(padded, "2") + " " + TerminalText.escaped(body) + "\n"
  }

  private func result(_ result: BenignResult) -> String {
    switch (result, language) {
    case (.rejected, .en): "rejected"
    case (.rejected, .fr): "explication écartée"
    case (.plausible, .en): "not rejected"
    case (.plausible, .fr): "explication non écartée"
    case (.untested, .en): "cannot be tested"
    case (.untested, .fr): "non vérifiable"
    }
  }

  private func cap(_ cap: LevelCap) -> String {
    switch (cap, language) {
    case (.oneFamily, .en): "one family of evidence only"
    case (.oneFamily, .fr): "une seule famille d’indices"
    case (.watcher, .en): "watching is not booking"
    case (.watcher, .fr): "observer n’est pas réserver"
    case (.benign, .en): "a benign explanation is left"
    case (.benign, .fr): "une explication innocente subsiste"
    case (.declared, .en): "the automation declares itself"
    case (.declared, .fr): "l’automate se déclare"
    case (.clock, .en): "compatible with a person: the log's clock is too coarse"
    case (.clock, .fr):
      "compatible avec une personne\u{a0}: l’horloge du journal est trop grossière"
    }
  }

  private func title(_ rule: RuleMetadata) -> String {
    language == .fr ? rule.titles.fr : rule.titles.en
  }

  /// The level in columns of one width, coloured.
  private func level(_ level: RuleLevel) -> String {
    let isFrench = language == .fr
    return switch level {
    case .informational: paint(isFrench ? "INFO    " : "INFO", "36")
    case .low: paint(isFrench ? "FAIBLE  " : "LOW ", "34")
    case .medium: paint(isFrench ? "MOYEN   " : "MED ", "33")
    case .high: paint(isFrench ? "ÉLEVÉ   " : "HIGH", "31")
    case .critical: paint(isFrench ? "CRITIQUE" : "CRIT", "1;31")
    }
  }

  private func paint(_ text: String, _ code: String) -> String {
    hasColour ? "\u{1b}[\(code)m\(text)\u{1b}[0m" : text
  }
}
