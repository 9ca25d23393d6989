import CrenelAlerts
import CrenelEngine
public import CrenelModel
import CrenelRules

/// `crenel rules diff`: what a change of rules would have changed on an input.
public enum RuleDiff {
  /// Reads the input once with each set of rules and writes which alerts are gained, lost and
  /// changed.
  ///
  /// Returns what was read and whether the sets differ on it. Throws the mistakes of both sets at
  /// once, and that an input can be read only once.
  public static func run(
    _ options: RunOptions, before: String, after: String, isJSON: Bool, language: String
  ) throws(Diagnostics) -> (report: InputReport, differs: Bool) {
    var old = options
    var new = options
    old.rules = [before]
    new.rules = [after]
    old.label += " (1/2)"
    new.label += " (2/2)"
    let (first, second) = try setups(old, new)
    let lost = try alerts(old, first)
    let gained = try alerts(new, second)
    let comparison = AlertComparison(lost.alerts, gained.alerts)
    let page = RuleDiffPage(comparison: comparison, language: Language(rawValue: language) ?? .en)
    var output = OutputStream.standardOutput()
    output.write(isJSON ? page.json : Array(page.text.utf8))
    try output.finish()
    gained.report.tell(isQuiet: true, page.language)
    return (gained.report, comparison.differs)
  }

  private static func setups(
    _ old: RunOptions, _ new: RunOptions
  ) throws(Diagnostics) -> (Setup, Setup) {
    var attempts = Attempts([])
    if old.inputs.contains("-") {
      let readTwice = Diagnostic(
        code: "input-read-twice", at: SourcePosition(file: "-"),
        "standard input can be read only once, and each set of rules reads the input",
        hint: "save it to a file")
      attempts = Attempts([readTwice])
    }
    // What is wrong with the input or the site is wrong for both, and told once.
    let first = attempts.value { try Setup(old) }
    let second = attempts.value { try Setup(new) }
    guard let first, let second, attempts.mistakes.isEmpty else {
      throw Diagnostics(attempts.mistakes)
    }
    return (first, second)
  }

  private static func alerts(
    _ options: RunOptions, _ setup: Setup
  ) throws(Diagnostics) -> (alerts: [RaisedAlert], report: InputReport) {
    let inputs = try ReplayInputs(options, setup)
    var consumer = RaisedAlerts(
      pipeline: try setup.pipeline(hashSeed: options.hashSeed), rules: setup.rules.metadata)
    inputs.run(&consumer)
    return (consumer.finish(), inputs.report)
  }
}

/// What an alert came to, without its evidence.
struct RaisedAlert: Equatable {
  /// The rule's Sigma id, which stays when the rule is changed.
  var ruleID: String
  /// The rule's name for people.
  var rule: String
  var actor: String
  /// The client when it opened.
  var client: String
  var start: Timestamp
  var end: Timestamp
  /// The highest level that it reached.
  var level: RuleLevel
  var matches: UInt64
}

/// Follows alerts to their end.
struct RaisedAlerts: ExchangeConsumer, ~Copyable {
  private var pipeline: Pipeline
  private let rules: [RuleMetadata]
  /// Place in `alerts` of those that are open, by id.
  private var open: [String: Int] = [:]
  private var alerts: [RaisedAlert] = []

  init(pipeline: consuming Pipeline, rules: [RuleMetadata]) {
    self.pipeline = pipeline
    self.rules = rules
  }

  var isDone: Bool { false }

  mutating func consume(_ batch: borrowing ExchangeBatch, _ range: Range<Int>) {
    for i in range { pipeline.process(batch, i) }
    take(pipeline.drain())
  }

  /// Ends the run; the alerts in the order in which they opened.
  mutating func finish() -> [RaisedAlert] {
    pipeline.finish()
    take(pipeline.drain())
    return alerts
  }

  private mutating func take(_ records: [AlertRecord]) {
    for record in records {
      let rule = rules[Int(record.rule)]
      let known = open[record.id]
      let place = known ?? alerts.count
      if known == nil {
        open[record.id] = place
        alerts.append(
          RaisedAlert(
            ruleID: rule.id, rule: rule.label, actor: record.actor,
            client: record.clientText, start: record.start, end: record.end, level: record.level,
            matches: record.matches))
      }
      alerts[place].end = record.end
      alerts[place].level = max(alerts[place].level, record.level)
      alerts[place].matches = record.matches
      if record.action == .closed { open[record.id] = nil }
    }
  }
}
