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

  private var isFrench: Bool { language == .fr }

  /// For people: alerts, rules with their conditions, the timeline.
  var text: String {
    var text = "\(watcher.exchanges) \(isFrench ? "requêtes" : "requests")\n\n"
    text += (isFrench ? "ALERTES" : "ALERTS") + "\n"
    if watcher.records.isEmpty { text += "  \(isFrench ? "aucune" : "none")\n" }
    for record in watcher.records {
      text += "  \(record.id.prefix(8))  \(record.level.name)  \(rules[Int(record.rule)].title)\n"
    }
    text += "\n" + (isFrench ? "RÈGLES" : "RULES") + "\n"
    for best in ordered { text += rule(best) }
    text += "\n" + (isFrench ? "CHRONOLOGIE" : "TIMELINE") + "\n"
    for moment in watcher.moments {
      let status = moment.status == 0 ? "-" : "\(moment.status)"
      text +=
        "  \(moment.at.rfc3339)  \(padded(moment.step.name, 12)) \(padded(moment.outcome.name, 9)) "
        + "\(status)  \(TerminalText.escaped(moment.request, limit: 100))\n"
    }
    return text
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
      : (isFrench ? "déclenchée \(best.fired) fois" : "fired \(best.fired) times")
    let place = names[Int(best.place.source)] + ":\(best.place.line)"
    var text = "  \(rule.name ?? rule.id): \(fired)  (\(best.at.rfc3339), "
    text += "\(TerminalText.escaped(place)))\n"
    text += "    \(isFrench ? "demande" : "asks for"): \(best.trace.condition)\n"
    for condition in best.trace.conditions {
      text +=
        "    \(condition.holds ? "✓" : "✗") \(padded(condition.selection, 12)) "
        + "\(condition.field) \(found(condition))  "
        + "\(condition.relation.replacing("|expand", with: "")) \(TerminalText.escaped(condition.wanted, limit: 80))\n"
    }
    return text
  }

  /// The value that was there, or that there was none.
  private func found(_ condition: ConditionTrace) -> String {
    let (_, unit) = Phrases.measure(condition.measure, rules)
    if !condition.value.isNaN { return Phrases.amount(condition.value, unit, language) }
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
    for record in watcher.records {
      writer.beginObject()
      writer.string("id", record.id)
      writer.string("level", record.level.name)
      writer.string("rule", rules[Int(record.rule)].id)
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
      writer.beginObject("http")
      writer.beginObject("response")
      writer.int("status_code", moment.status)
      writer.endObject()
      writer.endObject()
      writer.string("request", moment.request)
      writer.place(names[Int(moment.place.source)], line: moment.place.line)
      writer.endObject()
    }
    writer.endArray()
    writer.endObject()
    writer.newline()
    return writer.bytes
  }

  private func write(_ best: ClientAccount.Best, to writer: inout JSONWriter) {
    let rule = rules[Int(best.trace.rule)]
    writer.beginObject()
    writer.string("rule", rule.name ?? rule.id)
    writer.int("fired", best.fired)
    writer.string("at", best.at.rfc3339)
    writer.place(names[Int(best.place.source)], line: best.place.line)
    writer.string("condition", best.trace.condition)
    writer.beginArray("selections")
    for selection in best.trace.selections {
      writer.beginObject()
      writer.string("name", selection.name)
      writer.bool("holds", selection.holds)
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
      writer.endObject()
    }
    writer.endArray()
    writer.endObject()
  }
}
