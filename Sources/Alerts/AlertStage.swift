public import CrenelBooking
import Crypto
public import CrenelFeatures
public import CrenelModel
public import CrenelRules

/// What the alert stage must know beside the rules.
public struct AlertConfiguration: Sendable {
  /// The secret that keys the names of actors; `nil` without one.
  public var siteKey: [UInt8]?
  /// Lines of evidence kept of one alert.
  public var evidenceLimit = 32

  /// Creates the defaults.
  public init() {}
}

/// Gathers verdicts into alerts; one owner, fed in event order.
///
/// An alert is one rule on one subject. Its first verdict opens it; later ones are counted, and
/// told when their number reaches 10, 100, 1000…, when the level rises or when an address joins,
/// so that a robot that polls all night makes a handful of lines, and none is lost from the count.
public struct AlertStage: ~Copyable {
  /// The rules' metadata, by index.
  public let rules: [RuleMetadata]
  /// How complete the input is so far; set by the pipeline before it raises anything.
  public var completeness = Completeness()
  /// Verdicts about staff, which make no alert.
  public private(set) var staffVerdicts: UInt64 = 0

  private struct Key: Hashable {
    var rule: Int32
    var kind: UInt8
    var high: UInt64
    var low: UInt64
  }

  /// An alert that may still grow.
  private struct Open {
    var record: AlertRecord
    var key: Key
    var nextTold: UInt64
    var closeAfter: Int64
  }

  private let configuration: AlertConfiguration
  private var open: [Open] = []
  private var index: [Key: Int] = [:]
  private var records: [AlertRecord] = []
  private var nextCheck = Timestamp.distantPast

  /// Creates a stage without alerts.
  public init(_ configuration: AlertConfiguration, rules: [RuleMetadata]) {
    self.configuration = configuration
    self.rules = rules
  }

  /// Whether records wait in ``drain()``.
  public var hasRecords: Bool { !records.isEmpty }

  /// Alerts that are open.
  public var openCount: Int { open.count }

  /// Takes in one verdict, on the exchange it was given for.
  public mutating func raise(
    _ verdict: Verdict, _ exchange: Exchange, _ step: Step, in batch: borrowing ExchangeBatch,
    _ features: borrowing FeatureStage, _ subjects: Subjects
  ) {
    guard !step.flags.contains(.staff) else {
      staffVerdicts &+= 1
      return
    }
    let key = Self.key(verdict, step)
    guard let slot = index[key] else {
      begin(key, verdict, exchange, step, batch, features, subjects)
      return
    }
    extend(slot, verdict, exchange, step, batch, features, subjects)
  }

  /// Closes alerts that were quiet for long enough; called with the event time of each exchange.
  public mutating func advance(to now: Timestamp) {
    guard !open.isEmpty, now >= nextCheck else { return }
    var earliest = Timestamp.distantFuture
    var closing: [Int] = []
    for i in open.indices {
      let deadline = open[i].record.end.adding(open[i].closeAfter)
      if deadline <= now { closing.append(i) } else { earliest = min(earliest, deadline) }
    }
    nextCheck = earliest
    guard !closing.isEmpty else { return }
    for i in closing { close(i, at: open[i].record.end.adding(open[i].closeAfter)) }
    for i in closing.reversed() { open.remove(at: i) }
    index.removeAll(keepingCapacity: true)
    for i in open.indices { index[open[i].key] = i }
  }

  /// Closes what is open, at the end of the input.
  public mutating func finish() {
    for i in open.indices { close(i, at: open[i].record.end) }
    open.removeAll()
    index.removeAll()
  }

  /// The records since the last call, in the order in which they arose.
  public mutating func drain() -> [AlertRecord] {
    let waiting = records
    records.removeAll(keepingCapacity: true)
    return waiting
  }

  // MARK: - Life of an alert

