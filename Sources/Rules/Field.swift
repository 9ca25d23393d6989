import CrenelFeatures
public import CrenelModel

/// A number of an exchange that rules can compare.
enum NumberField: UInt8, Hashable, Sendable, BitwiseCopyable {
  case status, port, requestBytes, bodyBytes, responseBytes, sentBytes
  case elapsed, elapsedMilliseconds, connection, connectionRequest
}

/// Where a condition reads its value.
enum Field: Hashable, Sendable, BitwiseCopyable {
  /// A text every source may have.
  case text(TextField)
  /// A text asked for by name, by its slot in ``FieldNames``.
  case extra(UInt8)
  /// The whole line, for keywords.
  case raw
  /// What the site profile found in the request.
  case service, slot
  /// The letters after the last dot of the path's last segment.
  case fileExtension
  /// The client after the trusted proxies, and the address the connection came from.
  case client, peer
  /// Whom the features count; only to group correlations by.
  case countedClient, countedSession
  case number(NumberField)
  case step, outcome
  /// The place on the event clock.
  case time
  case feature(FeatureName)
  /// A field of the Sigma taxonomy that no source of Crenel gives.
  case unavailable

  /// What can be done with a field's value.
  enum Kind { case text, number, address, category, time, feature, subject, nothing }

  /// What can be done with the value.
  var kind: Kind {
    switch self {
    case .text, .extra, .raw, .service, .slot, .fileExtension: .text
    case .client, .peer: .address
    case .countedClient, .countedSession: .subject
    case .number: .number
    case .step, .outcome: .category
    case .time: .time
    case .feature: .feature
    case .unavailable: .nothing
    }
  }

  /// What a reason says was measured; texts outside ``TextField`` have indices from 20 on.
  var measure: Measure {
    switch self {
    case .feature(let name): .feature(name)
    case .step: .step
    case .number(.status): .status
    case .text(let field): .text(UInt8(field.rawValue))
    case .extra(let slot): .text(Measure.firstExtra + slot)
    default: .text(FieldTable.reasonIndex(of: self))
    }
  }

  /// Where a condition on this field is cheap to try: lower is sooner.
  var cost: Int {
    switch self {
    case .step, .outcome, .unavailable: 1
    case .number, .countedClient, .countedSession: 2
    case .time, .client, .peer: 6
    case .feature: 8
    case .text, .extra, .service, .slot, .fileExtension: 10
    case .raw: 40
    }
  }
}

/// The names that rules may use for fields, other than features and names asked for.
enum FieldTable {
  /// A name with what it means.
  struct Entry {
    var name: String
    var field: Field
  }

  /// ECS names, Crenel's own, then those of the Sigma taxonomy.
  static let entries: [Entry] =
    TextField.allCases.map { Entry(name: $0.name, field: .text($0)) }
    + own.map { Entry(name: $0.0, field: $0.1) } + sigma.map { Entry(name: $0.0, field: $0.1) }

  private static let own: [(String, Field)] = [
    ("http.response.status_code", .number(.status)),
    ("source.ip", .client), ("client.ip", .client), ("source.address", .client),
    ("peer.ip", .peer),
    ("source.port", .number(.port)), ("client.port", .number(.port)),
    ("http.request.bytes", .number(.requestBytes)),
    ("http.response.body.bytes", .number(.bodyBytes)),
    ("http.response.bytes", .number(.responseBytes)),
    ("event.duration", .number(.elapsed)),
    ("connection.id", .number(.connection)),
    ("connection.requests", .number(.connectionRequest)),
    ("booking.step", .step), ("booking.outcome", .outcome),
    ("booking.service", .service), ("booking.slot", .slot),
    ("url.extension", .fileExtension),
    ("event.original", .raw), ("message", .raw),
    ("@timestamp", .time),
  ]

