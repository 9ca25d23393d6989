import CrenelBooking
import CrenelFeatures
import CrenelModel
import CrenelRules

/// One exchange to try rules on.
struct Sample {
  var texts: [TextField: String] = [:]
  var extras: [String: String] = [:]
  var raw: String?
  var status: UInt16 = 200
  var client = "192.0.2.7"
  var at: Int64 = 1_614_585_600_000_000_000  // 2021-03-01T08:00:00Z, a Monday
  var step: StepKind = .other
  var outcome: StepOutcome = .unknown
  var isUndecided = false
  var mayBe: StepKinds = []
  var service: String?
  var session: UInt64 = 1
  var bodyBytes: Int64 = -1
  var elapsed: Int64 = -1
  /// When it began and ended; `at` for both when `nil`.
  var start: TimeBounds?
  var end: TimeBounds?
  var flags: ExchangeFlags = []
  var source: UInt32 = 0
  var unparsedBefore: UInt32 = 0

  /// A request as a log would give it.
  static func get(_ target: String, agent: String? = "Mozilla/5.0") -> Sample {
    var sample = Sample()
    sample.texts[.method] = "GET"
    sample.texts[.target] = target
    let parts = target.split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
    sample.texts[.path] = String(parts[0])
    if parts.count > 1 { sample.texts[.query] = String(parts[1]) }
    if let agent { sample.texts[.userAgent] = agent }
    sample.raw = "192.0.2.7 - - [01/Mar/2021:08:00:00 +0000] \"GET \(target) HTTP/1.1\" 200 5"
    return sample
  }
}

/// A batch, with the steps of its exchanges.
struct Traffic {
  var batch = ExchangeBatch()
  var steps: [Step] = []

  init(_ samples: [Sample], names: FieldNames) {
    for (place, sample) in samples.enumerated() { add(sample, place, names) }
  }

  private mutating func put(_ text: String?) -> ByteRange {
    guard let text else { return .absent }
    return put(bytes: Array(text.utf8))
  }

  private mutating func put(bytes: [UInt8]) -> ByteRange {
    let first = batch.bytes.count
    batch.bytes += bytes
    return ByteRange(first..<batch.bytes.count)
  }

  private mutating func add(_ sample: Sample, _ place: Int, _ names: FieldNames) {
    let at = Timestamp(nanoseconds: sample.at)
    var exchange = Exchange(
      at: at,
      provenance: Provenance(source: sample.source, offset: 0, length: 0, line: UInt64(place) + 1))
    exchange.start = sample.start ?? exchange.start
    exchange.end = sample.end ?? exchange.end
    exchange.flags = sample.flags
    exchange.unparsedBefore = sample.unparsedBefore
    for field in TextField.allCases { exchange[field] = put(sample.texts[field]) }
    for (name, text) in sample.extras.sorted(by: { $0.key < $1.key }) {
      if let slot = names.slot(of: name) { exchange.extras[slot] = put(text) }
    }
    exchange.raw = put(sample.raw)
    exchange.status = sample.status
    exchange.client = ClientAddress(parsing: Array(sample.client.utf8).span) ?? .none
    exchange.peer = exchange.client
    exchange.bodyBytes = sample.bodyBytes
    exchange.elapsed = sample.elapsed
    var step = Step()
    step.kind = sample.step
    step.outcome = sample.outcome
    if sample.isUndecided {
      step.flags.insert(.undecided)
      step.mayBe = sample.mayBe
      step.rule = 4
    }
    step.client = exchange.client
    step.session = sample.session
    step.service = put(sample.service)
    batch.exchanges.append(exchange)
    steps.append(step)
  }
}

