import CrenelAlerts
import CrenelBooking
import CrenelFeatures
import CrenelModel
import CrenelRules
import CrenelTestKit
import Foundation
import Testing

/// A stage with one rule, fed by hand.
private struct Bench: ~Copyable {
  var stage: AlertStage
  var features: FeatureStage
  let rules: [RuleMetadata]
  private let ipv6Prefix: Int

  init(
    _ yaml: String = "", level: String = "high", verdict: String = "sniper", key: [UInt8]? = nil,
    openLimit: Int = 16_384, ipv6Prefix: Int = 128
  ) throws {
    var names = FieldNames()
    let text = """
      title: Test rule
      id: 00000000-0000-4000-8000-000000000001
      logsource: { product: crenel, service: booking }
      detection:
        list: { booking.step: list }
        condition: list
      level: \(level)
      crenel:
        verdict: \(verdict)
        subject: session
        close_after: 10m
        finding: { en: "Polled {session.polls} times.", fr: "Interrogé {session.polls} fois." }
      \(yaml)
      """
    rules = try RuleSet.parse(files: [("booking/t.yml", text)], names: &names).metadata
    var configuration = AlertConfiguration()
    configuration.siteKey = key
    configuration.openLimit = openLimit
    stage = AlertStage(configuration, rules: rules)
    self.ipv6Prefix = ipv6Prefix
    var site = FeatureConfiguration()
    site.ipv6Prefix = ipv6Prefix
    features = FeatureStage(site)
  }

  /// One verdict at `at` seconds with reasons of the families given.
  mutating func raise(
    at: Int64, client: String = "192.0.2.7", session: UInt64 = 5, line: String = "a line",
    reasons: [(Feature, Double)] = [(.polls, 40), (.skippedSteps, 2)], agent: UInt64 = 9,
    flags: Step.Flags = [.sessionByCookie], packets: PacketDetail? = nil
  ) {
    var batch = ExchangeBatch()
    batch.bytes = Array(line.utf8)
    var exchange = Exchange(
      at: Timestamp(nanoseconds: at * Nanoseconds.second),
      provenance: Provenance(
        source: 0, offset: UInt64(at) * 100, length: UInt32(line.utf8.count), line: UInt64(at)))
    exchange.raw = ByteRange(0..<batch.bytes.count)
    exchange.client = ClientAddress(parsing: Array(client.utf8).span) ?? .none
    exchange.resolution = Nanoseconds.millisecond
    if let packets {
      batch.details = [packets]
      exchange.detail = 0
      exchange.provenance.offset = packets.requestFrames.first * 100
      exchange.provenance.line = packets.requestFrames.first
    }
    batch.exchanges = [exchange]
    var step = Step()
    step.kind = .list
    step.client = exchange.client.masked(ipv4: 32, ipv6: ipv6Prefix)
    step.session = session
    step.agent = agent
    step.flags = flags
    let subjects = features.update(exchange, step, in: batch)
    stage.completeness.unparsed = 2
    stage.advance(to: exchange.at)
    var verdict = Verdict(rule: 0, subject: rules[0].subject)
    for (feature, value) in reasons {
      verdict.add(
        Reason(
          .feature(FeatureName(.session, feature)), .greaterOrEqual, value: value, threshold: 1))
    }
    stage.raise(verdict, exchange, step, in: batch, features, subjects)
  }

  mutating func lines(_ records: [AlertRecord]) -> [String] {
    var encoder = ECSEncoder(rules: rules)
    return records.map {
      String(decoding: encoder.line($0) { _ in "stdin" }, as: UTF8.self)
    }
  }
}

