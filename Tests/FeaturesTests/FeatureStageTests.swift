import CrenelBooking
import CrenelFeatures
import CrenelModel
import CrenelTestKit
import Testing

/// A stage fed step by step.
struct Feed: ~Copyable {
  var stage: FeatureStage
  var subjects: [Subjects] = []

  init(_ change: (inout FeatureConfiguration) -> Void = { _ in }) {
    var configuration = FeatureConfiguration()
    configuration.shownSteps = [.landing, .list, .hold, .identity, .confirm]
    configuration.sentSteps = [.list, .identity]
    configuration.holdLifetime = 3_600 * Nanoseconds.second
    change(&configuration)
    stage = FeatureStage(configuration)
  }

  /// One exchange, its times known within bounds in nanoseconds.
  mutating func add(
    _ kind: StepKind, start: ClosedRange<Int64>, end: ClosedRange<Int64>? = nil,
    session: UInt64 = 1,
    client: UInt32 = 0xc000_0207, status: UInt16 = 200, outcome: StepOutcome = .unknown,
    sends: Bool = false, slot: UInt64 = 0, agent: UInt64 = 3, isKnown: Bool = true,
    mayBe: StepKinds = [], path: String? = nil
  ) {
    let end = end ?? start
    var exchange = Exchange(
      at: Timestamp(nanoseconds: start.lowerBound),
      provenance: Provenance(source: 0, offset: UInt64(subjects.count) * 10, length: 9, line: 1))
    exchange.start = TimeBounds(
      earliest: Timestamp(nanoseconds: start.lowerBound),
      latest: Timestamp(nanoseconds: start.upperBound))
    exchange.end = TimeBounds(
      earliest: Timestamp(nanoseconds: end.lowerBound),
      latest: Timestamp(nanoseconds: end.upperBound))
    exchange.client = ClientAddress(ipv4: client)
    exchange.status = status
    exchange.resolution = start.upperBound - start.lowerBound + 1
    var step = Step()
    step.kind = kind
    step.outcome = outcome
    step.client = exchange.client
    step.session = session
    step.agent = agent
    step.slotKey = slot
    step.flags = sends ? [.sends, .sessionByCookie] : [.sessionByCookie]
    if !isKnown || !mayBe.isEmpty {
      step.flags.insert(.undecided)
      step.mayBe = mayBe
      step.rule = 2
    }
    var batch = ExchangeBatch()
    batch.bytes = Array((path ?? "/p\(kind.rawValue)").utf8)
    exchange[.path] = ByteRange(0..<batch.bytes.count)
    subjects.append(stage.update(exchange, step, in: batch))
  }

  func value(_ name: String) -> Double {
    guard let feature = FeatureCatalogue.feature(named: name), let last = subjects.last else {
      return .infinity
    }
    return stage.value(feature, of: last)
  }
}

private let second = Nanoseconds.second

@Suite("Features of clients and sessions")
struct FeatureStageTests {
  @Test("windows never count one exchange too many, and miss at most one bucket", arguments: 0..<20)
  func windows(seed: UInt64) {
    var random = Seeded(seed)
    var feed = Feed()
    var now: Int64 = 1_700_000_000 * second
    var times: [Int64] = []
    for _ in 0..<400 {
      now += Int64(random.next() % UInt64((random.next() % 20 == 0 ? 900 : 9) * 1_000_000_000))
      times.append(now)
      feed.add(.other, start: now...now)
      for (name, width, bucket) in [
        ("requests_10s", 10, 1), ("requests_1m", 60, 5), ("requests_10m", 600, 60),
        ("requests_1h", 3_600, 300),
      ] as [(String, Int64, Int64)] {
        let value = Int(feed.value("session." + name))
        let most = times.filter { $0 > now - width * second }.count
        let least = times.filter { $0 > now - (width - bucket) * second }.count
        #expect(least <= value && value <= most, "\(name): \(least) \(value) \(most), seed \(seed)")
      }
    }
  }

