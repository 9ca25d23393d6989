import CrenelBooking
import CrenelFeatures
import CrenelModel
import CrenelRules

/// Turns the reasons of a verdict, which point into the batch, into ones that last.
struct ReasonReporter {
  let rules: [RuleMetadata]

  /// All reasons of a verdict.
  func reasons(
    _ verdict: Verdict, _ exchange: Exchange, _ step: Step, _ batch: borrowing ExchangeBatch
  ) -> [ReportedReason] {
    var reported: [ReportedReason] = []
    for i in 0..<Int(verdict.reasonCount) {
      let reason = verdict.reasons[i]
      let written = rules[Int(verdict.rule)].conditions[reason.condition]
      let (name, unit) = Phrases.measure(reason.measure, rules)
      reported.append(
        ReportedReason(
          measure: reason.measure, name: self.name(reason, name, written),
          comparison: reason.comparison,
          value: value(reason, exchange, step, batch), threshold: threshold(reason, written),
          unit: self.unit(reason, unit, written)))
    }
    return reported
  }

  /// The families of evidence of reasons, in the order of ``FeatureFamily``.
  ///
  /// Only features that are evidence give one, and a count that no person reaches. A status, a
  /// method, an address, a step, an outcome, a word of the line are of everybody.
  func families(_ measures: some Sequence<Measure>) -> [FeatureFamily] {
    var found: Set<FeatureFamily> = []
    for measure in measures {
      switch measure {
      case .feature(let name):
        let feature = FeatureCatalogue.descriptor(of: name.feature)
        if feature.isEvidence { found.insert(feature.family) }
      case .correlation(let rule):
        if rules[Int(rule)].countsRapidly { found.insert(.timing) }
      case .status, .text, .step: break
      }
    }
    return FeatureFamily.allCases.filter { found.contains($0) }
  }

  /// The families of a verdict's reasons.
  func families(_ verdict: Verdict) -> [FeatureFamily] {
    families((0..<Int(verdict.reasonCount)).map { verdict.reasons[$0].measure })
  }

  private func name(_ reason: Reason, _ name: String, _ written: ConditionText?) -> String {
    guard case .text = reason.measure else { return name }
    return written?.field ?? name
  }

  /// Features have units; so have parts of a time, which the relation begins with.
  private func unit(_ reason: Reason, _ unit: String, _ written: ConditionText?) -> String {
    guard case .text = reason.measure else {
      if case .step = reason.measure { return "" }
      return reason.comparison == .matches ? "" : unit
    }
    guard !reason.value.isNaN, let written else { return "" }
    let parts = ["minute", "hour", "day", "week", "month", "year"]
    let first = written.relation.split(separator: "|").first.map(String.init) ?? ""
    if parts.contains(first) { return first }
    return Self.units[written.field] ?? ""
  }

  private static let units = [
    "event.duration": "ns", "time-taken": "ms", "http.request.bytes": "bytes",
    "http.response.bytes": "bytes", "http.response.body.bytes": "bytes", "sc-bytes": "bytes",
    "cs-bytes": "bytes",
  ]

  private func value(
    _ reason: Reason, _ exchange: Exchange, _ step: Step, _ batch: borrowing ExchangeBatch
  ) -> ReasonValue {
    if case .step = reason.measure { return .text(step.kind.name) }
    switch reason.source {
    case .client: return .text(exchange.client.description)
    case .peer: return .text(exchange.peer.description)
    case .outcome: return .text(step.outcome.name)
    case .bytes(let range): return .text(text(range, batch))
    case .value: return reason.value.isFinite ? .number(reason.value) : .text("absent")
    }
  }

  /// At most ``ReasonValue/limit`` bytes of the batch; bytes that are no text come out as U+FFFD.
  private func text(_ range: ByteRange, _ batch: borrowing ExchangeBatch) -> String {
    guard range.isPresent else { return "absent" }
    let kept = batch.bytes[range.indices.prefix(ReasonValue.limit)]
    return String(decoding: kept, as: UTF8.self) + (range.count > kept.count ? "…" : "")
  }

  private func threshold(_ reason: Reason, _ written: ConditionText?) -> ReasonValue {
    if reason.threshold.isFinite { return .number(reason.threshold) }
    guard let written else { return .text("") }
    let isBare = ["=", "neq", "contains"].contains(written.relation)
    return .text(isBare ? written.wanted : "\(written.relation): \(written.wanted)")
  }
}
