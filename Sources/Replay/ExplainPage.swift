import CrenelAlerts
import CrenelBooking
import CrenelModel
import CrenelRules

/// What `crenel explain` shows.
struct ExplainPage {
  let watcher: ClientAccount
  let rules: [RuleMetadata]
  let names: [String]
  let language: Language
  /// The step rules of the site's profile.
  let steps: [StepRule]

  private var isFrench: Bool { language == .fr }

  /// For people: alerts, rules with their conditions, the timeline.
  var text: String {
    let requests = LocalizedText(
      en: English.counted(watcher.exchanges, "request"),
      fr: French.counted(watcher.exchanges, "requête"))
    var text = requests[language] + "\n\n"
    text += (isFrench ? "ALERTES" : "ALERTS") + "\n"
    if watcher.alerts.isEmpty { text += "  \(isFrench ? "aucune" : "none")\n" }
    for alert in watcher.alerts {
      text +=
        "  \(alert.record.id.prefix(8))  \(Phrases.level(alert.highest, language))  "
        + "\(rules[Int(alert.record.rule)].titles[language])\(opening(alert))\n"
    }
    text += "\n" + (isFrench ? "RÈGLES" : "RULES") + "\n"
    for best in ordered { text += rule(best) }
    text += "\n" + (isFrench ? "CHRONOLOGIE" : "TIMELINE") + "\n"
    for moment in watcher.moments {
      let status = moment.status == 0 ? "-" : "\(moment.status)"
      text +=
        "  \(moment.at.rfc3339)  \(padded(moment.step?.name ?? "?", 12)) \(padded(moment.outcome.name, 9)) "
        + "\(status)  \(TerminalText.escaped(moment.request, limit: 100))\n"
    }
    return text
  }

  /// The level at an alert's opening, where it reached another.
  private func opening(_ alert: ClientAlert) -> String {
    guard alert.opening != alert.highest else { return "" }
    let level = Phrases.level(alert.opening, language)
    return isFrench ? "  (\(level) à l’ouverture)" : "  (\(level) when it opened)"
  }

  private var ordered: [ClientAccount.Best] {
    watcher.best.values.sorted { left, right in
      let held = (share(left), share(right))
      return held.0 == held.1 ? left.trace.rule < right.trace.rule : held.0 > held.1
    }
  }

  private func share(_ best: ClientAccount.Best) -> Double {
    if best.trace.fired { return 2 }
    let conditions = best.trace.conditions
    return conditions.isEmpty
      ? 0 : Double(conditions.filter(\.holds).count) / Double(conditions.count)
  }

  private func rule(_ best: ClientAccount.Best) -> String {
    let rule = rules[Int(best.trace.rule)]
    let fired =
      best.fired == 0
      ? (isFrench ? "non déclenchée" : "did not fire")
      : isFrench
        ? "déclenchée \(best.fired) fois" : "fired " + English.counted(best.fired, "time")
    let place = names[Int(best.place.source)] + ":\(best.place.line)"
    let colon = isFrench ? "\u{a0}:" : ":"
    var text = "  \(rule.label)\(colon) \(fired)  (\(best.at.rfc3339), "
    text += "\(TerminalText.escaped(place)))\n"
    if best.undecided > 0 {
      let causes = RunRemarks.text(best.causes, steps)
      let words = LocalizedText(
        en: "could not be decided for \(English.counted(best.undecided, "request")): \(causes.en)",
        fr: "indécidable pour \(French.counted(best.undecided, "requête"))\u{a0}: \(causes.fr)")
      text += "    \(TerminalText.escapedLines(words[language]))\n"
    }
    text += "    \(isFrench ? "demande\u{a0}:" : "asks for:") \(condition(best.trace))\n"
    for filter in best.trace.filters { text += self.filter(filter, best) }
    let open = best.trace.selections.filter(\.isUndecided).map(\.name)
    if !open.isEmpty {
      text += "    \(isFrench ? "indécidable\u{a0}:" : "not decided:") "
      text += open.joined(separator: ", ") + "\n"
    }
    for condition in best.trace.conditions {
      text +=
        "    \(mark(condition)) \(padded(selection(condition), 12)) "
        + "\(condition.field) \(found(condition))  "
        + "\(condition.relation.replacing("|expand", with: "")) \(TerminalText.escaped(condition.wanted, limit: 80))\n"
    }
    return text
  }

  /// What a filter asks for, and what it did to the rule.
  private func filter(_ filter: FilterTrace, _ best: ClientAccount.Best) -> String {
    let count = best.suppressed[filter.filter] ?? 0
    let dropped = LocalizedText(
      en: count == 0
        ? "dropped no match" : "dropped the match of \(English.counted(count, "request"))",
      fr: count == 0
        ? "n’a rien écarté" : "a écarté le constat de \(French.counted(count, "requête"))")
    let head = isFrench ? "filtre" : "filter"
    let colon = isFrench ? "\u{a0}:" : ":"
    return "    \(head) \(TerminalText.escaped(filter.name, limit: 80))\(colon) "
      + "\(filter.condition); \(dropped[language])\n"
  }

