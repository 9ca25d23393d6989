import CrenelAlerts
import CrenelBooking
import CrenelDecode
import CrenelEngine
public import CrenelModel
import CrenelRules

/// `crenel explain`: why a client was, or was not, flagged.
public enum Explain {
  /// Runs the inputs and writes, for one client, every rule's conditions and the client's steps.
  ///
  /// With `rule`, a name or id, of that rule and those it refers to alone. Throws when neither the
  /// client nor the alert is found in an input that was read whole, and when there is no such rule.
  public static func run(
    _ options: RunOptions, client: String?, alert: String?, rule: String? = nil, isJSON: Bool,
    language: String
  ) throws(Diagnostics) -> InputReport {
    var options = options
    let named = client.flatMap { self.client($0, &options.mistakes) }
    if let alert { check(alert: alert, &options.mistakes) }
    let setup = try Setup(options)
    let shown = try rule.map { name throws(Diagnostics) in try rules(named: name, of: setup.rules) }
    let language = Language(rawValue: language) ?? .en
    if !options.isQuiet { setup.remarks.tell(language) }
    var wanted = named ?? []
    if named == nil {
      let prefix = alert ?? ""
      let (found, report) = try addresses(of: prefix, options, setup)
      guard !found.isEmpty else { return try tell(noAlert(prefix), after: report, language) }
      wanted = found
    }
    let inputs = try ReplayInputs(options, setup)
    var watcher = ClientWatcher(
      pipeline: try setup.pipeline(hashSeed: options.hashSeed), wanted: wanted)
    inputs.run(&watcher)
    watcher.finish()
    guard watcher.exchanges > 0 else {
      let unseen = unseen(wanted, as: client, encrypted: watcher.account.encrypted)
      return try tell(unseen, after: inputs.report, language)
    }
    let page = ExplainPage(
      watcher: watcher.account.showing(shown), rules: setup.rules.metadata, names: inputs.names,
      language: language, steps: setup.profile.rules)
    var output = OutputStream.standardOutput()
    output.write(isJSON ? page.json : Array(page.text.utf8))
    try output.finish()
    var report = inputs.report
    report.undecided = watcher.undecided
    report.tell(isQuiet: true, language)
    StandardError.write(
      watcher.remarks(setup.rules.metadata, inputs.names).text(isBrief: true, language))
    return report
  }

  /// The rule with an id or name, and those it refers to.
  private static func rules(
    named name: String, of set: RuleSet
  ) throws(Diagnostics) -> Set<Int32> {
    if let index = set.index(of: name) { return set.rules(within: index) }
    let known = set.metadata.map(\.label)
    throw Diagnostics([
      Diagnostic(
        code: "unknown-rule", at: SourcePosition(file: "rule"),
        "no rule has the id or name '\(name)'",
        hint: NearMiss.hint(name, among: known) ?? "`crenel rules list` shows the rules")
    ])
  }

  /// Says what was not found, and what of the input was not read: it may have been there.
  ///
  /// Throws `missing` when all was read.
  private static func tell(
    _ missing: Diagnostic, after report: InputReport, _ language: Language
  ) throws(Diagnostics) -> InputReport {
    report.tell(isQuiet: true, language)
    guard report.isCut || report.isUseless else { throw Diagnostics([missing]) }
    StandardError.write(missing.description + "\n")
    return report
  }

  /// Why there is nothing to explain.
  private static func unseen(
    _ wanted: Set<ClientAddress>, as text: String?, encrypted: UInt64
  ) -> Diagnostic {
    let clients = text ?? wanted.map(\.description).sorted().joined(separator: ", ")
    guard encrypted > 0 else {
      let isName = wanted.contains { !$0.isIP }
      return Diagnostic(
        code: "no-such-client", at: SourcePosition(file: "--client"),
        "no request of \(clients) is in the input"
          + (isName ? "; it is no address, so it was looked for as a host name" : ""),
        hint: "crenel exchanges shows the clients as they were read")
    }
    return Diagnostic(
      code: "only-tls", at: SourcePosition(file: "--client"),
      "of \(clients) the input holds \(English.counted(encrypted, "TLS connection")) and no "
        + "request: what is inside TLS is not read, so no rule was asked",
      hint: "capture behind what ends TLS, or read the server's log; crenel exchanges shows the "
        + "connections")
  }

  /// The client that alerts name so: an address, or what they have in `source.address`.
  private static func client(
    _ text: String, _ mistakes: inout [Diagnostic]
  ) -> Set<ClientAddress>? {
    let bytes = Array(text.utf8)
    if let address = ClientAddress(parsing: bytes.span) { return [address] }
    if text.hasPrefix("unix:") { return [.none] }
    if HostPort.isName(bytes.span, bytes.indices) { return [ClientAddress(name: bytes.span)] }
    mistakes.append(
      Diagnostic(
        code: "bad-address", at: SourcePosition(file: "--client"),
        "'\(text)' is neither an address nor a host name",
        hint: "such as 192.0.2.7, 2001:db8::7 or cafe-7.example, as the log has it"))
    return nil
  }

  private static func check(alert prefix: String, _ mistakes: inout [Diagnostic]) {
    guard prefix.count < 4 else { return }
    mistakes.append(
      Diagnostic(
        code: "short-alert-id", at: SourcePosition(file: "--alert"),
        "'\(prefix)' is too short to name an alert",
        hint: "give at least four letters of event.id"))
  }

