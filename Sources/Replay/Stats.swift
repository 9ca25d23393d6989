public import CrenelModel

/// `crenel stats`: counts of what was read.
public enum Stats {
  /// Counts all exchanges and writes the result to standard output.
  public static func run(_ options: RunOptions, isJSON: Bool) throws(Diagnostics) -> InputReport {
    let setup = try Setup(options)
    let inputs = try ReplayInputs(options, setup)
    var consumer = Consumer()
    inputs.runUnordered(&consumer)
    var output = OutputStream.standardOutput()
    let report = inputs.report
    output.write(
      isJSON ? json(consumer.statistics, report) : text(consumer.statistics, report))
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

  private static func text(_ statistics: Statistics, _ report: InputReport) -> [UInt8] {
    var text = report.text(isBrief: false)
    func line(_ name: String, _ value: String) {
      text += name + String(repeating: " ", count: max(1, 22 - name.count)) + value + "\n"
    }
    text += "\n"
    line("lines", "\(report.lines)")
    line("exchanges", "\(report.exchanges)")
    line("not understood", "\(report.unparsed)")
    if let first = statistics.first, let last = statistics.last {
      line("first", first.rfc3339)
      line("last", last.rfc3339)
    }
    line("clients, about", "\(statistics.clientEstimate)")
    line("response bytes", "\(statistics.bytes)")
    line("malformed requests", "\(statistics.malformed)")
    if statistics.encrypted > 0 { line("TLS connections", "\(statistics.encrypted)") }
    if statistics.unknownTargets > 0 {
      line("targets not captured", "\(statistics.unknownTargets)")
    }
    text += "\n"
    for entry in statistics.byStatus {
      line(
        "status \(entry.status == 0 ? "not logged" : "\(entry.status)")",
        share(entry.count, of: statistics.exchanges))
    }
    text += "\n"
    for entry in statistics.byMethod {
      line(
        "method \(TerminalText.escaped(entry.method, limit: 24))",
        share(entry.count, of: statistics.exchanges))
    }
    return Array(text.utf8)
  }

  private static func share(_ count: UInt64, of total: UInt64) -> String {
    guard total > 0 else { return "\(count)" }
    let tenths = (Double(count) / Double(total) * 1_000).rounded()
    return "\(count)  \(Int(tenths) / 10).\(Int(tenths) % 10) %"
  }
}
