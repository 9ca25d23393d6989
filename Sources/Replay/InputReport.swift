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
  public var reason: String
  /// What became of its lines; zeros for a capture.
  public var counters = LineCounters()
  /// What became of its packets; `nil` for a log.
  public var capture: CaptureReport?
  /// Late lines and steps of its clock; zeros where sources are not merged.
  public var order = SourceOrderReport()
  /// What kept it from being read whole.
  public var problems: [Diagnostic] = []

  init(format: String?, reason: String) {
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
  /// What became of the packets of several capture files; `nil` where there are none or one.
  public var captures: CaptureStreamReport?

  /// Lines seen in all.
  public var lines: UInt64 { sources.reduce(0) { $0 &+ $1.counters.lines } }
  /// Lines that became exchanges.
  public var exchanges: UInt64 { sources.reduce(0) { $0 &+ $1.exchanges } }
  /// Lines that gave none.
  public var unparsed: UInt64 { sources.reduce(0) { $0 &+ $1.counters.unparsed.total } }
  /// Exchanges later than the lateness bound.
  public var late: UInt64 { sources.reduce(0) { $0 &+ $1.order.late } }
  /// Whether something is missing: a line not understood, a file not read to its end.
  public var isIncomplete: Bool {
    unparsed > 0
      || sources.contains { !$0.problems.isEmpty || ($0.capture?.file.cutByEnd ?? 0) > 0 }
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
  public func text(isBrief: Bool) -> String {
    var lines: [String] = []
    for source in sources {
      let name = TerminalText.escaped(source.name)
      if !isBrief {
        let amount = source.capture?.summary ?? "\(source.counters.lines) lines"
        lines.append(
          "\(name): \(source.format ?? "no format") (\(source.reason)), "
            + "\(amount), \(source.exchanges) exchanges")
      }
      for text in source.capture?.remarks ?? [] { lines.append("\(name): \(text)") }
      for entry in source.counters.unparsed.entries {
        lines.append(
          "\(name):\(entry.first.line):\(entry.column): \(entry.count) "
            + "line\(entry.count == 1 ? "" : "s") not understood: \(entry.reason.code); "
            + "this is the first (byte offset \(entry.first.offset))"
            + (entry.reason.remedy.map { "; \($0)" } ?? ""))
      }
      if let place = source.order.firstLate {
        lines.append(
          "\(name):\(place.line): \(source.order.late) late lines, the latest by "
            + "\(Self.milliseconds(source.order.largestLateness)) ms; see --lateness")
      }
      if let place = source.order.firstBackwardStep {
        lines.append(
          "\(name):\(place.line): the clock went back "
            + "\(source.order.backwardSteps) times, at most by "
            + "\(Self.milliseconds(source.order.largestBackwardStep)) ms")
      }
      if source.order.reorderOverflow > 0 {
        lines.append(
          "\(name): \(source.order.reorderOverflow) exchanges were given before the "
            + "lateness bound, to keep memory bounded; use a smaller --lateness")
      }
      lines += source.problems.map(\.description)
    }
    if let captures {
      if !isBrief {
        lines.append(
          "captures: \(captures.files) files as one stream, \(captures.decoded.summary), "
            + "\(captures.decoded.exchanges) exchanges")
      }
      lines += captures.decoded.remarks { name(of: $0) }.map { "captures: " + $0 }
    }
    return lines.map { TerminalText.escapedLines($0) + "\n" }.joined()
  }

  /// Shows on standard error what a person should know of, all of it unless `isQuiet`.
  func tell(isQuiet: Bool) {
    let isBrief = isQuiet
    StandardError.write(text(isBrief: isBrief))
  }

  /// Writes the report as the last members of an open object: `captures`, `sources`.
  func write(to writer: inout JSONWriter) {
    let cut = sources.reduce(UInt64(0)) { $0 &+ ($1.capture?.file.cut ?? 0) }
    captures?.write(to: &writer, cut: cut) { name(of: $0) }
    writer.beginArray("sources")
    for source in sources {
      writer.beginObject()
      writer.string("name", source.name)
      if let format = source.format { writer.string("format", format) }
      writer.string("reason", source.reason)
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
        if let remedy = entry.reason.remedy { writer.string("remedy", remedy) }
        writer.endObject()
      }
      writer.endArray()
      writer.int("late", source.order.late)
      writer.int("backward_steps", source.order.backwardSteps)
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

  private static func milliseconds(_ nanoseconds: Int64) -> Int64 {
    nanoseconds / Nanoseconds.millisecond
  }
}
