import CrenelAlerts
public import CrenelModel

/// `crenel stats`: counts of what was read.
public enum Stats {
  /// Counts all exchanges and writes the result to standard output.
  public static func run(
    _ options: RunOptions, isJSON: Bool, language: String = "en"
  ) throws(Diagnostics) -> InputReport {
    let setup = try Setup(options)
    let inputs = try ReplayInputs(options, setup)
    var consumer = Consumer()
    inputs.runUnordered(&consumer)
    var output = OutputStream.standardOutput()
    let report = inputs.report
    if isJSON { report.tellWarnings() }
    output.write(
      isJSON
        ? json(consumer.statistics, report)
        : text(consumer.statistics, report, Language(rawValue: language) ?? .en))
    try output.finish()
    return report
  }

  private struct Consumer: ExchangeConsumer {
    var statistics = Statistics()
    var isDone: Bool { false }

    mutating func consume(_ batch: borrowing ExchangeBatch, _ range: Range<Int>) {
      statistics.add(batch)
    }
  }

  private static func json(_ statistics: Statistics, _ report: InputReport) -> [UInt8] {
    var writer = JSONWriter()
    writer.beginObject()
    writer.int("lines", report.lines)
    if let packets = report.packets { writer.int("packets", packets) }
    writer.int("exchanges", report.exchanges)
    writer.int("unparsed", report.unparsed)
    if let first = statistics.first { writer.string("first", first.rfc3339) }
    if let last = statistics.last { writer.string("last", last.rfc3339) }
    writer.int("clients_estimate", statistics.clientEstimate)
    writer.int("response_bytes", statistics.bytes)
    writer.int("malformed_requests", statistics.malformed)
    if statistics.encrypted > 0 { writer.int("tls_connections", statistics.encrypted) }
    if statistics.unknownTargets > 0 { writer.int("unknown_targets", statistics.unknownTargets) }
    writer.beginObject("by_status")
    for entry in statistics.byStatus {
      writer.key("\(entry.status)")
      writer.int(nil, entry.count)
    }
    writer.endObject()
    writer.beginObject("by_method")
    for entry in statistics.byMethod {
      writer.key(entry.method)
      writer.int(nil, entry.count)
    }
    writer.endObject()
    report.write(to: &writer)
    writer.endObject()
    writer.newline()
    return writer.bytes
  }

  private static func text(
    _ statistics: Statistics, _ report: InputReport, _ language: Language
  ) -> [UInt8] {
    var text = report.text(isBrief: false, language) + "\n"
    func line(_ name: LocalizedText, _ value: String) {
      let name = name[language]
      text += name + String(repeating: " ", count: max(1, 22 - name.count)) + value + "\n"
    }
    let isLog = report.sources.contains { $0.capture == nil }
    if isLog { line(LocalizedText(en: "lines", fr: "lignes"), "\(report.lines)") }
    if let packets = report.packets {
      line(LocalizedText(en: "packets", fr: "paquets"), "\(packets)")
    }
    line(LocalizedText(en: "exchanges", fr: "échanges"), "\(report.exchanges)")
    if isLog {
      line(LocalizedText(en: "not understood", fr: "lignes non comprises"), "\(report.unparsed)")
    }
    if let first = statistics.first, let last = statistics.last {
      line(LocalizedText(en: "first", fr: "début"), first.rfc3339)
      line(LocalizedText(en: "last", fr: "fin"), last.rfc3339)
    }
    line(
      LocalizedText(en: "clients, about", fr: "clients, environ"), "\(statistics.clientEstimate)")
    line(LocalizedText(en: "response bytes", fr: "octets de réponse"), "\(statistics.bytes)")
    line(
      LocalizedText(en: "malformed requests", fr: "requêtes mal formées"),
      "\(statistics.malformed)")
    if statistics.encrypted > 0 {
      line(LocalizedText(en: "TLS connections", fr: "connexions TLS"), "\(statistics.encrypted)")
    }
    if statistics.unknownTargets > 0 {
      line(
        LocalizedText(en: "targets not captured", fr: "cibles non capturées"),
        "\(statistics.unknownTargets)")
    }
    text += "\n"
    for entry in statistics.byStatus {
      let isKnown = entry.status != 0
      line(
        LocalizedText(
          en: "status " + (isKnown ? "\(entry.status)" : isLog ? "not logged" : "not captured"),
          fr: "statut " + (isKnown ? "\(entry.status)" : isLog ? "non journalisé" : "non capturé")),
        share(entry.count, of: statistics.exchanges, language))
    }
    text += "\n"
    for entry in statistics.byMethod {
      let method = TerminalText.escaped(entry.method, limit: 24)
      let french = [Statistics.others: "(autres)", Statistics.none: "(aucune)"]
      line(
        LocalizedText(en: "method \(method)", fr: "méthode \(french[entry.method] ?? method)"),
        share(entry.count, of: statistics.exchanges, language))
    }
    return Array(text.utf8)
  }

  private static func share(_ count: UInt64, of total: UInt64, _ language: Language) -> String {
    guard total > 0 else { return "\(count)" }
    let tenths = Int((Double(count) / Double(total) * 1_000).rounded())
    return language == .fr
      ? "\(count)  \(tenths / 10),\(tenths % 10)\u{a0}%"
      : "\(count)  \(tenths / 10).\(tenths % 10) %"
  }
}
