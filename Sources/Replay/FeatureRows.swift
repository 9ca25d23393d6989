import CrenelBooking
import CrenelEngine
import CrenelFeatures
public import CrenelModel

/// Which rows and columns `crenel features` writes.
public struct FeatureRowOptions: Sendable {
  /// Comma-separated values; else JSON lines.
  public var isCSV: Bool
  /// Full names of features; `nil` for all.
  public var only: [String]?
  /// Only requests that are a step other than `asset` and `other`.
  public var stepsOnly: Bool

  /// Creates options.
  public init(isCSV: Bool, only: [String]?, stepsOnly: Bool) {
    self.isCSV = isCSV
    self.only = only
    self.stepsOnly = stepsOnly
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
      texts: columns.map(FeatureCatalogue.name(of:)), options: wanted, names: inputs.names,
      output: OutputStream.standardOutput())
    if wanted.isCSV { consumer.writeHeader() }
    inputs.run(&consumer)
    try consumer.output.finish()
    inputs.report.tell(isQuiet: isQuiet)
    StandardError.write(RunRemarks.text(consumer.pipeline.booking.undecided, names: inputs.names))
    return inputs.report
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
    let names: [String]
    var output: OutputStream
    var writer = JSONWriter()

    init(
      pipeline: consuming Pipeline, columns: [FeatureName], texts: [String],
      options: FeatureRowOptions, names: [String], output: consuming OutputStream
    ) {
      self.pipeline = pipeline
      self.columns = columns
      self.texts = texts
      self.options = options
      self.names = names
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
        if options.isCSV {
          writeCSV(exchange, passage, client)
        } else {
          writeJSON(exchange, passage, client)
        }
      }
      _ = pipeline.drain()
    }

    mutating func writeHeader() {
      let fixed = ["@timestamp", "source.ip", "source.address", "booking.step", "log.line"]
      output.write((fixed + texts).joined(separator: ",") + "\n")
    }

    /// Numbers and words of ours, but for a client that is no address: its name is of the log.
    ///
    /// A step that is not known leaves its cell empty.
    private mutating func writeCSV(
      _ exchange: Exchange, _ passage: Pipeline.Passage, _ client: NamedClient
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
      _ exchange: Exchange, _ passage: Pipeline.Passage, _ client: NamedClient
    ) {
      writer.removeAll()
      writer.beginObject()
      writer.string("@timestamp", exchange.at.rfc3339)
      writer.moment(client, passage.step.knownKind, passage.step.outcome)
      writer.place(names[Int(exchange.provenance.source)], line: exchange.provenance.line)
      writer.beginObject("crenel")
      writer.beginObject("features")
      for (column, text) in zip(columns, texts) {
        let value = pipeline.features.value(column, of: passage.subjects)
        guard !value.isNaN else { continue }
        writer.key(text)
        writer.number(nil, value)
      }
      writer.endObject()
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
