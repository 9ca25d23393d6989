import CrenelBooking
import CrenelFeatures
import CrenelModel
import Testing

private let start = 1_700_000_000 * Nanoseconds.second

/// What a session does, at seconds after the start.
struct Act {
  var at: Double
  var kind = StepKind.other
  var mayBe: StepKinds = []
  var status: UInt16 = 200
  var outcome = StepOutcome.unknown
  var sends = false
  var path: String?
  var session: UInt64 = 1

  static func known(
    _ at: Double, _ kind: StepKind, _ outcome: StepOutcome = .unknown, sends: Bool = false,
    session: UInt64 = 1
  ) -> Act {
    Act(at: at, kind: kind, outcome: outcome, sends: sends, session: session)
  }

  static func open(_ at: Double, _ mayBe: StepKinds, status: UInt16 = 200) -> Act {
    Act(at: at, mayBe: mayBe, status: status)
  }

  static func page(_ at: Double, _ path: String, status: UInt16 = 200) -> Act {
    Act(at: at, status: status, path: path)
  }
}

private func feed(_ acts: [Act]) -> Feed {
  var feed = Feed()
  for act in acts {
    let at = start + Int64(act.at * 1e9)
    feed.add(
      act.kind, start: at...at, session: act.session, status: act.status, outcome: act.outcome,
      sends: act.sends, mayBe: act.mayBe, path: act.path)
  }
  return feed
}

@Suite("Steps that are not known")
struct OpenStepTests {
  /// Somebody else's image: the logs hold assets.
  private static let image = Act.known(0, .asset, session: 9)
  private static let polls = (0..<12).map { Act.known(Double($0) * 30, .list) }

  @Test(
    "what may be an asset counts as one, and in the shares of pages as one at least",
    arguments: [
      // what the session asks for, the share of assets, that of the most frequent path
      ([.page(1, "/a"), .open(2, [.select, .asset])], 0.5, 0.5),
      ([.open(1, [.select, .asset]), .page(2, "/a"), .page(3, "/a"), .page(4, "/b")], 0.25, 0.5),
      ([.page(1, "/a"), .open(2, [.select, .other])], 0, 0.5),
    ] as [([Act], Double, Double)])
  func shares(acts: [Act], assets: Double, path: Double) {
    let found = feed([Self.image] + acts)
    #expect(found.value("session.asset_ratio") == assets)
    #expect(found.value("session.path_concentration") == path)
  }

  @Test("what may be an asset does not show that the logs hold some")
  func noAssets() {
    let found = feed([.open(1, [.select, .asset]), .page(2, "/a")])
    #expect(found.value("session.asset_ratio").isNaN)
  }

  @Test("what may be an asset is no retry, and what was asked for again after it is none")
  func retries() {
    let asset = StepKinds([.select, .asset])
    func open(_ at: Double, _ status: UInt16) -> Act {
      Act(at: at, mayBe: asset, status: status, path: "/x")
    }
    let itself = feed([open(1, 503), open(2, 503), open(3, 503)])
    #expect(itself.value("session.retry_5xx_ratio") == 0)
    #expect(itself.value("session.retry_5xx_ms").isNaN)
    let between = feed([
      .page(1, "/a", status: 503), open(2, 503), .page(3, "/a", status: 503), .page(4, "/a"),
    ])
    #expect(between.value("session.retry_5xx_ratio") == 1.0 / 3)
  }

  @Test(
    "no gap spans what may be a look at the list",
    arguments: [(StepKinds([.list, .other]), 0.0, true), ([.select, .other], 11, false)]
      as [(StepKinds, Double, Bool)])
  func gaps(mayBe: StepKinds, count: Double, isForgotten: Bool) {
    let acts = Self.polls.dropLast() + [.open(310, mayBe), Self.polls[11]]
    let found = feed(Array(acts))
    #expect(found.value("session.gap_count") == count && found.value("client.gap_count") == count)
    #expect(found.value("session.gap_concentration").isNaN == isForgotten)
    #expect(found.value("session.phase_lock").isNaN == isForgotten)
    #expect(found.value("session.polls") == 12)
  }

  @Test(
    "times are counted from what may have shown the form or the slot, and never from it alone",
    arguments: [
      // what came first, then 90 s later what shows it for certain, then a second later the deed
      (Act.open(10, [.identity, .other]), true, 91_000.0),
      (.open(10, [.select, .other]), true, 1_000),
      (.open(10, [.identity, .other], status: 404), true, 1_000),
      (.open(10, [.identity, .other]), false, nil),
    ] as [(Act, Bool, Double?)])
  func forms(first: Act, isShown: Bool, longest: Double?) {
    let shown = isShown ? [Act.known(100, .identity)] : []
    let found = feed([first] + shown + [.known(101, .identity, sends: true)])
    let value = found.value("session.form_ms.max")
    #expect(value.isNaN ? longest == nil : value == longest)
    #expect(longest == nil || found.value("session.form_ms.min") == 1_000)
  }

  @Test("a hold's reaction is counted from what may have shown a free slot")
  func reaction() {
    let known: [Act] = [.known(100, .list, .available, sends: true), .known(101, .hold, .success)]
    #expect(feed(known).value("session.reaction_ms.max") == 1_000)
    let open = feed([.open(10, [.list, .other])] + known)
    #expect(open.value("session.reaction_ms.max") == 91_000)
    let alone = feed([.open(100, [.list, .other]), .known(101, .hold, .success)])
    #expect(alone.value("session.reaction_ms.max").isNaN)
  }

  @Test("a number check that may have hit is no miss")
  func oracle() {
    let miss = Act.known(1, .oracle, .failure)
    #expect(feed([miss]).value("session.oracle_miss_ratio") == 1)
    let open = feed([miss, .open(2, [.oracle, .other])])
    #expect(open.value("session.oracle_miss_ratio") == 0.5)
    #expect(open.value("session.oracle_calls") == 1)
  }

  @Test(
    "a count says that it may be larger, and which rule of the profile left that open",
    arguments: [
      ("confirms", StepKinds([.confirm, .other]), true), ("confirms", [.select, .other], false),
      ("polls", [.list, .other], true), ("polls", [.select, .other], false),
      ("funnel_depth", [.select, .other], true), ("funnel_depth", [.landing, .other], false),
      ("holds", [.hold, .asset], true), ("mailboxes", [.select, .other], true),
      ("retry_5xx_ratio", [.select, .asset], true), ("requests_1m", [.select, .asset], false),
      ("asset_ratio", [.select, .asset], false),
    ] as [(String, StepKinds, Bool)])
  func larger(name: String, mayBe: StepKinds, isOpen: Bool) throws {
    let known: [Act] = [.known(1, .list), .known(5, .list, session: 2)]
    for subject in ["session.", "client."] {
      let feature = try #require(FeatureCatalogue.feature(named: subject + name))
      let found = feed([.open(2, mayBe)] + known.prefix(1))
      #expect(found.stage.openRule(of: feature, found.subjects[1]) == (isOpen ? 2 : -1))
      let other = feed([.open(2, mayBe)] + known.suffix(1))
      let rule = other.stage.openRule(of: feature, other.subjects[1])
      #expect(rule == (isOpen && subject == "client." ? 2 : -1), "another session's")
    }
  }
}
