import CrenelBooking
import CrenelFeatures
import CrenelModel
import CrenelRules
import Testing

/// What three exchanges make of a rule: a plain one, one whose expression gives up, a matching one.
private func undecided(_ text: String) throws -> (fired: [[String]], found: [UndecidedRule]) {
  var names = FieldNames()
  let set = try RuleSet.parse(files: [(name: "booking/test.yml", text: text)], names: &names)
  let padding = String(repeating: "a", count: 40) + "b"
  let traffic = Traffic(["/plain", "/p?\(padding)", "/p?aaa"].map { .get($0) }, names: names)
  var engine = RuleEngine(set, names: names, seed: 7)
  var features = FeatureStage(FeatureConfiguration())
  var fired: [[String]] = []
  for index in traffic.batch.exchanges.indices {
    let subjects = features.update(
      traffic.batch.exchanges[index], traffic.steps[index], in: traffic.batch)
    var verdicts: [Verdict] = []
    engine.evaluate(
      traffic.batch, index, traffic.steps[index], features, subjects, into: &verdicts)
    fired.append(verdicts.map { set.metadata[Int($0.rule)].id })
    let traces = engine.explain(traffic.batch, index, traffic.steps[index], features, subjects)
    #expect(traces.contains(where: \.isUndecided) == (index == 1 && !engine.undecided.isEmpty))
  }
  #expect(engine.counters.undecided == (engine.undecided.isEmpty ? 0 : 1))
  return (fired, engine.undecided)
}

@Suite("Regular expressions that give up")
struct UndecidedTests {
  private static func conditions(_ condition: String) -> String {
    """
    title: Test
    id: test
    name: test
    logsource: {product: crenel, service: booking}
    detection:
      slow: {url.query|re: '^(a+)+$'}
      other: {url.path: /p}
      never: {url.path: /never}
      condition: \(condition)
    """
  }

  @Test(
    "a rule that hangs on one does not fire and is told; one that does not is decided",
    arguments: [
      ("slow", [false, false, true], 1), ("slow and other", [false, false, true], 1),
      ("other and not slow", [false, false, false], 1),
      ("slow or other", [false, true, true], 0), ("slow and never", [false, false, false], 0),
      ("not (slow and never)", [true, true, true], 0),
      ("1 of slow*", [false, false, true], 1), ("not slow or never", [true, false, false], 1),
    ] as [(String, [Bool], UInt64)])
  func kleene(condition: String, fired: [Bool], count: UInt64) throws {
    let result = try undecided(Self.conditions(condition))
    #expect(result.fired.map { $0 == ["test"] } == fired)
    #expect(result.found.map(\.requests) == (count == 0 ? [] : [count]))
    #expect(result.found.allSatisfy { $0.first.line == 2 && $0.causes == [.rule] })
  }

  @Test("a list of expressions of which one matches is decided")
  func list() throws {
    let result = try undecided(
      rule("url.query|re: ['^(a+)+$', '^a+b$']"))
    #expect(result.found.isEmpty && result.fired[1] == ["test"])
  }

  @Test("neq does not turn an expression that gave up into a match")
  func negated() throws {
    let result = try undecided(rule("url.query|re|neq: '^(a+)+$'"))
    #expect(result.fired[1].isEmpty && result.found.count == 1)
  }

  @Test("a correlation that would have counted the request is told with the rule")
  func correlation() throws {
    let result = try undecided(
      Self.conditions("slow") + """

        ---
        title: Many
        id: many
        correlation:
          type: event_count
          rules: [test]
          group-by: [client]
          timespan: 1m
          condition: { gte: 2 }
        """)
    #expect(result.found.map(\.rule) == [0, 1] && result.fired.allSatisfy(\.isEmpty))
  }

