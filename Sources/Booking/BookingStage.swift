public import CrenelModel

/// Tells what each exchange means in the booking funnel, whose it is, and who is named in it.
public struct BookingStage: ~Copyable {
  /// The profile in force.
  public let profile: SiteProfile
  /// Whether tokens are keyed by the site and may be given out.
  public let hasSiteKey: Bool
  /// Sessions without a cookie that were dropped to make room.
  public var evictedSessions: UInt64 { sessions.evicted }
  /// Step rules of the profile whose regular expression left a step unknown, in their order.
  public var undecided: [UndecidedStep] {
    undecidedSteps.keys.sorted().compactMap { undecidedSteps[$0] }
  }

  private let matcher: StepMatcher
  private let identities: IdentityKeeper
  private let seed: UInt64
  /// Sessions and agents are numbered from the evidence alone: names of actors are made of them.
  private static let numbering: UInt64 = 0
  private var undecidedSteps: [Int: UndecidedStep] = [:]
  private let cookies: CookieNames
  private let mailbox: [FieldSource]
  private let document: [FieldSource]
  private let slot: [FieldSource]
  private let service: [FieldSource]
  private let agents: [[UInt8]]
  private let assets: AssetPaths
  private var sessions: SessionTable
  private var lastAgent = AgentMemory()

  /// Compiles a profile.
  ///
  /// `names` are those the decoder was given; `seed` is for tables of attacker-chosen texts, and
  /// nothing that is told depends on it. Throws patterns that cannot be compiled.
  public init(
    profile: SiteProfile, names: FieldNames, siteKey: [UInt8]?,
    disposable: DisposableDomains = DisposableDomains(""), seed: UInt64 = 0
  ) throws(Diagnostics) {
    self.profile = profile
    self.seed = seed
    sessions = SessionTable(seed: seed)
    hasSiteKey = siteKey != nil
    matcher = try StepMatcher(profile, names)
    identities = IdentityKeeper(siteKey: siteKey, disposable: disposable)
    cookies = CookieNames(profile, names)
    func sources(_ paths: [FieldPath]) -> [FieldSource] {
      paths.compactMap { FieldSource($0, names) }
    }
    mailbox = sources(profile.mailbox)
    document = sources(profile.document)
    slot = sources(profile.slot)
    service = sources(profile.service)
    agents = profile.declaredAgents.map { Array($0.utf8) }
    assets = AssetPaths(profile)
  }

  /// The step of one exchange; exchanges come in event order.
  public mutating func classify(_ batch: borrowing ExchangeBatch, _ index: Int) -> Step {
    let exchange = batch.exchanges[index]
    let bytes = batch.bytes.span
    var step = Step()
    step.client = exchange.client.masked(ipv4: profile.ipv4Prefix, ipv6: profile.ipv6Prefix)
    let (agent, isDeclared) = lastAgent.look(
      bytes, exchange[.userAgent].indices, seed: Self.numbering, declared: agents)
    step.agent = agent
    if Self.sends(bytes, exchange[.method].indices) { step.flags.insert(.sends) }
    let match = matcher.match(exchange, bytes)
    if let match, match.isUndecided {
      leaveOpen(match, exchange, isAsset: assets.contains(bytes, exchange[.path].indices), &step)
    } else if let match {
      let found = matcher.step(of: match.rule)
      step.rule = Int16(truncatingIfNeeded: match.rule)
      step.kind = found.kind
      step.flags.insert(.known)
      step.service = match.service
      step.slot = match.slot
      step.outcome =
        found.outcome ?? Self.outcome(found.kind, exchange.status, step.flags.contains(.sends))
      takeFields(exchange, bytes, &step)
    } else {
      step.kind = assets.contains(bytes, exchange[.path].indices) ? .asset : .other
    }
    session(exchange, bytes, &step)
    who(exchange, isDeclared, &step)
    return step
  }

  // MARK: - What

