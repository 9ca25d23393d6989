import CrenelAlerts
import CrenelFeatures
public import CrenelModel
import CrenelRules

/// `crenel rules check` and `list`.
public enum RuleFiles {
  /// Reads rules and shows every mistake; whether all can be used.
  public static func check(_ paths: [String], isJSON: Bool) throws -> Bool {
    var output = OutputStream.standardOutput()
    var names = FieldNames()
    do {
      let set = try Setup.rules(paths, knobs: [], names: &names)
      let warnings = warnings(of: set)
      show(warnings, isJSON: isJSON, to: &output)
      if !isJSON {
        output.write(
          "\(English.counted(set.metadata.count, "rule")), "
            + (set.filters.isEmpty ? "" : "\(English.counted(set.filters.count, "filter")), ")
            + "\(English.counted(warnings.count, "warning")), no error"
            + (set.passedOver.isEmpty
              ? "" : "; \(English.counted(set.passedOver.count, "rule")) passed over") + "\n")
      }
      try output.finish()
      return true
    } catch let error as Diagnostics {
      show(error.items, isJSON: isJSON, to: &output)
      if !isJSON {
        let errors = error.items.filter { $0.severity == .error }.count
        output.write(English.counted(errors, "error") + "\n")
      }
      try output.finish()
      return false
    }
  }

  /// All there is to tell, rules that are passed over too.
  private static func warnings(of set: RuleSet) -> [Diagnostic] {
    Diagnostics(set.warnings + set.passedOver.map(\.warning)).items
  }

  private static func show(
    _ items: [Diagnostic], isJSON: Bool, to output: inout OutputStream
  ) {
    var writer = JSONWriter()
    for item in items {
      guard isJSON else {
        output.write(TerminalText.escapedLines(item.description) + "\n")
        continue
      }
      writer.beginObject()
      writer.string("severity", item.severity.rawValue)
      writer.string("code", item.code)
      writer.string("file", item.position.file)
      writer.int("line", item.position.line)
      writer.int("column", item.position.column)
      writer.string("message", item.message)
      if let hint = item.hint { writer.string("hint", hint) }
      writer.endObject()
      writer.newline()
    }
    if isJSON { output.write(writer.bytes) }
  }

  /// Shows the rules in force; what is to be told of them, and which are not in force, goes to
  /// standard error.
  ///
  /// Throws what is wrong with them, with the mistakes of the command line found before.
  public static func list(
    _ paths: [String], knobs: [String], isJSON: Bool, language: String, mistakes: [Diagnostic]
  ) throws {
    var names = FieldNames()
    let set: RuleSet
    do {
      set = try Setup.rules(paths, knobs: knobs, names: &names)
    } catch let error as Diagnostics {
      throw Diagnostics(mistakes + error.items)
    }
    guard mistakes.isEmpty else { throw Diagnostics(mistakes) }
    for warning in warnings(of: set) {
      StandardError.write(TerminalText.escapedLines(warning.description) + "\n")
    }
    var output = OutputStream.standardOutput()
    for rule in set.metadata {
      let filters = rule.filters.map { set.filters[$0] }
      output.write(isJSON ? json(rule, filters) : text(rule, filters, language))
    }
    try output.finish()
  }

  private static func json(_ rule: RuleMetadata, _ filters: [RuleFilter]) -> [UInt8] {
    var writer = JSONWriter()
    writer.beginObject()
    writer.string("id", rule.id)
    if let name = rule.name { writer.string("name", name) }
    writer.string("title", rule.title)
    writer.string("version", rule.version)
    writer.string("level", rule.level.name)
    writer.string("ruleset", rule.ruleset)
    if let verdict = rule.verdict { writer.string("verdict", verdict.rawValue) }
    writer.string("subject", rule.subject.name)
    writer.bool("alerts", rule.alerts)
    writer.number("confidence", rule.confidence)
    writer.beginObject("finding")
    writer.string("en", rule.finding.en)
    writer.string("fr", rule.finding.fr)
    writer.endObject()
    write(rule.knobs, to: &writer)
    writer.beginArray("filters")
    for filter in filters {
      writer.beginObject()
      writer.string("id", filter.id)
      writer.string("name", filter.name)
      writer.string("condition", filter.condition)
      write(filter.knobs, to: &writer)
      writer.string("file", filter.position.file)
      writer.endObject()
    }
    writer.endArray()
    writer.string("file", rule.position.file)
    writer.endObject()
    writer.newline()
    return writer.bytes
  }

  private static func write(_ knobs: [Knob], to writer: inout JSONWriter) {
    writer.beginArray("knobs")
    for knob in knobs {
      writer.beginObject()
      writer.string("name", knob.name)
      writer.number("value", knob.value)
      writer.string("unit", knob.unit)
      writer.string("meaning", knob.meaning)
      writer.endObject()
    }
    writer.endArray()
  }

  private static func text(
    _ rule: RuleMetadata, _ filters: [RuleFilter], _ language: String
  ) -> [UInt8] {
    let language = Language(rawValue: language) ?? .en
    var text = "\(rule.label)  \(Phrases.level(rule.level, language))"
    if let verdict = rule.verdict { text += "  \(verdict.rawValue)" }
    let input = LocalizedText(en: "input of a correlation", fr: "entrée d’une corrélation")
    text += rule.alerts ? "\n" : "  (\(input[language]))\n"
    text += "    \(rule.titles[language])\n"
    let finding = rule.finding[language]
    if !finding.isEmpty { text += "    \(finding)\n" }
    text += self.text(rule.knobs, indent: "      ")
    let head = LocalizedText(en: "filter ", fr: "filtre ")
    for filter in filters {
      text += "      \(head[language])\(TerminalText.escaped(filter.name, limit: 80))"
      text += language == .fr ? "\u{a0}: " : ": "
      text += "\(filter.condition)  (\(TerminalText.escaped(filter.position.file)))\n"
      text += self.text(filter.knobs, indent: "        ")
    }
    return Array(text.utf8)
  }

  private static func text(_ knobs: [Knob], indent: String) -> String {
    knobs.map { knob in
      "\(indent)\(knob.name) = \(JSONWriter.text(of: knob.value)) \(knob.unit)  (\(knob.meaning))\n"
    }.joined()
  }
}
