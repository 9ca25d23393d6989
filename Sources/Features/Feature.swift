/// Whose behaviour a feature counts (DESIGN 2).
public enum SubjectKind: UInt8, CaseIterable, Sendable, BitwiseCopyable {
  /// An address, or the prefix the site profile counts as one.
  case client
  /// A cookie where it is logged, else client, agent and a one-hour gap.
  case session

  /// The name in rules and alerts.
  public var name: String { "\(self)" }
}

extension Feature {
  /// The shortest time that the log permits, of a duration at its longest; `nil` for others.
  public var shortest: Feature? {
    switch self {
    case .formMax: .formMin
    case .captchaMax: .captchaMin
    case .ownReactionMax: .ownReactionMin
    default: nil
    }
  }
}

/// A number about a subject at the time of an exchange.
///
/// What each means exactly, with unit, family and range, is data: ``FeatureCatalogue``.
public enum Feature: UInt8, CaseIterable, Sendable, BitwiseCopyable {
  // timing
  case requests10s, requests1m, requests10m, requests1h
  case polls
  case gapCount, gapMin, gapMedian, gapMax, gapConcentration, gapLogDeviation, gapBounded
  case period, periodScore, phaseLock
  case activeHours24h, longestPause
  case formMin, formMax, formFastest, formCount, captchaMin, captchaMax
  case ownReactionMin, ownReactionMax
  case retry5xxMedian, retry5xxRatio, retry5xxLogDeviation
  case reholdAtExpiry
  // sequence
  case coldEntries, skippedSteps, funnelDepth, oracleCalls, oracleWithoutForm, oracleMissRatio
  case pathConcentration, refererSelf
  // transport
  case assetRatio, languageMissing, requestsPerConnection, declaredAutomation, headless
  case libraryAgent
  // graph
  case addressesPerSession, addressInterleaving, networks, sessionsPerAddress, agentsPerAddress,
    byCookie
  // outcome
  case holds, holdsExpired, confirms, cancels
  case mailboxes, mailboxAliases, disposableMailboxes, documents, nightBookings
  case serverErrors, refusals
}

/// A feature of one subject: what a rule names, such as `session.form_ms.max`.
public struct FeatureName: Hashable, Sendable, BitwiseCopyable {
  /// Whose.
  public var subject: SubjectKind
  /// Which.
  public var feature: Feature

  /// Creates a name.
  public init(_ subject: SubjectKind, _ feature: Feature) {
    self.subject = subject
    self.feature = feature
  }
}
