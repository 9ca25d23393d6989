import CrenelAlerts
import CrenelBooking
import CrenelEngine
import CrenelFeatures
public import CrenelModel
import CrenelRules

/// Which rows and columns `crenel features` writes.
public struct FeatureRowOptions: Sendable {
  /// Comma-separated values; else JSON lines.
  public var isCSV: Bool
  /// Full names of features; `nil` for all.
  public var only: [String]?
  /// Only requests that are a step other than `asset` and `other`.
  public var stepsOnly: Bool
  /// Also the names of the rules that were true for the request.
  public var showsMatches: Bool

  /// Creates options.
  public init(isCSV: Bool, only: [String]?, stepsOnly: Bool, showsMatches: Bool) {
    self.isCSV = isCSV
    self.only = only
    self.stepsOnly = stepsOnly
    self.showsMatches = showsMatches
  }
}

/// `crenel features`: the numbers that rules see, after each exchange.
public enum FeatureRows {
  /// Writes one row an exchange to standard output, in event order.
  public static func run(
    _ options: RunOptions, _ wanted: FeatureRowOptions, isQuiet: Bool
  ) throws(Diagnostics) -> InputReport {
    var options = options
    let columns = columns(wanted.only, &options.mistakes)
    let setup = try Setup(options)
    let inputs = try ReplayInputs(options, setup)
    var consumer = Consumer(
      pipeline: try setup.pipeline(hashSeed: options.hashSeed), columns: columns,
      texts: columns.map(FeatureCatalogue.name(of:)), options: wanted,
      rules: setup.rules.metadata.map(\.label), names: inputs.names,
      actors: ActorNames(siteKey: setup.siteKey),
      output: OutputStream.standardOutput())
    if wanted.isCSV { consumer.writeHeader() }
    if !isQuiet { setup.remarks.tell(.en) }
    inputs.run(&consumer)
    try consumer.output.finish()
    var report = inputs.report
    report.undecided = consumer.pipeline.rules.counters.undecided
    report.tell(isQuiet: isQuiet)
    StandardError.write(RunRemarks.text(consumer.pipeline.booking.undecided, names: inputs.names))
    return report
  }

  private static func columns(
    _ only: [String]?, _ mistakes: inout [Diagnostic]
  ) -> [FeatureName] {
    guard let only else {
      return SubjectKind.allCases.flatMap { subject in
        FeatureCatalogue.all.filter { $0.subjects.contains(subject) }
          .map { FeatureName(subject, $0.feature) }
      }
    }
    var found: [FeatureName] = []
    for name in only {
      if let feature = FeatureCatalogue.feature(named: name) {
        found.append(feature)
      } else {
        mistakes.append(
          Diagnostic(
            code: "unknown-feature", at: SourcePosition(file: "--only"),
            "'\(name)' is no feature", hint: "crenel features --list shows all of them"))
      }
    }
    return found
  }

  private struct Consumer: ExchangeConsumer, ~Copyable {
    var pipeline: Pipeline
    let columns: [FeatureName]
    let texts: [String]
    let options: FeatureRowOptions
    let rules: [String]
    let names: [String]
    let actors: ActorNames
    var output: OutputStream
    var writer = JSONWriter()

    init(
      pipeline: consuming Pipeline, columns: [FeatureName], texts: [String],
      options: FeatureRowOptions, rules: [String], names: [String],
      actors: ActorNames, output: consuming OutputStream
    ) {
      self.pipeline = pipeline
      self.columns = columns
      self.texts = texts
      self.options = options
      self.rules = rules
      self.names = names
      self.actors = actors
      self.output = output
    }

    var isDone: Bool { output.isDone }

    mutating func consume(_ batch: borrowing ExchangeBatch, _ range: Range<Int>) {
      for i in range {
        guard let passage = pipeline.process(batch, i) else { continue }
        let kind = passage.step.knownKind
        if options.stepsOnly, kind == .other || kind == .asset { continue }
        let exchange = batch.exchanges[i]
        let client = NamedClient(exchange, in: batch)
        let matches = options.showsMatches ? matches(batch, i, passage) : nil
        if options.isCSV {
          writeCSV(exchange, passage, client, matches)
        } else {
          writeJSON(exchange, passage, client, matches)
        }
      }
      _ = pipeline.drain()
    }

