import CrenelBooking
import CrenelModel

extension FeatureStage {
  /// The value of a feature now; NaN when it is absent (see its meaning).
  public func value(_ name: FeatureName, of subjects: Subjects) -> Double {
    switch name.subject {
    case .client:
      let slot = Int(subjects.client)
      guard clients.states[slot].common.presence.key.kind != ClientAddress.Kind.none.rawValue
      else { return .nan }
      if let value = common(name.feature, clients.states[slot].common) { return value }
      if let value = deep(name.feature, clients.states[slot].common, clients.funnels) {
        return value
      }
      return ofClient(name.feature, slot)
    case .session:
      let slot = Int(subjects.session)
      guard !sessions.states[slot].isNobody else { return .nan }
      if let value = common(name.feature, sessions.states[slot].common) { return value }
      if let value = deep(name.feature, sessions.states[slot].common, sessions.funnels) {
        return value
      }
      return ofSession(name.feature, slot)
    }
  }

  /// Features of the part that both kinds have; `nil` for another feature.
  private func common(_ feature: Feature, _ state: borrowing Common) -> Double? {
    let pending = UInt64(state.presence.pending)
    let tally = state.tally
    switch feature {
    case .requests10s: return Double(state.windows.inTenSeconds &+ pending)
    case .requests1m: return Double(state.windows.inMinute &+ pending)
    case .requests10m: return Double(state.windows.inTenMinutes &+ pending)
    case .requests1h: return Double(state.windows.inHour &+ pending)
    case .activeHours24h: return Double(state.presence.activeHours)
    case .longestPause:
      let pause = state.presence.longestPause
      return pause < 0 ? .nan : milliseconds(pause, roundedUp: true)
    case .polls: return Double(tally.polls)
    case .gapCount: return Double(state.gaps.count)
    case .gapMin: return state.gaps.shortest.map(Double.init) ?? .nan
    case .gapMedian: return state.gaps.medianHigh.map(Double.init) ?? .nan
    case .gapMax: return state.gaps.longest.map(Double.init) ?? .nan
    case .gapConcentration: return state.gaps.concentration ?? .nan
    case .gapLogDeviation: return state.gaps.logDeviation ?? .nan
    case .gapBounded: return state.gaps.isBounded.map { $0 ? 1 : 0 } ?? .nan
    case .retry5xxMedian: return state.retries.median.map(Double.init) ?? .nan
    case .retry5xxRatio: return state.retries.ratio ?? .nan
    case .retry5xxLogDeviation: return state.retries.logDeviation ?? .nan
    case .coldEntries: return Double(tally.coldEntries)
    case .oracleCalls: return Double(tally.oracleCalls)
    case .oracleWithoutForm: return Double(tally.oracleWithoutForm)
    case .oracleMissRatio:
      return ratio(tally.oracleMisses, of: tally.oracleHits &+ tally.oracleMisses)
    case .funnelDepth: return Double(tally.depth)
    case .pathConcentration: return ratio(tally.paths.most, of: tally.pages)
    case .refererSelf: return ratio(tally.selfReferers, of: tally.referers)
    case .assetRatio: return traits.hasAssets ? ratio(tally.assets, of: tally.withAssets) : .nan
    case .languageMissing: return ratio(tally.languagesMissing, of: tally.languages)
    case .declaredAutomation: return tally.agentClass.contains(.declared) ? 1 : 0
    case .headless: return tally.agentClass.contains(.headless) ? 1 : 0
    case .libraryAgent: return tally.agentClass.contains(.library) ? 1 : 0
    case .serverErrors: return Double(tally.serverErrors)
    case .refusals: return Double(tally.refusals)
    default: return nil
    }
  }

