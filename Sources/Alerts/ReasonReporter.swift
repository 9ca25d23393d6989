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
  func families(_ reasons: [ReportedReason]) -> [FeatureFamily] {
    var bits: UInt8 = 0
    for reason in reasons { bits |= familyBit(reason.measure) }
    return FeatureFamily.allCases.filter { bits & (1 << $0.rawValue) != 0 }
  }

  /// How many families a verdict's reasons come from; allocates nothing.
  func familyCount(_ verdict: Verdict) -> Int {
    var bits: UInt8 = 0
    for i in 0..<Int(verdict.reasonCount) { bits |= familyBit(verdict.reasons[i].measure) }
    return bits.nonzeroBitCount
  }

  /// The family of a measure as a bit; 0 for what is no evidence.
  ///
  /// Only features that are evidence give one, and a count that no person reaches. A status, a
  /// method, an address, a step, an outcome, a word of the line are of everybody.
  private func familyBit(_ measure: Measure) -> UInt8 {
    switch measure {
    case .feature(let name): Self.featureBits[Int(name.feature.rawValue)]
    case .correlation(let rule):
      rules[Int(rule)].countsRapidly ? 1 << FeatureFamily.timing.rawValue : 0
    case .status, .text, .step: 0
    }
  }

  private static let featureBits: [UInt8] = FeatureCatalogue.all.map {
    $0.isEvidence ? 1 << $0.family.rawValue : 0
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
    case .client where exchange.clientName.isPresent: return .text(text(exchange.clientName, batch))
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
