import CrenelBooking
import CrenelModel

extension FeatureStage {
  /// Which rule of the profile left open whether a feature's value is all there is, by its number;
  /// -1 when nothing did.
  ///
  /// Where the subject has steps that are not known, what is counted is counted at least: the true
  /// value may be larger, and a comparison that a larger value would turn is not decided.
  public func openRule(of name: FeatureName, _ subjects: Subjects) -> Int16 {
    let tally =
      switch name.subject {
      case .client: clients.states[Int(subjects.client)].common.tally
      case .session: sessions.states[Int(subjects.session)].common.tally
      }
    guard tally.openRule >= 0 else { return -1 }
    return name.feature.mayGrow(with: tally.mayHave, depth: tally.depth) ? tally.openRule : -1
  }
}

extension Feature {
  /// Whether the value would be larger if steps that are not known were certain ones of `kinds`.
  ///
  /// `docs/features.md` has the same in words.
  func mayGrow(with kinds: StepKinds, depth: UInt8) -> Bool {
    switch self {
    case .polls, .gapCount: kinds.contains(.list)
    case .oracleCalls, .oracleMissRatio: kinds.contains(.oracle)
    case .pathConcentration, .refererSelf, .languageMissing, .retry5xxRatio:
      kinds.contains(.asset)
    case .funnelDepth: StepKind.allCases.contains { $0.depth > depth && kinds.contains($0) }
    case .holds, .reholdAtExpiry: kinds.contains(.hold)
    case .confirms: kinds.contains(.confirm) || kinds.contains(.confirmMail)
    case .cancels: kinds.contains(.cancel)
    case .nightBookings:
      kinds.contains(.hold) || kinds.contains(.confirm) || kinds.contains(.confirmMail)
    case .formCount: kinds.contains(.identity)
    case .coldEntries, .skippedSteps, .oracleWithoutForm, .holdsExpired, .mailboxes,
      .mailboxAliases, .disposableMailboxes, .documents:
      true
    default: false
    }
  }
}