  private func mark(_ condition: ConditionTrace) -> String {
    condition.isUndecided ? "?" : condition.holds ? "✓" : "✗"
  }

  /// Search identifiers are names of the rule; only the word for a correlation's count is ours.
  private func selection(_ condition: ConditionTrace) -> String {
    if case .correlation = condition.measure { return isFrench ? "corrélation" : "correlation" }
    return condition.selection
  }

  /// How the rule joins its search identifiers, in Sigma's words; what a correlation counts.
  private func condition(_ trace: RuleTrace) -> String {
    guard isFrench, let correlation = trace.correlation else { return trace.condition }
    guard correlation.before.isEmpty else {
      return "aucun \(correlation.rules.joined(separator: ", ")) dans les "
        + "\(correlation.seconds)\u{a0}s avant \(correlation.before.joined(separator: ", "))"
    }
    let measured =
      switch correlation.kind {
      case .eventCount: "événements"
      case .valueCount: "valeurs distinctes"
      case .temporal: "règles vérifiées"
      case .temporalOrdered: "règles vérifiées dans l’ordre"
      case .valueSum: "somme des valeurs"
      case .valueAverage: "moyenne des valeurs"
      case .valuePercentile: "centile des valeurs"
      }
    return "\(measured) de \(correlation.rules.joined(separator: ", ")) en "
      + "\(correlation.seconds)\u{a0}s"
  }

  /// The value that was there, or that there was none.
  private func found(_ condition: ConditionTrace) -> String {
    let (_, unit) = Phrases.measure(condition.measure, rules)
    if !condition.value.isNaN { return Phrases.amount(condition.value, unit, language) }
    if condition.isUndecided, case .correlation = condition.measure {
      return isFrench ? "(l’entrée ne le dit pas)" : "(the input does not tell)"
    }
    switch condition.measure {
    case .feature: return isFrench ? "(pas encore mesuré)" : "(not measured yet)"
    case .correlation: return isFrench ? "(rien à compter)" : "(nothing to count)"
    default: return ""
    }
  }

  private func padded(_ text: String, _ width: Int) -> String {
    text + String(repeating: " ", count: max(0, width - text.count))
  }

  /// The same as one JSON line.
  var json: [UInt8] {
    var writer = JSONWriter()
    writer.beginObject()
    writer.int("requests", watcher.exchanges)
    writer.beginArray("alerts")
    for alert in watcher.alerts {
      writer.beginObject()
      writer.string("id", alert.record.id)
      writer.string("level", alert.highest.name)
      writer.string("opening_level", alert.opening.name)
      writer.string("rule", rules[Int(alert.record.rule)].id)
      writer.endObject()
    }
    writer.endArray()
    writer.beginArray("rules")
    for best in ordered { write(best, to: &writer) }
    writer.endArray()
    writer.beginArray("timeline")
    for moment in watcher.moments {
      writer.beginObject()
      writer.string("@timestamp", moment.at.rfc3339)
      writer.moment(moment.client, moment.step, moment.outcome)
      writer.status(moment.status)
      writer.string("request", moment.request)
      writer.place(names[Int(moment.place.source)], line: moment.place.line)
      writer.endObject()
    }
    writer.endArray()
    writer.endObject()
    writer.newline()
    return writer.bytes
  }

  private func writeFilters(_ best: ClientAccount.Best, to writer: inout JSONWriter) {
    writer.beginArray("filters")
    for filter in best.trace.filters {
      writer.beginObject()
      writer.string("name", filter.name)
      writer.string("condition", filter.condition)
      writer.bool("holds", filter.holds)
      if filter.isUndecided { writer.bool("undecided", true) }
      writer.int("suppressed", best.suppressed[filter.filter] ?? 0)
      writer.endObject()
    }
    writer.endArray()
  }

  private func write(_ best: ClientAccount.Best, to writer: inout JSONWriter) {
    let rule = rules[Int(best.trace.rule)]
    writer.beginObject()
    writer.string("rule", rule.label)
    writer.int("fired", best.fired)
    writer.int("undecided", best.undecided)
    writer.string("at", best.at.rfc3339)
    writer.place(names[Int(best.place.source)], line: best.place.line)
    writer.string("condition", best.trace.condition)
    if !best.trace.filters.isEmpty { writeFilters(best, to: &writer) }
    writer.beginArray("selections")
    for selection in best.trace.selections {
      writer.beginObject()
      writer.string("name", selection.name)
      writer.bool("holds", selection.holds)
      if selection.isUndecided { writer.bool("undecided", true) }
      writer.endObject()
    }
    writer.endArray()
    writer.beginArray("conditions")
    for condition in best.trace.conditions {
      writer.beginObject()
      writer.string("selection", condition.selection)
      writer.string("field", condition.field)
      writer.string("relation", condition.relation)
      writer.string("wanted", condition.wanted)
      if !condition.value.isNaN { writer.number("value", condition.value) }
      writer.bool("holds", condition.holds)
      if condition.isUndecided { writer.bool("undecided", true) }
      writer.endObject()
    }
    writer.endArray()
    writer.endObject()
  }
}
