import CrenelAlerts
import CrenelDecode
import CrenelEngine
import CrenelModel

extension SourceReport {
  /// Its format and why, and how much it held.
  func summary(_ language: Language) -> String {
    let amount =
      capture?.summary(language)
      ?? LocalizedText(
        en: English.counted(counters.lines, "line"),
        fr: French.counted(counters.lines, "ligne"))[language]
    let none = LocalizedText(en: "no format", fr: "aucun format")
    let given = LocalizedText(
      en: English.counted(exchanges, "exchange"), fr: French.counted(exchanges, "échange"))
    return place(nil, language) + "\(format ?? none[language]) (\(reason[language])), "
      + "\(amount), \(given[language])"
  }

  /// What a person should know of, one text a fact.
  func facts(_ language: Language) -> [String] {
    var texts = (capture?.remarks(language) ?? []).map { place(nil, language) + $0 }
    texts += counters.unparsed.entries.map { unparsed($0, language) }
    if let first = order.firstLate {
      texts.append(place(first.line, language) + late[language])
    }
    if let first = order.firstBackwardStep {
      texts.append(place(first.line, language) + backwards[language])
    }
    if order.reorderOverflow > 0 {
      texts.append(place(nil, language) + overflow[language])
    }
    return texts
  }

  /// `name: ` or `name:line: `; in French with the hard space before the last colon.
  private func place(_ line: UInt64?, _ language: Language) -> String {
    TerminalText.escaped(name) + (line.map { ":\($0)" } ?? "")
      + (language == .fr ? "\u{a0}: " : ": ")
  }

  private func unparsed(_ entry: UnparsedCounter.Entry, _ language: Language) -> String {
    let code = entry.reason.code
    let place = "\(TerminalText.escaped(name)):\(entry.first.line):\(entry.column)"
    let text = LocalizedText(
      en: "\(place): \(English.counted(entry.count, "line")) not understood: \(code); "
        + "this is the first (byte offset \(entry.first.offset))"
        + (entry.reason.remedy.map { "; \($0.en)" } ?? ""),
      fr: "\(place)\u{a0}: \(French.counted(entry.count, "ligne")) "
        + "\(French.form(entry.count, "non comprise", "non comprises"))\u{a0}: \(code)\u{a0}; "
        + "voici la première (octet \(entry.first.offset))"
        + (entry.reason.remedy.map { "\u{a0}; \($0.fr)" } ?? ""))
    return text[language]
  }

  private var late: LocalizedText {
    let most = order.largestLateness / Nanoseconds.millisecond
    return LocalizedText(
      en: "\(English.counted(order.late, "late line")), the latest by \(most) ms; see --lateness",
      fr: "\(French.counted(order.late, "ligne")) en retard, au plus de \(most)\u{a0}ms\u{a0}; "
        + "voir --lateness")
  }

  private var backwards: LocalizedText {
    let most = order.largestBackwardStep / Nanoseconds.millisecond
    return LocalizedText(
      en: "the clock went back \(English.counted(order.backwardSteps, "time")), at most by "
        + "\(most) ms",
      fr: "l’horloge a reculé \(order.backwardSteps) fois, au plus de \(most)\u{a0}ms")
  }

  private var overflow: LocalizedText {
    LocalizedText(
      en: "\(English.counted(order.reorderOverflow, "exchange")) came out before the lateness "
        + "bound, to keep memory bounded; use a smaller --lateness",
      fr: "\(French.counted(order.reorderOverflow, "échange")) sans attendre le délai de retard, "
        + "pour borner la mémoire\u{a0}; un --lateness plus petit y remédie")
  }
}
