import CrenelAlerts
import CrenelBooking
import CrenelEngine
import CrenelFeatures
public import CrenelModel
import CrenelRules

/// Where alerts go and in which form.
public struct ReplayOutput: Sendable {
  /// JSON lines on standard output; else text for people.
  public var isJSON: Bool
  /// Language of texts for people: `en` or `fr`.
  public var language: String
  /// A file that gets the JSON lines as well.
  public var alertsFile: String?
  /// The level from which an alert is a finding.
  public var failOn: String?
  /// Whether standard error is kept to what went wrong.
  public var isQuiet: Bool

  /// Creates output settings.
  public init(
    isJSON: Bool, language: String, alertsFile: String?, failOn: String?, isQuiet: Bool
  ) {
    self.isJSON = isJSON
    self.language = language
    self.alertsFile = alertsFile
    self.failOn = failOn
    self.isQuiet = isQuiet
  }
}

/// What a replay ended with.
public struct ReplayOutcome: Sendable {
  /// What was read.
  public var report: InputReport
  /// Whether an alert at or above `failOn` was raised.
  public var hasFindings: Bool
}

/// `crenel replay`: logs to alerts.
public enum Replay {
  /// Reads all inputs and writes what was raised.
  ///
  /// Throws configuration mistakes, before anything was read or written.
  public static func run(
    _ options: RunOptions, _ wanted: ReplayOutput
  ) throws(Diagnostics) -> ReplayOutcome {
    var options = options
    let failLevel = level(wanted.failOn, &options.mistakes)
    options.alertsFile = wanted.alertsFile
    let setup = try Setup(options)
    let inputs = try ReplayInputs(options, setup)
    let language = Language(rawValue: wanted.language) ?? .en
    let sink = try AlertSink(wanted, setup: setup, inputs: inputs, options: options)
    var consumer = Consumer(
      pipeline: try setup.pipeline(hashSeed: options.hashSeed), sink: sink)
    try inputs.start()
    if !wanted.isQuiet { setup.remarks.tell(language) }
    inputs.run(&consumer)
    consumer.pipeline.finish()
    consumer.drain()
    try sink.finish()
    var report = inputs.report
    report.undecided = consumer.pipeline.rules.counters.undecided
    report.tell(isQuiet: wanted.isQuiet, language)
    let remarks = RunRemarks(consumer.pipeline, rules: setup.rules.metadata, names: inputs.names)
    StandardError.write(remarks.text(isBrief: wanted.isQuiet, language))
    if !wanted.isQuiet { tellLimits(consumer.pipeline, setup.rules.metadata, language) }
    guard let failLevel, let highest = sink.highest else {
      return ReplayOutcome(report: report, hasFindings: false)
    }
    return ReplayOutcome(report: report, hasFindings: highest >= failLevel)
  }

  private static func tellLimits(
    _ pipeline: borrowing Pipeline, _ rules: [RuleMetadata], _ language: Language
  ) {
    let limits = LogLimits(
      pipeline.features.traits, rules: rules, requests: pipeline.exchanges,
      encrypted: pipeline.encrypted)
    StandardError.write(limits.text(language))
  }

  private struct Consumer: ExchangeConsumer, ~Copyable {
    var pipeline: Pipeline
    let sink: AlertSink

    var isDone: Bool { sink.isDone }

    mutating func flush() { sink.flush() }

    mutating func consume(_ batch: borrowing ExchangeBatch, _ range: Range<Int>) {
      for i in range { pipeline.process(batch, i) }
      drain()
    }

    mutating func drain() {
      guard pipeline.alerts.hasRecords else { return }
      sink.write(pipeline.drain())
    }
  }

  private static func level(_ text: String?, _ mistakes: inout [Diagnostic]) -> RuleLevel? {
    guard let text else { return nil }
    let level = RuleLevel.allCases.first { $0.name == text }
    if level == nil {
      mistakes.append(
        Diagnostic(
          code: "bad-level", at: SourcePosition(file: "--fail-on"), "'\(text)' is no level",
          hint: "one of: \(RuleLevel.allCases.map(\.name).joined(separator: ", "))"))
    }
    return level
  }
}