  private mutating func begin(
    _ key: Key, _ verdict: Verdict, _ exchange: Exchange, _ step: Step,
    _ batch: borrowing ExchangeBatch, _ features: borrowing FeatureStage, _ subjects: Subjects
  ) {
    let rule = rules[Int(verdict.rule)]
    let actor = actor(key)
    let digest = Array(SHA256.hash(data: batch.bytes[exchange.raw.indices]))
    var record = AlertRecord(
      action: .opened, rule: verdict.rule, id: id(rule, actor, digest), at: exchange.at,
      start: exchange.at, end: exchange.at, level: rule.level, caps: [], subject: verdict.subject,
      actor: actor, client: exchange.client, addresses: [], mailboxes: [], host: [], service: [],
      reasons: [], families: [], benign: [], evidence: [], matches: 1, suppressed: 0,
      completeness: completeness)
    for i in 0..<Int(verdict.reasonCount) { record.reasons.append(verdict.reasons[i]) }
    let places = features.recent(
      verdict.subject, of: subjects, limit: configuration.evidenceLimit - 1)
    record.evidence = places.filter { $0 != exchange.provenance }
      .map { Evidence(place: $0, digest: []) }
    record.evidence.append(Evidence(place: exchange.provenance, digest: digest))
    refresh(&record, verdict, exchange, step, batch, features, subjects)
    records.append(record)
    let closeAfter = max(Nanoseconds.second, rule.closeAfter)
    index[key] = open.count
    open.append(Open(record: record, key: key, nextTold: 10, closeAfter: closeAfter))
    nextCheck = min(nextCheck, exchange.at.adding(closeAfter))
  }

  private mutating func extend(
    _ slot: Int, _ verdict: Verdict, _ exchange: Exchange, _ step: Step,
    _ batch: borrowing ExchangeBatch, _ features: borrowing FeatureStage, _ subjects: Subjects
  ) {
    open[slot].record.matches &+= 1
    open[slot].record.end = max(open[slot].record.end, exchange.at)
    open[slot].record.suppressed &+= 1
    let isDue = open[slot].record.matches >= open[slot].nextTold
    let isNewAddress = !open[slot].record.addresses.contains(exchange.client)
    guard isDue || isNewAddress else { return }
    var record = open[slot].record
    let level = record.level
    refresh(&record, verdict, exchange, step, batch, features, subjects)
    if isDue {
      open[slot].nextTold = open[slot].nextTold.multipliedReportingOverflow(by: 10).partialValue
    }
    // An address that joins within the first matches is told with the next count, unless it is
    // one of a few: a session on many addresses would make a line for each.
    guard isDue || record.level > level || record.addresses.count <= 4 else {
      record.suppressed = open[slot].record.suppressed
      open[slot].record = record
      return
    }
    record.action = .updated
    record.completeness = completeness
    record.at = exchange.at
    if record.evidence.count < configuration.evidenceLimit * 2 {
      let digest = Array(SHA256.hash(data: batch.bytes[exchange.raw.indices]))
      record.evidence.append(Evidence(place: exchange.provenance, digest: digest))
    }
    record.suppressed &-= 1  // this one is told
    records.append(record)
    record.suppressed = 0
    open[slot].record = record
  }

  private mutating func close(_ slot: Int, at time: Timestamp) {
    var record = open[slot].record
    record.action = .closed
    record.completeness = completeness
    record.at = time
    records.append(record)
  }

  // MARK: - What is said

  /// Sets what depends on the subject as it is now: addresses, families, hypotheses, level.
  private func refresh(
    _ record: inout AlertRecord, _ verdict: Verdict, _ exchange: Exchange, _ step: Step,
    _ batch: borrowing ExchangeBatch, _ features: borrowing FeatureStage, _ subjects: Subjects
  ) {
    let rule = rules[Int(verdict.rule)]
    record.client = exchange.client
    for address in features.addresses(verdict.subject, of: subjects) + [exchange.client]
    where !record.addresses.contains(address) && record.addresses.count < 64 {
      record.addresses.append(address)
    }
    if configuration.siteKey != nil, step.mailbox.isPresent,
      !record.mailboxes.contains(step.mailbox), record.mailboxes.count < 16
    {
      record.mailboxes.append(step.mailbox)
    }
    if exchange[.host].count > 0 { record.host = Array(batch.bytes[exchange[.host].indices]) }
    if step.service.count > 0 { record.service = Array(batch.bytes[step.service.indices]) }
    record.families = Self.families(record.reasons)
    var values: [Double] = []
    for subject in SubjectKind.allCases {
      for feature in Feature.allCases {
        values.append(features.value(FeatureName(subject, feature), of: subjects))
      }
    }
    let test = HypothesisTest(rule, record.reasons, step, resolution: exchange.resolution) {
      values[Int($0.rawValue) * Feature.allCases.count + Int($1.rawValue)]
    }
    record.benign = test.findings
    (record.level, record.caps) = Self.level(rule, record.families, record.benign)
  }