  @Test("a form's time lies within its bounds for every clock", arguments: 0..<60)
  func formBounds(seed: UInt64) {
    var random = Seeded(seed)
    let width = [1, Nanoseconds.millisecond, second][Int(random.next() % 3)]
    func logged(_ time: Int64) -> ClosedRange<Int64> {
      let first = time / width * width
      return first...(first + width - 1)
    }
    var feed = Feed()
    let shown = 1_700_000_000 * second + Int64(random.next() % 5_000_000_000)
    let answered = shown + Int64(random.next() % 300_000_000)
    let sent = answered + Int64(random.next() % 9_000_000_000)
    feed.add(.identity, start: logged(shown), end: logged(answered))
    feed.add(.identity, start: logged(sent), sends: true)
    let truth = Double(sent - answered) / 1e6
    #expect(
      feed.value("session.form_ms.min") <= truth && truth <= feed.value("session.form_ms.max"))
    #expect(feed.value("client.form_ms.fastest") == feed.value("session.form_ms.max"))
    let slack = feed.value("session.form_ms.max") - feed.value("session.form_ms.min")
    #expect(slack <= Double(width) / 1e6 * 2 + 2)
  }

  @Test("a sleep is regular and bounded, a person is neither")
  func rhythm() {
    var robot = Feed()
    var person = Feed()
    var random = Seeded(5)
    var a = 1_700_000_000 * second
    var b = a
    for i in 0..<40 {
      robot.add(.list, start: a...(a + 999_999))
      a += 30 * second + Int64(random.next() % 40_000_000)
      person.add(.list, start: b...(b + 999_999))
      // Gaps over two decades, as reading and pausing make them.
      b += [2, 3, 5, 9, 14, 40, 90, 300][i % 8] * second
    }
    #expect(robot.value("session.gap_concentration") == 1)
    #expect(robot.value("session.gap_bounded") == 1 && robot.value("session.gap_log_sd") < 0.01)
    #expect(robot.value("session.period_ms") >= 30_000 && robot.value("session.period_score") == 1)
    #expect(person.value("session.gap_concentration") < 0.3)
    #expect(person.value("session.gap_bounded") == 0 && person.value("session.gap_log_sd") > 0.5)
  }

  @Test("on a clock of whole seconds short gaps say nothing about rhythm")
  func coarseClock() {
    var feed = Feed()
    for i in 0..<40 {
      let at = (1_700_000_000 + Int64(i)) * second
      feed.add(.list, start: at...(at + second - 1))
    }
    #expect(feed.value("session.gap_concentration").isNaN)
    #expect(feed.value("session.gap_count") == 32)
  }

  @Test("people behind one address are never mixed into one rhythm")
  func sharedAddress() {
    var feed = Feed()
    for i in 0..<30 {
      let at = (1_700_000_000 + Int64(i) * 10) * second
      feed.add(.list, start: at...at, session: UInt64(i), agent: UInt64(i))
    }
    #expect(feed.value("client.gap_count") == 0 && feed.value("client.requests_10m") >= 29)
    #expect(feed.value("client.sessions_per_address") == 30)
    #expect(feed.value("client.agents_per_address") == 16)
  }

  @Test("reaction is from the first sight of a slot to the hold")
  func reaction() {
    var feed = Feed()
    let t = 1_700_000_000 * second
    feed.add(.list, start: t...t, outcome: .none, sends: true)
    feed.add(.list, start: (t + second)...(t + second), outcome: .available, sends: true)
    #expect(feed.value("session.reaction_ms.max").isNaN)
    feed.add(.hold, start: (t + second + 70_000_000)...(t + second + 70_000_000), outcome: .success)
    #expect(feed.value("session.reaction_ms.max") == 70 && feed.value("session.holds") == 1)
    #expect(feed.value("session.cold_entries") == 0)
  }

  @Test("nothing counts as left out of a session with a step that is not known")
  func unknownStep() {
    var feed = Feed()
    let t = 1_700_000_000 * second
    let before = t - 4_000 * second
    feed.add(.landing, start: before...before, session: 9, client: 0xc000_0209)
    feed.add(.other, start: t...t, isKnown: false)
    feed.add(.hold, start: t...t, outcome: .success)
    feed.add(.confirm, start: t...t)
    #expect(feed.value("session.cold_entries") == 0)
    #expect(feed.value("session.skipped_steps") == 0)
  }

  @Test("steps without the ones before them are cold, once each")
  func cold() {
    var feed = Feed()
    let t = 1_700_000_000 * second
    let before = t - 4_000 * second  // the log begins over an hour before, with somebody else
    feed.add(.landing, start: before...before, session: 9, client: 0xc000_0209)
    feed.add(.hold, start: t...t, outcome: .success)
    feed.add(.identity, start: t...t, sends: true)
    feed.add(.confirm, start: t...t)
    #expect(feed.value("session.cold_entries") == 2)
    #expect(feed.value("session.funnel_depth") == 6)
  }

  @Test(
    "a session is judged by what it left out only where it was seen to begin",
    arguments: [
      // seconds after the log began, another cookie of the same browser before, first step
      (10, false, StepKind.hold, 0.0), (10, false, .landing, 1), (3_500, false, .hold, 0),
      (3_700, false, .hold, 1), (9_000, true, .hold, 0), (9_000, true, .landing, 1),
    ] as [(Int64, Bool, StepKind, Double)])
  func underWay(after: Int64, isRenewed: Bool, first: StepKind, cold: Double) {
    var feed = Feed()
    let t = 1_700_000_000 * second
    feed.add(.landing, start: t...t, session: 9, client: 0xc000_0209)
    let at = t + after * second
    if isRenewed { feed.add(.list, start: (at - second)...(at - second), session: 2) }
    feed.add(first, start: at...at, outcome: .success)
    feed.add(.hold, start: at...at, outcome: .success)
    #expect((feed.value("session.cold_entries") > 0) == (cold > 0))
  }

  @Test("after an hour of watching, a session under way is judged like any other")
  func judgedLater() {
    var feed = Feed()
    let t = 1_700_000_000 * second
    for minute in stride(from: Int64(0), through: 80, by: 20) {
      let at = t + minute * 60 * second
      feed.add(.hold, start: at...at, outcome: .success)
    }
    #expect(feed.value("session.cold_entries") == 2)
  }

  @Test("a form that comes back to be mended was shown; it lengthens times and is none itself")
  func mended() {
    var feed = Feed()
    let t = 1_700_000_000 * second
    func at(_ tenths: Int64) -> ClosedRange<Int64> {
      (t + tenths * 100_000_000)...(t + tenths * 100_000_000)
    }
    feed.add(.landing, start: at(0))
    feed.add(.identity, start: at(10), sends: true)
    #expect(feed.value("session.cold_entries") == 1)
    feed.add(.identity, start: at(11), sends: true)  // a double click
    #expect(feed.value("session.cold_entries") == 1 && feed.value("session.form_ms.max").isNaN)
    feed.add(.identity, start: at(200))
    feed.add(.identity, start: at(205), sends: true)
    #expect(feed.value("session.form_ms.max") == 19_400)
  }

  @Test("a profile that goes by words misses no step")
  func guesses() {
    var feed = Feed { $0.knowsOrder = false }
    let t = 1_700_000_000 * second
    feed.add(.landing, start: t...t)
    feed.add(.hold, start: t...t, outcome: .success)
    feed.add(.confirm, start: t...t)
    #expect(feed.value("session.cold_entries") == 0 && feed.value("session.skipped_steps") == 0)
  }

  @Test("retries are regular or spread, for certain")
  func retrySpread() {
    var steady = Feed()
    var person = Feed()
    var coarse = Feed()
    var random = Seeded(3)
    var (a, b, c) = (1_700_000_000 * second, 1_700_000_000 * second, 1_700_000_000 * second)
    for _ in 0..<30 {
      steady.add(.list, start: a...a, status: 502)
      a += 5 * second
      person.add(.list, start: b...b, status: 502)
      b += Int64(400 + random.next() % 4_000) * Nanoseconds.millisecond
      coarse.add(.list, start: c...(c + second - 1), status: 502)
      c += second
    }
    #expect(steady.value("session.retry_5xx_log_sd") < 0.01)
    #expect(person.value("session.retry_5xx_log_sd") > 0.15)
    #expect(coarse.value("session.retry_5xx_log_sd") > 0.5)
  }

  @Test("a hold that runs out is counted, and one taken again then is at expiry")
  func expiry() {
    var feed = Feed()
    let t = 1_700_000_000 * second
    feed.add(.hold, start: t...t, outcome: .success, slot: 7)
    let later = t + 3_603 * second
    feed.add(.hold, start: later...later, outcome: .success, slot: 7)
    #expect(feed.value("session.holds_expired") == 1 && feed.value("session.rehold_at_expiry") == 1)
    let much = later + 9_000 * second
    feed.add(.hold, start: much...much, outcome: .success, slot: 7)
    #expect(feed.value("session.holds_expired") == 2 && feed.value("session.rehold_at_expiry") == 1)
  }

  @Test(
    "a hold whose confirmation may be a request of unknown step does not count as one that ran out",
    arguments: [
      // session and status of the unknown step, the hold's slot, expired of session and client
      (1, 200, 7, 0, 0), (1, 302, 0, 0, 0), (1, 0, 7, 0, 0), (1, 500, 7, 1, 1),
      (2, 200, 7, 1, 0), (2, 200, 0, 1, 1), (0, 200, 7, 1, 1),
    ] as [(UInt64, UInt16, UInt64, Double, Double)])
  func unknownConfirmation(
    session: UInt64, status: UInt16, slot: UInt64, ofSession: Double, ofClient: Double
  ) {
    var feed = Feed()
    let t = 1_700_000_000 * second
    feed.add(.hold, start: t...t, outcome: .success, slot: slot)
    let soon = t + 60 * second
    if session > 0 {
      feed.add(.other, start: soon...soon, session: session, status: status, isKnown: false)
    }
    let later = t + 3_700 * second
    feed.add(.list, start: later...later)
    #expect(feed.value("session.holds_expired") == ofSession)
    #expect(feed.value("client.holds_expired") == ofClient)
    // A hold taken after it runs out as ever.
    feed.add(.hold, start: later...later, outcome: .success, slot: 8)
    let end = later + 3_700 * second
    feed.add(.list, start: end...end)
    #expect(feed.value("session.holds_expired") == ofSession + 1)
  }

  @Test("a session that goes back and forth between addresses is told from one that moves on")
  func addresses() {
    var back = Feed()
    var onward = Feed()
    for i in 0..<12 {
      let at = (1_700_000_000 + Int64(i)) * second
      back.add(.list, start: at...at, client: 0xc000_0200 + UInt32(i % 3))
      onward.add(.list, start: at...at, client: 0xc000_0200 + UInt32(i / 4))
    }
    #expect(back.value("session.addresses_per_session") == 3)
    #expect(back.value("session.address_interleaving") == 9)
    #expect(onward.value("session.addresses_per_session") == 3)
    #expect(onward.value("session.address_interleaving") == 0)
    #expect(back.stage.addresses(.session, of: back.subjects[11]).count == 3)
  }

  @Test("full tables give up the quiet ones, count them, and nobody's values depend on the seed")
  func eviction() {
    var small = Feed {
      $0.sessionCapacity = 8; $0.clientCapacity = 8
    }
    var one = Feed { $0.seed = 1 }
    var two = Feed { $0.seed = 2 }
    var random = Seeded(8)
    for i in 0..<500 {
      let at = (1_700_000_000 + Int64(i)) * second
      let who = UInt64(random.next() % 40)
      small.add(.list, start: at...at, session: who, client: UInt32(who))
      one.add(.list, start: at...at, session: who, client: UInt32(who))
      two.add(.list, start: at...at, session: who, client: UInt32(who))
      for name in ["session.polls", "client.requests_1h", "session.gap_ms.p50"] {
        let (a, b) = (one.value(name), two.value(name))
        #expect(a == b || a.isNaN && b.isNaN)
      }
    }
    #expect(small.stage.counters.evictedSessions > 100 && one.stage.counters.evictedSessions == 0)
    #expect(small.value("session.polls") >= 1)
  }
}