  /// Notes that a step is not known, since an expression gave up, and what it may be.
  ///
  /// What may be staff is not accused.
  private mutating func leaveOpen(
    _ match: StepMatcher.Match, _ exchange: Exchange, isAsset: Bool, _ step: inout Step
  ) {
    step.flags.insert(.undecided)
    step.rule = Int16(truncatingIfNeeded: match.rule)
    step.mayBe = match.mayBe
    if !match.hasLater { step.mayBe.insert(isAsset ? .asset : .other) }
    if step.mayBe.contains(.staff) { step.flags.insert(.staff) }
    let new = UndecidedStep(
      place: profile.rules[match.rule].expressionPlace, first: exchange.provenance)
    undecidedSteps[match.rule, default: new].requests &+= 1
  }

  private static func sends(_ bytes: Span<UInt8>, _ method: Range<Int>) -> Bool {
    (1...5).contains(MethodSet.of(bytes, method)) && MethodSet.of(bytes, method) != 2
  }

  /// What came of a step, told from its status.
  ///
  /// 4xx and 5xx are failures. 2xx and 3xx are success for steps that do something: hold, confirm,
  /// confirm_mail, cancel, reschedule, oracle, and identity, login and captcha when they are sent.
  static func outcome(_ kind: StepKind, _ status: UInt16, _ sends: Bool) -> StepOutcome {
    if status >= 400 { return .failure }
    guard status >= 200 else { return .unknown }
    switch kind {
    case .hold, .confirm, .confirmMail, .cancel, .reschedule, .oracle: return .success
    case .identity, .login, .captcha: return sends ? .success : .unknown
    default: return .unknown
    }
  }

  private func takeFields(_ exchange: Exchange, _ bytes: Span<UInt8>, _ step: inout Step) {
    if !step.slot.isPresent { step.slot = Self.first(slot, exchange, bytes) }
    if !step.service.isPresent { step.service = Self.first(service, exchange, bytes) }
    if step.slot.count > 0 {
      step.slotKey = max(1, Hash64.of(bytes.extracting(step.slot.indices), seed: seed))
    }
    if step.service.count > 0 {
      step.serviceKey = max(1, Hash64.of(bytes.extracting(step.service.indices), seed: seed))
    }
    let mail = Self.first(mailbox, exchange, bytes)
    if mail.count > 0 {
      let found = identities.mailbox(Self.copy(bytes, mail))
      step.mailbox = found.canonical
      step.mailboxSpelling = found.spelling
      step.mailboxTraits = found.traits
    }
    let number = Self.first(document, exchange, bytes)
    if number.count > 0 { step.document = identities.document(Self.copy(bytes, number)) }
  }

  private static func first(
    _ sources: [FieldSource], _ exchange: Exchange, _ bytes: Span<UInt8>
  ) -> ByteRange {
    for source in sources {
      let range = source.range(exchange, bytes)
      if range.count > 0 { return range }
    }
    return .absent
  }

  /// At most 512 bytes: no mailbox or number is longer (RFC 5321 allows 254).
  private static func copy(_ bytes: Span<UInt8>, _ range: ByteRange) -> [UInt8] {
    var copy: [UInt8] = []
    for i in range.indices.prefix(512) { copy.append(bytes[i]) }
    return copy
  }

  // MARK: - Who

  private mutating func session(
    _ exchange: Exchange, _ bytes: Span<UInt8>, _ step: inout Step
  ) {
    if !profile.sessionRotates {
      let cookie = cookies.value(exchange, bytes)
      if cookie.count > 0 {
        step.session = max(1, Hash64.of(bytes.extracting(cookie.indices), seed: Self.numbering))
        step.flags.insert(.sessionByCookie)
        return
      }
    }
    let who = Hash64.of(
      step.client.high ^ UInt64(step.client.kind.rawValue), step.client.low ^ step.agent,
      seed: Self.numbering)
    let found = sessions.session(of: who, at: exchange.at)
    step.session = max(1, found.key)
    if found.isNew { step.flags.insert(.opensSession) }
  }

  private func who(_ exchange: Exchange, _ isDeclared: Bool, _ step: inout Step) {
    if step.kind == .staff || Self.contains(profile.staff, exchange.client) {
      step.flags.insert(.staff)
    }
    if isDeclared || Self.contains(profile.declaredNetworks, exchange.client) {
      step.flags.insert(.declared)
    }
  }

  private static func contains(_ networks: [Network], _ address: ClientAddress) -> Bool {
    for network in networks where network.contains(address) { return true }
    return false
  }
}
