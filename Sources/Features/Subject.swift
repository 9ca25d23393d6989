import CrenelBooking
import CrenelModel

/// What a table keeps of a subject.
protocol Subject: BitwiseCopyable {
  /// The part that clients and sessions have alike.
  var common: Common { get set }

  /// The state of one seen for the first time.
  init(key: SubjectKey)
}

/// What clients and sessions have alike.
struct Common: BitwiseCopyable {
  var presence: Presence
  /// When the next hold's lifetime is over; the end of time without one.
  var nextExpiry = Int64.max
  var tally = Tally()
  var windows = RequestWindows()
  var gaps = GapRing()
  var retries = Retries()
  var places = RecentPlaces()

  init(key: SubjectKey) { presence = Presence(key: key) }

  /// Counts one exchange and takes over what its session measured.
  mutating func note(_ facts: Facts, _ measured: Measured) {
    presence.note(facts, windows: &windows)
    tally.note(facts)
    guard !facts.isAsset else { return }
    // A gap is between two looks at the list that follow each other; here one may be in between.
    if facts.mayBe.contains(.list) { gaps = GapRing() }
    if let gap = measured.gap { gaps.append(gap) }
    if measured.errorIsDecided { retries.note(measured.retry) }
    tally.coldEntries = max(tally.coldEntries, measured.coldEntries)
    tally.oracleWithoutForm = max(tally.oracleWithoutForm, measured.oracleWithoutForm)
  }
}

/// An address, or the prefix the profile counts as one.
struct ClientState: Subject {
  var common: Common
  var sessions: UInt32 = 0
  private var latestAgent: UInt32 = 0
  private(set) var agents = SmallSet()
  /// Agents that came with a session cookie.
  private var cookieAgents = SmallSet()
  private var latestCookieAgent: UInt32 = 0

  init(key: SubjectKey) { common = Common(key: key) }

  /// Counts who comes from the address.
  mutating func follow(_ facts: Facts, _ measured: Measured) {
    if measured.isNewAddress { sessions.bump() }
    if facts.agent != latestAgent, facts.agent != 0 {
      latestAgent = facts.agent
      _ = agents.insert(facts.agent)
    }
    if facts.byCookie, facts.agent != latestCookieAgent {
      latestCookieAgent = facts.agent
      _ = cookieAgents.insert(facts.agent)
    }
  }

  /// Whether this agent may have come with another session cookie within the hour before `now`.
  func hadCookie(of agent: UInt32, since now: Int64) -> Bool {
    guard now.saturatingDifference(common.presence.lastSeen) <= Awaited.patience else {
      return false
    }
    return cookieAgents.contains(agent) || cookieAgents.isFull
  }
}

/// A session: one browser's where it has a cookie.
struct SessionState: Subject {
  var common: Common
  var itinerary = Itinerary()
  var phases = PhaseRing()
  /// Whether it was judged from its first exchange on, so that what is missing was left out.
  private(set) var isWhole = true
  /// When what is missing begins to be left out, and not merely unseen.
  private var judgedFrom = Int64.min
  /// Whether it is a cookie's, hence one browser's.
  private(set) var isByCookie = false
  /// Whether nothing tells its exchanges from anybody else's.
  private(set) var isNobody = false
  /// The kinds of steps it made.
  private(set) var steps: StepKinds = []
  private var formWasShown = false
  private var latestPoll = TimeBounds(exact: .distantPast)
  private var sight = Awaited()
  private var sightService: UInt64 = 0
  private var lastError = LastError()
  private var connected: UInt32 = 0
  private var connections: UInt32 = 0
  private var latestConnections = InlineArray<8, UInt32>(repeating: 0)

  init(key: SubjectKey) { common = Common(key: key) }

  /// Exchanges per connection; `nil` without a connection number.
  var requestsPerConnection: Double? {
    connections > 0 ? Double(connected) / Double(connections) : nil
  }

  /// Says how a new session was seen to begin.
  mutating func begin(_ facts: Facts, judgedFrom: Int64) {
    self.judgedFrom = judgedFrom
    isWhole = facts.at >= judgedFrom
    isByCookie = facts.byCookie
    isNobody = !facts.byCookie && facts.client.kind == .none
  }

