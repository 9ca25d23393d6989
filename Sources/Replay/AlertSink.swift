import CrenelAlerts
import CrenelModel
import CrenelRules

/// Where a replay's alerts go: standard output as JSON or text, and a file as JSON.
///
/// A class because consumer and command both hold it, and it owns open outputs; one thread.
final class AlertSink {
  /// The highest level of an alert so far; `nil` before the first.
  private(set) var highest: RuleLevel?

  private let wanted: ReplayOutput
  private let inputs: ReplayInputs
  private var output = OutputStream.standardOutput()
  private var file: OutputStream?
  private var encoder: ECSEncoder
  private var renderer: TextRenderer
  private var names: [UInt32: String] = [:]
  private let sharesTerminal =
    Terminal(descriptor: 1).isTerminal && Terminal(descriptor: 2).isTerminal

  init(
    _ wanted: ReplayOutput, setup: Setup, inputs: ReplayInputs, options: RunOptions
  ) throws(Diagnostics) {
    self.wanted = wanted
    self.inputs = inputs
    encoder = ECSEncoder(rules: setup.rules.metadata)
    renderer = TextRenderer(
      rules: setup.rules.metadata, language: Language(rawValue: wanted.language) ?? .en,
      hasColour: Terminal(descriptor: 1).hasColour)
    guard let path = wanted.alertsFile else { return }
    var files = inputs.files
    files.add(options)
    do {
      file = try OutputStream.creating(path, sparing: files, option: "--alerts")
    } catch {
      throw Diagnostics([error])
    }
  }

  /// Whether the reader of standard output has gone, and nobody else waits for alerts.
  var isDone: Bool { output.isDone && file == nil }

  /// Writes records in order.
  func write(_ records: [AlertRecord]) {
    for record in records {
      highest = max(highest ?? .informational, record.level)
      if wanted.isJSON || file != nil {
        let line = encoder.line(record) { self.evidenceName($0) }
        file?.write(line)
        if wanted.isJSON { output.write(line) }
      }
      if !wanted.isJSON {
        // A progress line may stand where the text goes.
        if sharesTerminal { StandardError.write(Progress.wipe) }
        output.write(renderer.text(record) { self.inputs.names[Int($0)] })
        output.flush()
      }
    }
  }

  /// Writes what waits in buffers.
  func flush() {
    output.flush()
    file?.flush()
  }

  /// Writes the closing table and what is left in buffers.
  ///
  /// Throws when alerts could not be written: a full disk, a lost mount.
  func finish() throws(Diagnostics) {
    if !wanted.isJSON { output.write(renderer.summary()) }
    output.flush()
    try file?.finish()
    try output.finish()
  }

  /// The name of a source in evidence; its digest is computed when it is first needed.
  private func evidenceName(_ source: UInt32) -> String {
    if let known = names[source] { return known }
    let name = inputs.evidenceName(of: source)
    names[source] = name
    return name
  }
}