  /// Features of the deep state, which a subject may not have; `nil` for another feature.
  private func deep(
    _ feature: Feature, _ state: borrowing Common, _ funnels: [Funnel]
  ) -> Double? {
    let place = Int(state.presence.funnel)
    let funnel = place >= 0 ? funnels[place] : Funnel()
    switch feature {
    case .holds: return Double(funnel.holds)
    case .holdsExpired: return Double(funnel.expired)
    case .reholdAtExpiry: return Double(funnel.reheld)
    case .confirms: return Double(funnel.confirms)
    case .cancels: return Double(funnel.cancels)
    case .nightBookings: return Double(funnel.nightBookings)
    case .mailboxes: return Double(funnel.mailboxes.count)
    case .mailboxAliases: return Double(min(funnel.aliases, 15))
    case .disposableMailboxes: return Double(funnel.disposables)
    case .documents: return Double(funnel.documents.count)
    case .formMin: return milliseconds(funnel.form.min, roundedUp: false)
    case .formMax: return milliseconds(funnel.form.max, roundedUp: true)
    case .formFastest: return milliseconds(funnel.fastestForm, roundedUp: true)
    case .formCount: return Double(funnel.forms)
    case .captchaMin: return milliseconds(funnel.captcha.min, roundedUp: false)
    case .captchaMax: return milliseconds(funnel.captcha.max, roundedUp: true)
    case .ownReactionMin: return milliseconds(funnel.reaction.min, roundedUp: false)
    case .ownReactionMax: return milliseconds(funnel.reaction.max, roundedUp: true)
    default: return nil
    }
  }

  private func ofClient(_ feature: Feature, _ slot: Int) -> Double {
    switch feature {
    case .sessionsPerAddress: Double(clients.states[slot].sessions)
    case .agentsPerAddress: Double(clients.states[slot].agents.count)
    default: .nan
    }
  }

  private func ofSession(_ feature: Feature, _ slot: Int) -> Double {
    let state = sessions.states[slot]
    switch feature {
    case .period: return state.common.gaps.twicePeriod.map { Double($0) / 2 } ?? .nan
    case .periodScore: return state.common.gaps.periodScore ?? .nan
    case .phaseLock: return state.phases.lock ?? .nan
    case .skippedSteps: return Double(state.skippedSteps(configuration))
    case .requestsPerConnection: return state.requestsPerConnection ?? .nan
    case .addressInterleaving: return Double(state.itinerary.returns)
    case .byCookie: return state.isByCookie ? 1 : 0
    case .addressesPerSession: return larger(slot, ipv4: 32, ipv6: 128)
    case .networks: return larger(slot, ipv4: 16, ipv6: 32)
    default: return .nan
    }
  }

  /// How many different addresses, cut to some bits: of IPv4 or of IPv6, whichever is more.
  ///
  /// At most 16 are kept, so each is compared with those before it; nothing is allocated.
  private func larger(_ slot: Int, ipv4: Int, ipv6: Int) -> Double {
    let count = addressCount(slot)
    var different = InlineArray<4, Int>(repeating: 0)  // by ``ClientAddress/Kind``
    for i in 0..<count {
      let address = address(i, of: slot).masked(ipv4: ipv4, ipv6: ipv6)
      var isNew = true
      for k in 0..<i where self.address(k, of: slot).masked(ipv4: ipv4, ipv6: ipv6) == address {
        isNew = false
        break
      }
      if isNew { different[Int(address.kind.rawValue)] += 1 }
    }
    return Double(max(different[1], different[2], different[3]))
  }

  private func ratio(_ part: UInt32, of whole: UInt32) -> Double {
    whole == 0 ? .nan : Double(part) / Double(whole)
  }

  /// Nanoseconds as milliseconds, rounded outwards; NaN below zero.
  private func milliseconds(_ nanoseconds: Int64, roundedUp: Bool) -> Double {
    guard nanoseconds >= 0 else { return .nan }
    return Double(
      roundedUp ? ceiledMilliseconds(nanoseconds) : nanoseconds / Nanoseconds.millisecond)
  }
}