  /// Measures what this exchange says together with the session's earlier ones.
  mutating func follow(
    _ facts: Facts, _ site: FeatureConfiguration
  ) -> Measured {
    var measured = Measured()
    if facts.connection != 0 { noteConnection(facts) }
    guard !facts.isAsset else { return measured }
    let error = lastError.follow(facts)
    measured.errorIsDecided = error.isDecided
    measured.retry = error.retry
    if !facts.isStepKnown { noteOpen(facts) }
    if site.knowsOrder, facts.at >= judgedFrom { notePredecessors(facts, site) }
    steps.insert(facts.kind)
    if facts.kind == .identity, facts.showsPage || facts.showsAgain { formWasShown = true }
    if facts.kind == .list { notePoll(facts, into: &measured) }
    if facts.kind == .hold { noteHold(facts, site, into: &measured) }
    measured.coldEntries = common.tally.coldEntries
    measured.oracleWithoutForm = common.tally.oracleWithoutForm
    return measured
  }

  /// How many steps the site has before the deepest one that the session never made.
  func skippedSteps(_ site: FeatureConfiguration) -> Int {
    guard isWhole, site.knowsOrder else { return 0 }
    var skipped = 0
    for kind in [StepKind.landing, .list, .select, .hold, .identity]
    where kind.depth < common.tally.depth && site.has(kind) && !steps.contains(kind) {
      skipped += 1
    }
    let captchaIsDue = steps.contains(.confirm) && site.has(.captcha)
    return skipped + (captchaIsDue && !steps.contains(.captcha) ? 1 : 0)
  }

  /// Notes a step that is not known: nothing of this session is known to be left out, its rhythm
  /// begins anew where it may be a look at the list, and what that showed may have been seen.
  private mutating func noteOpen(_ facts: Facts) {
    isWhole = false
    judgedFrom = .max
    guard facts.mayBe.contains(.list) else { return }
    latestPoll = TimeBounds(exact: .distantPast)
    phases = PhaseRing()
    guard !facts.isLate else { return }
    sight.show(facts.end, isAgain: true)
    sightService = 0
  }

  private mutating func notePoll(_ facts: Facts, into measured: inout Measured) {
    guard !facts.isLate else { return }
    if latestPoll.latest != .distantPast {
      measured.gap = Gap(facts.start.duration(since: latestPoll))
    }
    latestPoll = facts.start
    phases.append(facts.start)
    if facts.outcome == .available {
      sightService = sight.count == 0 || sightService == facts.service ? facts.service : 0
      sight.show(facts.end)
    } else if facts.outcome == .none, facts.service == sightService {
      sight.clear()
    }
  }

  private mutating func noteHold(
    _ facts: Facts, _ site: FeatureConfiguration, into measured: inout Measured
  ) {
    guard !facts.isLate, facts.isDone, site.counts(.hold, sends: facts.sends) else { return }
    measured.reaction = sight.act(facts.start, isOne: facts.byCookie)
  }

  private mutating func notePredecessors(
    _ facts: Facts, _ site: FeatureConfiguration
  ) {
    let isCold =
      switch facts.kind {
      case .hold:
        site.counts(.hold, sends: facts.sends) && (site.has(.list) || site.has(.select))
          && !steps.contains(.list) && !steps.contains(.select)
      case .identity: facts.sends && site.shownSteps.contains(.identity) && !formWasShown
      case .confirm:
        site.counts(.confirm, sends: facts.sends) && isColdConfirmation(site)
      default: false
      }
    if isCold { common.tally.coldEntries.bump() }
    if facts.kind == .oracle, site.shownSteps.contains(.identity), !formWasShown {
      common.tally.oracleWithoutForm.bump()
    }
  }

  /// Whether nothing of what comes before a confirmation was done: the form, where the site has
  /// one of its own, else a look at the slots.
  private func isColdConfirmation(_ site: FeatureConfiguration) -> Bool {
    if site.has(.identity) { return !steps.contains(.identity) }
    guard site.has(.list) || site.has(.select) else { return false }
    return !steps.contains(.list) && !steps.contains(.select)
  }

  private mutating func noteConnection(_ facts: Facts) {
    connected.bump()
    if facts.connectionRequest > 0 {
      if facts.connectionRequest == 1 || connections == 0 { connections.bump() }
      return
    }
    for i in 0..<8 where latestConnections[i] == facts.connection { return }
    latestConnections[Int(connections & 7)] = facts.connection
    connections.bump()
  }
}
