import CrenelBooking

/// Counters of what a subject did; each saturates, in 100 bytes.
///
/// Of steps that are not known they take what is certain, so that every share and count is one "at
/// least"; that of assets is one "at most". `docs/features.md` says so for each.
struct Tally: BitwiseCopyable {
  var pages: UInt32 = 0
  var polls: UInt32 = 0
  var paths = PathCandidates()
  var serverErrors: UInt32 = 0
  var refusals: UInt32 = 0
  var oracleCalls: UInt32 = 0
  /// With those of steps that are not known and may be one.
  var oracleHits: UInt32 = 0
  var oracleMisses: UInt32 = 0
  var oracleWithoutForm: UInt32 = 0
  var coldEntries: UInt32 = 0
  var referers: UInt32 = 0
  var selfReferers: UInt32 = 0
  var languages: UInt32 = 0
  var languagesMissing: UInt32 = 0
  /// Exchanges once assets are logged, and those of them that are, or may be, assets.
  var withAssets: UInt32 = 0
  var assets: UInt32 = 0
  /// What the steps that are not known may have been.
  var mayHave: StepKinds = []
  /// The profile's rule that left the first of them open; -1: all are known.
  var openRule: Int16 = -1
  var depth: UInt8 = 0
  var agentClass = AgentClass()

  /// Counts one exchange.
  mutating func note(_ facts: Facts) {
    agentClass = facts.agentClass
    if facts.assetsAreLogged || facts.mayBeAsset {
      withAssets.bump()
      if facts.mayBeAsset { assets.bump() }
    }
    if !facts.isStepKnown { noteOpen(facts) }
    if facts.isServerError { serverErrors.bump() }
    if facts.status == 403 || facts.status == 429 { refusals.bump() }
    guard !facts.isAsset else { return }
    pages.bump()
    if !facts.mayBeAsset { paths.note(facts.path) }
    depth = max(depth, facts.kind.depth)
    if facts.kind == .list { polls.bump() }
    if facts.kind == .oracle { noteOracle(facts.outcome) }
    if let refersToItself = facts.refersToItself {
      referers.bump()
      if refersToItself, !facts.mayBeAsset { selfReferers.bump() }
    }
    if let isMissing = facts.languageMissing {
      languages.bump()
      if isMissing, !facts.mayBeAsset { languagesMissing.bump() }
    }
  }

  /// Notes a step that is not known; one that may be a number check may be one that hit.
  private mutating func noteOpen(_ facts: Facts) {
    if openRule < 0 { openRule = facts.openRule }
    mayHave.formUnion(facts.mayBe)
    if facts.mayBe.contains(.oracle) { oracleHits.bump() }
  }

  private mutating func noteOracle(_ outcome: StepOutcome) {
    oracleCalls.bump()
    if outcome == .success { oracleHits.bump() }
    if outcome == .failure { oracleMisses.bump() }
  }
}

extension StepKind {
  /// How deep in the funnel a step is, 1 to 6; 0 for steps outside it.
  var depth: UInt8 {
    switch self {
    case .landing: 1
    case .list: 2
    case .select: 3
    case .hold: 4
    case .identity: 5
    case .confirm: 6
    default: 0
    }
  }

  /// Whether the step needs a subject's deep state.
  var isDeep: Bool {
    switch self {
    case .hold, .captcha, .identity, .confirm, .confirmMail, .cancel, .reschedule: true
    default: false
    }
  }
}
