import CrenelBooking
import CrenelFeatures
import CrenelModel
public import CrenelRules

/// Writes alert records as ECS JSON, one line each, keys in fixed order (docs/alerts.md).
public struct ECSEncoder: Sendable {
  /// Version of the `crenel` object.
  public static let schema = 1

  private let rules: [RuleMetadata]
  private var writer = JSONWriter()

  /// Creates an encoder for the alerts of a rule set.
  public init(rules: [RuleMetadata]) { self.rules = rules }

  /// The line, with its line feed.
  ///
  /// `source` names the sources of evidence by number: `sha256:…` of the stored file, or `stdin`.
  public mutating func line(
    _ record: AlertRecord, source: (UInt32) -> String
  ) -> [UInt8] {
    writer.removeAll()
    let rule = rules[Int(record.rule)]
    writer.beginObject()
    writer.string("@timestamp", record.at.rfc3339)
    writer.beginObject("ecs")
    writer.string("version", "8.17")
    writer.endObject()
    event(record, rule)
    self.rule(rule, record)
    who(record)
    crenel(record, rule, source)
    writer.endObject()
    writer.newline()
    return writer.bytes
  }

  private mutating func event(_ record: AlertRecord, _ rule: RuleMetadata) {
    writer.beginObject("event")
    writer.string("kind", "alert")
    writer.string("id", record.id)
    writer.string("action", record.action.rawValue)
    writer.string("start", record.start.rfc3339)
    writer.string("end", record.end.rfc3339)
    writer.int("severity", Self.severity(record.level))
    writer.beginArray("category")
    writer.string(nil, "web")
    writer.endArray()
    writer.string("provider", "crenel")
    writer.endObject()
  }

  private mutating func rule(_ rule: RuleMetadata, _ record: AlertRecord) {
    writer.beginObject("rule")
    writer.string("id", rule.id)
    writer.string("name", rule.title)
    writer.string("version", rule.version)
    writer.string("level", record.level.name)
    writer.string("ruleset", rule.ruleset)
    writer.endObject()
  }

  private mutating func who(_ record: AlertRecord) {
    source(record)
    related(record)
    if !record.host.isEmpty {
      writer.beginObject("url")
      writer.string("domain", bytes: record.host.span)
      writer.endObject()
    }
    if !record.service.isEmpty {
      writer.beginObject("service")
      writer.string("id", bytes: record.service.span)
      writer.endObject()
    }
  }

  /// The client: its address, or else what the log has in place of one.
  private mutating func source(_ record: AlertRecord) {
    let source = writer.mark
    writer.beginObject("source")
    writer.client(record.named(record.client))
    writer.endObject(orBackTo: source)
  }

  private mutating func related(_ record: AlertRecord) {
    let hosts = record.addresses.filter { $0.kind == .name }
    let hasAddress = record.addresses.contains(where: \.isIP)
    guard hasAddress || !hosts.isEmpty || !record.mailboxes.isEmpty else { return }
    writer.beginObject("related")
    if hasAddress {
      writer.beginArray("ip")
      for address in record.addresses { writer.address(nil, address) }
      writer.endArray()
    }
    if !hosts.isEmpty {
      writer.beginArray("hosts")
      for host in hosts {
        let name = record.named(host).name ?? Array(host.description.utf8)
        writer.string(nil, bytes: name.span)
      }
      writer.endArray()
    }
    if !record.mailboxes.isEmpty {
      writer.beginArray("user")
      for token in record.mailboxes { writer.string(nil, "mbx:" + Self.text(token)) }
      writer.endArray()
    }
    writer.endObject()
  }