@Suite("Life of an alert")
struct LifecycleTests {
  @Test("one verdict opens, many are counted and told at 10 and 100, silence closes")
  func life() throws {
    var bench = try Bench()
    for i in 0..<150 { bench.raise(at: Int64(i)) }
    bench.raise(at: 5_000, client: "192.0.2.8", session: 6)
    let records = bench.stage.drain()
    #expect(records.map(\.action) == [.opened, .updated, .updated, .closed, .opened])
    #expect(records.map(\.matches) == [1, 10, 100, 150, 1])
    #expect(
      records[3].suppressed == 50 && records[3].at.nanoseconds == (149 + 600) * Nanoseconds.second)
    #expect(records[0].id == records[3].id && records[0].id != records[4].id)
    bench.stage.finish()
    #expect(bench.stage.drain().map(\.action) == [.closed])
  }

  @Test("every verdict is in a count: told ones and suppressed ones make all of them")
  func nothingLost() throws {
    var bench = try Bench()
    for i in 0..<237 { bench.raise(at: Int64(i), client: "192.0.2.\(1 + i % 3)") }
    bench.stage.finish()
    let records = bench.stage.drain()
    let told = records.filter { $0.action != .closed }.count
    let suppressed = records.reduce(0) { $0 + $1.suppressed }
    #expect(UInt64(told) + suppressed == 237)
    #expect(records.last?.addresses.count == 3)
  }

  @Test("requests that one packet began are pieces of evidence of their own, each with its bytes")
  func pipelined() throws {
    var bench = try Bench()
    for (second, offset) in [(1, 0), (2, 40), (1_000, 80)] as [(Int64, UInt64)] {
      var packets = PacketDetail()
      packets.requestFrames.add(7)
      packets.requestStream.offset = offset
      bench.raise(at: second, packets: packets)
    }
    let opened = try #require(bench.stage.drain().last { $0.action == .opened })
    let places = opened.evidence.map(\.place)
    #expect(places.map { $0.packets?.requestStream.offset } == [0, 40, 80])
    #expect(places.allSatisfy { $0.provenance.line == 7 && $0.packets?.request.first == 7 })
    #expect(
      places.map { $0.packets?.start.nanoseconds } == [1, 2, 1_000].map { $0 * Nanoseconds.second })
    #expect(opened.evidence.map(\.digest.isEmpty) == [true, true, false])
  }

  @Test("the id is the evidence's: any byte of the line, another actor or rule changes it")
  func ids() throws {
    func id(_ line: String, session: UInt64 = 5, key: [UInt8]? = nil) throws -> String {
      var bench = try Bench(key: key)
      bench.raise(at: 1, session: session, line: line)
      return try #require(bench.stage.drain().first).id
    }
    let plain = try id("a line")
    #expect(try id("a line") == plain && plain.count == 32)
    #expect(try id("a linf") != plain)
    #expect(try id("a line", session: 6) != plain)
    #expect(try id("a line", key: Array(repeating: 1, count: 32)) != plain)
  }

  @Test("when there is no room the alert that would close first goes, and every line says so")
  func room() throws {
    var bench = try Bench(openLimit: 4)
    for i in 0..<10 { bench.raise(at: Int64(i), session: UInt64(i + 1)) }
    #expect(bench.stage.openCount == 4 && bench.stage.evictedAlerts == 6)
    bench.stage.finish()
    let records = bench.stage.drain()
    #expect(records.filter { $0.action == .opened }.count == 10)
    #expect(records.filter { $0.action == .closed }.count == 10)
    #expect(records.last?.completeness.evicted == 6)
  }

  @Test(
    "each alert closes when its time is over, in order, as a list looked through would",
    arguments: 0..<8)
  func deadlines(seed: UInt64) throws {
    var random = Seeded(seed)
    var bench = try Bench()
    var last: [UInt64: Int64] = [:]
    var expected: [Int64] = []
    var now: Int64 = 0
    for _ in 0..<300 {
      now += Int64(random.next() % 120)
      let session = random.next() % 25 + 1
      let over = last.filter { $0.value + 600 <= now }
      expected += over.map { $0.value + 600 }.sorted()
      for key in over.keys { last[key] = nil }
      bench.raise(at: now, session: session)
      last[session] = now
      #expect(bench.stage.openCount == last.count, "seed \(seed)")
    }
    let closed = bench.stage.drain().filter { $0.action == .closed }
    #expect(
      closed.map { $0.at.nanoseconds / Nanoseconds.second }.sorted() == expected.sorted())
  }

  @Test("a verdict with another family of evidence raises the level, and its reasons are told")
  func rises() throws {
    var bench = try Bench()
    bench.raise(at: 1, reasons: [(.polls, 40)])
    bench.raise(at: 2, reasons: [(.polls, 41)])
    bench.raise(at: 3, reasons: [(.polls, 42), (.skippedSteps, 2)])
    let records = bench.stage.drain()
    #expect(records.map(\.level) == [.low, .high] && records.map(\.action) == [.opened, .updated])
    #expect(records.last?.reasons.count == 2 && records.last?.families == [.timing, .sequence])
  }

  @Test("the first four addresses that join are told, and the limit of 64 counts real ones")
  func joining() throws {
    var bench = try Bench(ipv6Prefix: 64)
    for i in 1...100 { bench.raise(at: Int64(i), client: "2001:db8:\(i)::7") }
    bench.stage.finish()
    let records = bench.stage.drain()
    #expect(records.map(\.matches) == [1, 2, 3, 4, 10, 100, 100])
    let real = (1...64).map { ClientAddress(parsing: Array("2001:db8:\($0)::7".utf8).span) }
    #expect(records.last?.addresses == real.compactMap(\.self))
  }

  @Test("a level that rises is told with its reasons, and without a cap that no longer holds")
  func risesOnTerminal() throws {
    var bench = try Bench()
    bench.raise(at: 1, reasons: [(.polls, 40)])
    for i in 2...3 {
      bench.raise(at: Int64(i), reasons: [(.polls, 42), (.skippedSteps, 2)])
    }
    for i in 4...12 { bench.raise(at: Int64(i), reasons: [(.polls, 50)]) }
    bench.stage.finish()
    let records = bench.stage.drain()
    #expect(records.map(\.raisedFrom) == [nil, .low, nil, nil])
    var renderer = TextRenderer(rules: bench.rules, language: .en, hasColour: false)
    let texts = records.map { renderer.text($0) { _ in "log" } }
    #expect(texts[0].contains("capped     high → low: one family of evidence only"))
    #expect(texts[1].hasPrefix("HIGH") && texts[1].contains("[sniper]: 2 matches\n"))
    #expect(texts[1].contains("raised     low → high\n") && !texts[1].contains("capped"))
    #expect(texts[1].contains("session.polls 42") && texts[1].contains("session.skipped_steps 2"))
    #expect(texts[2].split(separator: "\n").count == 1 && texts[3].isEmpty)
    #expect(renderer.summary().contains("high        1       12       1       0  Test rule"))
    var french = TextRenderer(rules: bench.rules, language: .fr, hasColour: false)
    #expect(french.text(records[1]) { _ in "log" }.contains("relevé     faible → élevé\n"))
  }

  @Test("staff is never alerted")
  func staff() throws {
    var bench = try Bench()
    bench.raise(at: 1, flags: [.staff])
    #expect(bench.stage.drain().isEmpty && bench.stage.staffVerdicts == 1)
  }
}

