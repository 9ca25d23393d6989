import CrenelAlerts
import CrenelModel
import CrenelRules

/// What `crenel rules diff` shows.
struct RuleDiffPage {
  let comparison: AlertComparison
  let language: Language

  /// One alert or change with the sign of what became of it.
  private struct Entry {
    var sign: String
    var word: StaticString
    var before: RaisedAlert?
    var after: RaisedAlert?

    var alert: RaisedAlert? { after ?? before }
  }

  /// All differences in the order of time; of equal times in that of rule and actor.
  private var entries: [Entry] {
    let gained = comparison.gained.map { Entry(sign: "+", word: "gained", after: $0) }
    let lost = comparison.lost.map { Entry(sign: "-", word: "lost", before: $0) }
    let changed = comparison.changed.map {
      Entry(sign: "~", word: "changed", before: $0.before, after: $0.after)
    }
    return (lost + gained + changed).sorted { left, right in
      guard let left = left.alert, let right = right.alert else { return false }
      return (left.start, left.rule, left.actor) < (right.start, right.rule, right.actor)
    }
  }

  /// For people: a line an alert, then the counts.
  var text: String {
    var text = ""
    for entry in entries {
      guard let alert = entry.alert else { continue }
      text += "\(entry.sign) \(alert.start.rfc3339)  \(level(entry))  "
      text += "\(TerminalText.escaped(alert.rule))  \(alert.client)  \(matches(entry))\n"
    }
    let (gained, lost) = (comparison.gained.count, comparison.lost.count)
    let (changed, same) = (comparison.changed.count, comparison.sameCount)
    let counts = LocalizedText(
      en: "\(English.counted(gained, "alert")) gained, \(lost) lost, \(changed) changed, "
        + "\(same) the same",
      fr: "\(French.counted(gained, "alerte")) \(French.form(gained, "gagnée")), "
        + "\(lost) \(French.form(lost, "perdue")), "
        + "\(changed) \(French.form(changed, "modifiée")), "
        + "\(same) \(French.form(same, "inchangée"))")
    return text + counts[language] + "\n"
  }

  private func level(_ entry: Entry) -> String {
    let alerts = [entry.before, entry.after].compactMap { $0 }
    let levels = alerts.map { Phrases.level($0.level, language) }
    return Set(levels).count == 1 ? levels[0] : levels.joined(separator: " → ")
  }

  private func matches(_ entry: Entry) -> String {
    let counts = [entry.before, entry.after].compactMap { $0?.matches }
    let texts = Set(counts).count == 1 ? ["\(counts[0])"] : counts.map { "\($0)" }
    let last = counts.last ?? 0
    let noun = LocalizedText(
      en: English.form(last, "match", "matches"), fr: French.form(last, "correspondance"))
    return texts.joined(separator: " → ") + " " + noun[language]
  }

  /// The same as JSON lines.
  var json: [UInt8] {
    var writer = JSONWriter()
    for entry in entries {
      guard let alert = entry.alert else { continue }
      writer.beginObject()
      writer.string("change", "\(entry.word)")
      writer.beginObject("rule")
      writer.string("id", alert.ruleID)
      writer.string("name", alert.rule)
      writer.endObject()
      writer.string("actor", alert.actor)
      writer.string("client", alert.client)
      if let before = entry.before { Self.write("before", before, to: &writer) }
      if let after = entry.after { Self.write("after", after, to: &writer) }
      writer.endObject()
      writer.newline()
    }
    return writer.bytes
  }

  private static func write(
    _ key: StaticString, _ alert: RaisedAlert, to writer: inout JSONWriter
  ) {
    writer.beginObject(key)
    writer.string("start", alert.start.rfc3339)
    writer.string("end", alert.end.rfc3339)
    writer.string("level", alert.level.name)
    writer.int("matches", alert.matches)
    writer.endObject()
  }
}