  /// The families of evidence that reasons come from, in the order of ``FeatureFamily``.
  static func families(_ reasons: [Reason]) -> [FeatureFamily] {
    var found: Set<FeatureFamily> = []
    for reason in reasons {
      switch reason.measure {
      case .feature(let name): found.insert(FeatureCatalogue.descriptor(of: name.feature).family)
      case .correlation: found.insert(.timing)
      case .status: found.insert(.outcome)
      case .text: found.insert(.transport)
      case .step: break
      }
    }
    return FeatureFamily.allCases.filter { found.contains($0) }
  }

  /// The level that the evidence supports, and why it is below the rule's (DESIGN 1 and 8).
  static func level(
    _ rule: RuleMetadata, _ families: [FeatureFamily], _ benign: [BenignFinding]
  ) -> (RuleLevel, [LevelCap]) {
    var caps: [LevelCap] = []
    if families.count < 2 { caps.append(.oneFamily) }
    if rule.verdict == .watcher { caps.append(.watcher) }
    let plausible = benign.filter { $0.result == .plausible }.map(\.hypothesis)
    if plausible.contains(where: { $0 != .declaredAutomation }) { caps.append(.benign) }
    if plausible.contains(.declaredAutomation) { caps.append(.declared) }
    let ceiling: RuleLevel = caps.contains(.declared) ? .informational : .low
    guard rule.level > ceiling, !caps.isEmpty else { return (rule.level, []) }
    return (ceiling, caps)
  }

  // MARK: - Names

  private static func key(_ verdict: Verdict, _ step: Step) -> Key {
    switch verdict.subject {
    case .client:
      Key(
        rule: verdict.rule, kind: step.client.kind.rawValue, high: step.client.high,
        low: step.client.low)
    case .session: Key(rule: verdict.rule, kind: .max, high: 0, low: step.session)
    }
  }

  /// `a:` and 64 bits of HMAC-SHA-256 over the subject, keyed by the site.
  private func actor(_ key: Key) -> String {
    let secret = configuration.siteKey ?? Array("crenel: actor".utf8)
    let text = "\(key.kind):\(key.high):\(key.low)"
    let code = HMAC<SHA256>.authenticationCode(
      for: Array(text.utf8), using: SymmetricKey(data: secret))
    return "a:" + Hexadecimal.text(code.prefix(8))
  }

  /// 128 bits of SHA-256 over rule, version, actor and the digest of the opening line.
  private func id(_ rule: RuleMetadata, _ actor: String, _ digest: [UInt8]) -> String {
    var hash = SHA256()
    for part in [rule.id, rule.version, actor] {
      hash.update(data: Array(part.utf8))
      hash.update(data: [0])
    }
    hash.update(data: digest)
    return Hexadecimal.text(hash.finalize().prefix(16))
  }
}

/// Bytes as text.
public enum Hexadecimal {
  /// Two lower-case digits a byte.
  public static func text(_ bytes: some Sequence<UInt8>) -> String {
    var digits: [UInt8] = []
    for byte in bytes {
      for nibble in [byte >> 4, byte & 15] {
        digits.append(nibble < 10 ? 0x30 + nibble : 0x57 + nibble)
      }
    }
    return String(decoding: digits, as: UTF8.self)
  }
}