  private mutating func crenel(
    _ record: AlertRecord, _ rule: RuleMetadata, _ source: (UInt32) -> String
  ) {
    writer.beginObject("crenel")
    writer.int("schema", Self.schema)
    if let verdict = rule.verdict { writer.string("verdict", verdict.rawValue) }
    writer.number("confidence", rule.confidence)
    writer.string("actor", record.actor)
    writer.string("subject", record.subject.name)
    writer.beginArray("families")
    for family in record.families { writer.string(nil, family.name) }
    writer.endArray()
    writer.string("rule_level", rule.level.name)
    writer.beginArray("capped")
    for cap in record.caps { writer.string(nil, cap.rawValue) }
    writer.endArray()
    writer.int("matches", record.matches)
    writer.int("suppressed", record.suppressed)
    reasons(record)
    benign(record)
    evidence(record, source)
    writer.beginObject("completeness")
    writer.int("unparsed", record.completeness.unparsed)
    writer.int("late", record.completeness.late)
    writer.int("evicted", record.completeness.evicted)
    writer.int("undecided", record.completeness.undecided)
    writer.beginArray("gaps")
    writer.endArray()
    writer.endObject()
    writer.beginObject("message")
    writer.string("en", Phrases.finding(record, rule, .en))
    writer.string("fr", Phrases.finding(record, rule, .fr))
    writer.endObject()
    writer.endObject()
  }

  private mutating func reasons(_ record: AlertRecord) {
    writer.beginArray("reasons")
    for reason in record.reasons {
      writer.beginObject()
      writer.string("feature", reason.name)
      writer.string("comparison", Self.name(reason.comparison))
      value("value", reason.value)
      value("threshold", reason.threshold)
      if !reason.unit.isEmpty { writer.string("unit", reason.unit) }
      writer.endObject()
    }
    writer.endArray()
  }

  private mutating func value(_ key: StaticString, _ value: ReasonValue) {
    switch value {
    case .number(let number): writer.number(key, number)
    case .text(let text): writer.string(key, text)
    }
  }

  private mutating func benign(_ record: AlertRecord) {
    writer.beginArray("benign")
    for finding in record.benign {
      writer.beginObject()
      writer.string("hypothesis", finding.hypothesis.rawValue)
      writer.string("result", finding.result.rawValue)
      writer.string("because", finding.because.en)
      writer.beginObject("message")
      writer.string("en", finding.because.en)
      writer.string("fr", finding.because.fr)
      writer.endObject()
      writer.endObject()
    }
    writer.endArray()
  }

  private mutating func evidence(_ record: AlertRecord, _ source: (UInt32) -> String) {
    writer.beginArray("evidence")
    for item in record.evidence {
      writer.beginObject()
      let place = item.place.provenance
      writer.string("source", source(place.source))
      writer.int("offset", place.offset)
      writer.int("length", place.length)
      writer.int("line", place.line)
      if !item.digest.isEmpty { writer.string("sha256", Hexadecimal.text(item.digest)) }
      if let packets = item.place.packets {
        writer.time("start", packets.start, digits: 9)
        writer.side(
          "request", packets.request, packets.requestStream, of: place.source, name: source)
        writer.side(
          "response", packets.response, packets.responseStream, of: place.source, name: source)
      }
      writer.endObject()
    }
    writer.endArray()
  }

  /// `event.severity` of a level: 10, 25, 50, 73 or 90.
  public static func severity(_ level: RuleLevel) -> Int {
    switch level {
    case .informational: 10
    case .low: 25
    case .medium: 50
    case .high: 73
    case .critical: 90
    }
  }

  private static func name(_ comparison: Comparison) -> String {
    switch comparison {
    case .less: "lt"
    case .lessOrEqual: "lte"
    case .greater: "gt"
    case .greaterOrEqual: "gte"
    case .equal: "eq"
    case .notEqual: "neq"
    case .matches: "matches"
    }
  }

  private static func text(_ token: Token) -> String {
    var bytes: [UInt8] = []
    for word in [token.high, token.low] {
      for shift in stride(from: UInt64(56), through: 0, by: -8) {
        bytes.append(UInt8(truncatingIfNeeded: word >> shift))
      }
    }
    return Hexadecimal.text(bytes)
  }
}