  private static let sigma: [(String, Field)] = [
    ("c-uri", .text(.target)), ("cs-uri", .text(.target)),
    ("c-uri-stem", .text(.path)), ("cs-uri-stem", .text(.path)),
    ("c-uri-query", .text(.target)), ("cs-uri-query", .text(.target)),
    ("c-uri-extension", .fileExtension), ("cs-uri-extension", .fileExtension),
    ("cs-method", .text(.method)), ("c-method", .text(.method)),
    ("c-useragent", .text(.userAgent)), ("cs-user-agent", .text(.userAgent)),
    ("cs(User-Agent)", .text(.userAgent)),
    ("cs-referer", .text(.referrer)), ("cs-referrer", .text(.referrer)),
    ("cs(Referer)", .text(.referrer)), ("c-referer", .text(.referrer)),
    ("cs-host", .text(.host)), ("r-dns", .text(.host)), ("cs(Host)", .text(.host)),
    ("cs-cookie", .text(.cookies)), ("cs(Cookie)", .text(.cookies)),
    ("cs-version", .text(.version)), ("cs-username", .text(.user)),
    ("c-ip", .client), ("src_ip", .client), ("c-port", .number(.port)),
    ("sc-status", .number(.status)),
    ("sc-bytes", .number(.sentBytes)), ("cs-bytes", .number(.requestBytes)),
    ("time-taken", .number(.elapsedMilliseconds)),
    ("dst_ip", .unavailable), ("dst_port", .unavailable), ("s-ip", .unavailable),
    ("s-port", .unavailable), ("sc-win32-status", .unavailable),
    ("c-win32-status", .unavailable), ("sc-substatus", .unavailable),
  ]

  /// Prefixes of names that a format or a body field answers to.
  static let askedPrefixes = ["cookie.", "header.", "json.", "form."]

  /// The field of a fixed name.
  static func field(named name: String) -> Field? { index[name] }

  private static let index: [String: Field] = Dictionary(
    entries.map { ($0.name, $0.field) }, uniquingKeysWith: { first, _ in first })

  /// Fields that reasons name by an index past the texts asked for by name.
  private static let reasonFields: [(name: String, field: Field)] = [
    ("event.original", .raw), ("booking.service", .service), ("booking.slot", .slot),
    ("url.extension", .fileExtension), ("client.ip", .client), ("peer.ip", .peer),
    ("client.port", .number(.port)), ("http.request.bytes", .number(.requestBytes)),
    ("http.response.body.bytes", .number(.bodyBytes)),
    ("http.response.bytes", .number(.responseBytes)), ("sc-bytes", .number(.sentBytes)),
    ("event.duration", .number(.elapsed)), ("time-taken", .number(.elapsedMilliseconds)),
    ("connection.id", .number(.connection)),
    ("connection.requests", .number(.connectionRequest)),
    ("booking.outcome", .outcome), ("@timestamp", .time), ("client", .countedClient),
    ("session", .countedSession), ("unavailable", .unavailable),
  ]

  /// The index of a field in reasons; that of `unavailable` when it has no own.
  static func reasonIndex(of field: Field) -> UInt8 {
    let place = reasonFields.firstIndex { $0.field == field } ?? reasonFields.count - 1
    return Measure.firstOther + UInt8(place)
  }

  /// The name behind an index of ``Measure/text(_:)`` from ``Measure/firstOther`` on.
  static func reasonName(_ index: UInt8) -> String? {
    let place = Int(index) - Int(Measure.firstOther)
    return reasonFields.indices.contains(place) ? reasonFields[place].name : nil
  }
}

extension Measure {
  /// First index of ``text(_:)`` that means a slot of ``FieldNames``.
  static let firstExtra = UInt8(TextField.allCases.count)
  /// First index of ``text(_:)`` that means another field of the exchange.
  static let firstOther = firstExtra + UInt8(Exchange.extraCapacity)

  /// The field's name in alerts, for every measure but a correlation.
  ///
  /// `nil` for a correlation, whose name is that of its rule, and for an index nobody gave.
  public func fieldName(_ names: FieldNames) -> String? {
    switch self {
    case .feature(let name): FeatureCatalogue.name(of: name)
    case .correlation: nil
    case .status: "http.response.status_code"
    case .step: "booking.step"
    case .text(let index) where index < Self.firstExtra:
      TextField(rawValue: Int(index))?.name
    case .text(let index) where index < Self.firstOther:
      names.names.indices.contains(Int(index - Self.firstExtra))
        ? names.names[Int(index - Self.firstExtra)] : nil
    case .text(let index): FieldTable.reasonName(index)
    }
  }
}