    /// Names of the rules that were true, in the order of the set; those of correlations too, and
    /// those that only correlations refer to.
    private mutating func matches(
      _ batch: borrowing ExchangeBatch, _ index: Int, _ passage: Pipeline.Passage
    ) -> [String] {
      pipeline.explain(batch, index, passage).filter(\.fired).map(\.rule).sorted()
        .map { rules[Int($0)] }
    }

    mutating func writeHeader() {
      let fixed = ["@timestamp", "source.ip", "source.address", "booking.step", "log.line"]
      let last = options.showsMatches ? ["crenel.matches"] : []
      output.write((fixed + texts + last).joined(separator: ",") + "\n")
    }

    /// Numbers and words of ours, but for a client that is no address: its name is of the log.
    ///
    /// A step that is not known leaves its cell empty.
    private mutating func writeCSV(
      _ exchange: Exchange, _ passage: Pipeline.Passage, _ client: NamedClient,
      _ matches: [String]?
    ) {
      let ip = client.client.isIP ? client.description : ""
      let name = client.name.map { Self.cell(of: String(decoding: $0, as: UTF8.self)) } ?? ""
      var row =
        "\(exchange.at.rfc3339),\(ip),\(name),\(passage.step.knownKind?.name ?? ""),"
        + "\(exchange.provenance.line)"
      for column in columns {
        let value = pipeline.features.value(column, of: passage.subjects)
        row += value.isNaN ? "," : "," + JSONWriter.text(of: value)
      }
      if let matches { row += "," + Self.cell(of: matches.joined(separator: " ")) }
      output.write(row + "\n")
    }

    /// A text of the log as a cell: quoted where it has to be (RFC 4180 section 2), controls
    /// written out, and `'` before what a spreadsheet would take for a formula.
    private static func cell(of text: String) -> String {
      var safe = TerminalText.escaped(text)
      if let first = safe.utf8.first, "=+-@".utf8.contains(first) { safe = "'" + safe }
      guard safe.utf8.contains(where: { ",\"".utf8.contains($0) }) else { return safe }
      let quotes = safe.split(separator: "\"", omittingEmptySubsequences: false)
      return "\"" + quotes.joined(separator: "\"\"") + "\""
    }

    private mutating func writeJSON(
      _ exchange: Exchange, _ passage: Pipeline.Passage, _ client: NamedClient,
      _ matches: [String]?
    ) {
      writer.removeAll()
      writer.beginObject()
      writer.string("@timestamp", exchange.at.rfc3339)
      writer.moment(client, passage.step.knownKind, passage.step.outcome)
      if exchange.status != 0 { writer.status(exchange.status) }
      writer.place(names[Int(exchange.provenance.source)], line: exchange.provenance.line)
      writer.beginObject("crenel")
      writer.beginObject("actor")
      for subject in SubjectKind.allCases {
        writer.key(subject.name)
        writer.string(nil, actors.name(of: subject, passage.step))
      }
      writer.endObject()
      writer.beginObject("features")
      for (column, text) in zip(columns, texts) {
        let value = pipeline.features.value(column, of: passage.subjects)
        guard !value.isNaN else { continue }
        writer.key(text)
        writer.number(nil, value)
      }
      writer.endObject()
      if let matches {
        writer.beginArray("matches")
        for name in matches { writer.string(nil, name) }
        writer.endArray()
      }
      writer.endObject()
      writer.endObject()
      writer.newline()
      output.write(writer.bytes)
    }
  }
}

/// `crenel features --list`.
public enum FeatureList {
  /// Writes the catalogue to standard output.
  public static func write(isJSON: Bool) throws {
    var output = OutputStream.standardOutput()
    var writer = JSONWriter()
    for descriptor in FeatureCatalogue.all {
      let subjects = descriptor.subjects.map(\.name)
      if isJSON {
        writer.beginObject()
        writer.string("name", descriptor.name)
        writer.beginArray("subjects")
        for subject in subjects { writer.string(nil, subject) }
        writer.endArray()
        writer.string("unit", descriptor.unit)
        writer.string("family", descriptor.family.name)
        writer.string("meaning", descriptor.meaning)
        writer.endObject()
        writer.newline()
      } else {
        output.write(
          "\(subjects.joined(separator: "|")).\(descriptor.name)  "
            + "[\(descriptor.unit), \(descriptor.family.name)]\n    \(descriptor.meaning)\n")
      }
    }
    if isJSON { output.write(writer.bytes) }
    try output.finish()
  }
}
