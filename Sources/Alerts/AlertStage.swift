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
  /// Alerts open at once; one more closes the alert that would close first, and is counted.
  public var openLimit = 16_384

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
    var isWithinClock: Bool
  }

  /// An alert that may still grow.
  private struct Open {
    var record: AlertRecord
    var key: Key
    var nextTold: UInt64
    var closeAfter: Int64
    /// Alerts opened before it.
    var order: UInt64

    /// When it closes if nothing comes.
    var deadline: Timestamp { record.end.adding(closeAfter) }
  }

  private let configuration: AlertConfiguration
  private let reporter: ReasonReporter
  private let actors: ActorNames
  private var open: [Open?] = []
  private var freeSlots: [Int] = []
  private var index: [Key: Int] = [:]
  private var deadlines = DeadlineHeap()
  private var openedCount: UInt64 = 0
  /// Alerts closed before their time to make room.
  public private(set) var evictedAlerts: UInt64 = 0
  private var records: [AlertRecord] = []

  /// Creates a stage without alerts.
  public init(_ configuration: AlertConfiguration, rules: [RuleMetadata]) {
    self.configuration = configuration
    self.rules = rules
    reporter = ReasonReporter(rules: rules)
    actors = ActorNames(siteKey: configuration.siteKey)
  }

  /// Whether records wait in ``drain()``.
  public var hasRecords: Bool { !records.isEmpty }

  /// Alerts that are open.
  public var openCount: Int { index.count }

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
    var closing: [(order: UInt64, slot: Int)] = []
    while let first = deadlines.first, first.deadline <= now {
      guard let entry = due(by: now) else { continue }
      closing.append((entry.order, entry.slot))
    }
    for (_, slot) in closing.sorted(by: { $0.order < $1.order }) {
      close(slot, at: open[slot]?.deadline ?? now)
    }
  }

  /// Takes out the entry that is due first; `nil`, and puts it back, when its alert has grown.
  private mutating func due(by now: Timestamp) -> DeadlineHeap.Entry? {
    guard var entry = deadlines.pop(), let deadline = open[entry.slot]?.deadline else { return nil }
    guard deadline > entry.deadline, deadline > now else { return entry }
    entry.deadline = deadline
    deadlines.push(entry)
    return nil
  }

  /// Closes the alert that would close first, to make room for another.
  private mutating func evict(at now: Timestamp) {
    while deadlines.first != nil {
      guard let entry = due(by: .distantPast) else { continue }
      evictedAlerts &+= 1
      close(entry.slot, at: now)
      return
    }
  }

  /// Closes what is open, at the end of the input.
  public mutating func finish() {
    let left = open.indices.compactMap { slot in open[slot].map { ($0.order, slot) } }
    for (_, slot) in left.sorted(by: { $0.0 < $1.0 }) {
      close(slot, at: open[slot]?.record.end ?? .distantPast)
    }
    deadlines.removeAll()
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
    if index.count >= max(1, configuration.openLimit) { evict(at: exchange.at) }
    let rule = rules[Int(verdict.rule)]
    let actor = actors.name(kind: key.kind, key.high, key.low)
    let digest = Array(SHA256.hash(data: batch.bytes[exchange.raw.indices]))
    var record = AlertRecord(
      action: .opened, rule: verdict.rule, id: id(rule, actor, exchange, digest), at: exchange.at,
      start: exchange.at, end: exchange.at, level: rule.level, caps: [], subject: verdict.subject,
      actor: actor, client: exchange.client, addresses: [], mailboxes: [], host: [], service: [],
      reasons: reporter.reasons(verdict, exchange, step, batch),
      isWithinClock: verdict.isWithinClock, families: [], benign: [], evidence: [], matches: 1,
      suppressed: 0, completeness: stated)
    let place = batch.place(of: exchange)
    let places = features.recent(
      verdict.subject, of: subjects, limit: configuration.evidenceLimit - 1)
    record.evidence = places.filter { $0 != place }.map { Evidence($0, digest: []) }
    record.evidence.append(Evidence(place, digest: digest))
    refresh(&record, verdict, exchange, step, batch, features, subjects)
    records.append(record)
    let alert = Open(
      record: record, key: key, nextTold: 10, closeAfter: max(Nanoseconds.second, rule.closeAfter),
      order: openedCount)
    openedCount &+= 1
    let slot = freeSlots.popLast() ?? open.count
    if slot == open.count { open.append(alert) } else { open[slot] = alert }
    index[key] = slot
    deadlines.push(DeadlineHeap.Entry(deadline: alert.deadline, order: alert.order, slot: slot))
  }

  private mutating func extend(
    _ slot: Int, _ verdict: Verdict, _ exchange: Exchange, _ step: Step,
    _ batch: borrowing ExchangeBatch, _ features: borrowing FeatureStage, _ subjects: Subjects
  ) {
    guard var alert = open[slot] else { return }
    open[slot] = nil  // one owner, so that nothing is copied
    defer { open[slot] = alert }
    alert.record.matches &+= 1
    alert.record.end = max(alert.record.end, exchange.at)
    alert.record.suppressed &+= 1
    Self.learnName(of: exchange, batch, &alert.record)
    let isDue = alert.record.matches >= alert.nextTold
    let isNewAddress =
      alert.record.addresses.count < Self.addressLimit
      && !alert.record.addresses.contains(exchange.client)
    let isStronger = reporter.familyCount(verdict) > alert.record.families.count
    guard isDue || isNewAddress || isStronger else { return }
    let level = alert.record.level
    if isStronger { alert.record.reasons = reporter.reasons(verdict, exchange, step, batch) }
    refresh(&alert.record, verdict, exchange, step, batch, features, subjects)
    if isDue { alert.nextTold = alert.nextTold.multipliedReportingOverflow(by: 10).partialValue }
    // An address that joins within the first matches is told with the next count, unless it is
    // one of a few: a session on many addresses would make a line for each.
    let isNews = isNewAddress && alert.record.addresses.count <= 4
    let isRaised = alert.record.level > level
    guard isDue || isRaised || isNews else { return }
    alert.record.raisedFrom = isRaised ? level : nil
    tell(&alert.record, exchange, batch)
  }

  /// Makes a line of an alert that has grown.
  private mutating func tell(
    _ record: inout AlertRecord, _ exchange: Exchange, _ batch: borrowing ExchangeBatch
  ) {
    record.action = .updated
    record.completeness = stated
    record.at = exchange.at
    if record.evidence.count < configuration.evidenceLimit * 2 {
      let digest = Array(SHA256.hash(data: batch.bytes[exchange.raw.indices]))
      record.evidence.append(Evidence(batch.place(of: exchange), digest: digest))
    }
    record.suppressed &-= 1  // this one is told
    records.append(record)
    record.suppressed = 0
    record.raisedFrom = nil
  }

  private mutating func close(_ slot: Int, at time: Timestamp) {
    guard var alert = open[slot] else { return }
    open[slot] = nil
    freeSlots.append(slot)
    index[alert.key] = nil
    alert.record.action = .closed
    alert.record.completeness = stated
    alert.record.at = time
    records.append(alert.record)
  }

  /// How complete the input is, with the alerts that had to go.
  private var stated: Completeness {
    var stated = completeness
    stated.evicted &+= evictedAlerts
    return stated
  }

  // MARK: - What is said

  /// Sets what depends on the subject as it is now: addresses, families, hypotheses, level.
  private func refresh(
    _ record: inout AlertRecord, _ verdict: Verdict, _ exchange: Exchange, _ step: Step,
    _ batch: borrowing ExchangeBatch, _ features: borrowing FeatureStage, _ subjects: Subjects
  ) {
    let rule = rules[Int(verdict.rule)]
    record.client = exchange.client
    Self.learnName(of: exchange, batch, &record)
    for address in features.addresses(verdict.subject, of: subjects) + [exchange.client]
    where record.addresses.count < Self.addressLimit && !record.addresses.contains(address) {
      record.addresses.append(address)
    }
    if configuration.siteKey != nil, step.mailbox.isPresent,
      !record.mailboxes.contains(step.mailbox), record.mailboxes.count < 16
    {
      record.mailboxes.append(step.mailbox)
    }
    if exchange[.host].count > 0 { record.host = Array(batch.bytes[exchange[.host].indices]) }
    if step.service.count > 0 { record.service = Array(batch.bytes[step.service.indices]) }
    record.families = reporter.families(record.reasons)
    var values: [Double] = []
    for subject in SubjectKind.allCases {
      for feature in HypothesisTest.needs {
        values.append(features.value(FeatureName(subject, feature), of: subjects))
      }
    }
    let test = HypothesisTest(
      rule, record.reasons, step, resolution: exchange.resolution,
      isWithinClock: record.isWithinClock
    ) { subject, feature in
      guard let place = HypothesisTest.needs.firstIndex(of: feature) else { return .nan }
      return values[Int(subject.rawValue) * HypothesisTest.needs.count + place]
    }
    record.benign = test.findings
    (record.level, record.caps) = Self.level(rule, record.families, record.benign)
  }

  /// Keeps what the log calls a client that is no address.
  private static func learnName(
    of exchange: Exchange, _ batch: borrowing ExchangeBatch, _ record: inout AlertRecord
  ) {
    guard exchange.clientName.isPresent, record.names.count < addressLimit,
      !record.names.contains(where: { $0.client == exchange.client })
    else { return }
    record.names.append(NamedClient(exchange, in: batch))
  }

  /// Addresses kept of one alert.
  private static let addressLimit = 64

  /// The level that the evidence supports, and why it is below the rule's (DESIGN 1 and 8).
  ///
  /// An innocent explanation that cannot be tested is not rejected: it caps as well.
  static func level(
    _ rule: RuleMetadata, _ families: [FeatureFamily], _ benign: [BenignFinding]
  ) -> (RuleLevel, [LevelCap]) {
    var caps: [LevelCap] = []
    if families.count < 2 { caps.append(.oneFamily) }
    if rule.verdict == .watcher { caps.append(.watcher) }
    let open = benign.filter { $0.result != .rejected }.map(\.hypothesis)
    if open.contains(where: { $0 != .declaredAutomation && $0 != .clockResolution }) {
      caps.append(.benign)
    }
    if open.contains(.declaredAutomation) { caps.append(.declared) }
    if open.contains(.clockResolution) { caps.append(.clock) }
    let ceiling: RuleLevel =
      caps.contains(.declared) || caps.contains(.clock) ? .informational : .low
    guard rule.level > ceiling, !caps.isEmpty else { return (rule.level, []) }
    return (ceiling, caps)
  }

  // MARK: - Names

  private static func key(_ verdict: Verdict, _ step: Step) -> Key {
    switch verdict.subject {
    case .client:
      Key(
        rule: verdict.rule, kind: step.client.kind.rawValue, high: step.client.high,
        low: step.client.low, isWithinClock: verdict.isWithinClock)
    case .session:
      Key(
        rule: verdict.rule, kind: .max, high: 0, low: step.session,
        isWithinClock: verdict.isWithinClock)
    }
  }

  /// 128 bits of SHA-256 over rule, version, actor and the digest of the opening line.
  ///
  /// A line has its time in it; the head of a captured request has not, so its time is hashed too.
  private func id(
    _ rule: RuleMetadata, _ actor: String, _ exchange: Exchange, _ digest: [UInt8]
  ) -> String {
    var parts = [rule.id, rule.version, actor]
    if exchange.detail != .max { parts.append(exchange.start.earliest.rfc3339(digits: 9)) }
    var hash = SHA256()
    for part in parts {
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
