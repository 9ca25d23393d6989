public import CrenelAlerts
import CrenelCapture
public import CrenelDecode
public import CrenelEngine
public import CrenelModel

/// What was read of one source, and what could not be.
public struct SourceReport: Sendable {
  /// The name of the file as found, or `-`.
  public var name = ""
  /// The format taken; `nil` when none was found.
  public var format: String?
  /// Why that format.
  public var reason: LocalizedText
  /// What became of its lines; zeros for a capture.
  public var counters = LineCounters()
  /// What became of its packets; `nil` for a log.
  public var capture: CaptureReport?
  /// Late lines and steps of its clock; zeros, which say nothing, where sources are not merged.
  public var order = SourceOrderReport()
  /// What kept it from being read whole.
  public var problems: [Diagnostic] = []

  /// The format was named by the user.
  static let asAsked = LocalizedText(en: "as asked", fr: "comme demandé")
  /// There was nothing to find a format in.
  static let nothing = LocalizedText(en: "nothing to read", fr: "rien à lire")

  init(format: String?, reason: LocalizedText) {
    self.format = format
    self.reason = reason
  }

  /// Exchanges that it gave.
  public var exchanges: UInt64 { capture?.exchanges ?? counters.exchanges }
}

/// What was read of all sources.
public struct InputReport: Sendable {
  /// One entry a source, in the order of ties.
  public var sources: [SourceReport]
  /// What is likely not what was meant by the command line.
  public var warnings: [Diagnostic] = []
  /// What became of the packets of several capture files; `nil` where there are none or one.
  public var captures: CaptureStreamReport?

  /// Requests for which a rule or the booking step could not be decided; 0 where the verb asks
  /// neither.
  public var undecided: UInt64 = 0

  /// Lines seen in all.
  public var lines: UInt64 { sources.reduce(0) { $0 &+ $1.counters.lines } }
  /// Packets seen in all; `nil` where no source is a capture.
  public var packets: UInt64? {
    let captures = sources.compactMap(\.capture)
    return captures.isEmpty ? nil : captures.reduce(0) { $0 &+ ($1.decoded?.packets ?? $1.packets) }
  }
  /// Lines that became exchanges.
  public var exchanges: UInt64 { sources.reduce(0) { $0 &+ $1.exchanges } }
  /// Lines that gave none.
  public var unparsed: UInt64 { sources.reduce(0) { $0 &+ $1.counters.unparsed.total } }
  /// Whether something is missing: a line not understood, a file not read to its end, a request
  /// not decided.
  public var isIncomplete: Bool {
    unparsed > 0 || undecided > 0 || sources.contains { !$0.problems.isEmpty }
  }
  /// Whether a source was not read whole: cut off, damaged, or not a log that is known.
  ///
  /// Lines that were not understood, and files that were gone when they were looked for, leave it
  /// `false`.
  public var isCut: Bool {
    sources.contains { $0.problems.contains { $0.severity == .error } }
  }
  /// Whether no line of any source became an exchange although there was something to read.
  public var isUseless: Bool {
    exchanges == 0 && (lines > 0 || sources.contains { !$0.problems.isEmpty })
  }

  /// The report for people, one line a fact; only what is worth a line when `isBrief`.
  ///
  /// What kept a source from being read whole is a diagnostic, and in English.
  public func text(isBrief: Bool, _ language: Language = .en) -> String {
    var lines: [String] = []
    for source in sources {
      if !isBrief { lines.append(source.summary(language)) }
      lines += source.facts(language)
      lines += source.problems.map(\.description)
    }
    if let captures {
      let start = LocalizedText(en: "captures: ", fr: "captures\u{a0}: ")[language]
      if !isBrief { lines.append(start + captures.summary(language)) }
      lines += captures.decoded.remarks { name(of: $0) }.map { start + $0[language] }
    }
    lines += warnings.map(\.description)
    return lines.map { TerminalText.escapedLines($0) + "\n" }.joined()
  }

  /// Shows the warnings on standard error, where the rest is written elsewhere.
  func tellWarnings() {
    for warning in warnings { StandardError.write(warning.description + "\n") }
  }

  /// Shows on standard error what a person should know of, all of it unless `isQuiet`.
  func tell(isQuiet: Bool, _ language: Language = .en) {
    StandardError.write(text(isBrief: isQuiet, language))
  }

  /// Writes the report as the last members of an open object: `warnings`,
  /// `captures` where several were one stream, `sources`.
  ///
  /// Late lines and steps of the clock are not in it: ``Stats``, which writes it, merges nothing,
  /// and so counts none.
  func write(to writer: inout JSONWriter) {
    writer.beginArray("warnings")
    for warning in warnings {
      writer.beginObject()
      writer.string("code", warning.code)
      writer.string("option", warning.position.file)
      writer.string("message", warning.message)
      writer.endObject()
    }
    writer.endArray()
    let cut = sources.reduce(UInt64(0)) { $0 &+ ($1.capture?.file.cut ?? 0) }
    captures?.write(to: &writer, cut: cut) { name(of: $0) }
    writer.beginArray("sources")
    for source in sources {
      writer.beginObject()
      writer.string("name", source.name)
      if let format = source.format { writer.string("format", format) }
      writer.string("reason", source.reason.en)
      writer.int("lines", source.counters.lines)
      writer.int("exchanges", source.exchanges)
      source.capture?.write(to: &writer)
      writer.int("blank", source.counters.blank)
      writer.int("comments", source.counters.comments)
      writer.beginArray("unparsed")
      for entry in source.counters.unparsed.entries {
        writer.beginObject()
        writer.string("reason", entry.reason.code)
        writer.int("count", entry.count)
        writer.int("first_line", entry.first.line)
        writer.int("first_offset", entry.first.offset)
        writer.int("column", entry.column)
        if let remedy = entry.reason.remedy { writer.string("remedy", remedy.en) }
        writer.endObject()
      }
      writer.endArray()
      writer.beginArray("problems")
      for problem in source.problems {
        writer.beginObject()
        writer.string("code", problem.code)
        writer.string("message", problem.message)
        writer.endObject()
      }
      writer.endArray()
      writer.endObject()
    }
    writer.endArray()
  }

  private func name(of source: UInt32) -> String? {
    sources.indices.contains(Int(source)) ? sources[Int(source)].name : nil
  }
}