  @Test(
    "a rule that hangs on a step that is not known does not fire and is told; others are decided",
    arguments: [
      ("booking.step: hold", "selection", nil), ("booking.step: hold", "not selection", nil),
      ("booking.step|neq: hold", "selection", nil), ("booking.outcome: failure", "selection", nil),
      ("booking.service: null", "selection", nil), ("booking.slot|exists: false", "selection", nil),
      ("booking.service: '1'", "not selection", nil),
      ("url.path|fieldref: booking.service", "selection", nil),
      ("booking.step: [hold, other]\nurl.path: /q", "selection", false),
      ("booking.step: hold\nurl.path: /q", "not selection", true),
      ("url.path: /p", "selection", true), ("url.path: /q", "not selection", true),
    ] as [(String, String, Bool?)])
  func unknownStep(lines: String, condition: String, fires: Bool?) throws {
    var names = FieldNames()
    let text = rule(lines, condition: condition)
    let set = try RuleSet.parse(files: [(name: "booking/test.yml", text: text)], names: &names)
    var sample = Sample.get("/p")
    sample.isUndecided = true
    let traffic = Traffic([sample], names: names)
    var engine = RuleEngine(set, names: names, seed: 7)
    var features = FeatureStage(FeatureConfiguration())
    let subjects = features.update(traffic.batch.exchanges[0], traffic.steps[0], in: traffic.batch)
    var verdicts: [Verdict] = []
    engine.evaluate(traffic.batch, 0, traffic.steps[0], features, subjects, into: &verdicts)
    #expect(verdicts.count == (fires == true ? 1 : 0))
    #expect(engine.undecided.map(\.requests) == (fires == nil ? [1] : []))
    #expect(engine.counters.undecided == 1)
    let trace = engine.explain(traffic.batch, 0, traffic.steps[0], features, subjects)[0]
    #expect(trace.isUndecided == (fires == nil) && trace.fired == (fires == true))
  }

  @Test(
    "a rule that hangs on a count which a step that is not known may raise is undecided",
    arguments: [
      ("session.confirms: 0", "selection", nil), ("session.confirms|lt: 1", "selection", nil),
      ("session.confirms|lte: 0", "selection", nil), ("session.confirms|gte: 1", "selection", nil),
      ("session.confirms|gte: 1", "not selection", nil),
      ("session.confirms|neq: 1", "selection", nil), ("session.confirms|gte: 0", "selection", true),
      ("session.confirms|lt: 0", "selection", false),
      ("session.confirms|fieldref: session.holds", "selection", nil),
      ("session.confirms: 0\nsession.requests_1m|gte: 9", "selection", false),
      ("session.cancels: 0", "selection", true), ("session.requests_1m|lt: 9", "selection", true),
    ] as [(String, String, Bool?)])
  func openCount(lines: String, condition: String, fires: Bool?) throws {
    var names = FieldNames()
    let text = rule(lines, condition: condition)
    let set = try RuleSet.parse(files: [(name: "booking/test.yml", text: text)], names: &names)
    var first = Sample.get("/p")
    first.isUndecided = true
    first.mayBe = [.confirm, .other]
    let traffic = Traffic([first, .get("/q")], names: names)
    var engine = RuleEngine(set, names: names, seed: 7)
    var features = FeatureStage(FeatureConfiguration())
    var found: [Verdict] = []
    for index in 0..<2 {
      let subjects = features.update(
        traffic.batch.exchanges[index], traffic.steps[index], in: traffic.batch)
      found = []
      engine.evaluate(
        traffic.batch, index, traffic.steps[index], features, subjects, into: &found)
      let trace = engine.explain(
        traffic.batch, index, traffic.steps[index], features, subjects)[0]
      #expect(trace.isUndecided == (fires == nil) && trace.fired == (fires == true))
      #expect(trace.causes == (fires == nil ? [.step(4)] : []))
    }
    #expect(found.count == (fires == true ? 1 : 0))
    #expect(engine.undecided.map(\.requests) == (fires == nil ? [2] : []))
    #expect(engine.undecided.allSatisfy { $0.causes == [.step(4)] })
  }

  @Test("what is a reason held: a branch that is not known gives none")
  func reasons() throws {
    var names = FieldNames()
    let set = try RuleSet.parse(
      files: [
        (
          name: "booking/test.yml",
          text: """
          title: Test
          id: test
          logsource: {product: crenel, service: booking}
          detection:
            path: {url.path: /p}
            method: {http.request.method: GET}
            hold: {booking.step: hold}
            condition: path or (method and not hold)
          """
        )
      ], names: &names)
    var sample = Sample.get("/p")
    sample.isUndecided = true
    let verdict = try #require(verdicts(set, [sample], names: names)[0].first)
    #expect(verdict.reasonCount == 1)
  }
}