/// Reads rules and evaluates samples; the ids of the rules that were true, for each sample.
func run(
  _ rules: String, _ samples: [Sample], knobs: [String: Double] = [:], utcOffset: Int64 = 0
) throws -> [[String]] {
  var names = FieldNames()
  let set = try RuleSet.parse(
    files: [(name: "booking/test.yml", text: rules)], knobs: knobs, names: &names)
  let verdicts = verdicts(set, samples, names: names, utcOffset: utcOffset)
  return verdicts.map { $0.map { set.metadata[Int($0.rule)].id } }
}

/// An engine that has taken in some samples, with what it says of the last one.
struct Judged {
  var fired: [[String]] = []
  var counters = RuleCounters()
  var undecided: [UndecidedRule] = []
  var traces: [[RuleTrace]] = []
}

/// Reads rules and evaluates samples, with everything that people are told of them.
func judge(_ rules: String, _ samples: [Sample]) throws -> Judged {
  var names = FieldNames()
  let set = try RuleSet.parse(files: [(name: "booking/test.yml", text: rules)], names: &names)
  let traffic = Traffic(samples, names: names)
  var engine = RuleEngine(set, names: names, seed: 7)
  var features = FeatureStage(FeatureConfiguration())
  var judged = Judged()
  for index in traffic.batch.exchanges.indices {
    guard traffic.batch.exchanges[index].flags.isDisjoint(with: .uncounted) else {
      engine.passOver(traffic.batch.exchanges[index])
      judged.fired.append([])
      judged.traces.append([])
      continue
    }
    let step = traffic.steps[index]
    let subjects = features.update(traffic.batch.exchanges[index], step, in: traffic.batch)
    var verdicts: [Verdict] = []
    engine.evaluate(traffic.batch, index, step, features, subjects, into: &verdicts)
    judged.fired.append(verdicts.map { set.metadata[Int($0.rule)].id })
    judged.traces.append(engine.explain(traffic.batch, index, step, features, subjects))
  }
  judged.counters = engine.counters
  judged.undecided = engine.undecided
  return judged
}

/// The warnings of rules that are read.
func warnings(_ text: String) throws -> [Diagnostic] {
  var names = FieldNames()
  return try RuleSet.parse(files: [(name: "booking/test.yml", text: text)], names: &names).warnings
}

/// The verdicts of each sample.
func verdicts(
  _ set: RuleSet, _ samples: [Sample], names: FieldNames, utcOffset: Int64 = 0
) -> [[Verdict]] {
  let traffic = Traffic(samples, names: names)
  var engine = RuleEngine(
    set, names: names, seed: 7, zone: ZoneRules(name: "test", offset: utcOffset))
  var features = FeatureStage(FeatureConfiguration())
  return traffic.batch.exchanges.indices.map { index in
    let subjects = features.update(
      traffic.batch.exchanges[index], traffic.steps[index], in: traffic.batch)
    var verdicts: [Verdict] = []
    engine.evaluate(
      traffic.batch, index, traffic.steps[index], features, subjects, into: &verdicts)
    return verdicts
  }
}

/// A rule of one search identifier, `selection`, with these lines.
func rule(_ lines: String, condition: String = "selection") -> String {
  let body = lines.split(separator: "\n", omittingEmptySubsequences: false)
    .map { "    " + $0 }.joined(separator: "\n")
  return """
    title: Test
    id: test
    logsource: {product: crenel, service: booking}
    detection:
      selection:
    \(body)
      condition: \(condition)
    """
}

/// Whether the rule with these lines is true of a sample.
func holds(_ lines: String, _ sample: Sample) throws -> Bool {
  try run(rule(lines), [sample])[0] == ["test"]
}

/// The codes of the errors that these files are refused with; warnings left out.
func refusal(_ text: String, knobs: [String: Double] = [:]) -> [String] {
  var names = FieldNames()
  do throws(Diagnostics) {
    _ = try RuleSet.parse(
      files: [(name: "booking/test.yml", text: text)], knobs: knobs, names: &names)
    return []
  } catch {
    return error.items.filter { $0.severity == .error }.map(\.code)
  }
}