  /// The addresses of an alert whose id begins with `prefix`, none without one; what was read.
  private static func addresses(
    of prefix: String, _ options: RunOptions, _ setup: Setup
  ) throws(Diagnostics) -> (found: Set<ClientAddress>, report: InputReport) {
    let inputs = try ReplayInputs(options, setup)
    var collector = AlertCollector(pipeline: try setup.pipeline(hashSeed: options.hashSeed))
    inputs.run(&collector)
    let found = collector.finish().filter { $0.id.hasPrefix(prefix.lowercased()) }
    return (Set(found.flatMap { $0.addresses + [$0.client] }), inputs.report)
  }

  private static func noAlert(_ prefix: String) -> Diagnostic {
    Diagnostic(
      code: "no-such-alert", at: SourcePosition(file: "--alert"),
      "no alert of this input has an id that begins with '\(prefix)'",
      hint: "give the same --site, --rules and --site-key as the run that raised it")
  }
}

/// What was seen of a client.
struct ClientAccount {
  /// A step in time.
  struct Moment {
    var at: Timestamp
    /// `nil` when it is not known: an expression of the profile gave up.
    var step: StepKind?
    var outcome: StepOutcome
    var status: UInt16
    var client: NamedClient
    var place: Provenance
    var request: String
  }

  /// A rule at the moment when most of its conditions held.
  struct Best {
    var trace: RuleTrace
    var at: Timestamp
    var place: Provenance
    var fired: UInt64
    /// Requests for which it could not be decided.
    var undecided: UInt64 = 0
    /// The expressions that gave up then.
    var causes: [UndecidedCause] = []
    /// By filter: requests of which it was true without its filters, and which this one dropped.
    var suppressed: [Int: UInt64] = [:]
  }

  var exchanges: UInt64 = 0
  /// TLS connections, which are no requests.
  var encrypted: UInt64 = 0
  var moments: [Moment] = []
  var best: [Int32: Best] = [:]
  /// Those that concern the client, in the order in which they opened.
  var alerts: [ClientAlert] = []

  /// The account with what concerns some rules alone; all of it without them.
  func showing(_ rules: Set<Int32>?) -> ClientAccount {
    guard let rules else { return self }
    var account = self
    account.best = best.filter { rules.contains($0.key) }
    account.alerts = alerts.filter { rules.contains($0.record.rule) }
    return account
  }
}

/// Follows one client through the pipeline.
struct ClientWatcher: ExchangeConsumer, ~Copyable {
  /// Steps kept for the timeline.
  private static let momentLimit = 500

  private var pipeline: Pipeline
  private let wanted: Set<ClientAddress>
  private var alerts: ClientAlerts
  private(set) var account = ClientAccount()

  init(pipeline: consuming Pipeline, wanted: Set<ClientAddress>) {
    self.pipeline = pipeline
    self.wanted = wanted
    alerts = ClientAlerts(of: wanted)
  }

  var isDone: Bool { false }
  var exchanges: UInt64 { account.exchanges }
  /// Requests of anybody for which a rule or the booking step could not be decided.
  var undecided: UInt64 { pipeline.rules.counters.undecided }

  /// What the run left undecided or dropped.
  func remarks(_ rules: [RuleMetadata], _ names: [String]) -> RunRemarks {
    RunRemarks(pipeline, rules: rules, names: names)
  }

  mutating func consume(_ batch: borrowing ExchangeBatch, _ range: Range<Int>) {
    for i in range {
      let passage = pipeline.process(batch, i)
      guard wanted.contains(batch.exchanges[i].client) else { continue }
      guard let passage else {
        account.encrypted += 1
        continue
      }
      note(batch, i, passage)
    }
    alerts.take(pipeline.drain())
  }

  mutating func finish() {
    pipeline.finish()
    alerts.take(pipeline.drain())
    account.alerts = alerts.found
  }

  private mutating func note(
    _ batch: borrowing ExchangeBatch, _ index: Int, _ passage: Pipeline.Passage
  ) {
    let exchange = batch.exchanges[index]
    account.exchanges += 1
    for trace in pipeline.explain(batch, index, passage) {
      let held = trace.conditions.filter(\.holds).count
      var best =
        account.best[trace.rule]
        ?? ClientAccount.Best(
          trace: trace, at: exchange.at, place: exchange.provenance, fired: 0)
      let before = best.trace.conditions.filter(\.holds).count
      let isBetter = (trace.fired, held) > (best.trace.fired, before)
      if isBetter {
        best.trace = trace
        best.at = exchange.at
        best.place = exchange.provenance
      }
      if trace.fired { best.fired += 1 }
      if trace.isUndecided { best.undecided += 1 }
      for cause in trace.causes where !best.causes.contains(cause) { best.causes.append(cause) }
      for filter in trace.filters where filter.suppresses {
        best.suppressed[filter.filter, default: 0] += 1
      }
      account.best[trace.rule] = best
    }
    let kind = passage.step.knownKind
    guard kind != .asset, account.moments.count < Self.momentLimit else { return }
    let request = [batch.string(exchange[.method]), batch.string(exchange[.target])]
    account.moments.append(
      ClientAccount.Moment(
        at: exchange.at, step: kind, outcome: passage.step.outcome, status: exchange.status,
        client: NamedClient(exchange, in: batch), place: exchange.provenance,
        request: request.compactMap { $0 }.joined(separator: " ")))
  }
}

extension Bool {
  fileprivate var rank: Int { self ? 1 : 0 }
}

/// Orders traces: fired before not, then by conditions held.
private func > (left: (Bool, Int), right: (Bool, Int)) -> Bool {
  (left.0.rank, left.1) > (right.0.rank, right.1)
}
