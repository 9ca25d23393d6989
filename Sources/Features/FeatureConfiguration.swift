public import CrenelBooking
public import CrenelModel

/// How large the tables are, how keys are hashed, and what the site's profile says of its funnel.
public struct FeatureConfiguration: Sendable, Hashable {
  /// Clients kept at once; 1 to 4,194,304, clamped.
  public var clientCapacity = 65_536
  /// Sessions kept at once; 1 to 4,194,304, clamped.
  public var sessionCapacity = 65_536
  /// Clients, and again sessions, of which the deep part of the funnel is kept at once.
  ///
  /// The deep part is what only those who come past the list of slots have: holds, forms,
  /// mailboxes, number checks, retries and a fifth address. Clamped to the capacity above.
  public var funnelCapacity = 8_192
  /// Seed of the tables' hashes; from the configuration, so that replays agree.
  ///
  /// No value depends on it: it only decides where a key lies in the index.
  public var seed: UInt64 = 0
  /// How long a hold lasts, in nanoseconds (site profile); 0 or less: the site has no holds.
  public var holdLifetime: Int64 = 3_600_000_000_000
  /// Leading bits of an IPv4 address that count as one client (site profile), 0 to 32.
  public var ipv4Prefix = 32
  /// Leading bits of an IPv6 address that count as one client (site profile), 0 to 128.
  public var ipv6Prefix = 128
  /// The site's zone, for hours of the day.
  public var zone = ZoneRules.utc
  /// Steps that the site shows: the profile has a rule for them that a GET can match.
  ///
  /// With none given, no step needs another before it: `cold_entries`, `skipped_steps` and
  /// `oracle_without_form` stay 0, since nobody can be said to have left out what is not there.
  public var shownSteps: StepKinds = []
  /// Steps that the site is sent: the profile has a rule for them that a POST, PUT, PATCH or
  /// DELETE can match.
  public var sentSteps: StepKinds = []

  /// Whether the profile knows the site's own order of steps.
  ///
  /// One that goes by words of paths only guesses what a step is: with it `cold_entries`,
  /// `skipped_steps` and `oracle_without_form` stay 0.
  public var knowsOrder = true

  /// Creates the default configuration.
  public init() {}
}

/// What the tables had to give up.
public struct FeatureCounters: Sendable, Hashable {
  /// Clients dropped to make room.
  public var evictedClients: UInt64 = 0
  /// Sessions dropped to make room.
  public var evictedSessions: UInt64 = 0
  /// Deep funnel states (of clients and sessions) dropped to make room; see
  /// ``FeatureConfiguration/funnelCapacity``.
  public var evictedFunnels: UInt64 = 0
  /// All of them.
  public var total: UInt64 { evictedClients &+ evictedSessions &+ evictedFunnels }

  /// Creates counters at zero.
  public init() {}
}

extension FeatureConfiguration {
  /// The client that an address counts as.
  func counted(_ address: ClientAddress) -> ClientAddress {
    address.masked(ipv4: ipv4Prefix, ipv6: ipv6Prefix)
  }

  /// Whether the profile has a step of this kind at all.
  func has(_ kind: StepKind) -> Bool { shownSteps.contains(kind) || sentSteps.contains(kind) }

  /// Whether a step is the deed and not the page that leads to it.
  ///
  /// Where the profile has a sending step of the kind, only that one counts; but every hold does,
  /// since sites take a slot out of the pool with links as well as with forms.
  func counts(_ kind: StepKind, sends: Bool) -> Bool {
    sends || kind == .hold || !sentSteps.contains(kind)
  }

  /// Whether the profile has a step that makes an appointment final.
  var hasConfirmation: Bool { has(.confirm) || has(.confirmMail) }

  /// Whether a step makes an appointment final.
  func isConfirmation(_ kind: StepKind, sends: Bool) -> Bool {
    switch kind {
    case .confirm: counts(kind, sends: sends)
    case .confirmMail: !has(.confirm) && counts(kind, sends: sends)
    default: false
    }
  }

  /// Whether after a step the session's holds are no longer open.
  func settlesHold(_ kind: StepKind, sends: Bool) -> Bool {
    switch kind {
    case .confirm, .confirmMail, .cancel, .reschedule: counts(kind, sends: sends)
    case .identity: sends && has(.confirmMail)
    default: false
    }
  }

  /// Whether an exchange began between midnight and five of the site's time, for certain.
  func isNight(_ facts: Facts) -> Bool {
    guard !facts.isLate else { return false }
    let first = facts.start.earliest.nanoseconds.floorDivided(by: Nanoseconds.second)
    let last = facts.start.latest.nanoseconds.floorDivided(by: Nanoseconds.second)
    let begun = first &+ zone.offset(at: first)
    let morning = begun.floorDivided(by: 86_400) &* 86_400 &+ 5 * 3_600
    return begun < morning && last &+ zone.offset(at: last) < morning
  }
}
