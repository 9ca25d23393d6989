public import CrenelBooking
public import CrenelModel

/// The table slots of an exchange's subjects, valid until the next ``FeatureStage/update``.
public struct Subjects: Sendable, BitwiseCopyable {
  /// Slot of the client.
  public var client: Int32
  /// Slot of the session.
  public var session: Int32
}

/// State of every client and session; one owner, fed one exchange at a time in event order.
public struct FeatureStage: ~Copyable {
  private let site: FeatureConfiguration
  /// What the logs of this run have shown that they hold.
  public private(set) var traits = LogTraits()
  /// Place on the event clock of the run's first exchange.
  private var runStart: Int64?
  private var agents = AgentCache()
  var clients: SubjectTable<ClientState>
  var sessions: SubjectTable<SessionState>
  /// What the places of both hold of captures.
  private(set) var captured: PacketPool

  /// Creates a stage that has seen nobody.
  public init(_ configuration: FeatureConfiguration) {
    site = configuration
    clients = SubjectTable(
      capacity: configuration.clientCapacity, funnelCapacity: configuration.funnelCapacity,
      seed: configuration.seed)
    sessions = SubjectTable(
      capacity: configuration.sessionCapacity, funnelCapacity: configuration.funnelCapacity,
      seed: configuration.seed)
    captured = PacketPool(subjects: clients.capacity + sessions.capacity)
  }

  /// What the tables had to give up so far.
  public var counters: FeatureCounters {
    var counters = FeatureCounters()
    counters.evictedClients = clients.evicted
    counters.evictedSessions = sessions.evicted
    counters.evictedFunnels = clients.evictedFunnels &+ sessions.evictedFunnels
    return counters
  }

  /// Folds one exchange in and says where its subjects are.
  public mutating func update(
    _ exchange: Exchange, _ step: Step, in batch: borrowing ExchangeBatch
  ) -> Subjects {
    let facts = facts(exchange, step, batch.bytes.span)
    let (session, isNewSession) = sessions.slot(of: SubjectKey(session: facts.session), &captured)
    let (client, isNewClient) = clients.slot(of: SubjectKey(client: facts.client), &captured)
    if isNewSession {
      sessions.states[session].begin(
        facts, judgedFrom: judgedFrom(facts, client, isNewClient: isNewClient))
    }
    expireHolds(session, client, facts.at)
    if !facts.isStepKnown, facts.isDone { settleHolds(session, client, facts.session) }
    var measured = sessions.states[session].follow(facts, site)
    measured.isNewAddress = arrive(session, facts.seen) || isNewSession
    if facts.kind.isDeep { goDeep(session, client, facts, step, &measured) }
    if facts.mayBe.contains(.identity) || facts.mayBe.contains(.captcha) {
      let own = sessions.funnel(of: session)
      sessions.funnels[own].measure(facts, into: &measured)
    }
    sessions.states[session].common.note(facts, measured)
    clients.states[client].common.note(facts, measured)
    clients.states[client].follow(facts, measured)
    if !facts.isAsset { keepPlace(of: exchange, in: batch, session, client) }
    return Subjects(
      client: Int32(truncatingIfNeeded: client), session: Int32(truncatingIfNeeded: session))
  }

  /// From when on what a new session left out was left out, and not merely unseen.
  ///
  /// Its earlier steps may lie before the run began, under a cookie renewed at login, or in a
  /// state that was given up. What was shown over an hour ago is forgotten anyway, so that after
  /// an hour of watching all that still counts was seen; at a landing page a session begins.
  private func judgedFrom(_ facts: Facts, _ client: Int, isNewClient: Bool) -> Int64 {
    if facts.kind == .landing { return .min }
    let isRenewed =
      facts.byCookie && !isNewClient
      && clients.states[client].hadCookie(of: facts.agent, since: facts.at)
    let isReturned = facts.byCookie && sessions.evicted > 0
    let watched = isRenewed || isReturned ? facts.at : runStart ?? facts.at
    return saturatedSum(watched, Awaited.patience)
  }

  /// The subject's latest exchanges, oldest first, at most `limit`, for evidence.
  ///
  /// Assets are left out; the last 12 are kept, of captures with the packets that carried them.
  public func recent(_ kind: SubjectKind, of subjects: Subjects, limit: Int) -> [ExchangePlace] {
    let places =
      switch kind {
      case .client: clients.states[Int(subjects.client)].common.places
      case .session: sessions.states[Int(subjects.session)].common.places
      }
    return places.latest(limit).map { captured.place($0) }
  }

  /// Addresses kept of the subject as the log has them, in order of first sight.
  ///
  /// Of a session the first of each that count as one client, at most 16. Of a client none: it is
  /// known by what its addresses have in common, which may be nobody's address.
  public func addresses(_ kind: SubjectKind, of subjects: Subjects) -> [ClientAddress] {
    switch kind {
    case .client: return []
    case .session:
      let slot = Int(subjects.session)
      return (0..<addressCount(slot)).map { address($0, of: slot) }
    }
  }

  /// How many addresses of a session are kept: the first four, and those in its deep state.
  func addressCount(_ slot: Int) -> Int {
    let place = Int(sessions.states[slot].common.presence.funnel)
    let more = place >= 0 ? Int(sessions.funnels[place].addresses.count) : 0
    return Int(sessions.states[slot].itinerary.first.count) &+ more
  }

  /// One of a session's addresses, in order of first sight.
  func address(_ index: Int, of slot: Int) -> ClientAddress {
    let near = Int(sessions.states[slot].itinerary.first.count)
    if index < near { return sessions.states[slot].itinerary.first[index] }
    return sessions.funnels[Int(sessions.states[slot].common.presence.funnel)].addresses[
      index - near]
  }