@Suite("Levels")
struct LevelTests {
  @Test("two families keep the level, one does not")
  func families() throws {
    var two = try Bench()
    two.raise(at: 1)
    #expect(two.stage.drain().first?.level == .high)
    var one = try Bench()
    one.raise(at: 1, reasons: [(.polls, 4), (.gapCount, 30)])
    let record = try #require(one.stage.drain().first)
    #expect(record.level == .low && record.caps == [.oneFamily] && record.families == [.timing])
  }

  @Test(
    "what people show as well gives no family, alone or beside another",
    arguments: Feature.allCases.filter { !FeatureCatalogue.descriptor(of: $0).isEvidence })
  func noEvidence(feature: Feature) throws {
    var alone = try Bench()
    alone.raise(at: 1, reasons: [(feature, 1)])
    #expect(alone.stage.drain().first?.families == [])
    var second = try Bench()
    second.raise(at: 1, reasons: [(.polls, 40), (feature, 1)])
    let record = try #require(second.stage.drain().first)
    #expect(record.level == .low && record.families == [.timing])
  }

  @Test("missing images and languages, shared addresses and the server's errors are no evidence")
  func context() {
    let context: [Feature] = [
      .assetRatio, .languageMissing, .sessionsPerAddress, .agentsPerAddress, .serverErrors,
      .refusals, .pathConcentration, .gapCount, .declaredAutomation, .byCookie,
    ]
    for feature in context { #expect(!FeatureCatalogue.descriptor(of: feature).isEvidence) }
  }

  @Test("a watcher is low at most, declared automation informational")
  func caps() throws {
    var watcher = try Bench(verdict: "watcher")
    watcher.raise(at: 1)
    #expect(watcher.stage.drain().first?.level == .low)
    var declared = try Bench()
    declared.raise(at: 1, flags: [.declared, .sessionByCookie])
    let record = try #require(declared.stage.drain().first)
    #expect(record.level == .informational && record.caps.contains(.declared))
  }

  @Test("many browsers on one address leave the shared address open, and cap")
  func sharedAddress() throws {
    var bench = try Bench()
    for agent in 1...5 {
      bench.raise(at: Int64(agent), session: UInt64(agent), agent: UInt64(agent), flags: [])
    }
    let records = bench.stage.drain()
    // One browser without a cookie may be several people's: that cannot be tested, and caps too.
    #expect(records.first?.level == .low && records.last?.level == .low)
    #expect(records.first?.benign.first?.result == .untested)
    let finding = records.last?.benign.first { $0.hypothesis == .sharedAddress }
    #expect(finding?.result == .plausible && finding?.because.fr.contains("navigateurs") == true)
  }
}

@Suite("Encoding")
struct EncodingTests {
  @Test("a record is one line of ECS, keys in order, byte for byte")
  func golden() throws {
    var bench = try Bench()
    bench.raise(at: 1_614_585_603)
    let line = bench.lines(bench.stage.drain())[0]
    #expect(
      line.hasPrefix(
        #"{"@timestamp":"2021-03-01T08:00:03.000Z","ecs":{"version":"8.17"},"event":{"kind":"alert","id":""#
      ))
    #expect(
      line.contains(
        #""action":"opened","start":"2021-03-01T08:00:03.000Z","end":"2021-03-01T08:00:03.000Z","severity":73,"category":["web"],"provider":"crenel"},"rule":{"id":"00000000-0000-4000-8000-000000000001","name":"Test rule","version":"1","level":"high","ruleset":"booking"},"source":{"ip":"192.0.2.7"},"related":{"ip":["192.0.2.7"]},"crenel":{"schema":1,"verdict":"sniper""#
      ))
    #expect(
      line.contains(
        #""completeness":{"unparsed":2,"late":0,"evicted":0,"undecided":0,"gaps":[]},"message":{"en":"Polled 40 times.","fr":"Interrogé 40 fois."}}}"#
      ))
    #expect(line.hasSuffix("\n") && line.split(separator: "\n").count == 1)
  }

  @Test("the text for a terminal holds no escape of the log's, and colours only when asked")
  func terminal() throws {
    var bench = try Bench()
    bench.raise(at: 1, line: "\u{1b}[31m")
    let records = bench.stage.drain()
    var plain = TextRenderer(rules: bench.rules, language: .fr, hasColour: false)
    let text = plain.text(records[0]) { _ in "log\u{1b}]0;x" }
    #expect(!text.contains("\u{1b}") && text.contains("à décharge") && text.contains("\\x1b]0;x"))
    #expect(plain.summary().contains("Test rule") && plain.summary().contains("élevé"))
    #expect(text.hasPrefix("ÉLEVÉ") && text.contains("\u{a0}: explication écartée"))
    var coloured = TextRenderer(rules: bench.rules, language: .en, hasColour: true)
    #expect(coloured.text(records[0]) { _ in "log" }.contains("\u{1b}[31m"))
  }

  @Test("French has its spaces, titles and numbers, and a line of evidence is counted as one")
  func french() throws {
    var bench = try Bench("  title_fr: Règle d’essai", verdict: "watcher")
    bench.raise(at: 1, reasons: [(.polls, 40)])
    bench.raise(at: 2, session: 6, reasons: [(.polls, 40)])
    bench.raise(at: 3, session: 6, reasons: [(.polls, 40), (.skippedSteps, 1)])
    let records = bench.stage.drain()
    var renderer = TextRenderer(rules: bench.rules, language: .fr, hasColour: false)
    let text = renderer.text(records[0]) { _ in "log" }
    #expect(text.contains("Règle d’essai") && !text.contains("Test rule"))
    #expect(
      text.contains("plafonné   élevé → faible\u{a0}: une seule famille d’indices\u{a0}; observer"))
    #expect(!text.contains(" ;") && !text.contains("et 1 autres"))
    #expect(renderer.summary().contains("Règle d’essai"))
  }

  @Test("every recorded alert fits docs/alert.schema.json, and a wrong one does not")
  func schema() throws {
    let script = """
      import glob, json, sys
      try:
        import jsonschema
      except ImportError:
        sys.exit(77)
      root = sys.argv[1]
      schema = json.load(open(root + "docs/alert.schema.json"))
      check = jsonschema.Draft202012Validator(schema)
      check.check_schema(schema)
      count = 0
      for path in sorted(glob.glob(root + "samples/*/expected-alerts.ndjson")):
        for line in open(path):
          errors = list(check.iter_errors(json.loads(line)))
          if errors: sys.exit(path + ": " + errors[0].message)
          count += 1
      alert = json.loads(line)
      for damage in ("alert['crenel']['reasons'][0]['value'] = None",
                     "del alert['crenel']['reasons'][0]['threshold']",
                     "del alert['event']['id']", "alert['extra'] = 1",
                     "alert['crenel']['benign'][0]['result'] = 'guilty'",
                     "del alert['crenel']['completeness']['undecided']",
                     "alert['source'] = {}", "alert['source']['ip'] = '-'",
                     "alert['source']['ip'] = 'name:0123456789abcdef'",
                     "alert['source']['ip'] = '192.0.2.256'", "alert['source']['ip'] = '192.0.2'",
                     "alert['source']['ip'] = '2001:db8'", "alert['source']['ip'] = '::1::2'",
                     "alert['source'] = {'address': '192.0.2.7'}",
                     "alert['related']['ip'].append('host.example')",
                     "del alert['crenel']['evidence'][0]['start']",
                     "del alert['crenel']['evidence'][0]['request']",
                     "alert['related']['ip'] = []", "alert['related']['hosts'] = ['2001:db8::1']"):
        copy = json.loads(json.dumps(alert))
        exec(damage, {"alert": copy})
        if not list(check.iter_errors(copy)): sys.exit("accepted: " + damage)
      for change in ("alert['source'] = {'address': 'host.example'}",
                     "alert['related'] = {'hosts': ['host.example']}",
                     "alert['related'] = {'ip': ['192.0.2.7'], 'hosts': ['host.example']}",
                     "del alert['source'], alert['related']",
                     "alert['source'] = {'ip': '2001:db8::7'}", "alert['source'] = {'ip': '::'}",
                     "alert['source'] = {'ip': '2001:db8:0:1:1:1:1:1'}"):
        copy = json.loads(json.dumps(alert))
        exec(change, {"alert": copy})
        for error in check.iter_errors(copy): sys.exit("refused: " + change + ": " + error.message)
      print(count)
      """
    let run = try Python.run(script, [SharedData.package])
    guard run.status != Python.lacksModule else {
      print("skipped: no python3-jsonschema")
      return
    }
    #expect(run.status == 0)
    #expect((Int(run.output.filter(\.isNumber)) ?? 0) > 50)
  }
}
