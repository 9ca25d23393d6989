import CrenelBooking

/// Counters of what a subject did; each saturates, in 96 bytes.
struct Tally: BitwiseCopyable {
  var pages: UInt32 = 0
  var polls: UInt32 = 0
  var paths = PathCandidates()
  var serverErrors: UInt32 = 0
  var refusals: UInt32 = 0
  var oracleCalls: UInt32 = 0
  var oracleHits: UInt32 = 0
  var oracleMisses: UInt32 = 0
  var oracleWithoutForm: UInt32 = 0
  var coldEntries: UInt32 = 0
  var referers: UInt32 = 0
  var selfReferers: UInt32 = 0
  var languages: UInt32 = 0
  var languagesMissing: UInt32 = 0
  /// Exchanges of sources that log assets, and the assets of them.
  var withAssets: UInt32 = 0
  var assets: UInt32 = 0
  var depth: UInt8 = 0
  var agentClass = AgentClass()

  /// Counts one exchange.
  mutating func note(_ facts: Facts) {
    agentClass = facts.agentClass
    if facts.assetsAreLogged {
      withAssets.bump()
      if facts.isAsset { assets.bump() }
    }
    if facts.isServerError { serverErrors.bump() }
    if facts.status == 403 || facts.status == 429 { refusals.bump() }
    guard !facts.isAsset else { return }
    pages.bump()
    paths.note(facts.path)
    depth = max(depth, facts.kind.depth)
    if facts.kind == .list { polls.bump() }
    if facts.kind == .oracle { noteOracle(facts.outcome) }
    if let refersToItself = facts.refersToItself {
      referers.bump()
      if refersToItself { selfReferers.bump() }
    }
    if let isMissing = facts.languageMissing {
      languages.bump()
      if isMissing { languagesMissing.bump() }
    }
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