  /// What the site's profile says, for values that depend on it.
  var configuration: FeatureConfiguration { site }

  // MARK: - Folding

  /// What both subjects take from the exchange.
  private mutating func facts(
    _ exchange: Exchange, _ step: Step, _ bytes: Span<UInt8>
  ) -> Facts {
    var facts = Facts(exchange, step)
    if runStart == nil { runStart = facts.at }
    traits.note(
      exchange, isAsset: facts.isAsset, byCookie: facts.byCookie)
    facts.assetsAreLogged = traits.hasAssets
    if step.agent != 0 {
      facts.agentClass = agents.classify(
        step.agent, bytes.extracting(exchange[.userAgent].indices))
    }
    if step.flags.contains(.declared) { facts.agentClass.insert(.declared) }
    guard !facts.isAsset else { return facts }
    if exchange[.path].isPresent {
      facts.path = folded(Hash64.of(bytes.extracting(exchange[.path].indices), seed: site.seed))
    }
    if traits.hasLanguages { facts.languageMissing = !exchange[.acceptLanguage].isPresent }
    if facts.sends, exchange[.referrer].count > 0 {
      facts.refersToItself = Referrer.hasPath(
        bytes, exchange[.referrer].indices, exchange[.path].indices)
    }
    return facts
  }

  /// Keeps where the exchange was read, for evidence about either subject.
  private mutating func keepPlace(
    of exchange: Exchange, in batch: borrowing ExchangeBatch, _ session: Int, _ client: Int
  ) {
    guard var place = PackedPlace(exchange.provenance) else { return }
    if exchange.detail != .max, let packets = batch.packets(of: exchange) {
      place = captured.add(place, packets)
    }
    captured.release(sessions.states[session].common.places.append(place))
    captured.release(clients.states[client].common.places.append(place))
  }

  private mutating func expireHolds(_ session: Int, _ client: Int, _ now: Int64) {
    guard site.holdLifetime > 0 else { return }
    if sessions.states[session].common.nextExpiry < now {
      sessions.expireHolds(of: session, at: now, lifetime: site.holdLifetime)
    }
    if clients.states[client].common.nextExpiry < now {
      clients.expireHolds(of: client, at: now, lifetime: site.holdLifetime)
    }
  }

  /// A step that is not known may be the confirmation: no hold it may have settled runs out.
  private mutating func settleHolds(_ session: Int, _ client: Int, _ key: UInt64) {
    sessions.settleHolds(of: session, unknownOf: key, lifetime: site.holdLifetime)
    clients.settleHolds(of: client, unknownOf: key, lifetime: site.holdLifetime)
  }

  /// Notes where the session's exchange came from; whether that is new to it.
  private mutating func arrive(_ session: Int, _ address: ClientAddress) -> Bool {
    guard !sessions.states[session].itinerary.isLatest(address, site) else { return false }
    var place = sessions.states[session].itinerary.first.place(of: address, site)
    var isNew = false
    if place == nil, !sessions.states[session].itinerary.first.isFull {
      place = Int(sessions.states[session].itinerary.first.count)
      sessions.states[session].itinerary.first.append(address)
      isNew = true
    } else if place == nil {
      let funnel = sessions.funnel(of: session)
      let known = sessions.funnels[funnel].addresses.place(of: address, site)
      isNew = known == nil
      if isNew, !sessions.funnels[funnel].addresses.isFull {
        place = 4 + Int(sessions.funnels[funnel].addresses.count)
        sessions.funnels[funnel].addresses.append(address)
      } else {
        place = known.map { 4 + $0 }
      }
    }
    sessions.states[session].itinerary.arrive(at: place, address.kind, isNew: isNew)
    return isNew
  }

  /// Folds a step past the list of slots into the deep states of both subjects.
  private mutating func goDeep(
    _ session: Int, _ client: Int, _ facts: Facts, _ step: Step,
    _ measured: inout Measured
  ) {
    let own = sessions.funnel(of: session)
    sessions.funnels[own].measure(facts, into: &measured)
    sessions.funnels[own].note(facts, step, site)
    sessions.funnels[own].adopt(measured)
    sessions.states[session].common.nextExpiry =
      sessions.funnels[own].held.nextExpiry(lifetime: site.holdLifetime)
    let shared = clients.funnel(of: client)
    clients.funnels[shared].note(facts, step, site)
    clients.funnels[shared].adopt(measured)
    clients.states[client].common.nextExpiry =
      clients.funnels[shared].held.nextExpiry(lifetime: site.holdLifetime)
  }
}

/// Looks at Referer headers.
enum Referrer {
  /// Whether the path of a referrer, `https://host/path?query` or `/path`, is `path`.
  static func hasPath(_ bytes: Span<UInt8>, _ referrer: Range<Int>, _ path: Range<Int>) -> Bool {
    var start = referrer.lowerBound
    var slashes = 0
    if bytes[start] != UInt8(ascii: "/") {
      while start < referrer.upperBound {
        if bytes[start] == UInt8(ascii: "/") { slashes += 1 }
        if slashes == 3 { break }
        start += 1
      }
    }
    var end = start
    while end < referrer.upperBound, bytes[end] != UInt8(ascii: "?"),
      bytes[end] != UInt8(ascii: "#")
    { end += 1 }
    guard end - start == path.count, !path.isEmpty else { return false }
    for i in 0..<path.count where bytes[start + i] != bytes[path.lowerBound + i] { return false }
    return true
  }
}
