public import CrenelModel

/// Why a line gave no exchange; a closed set, so that counts are comparable between runs.
public enum RejectReason: UInt8, CaseIterable, Sendable, BitwiseCopyable {
  /// The line does not have the format's fixed text at this place.
  case noMatch
  /// The line ends before the format does.
  case truncated
  /// The line goes on after the format's end.
  case trailingText
  /// Two fields of free text can be told apart in more than one way.
  case ambiguousFields
  /// The time is missing or is no time.
  case badTime
  /// The time carries no offset and no zone was given.
  case noZone
  /// The local time does not exist in the given zone (clocks went forward).
  case nonexistentTime
  /// The status is neither `-` nor 100...599 nor 000.
  case badStatus
  /// A field of digits holds something else, or a number too large.
  case badNumber
  /// A field that holds an address in this format holds none.
  case badAddress
  /// The line is longer than the limit.
  case lineTooLong
  /// A line of another log: an error log, a connection without HTTP.
  case otherLogLine
  /// The line is no JSON, or not one object.
  case badJSON
  /// Values are nested deeper than the limit.
  case nestedTooDeep
  /// A field that every exchange needs is missing.
  case missingField
  /// Fields came before the line that names them (W3C `#Fields`).
  case noHeader
  /// The line that names the fields (W3C `#Fields`) names no date, time, client or path.
  case missingColumn
  /// The log has no format that is known, so none of its lines was decoded.
  case notDecoded

  /// The stable name, in kebab-case.
  public var code: String {
    switch self {
    case .noMatch: "no-match"
    case .truncated: "truncated"
    case .trailingText: "trailing-text"
    case .ambiguousFields: "ambiguous-fields"
    case .badTime: "bad-time"
    case .noZone: "no-zone"
    case .nonexistentTime: "nonexistent-time"
    case .badStatus: "bad-status"
    case .badNumber: "bad-number"
    case .badAddress: "bad-address"
    case .lineTooLong: "line-too-long"
    case .otherLogLine: "other-log-line"
    case .badJSON: "bad-json"
    case .nestedTooDeep: "nested-too-deep"
    case .missingField: "missing-field"
    case .noHeader: "no-header"
    case .missingColumn: "missing-column"
    case .notDecoded: "not-decoded"
    }
  }
}

extension RejectReason {
  /// What to do about it, where that is not plain from the line; `nil` otherwise.
  public var remedy: LocalizedText? {
    switch self {
    case .noZone:
      LocalizedText(
        en: "name the zone of its stamps with --tz, or in the site's profile",
        fr: "indiquez le fuseau de ses horodatages avec --tz, ou dans le profil du site")
    case .missingColumn:
      LocalizedText(
        en: "its #Fields lack one of date, time, c-ip and cs-uri-stem: add it to the fields that "
          + "IIS logs",
        fr: "il manque date, time, c-ip ou cs-uri-stem à ses #Fields\u{a0}: ajoutez-le aux champs "
          + "qu’IIS journalise")
    case .ambiguousFields:
      LocalizedText(
        en: "a text without quotes holds what may be other fields; put quotes around it in the "
          + "format",
        fr: "un texte sans guillemets contient ce qui peut être d’autres champs\u{a0}; "
          + "entourez-le de guillemets dans le format")
    case .badAddress:
      LocalizedText(
        en: "what stands where the client's address should be is none; is it the format?",
        fr: "ce qui tient lieu d’adresse du client n’en est pas une\u{a0}; est-ce le bon "
          + "format\u{a0}?")
    default: nil
    }
  }
}

/// Lines that gave no exchange, by reason, with the first of each.
public struct UnparsedCounter: Sendable {
  /// One reason that occurred.
  public struct Entry: Sendable, BitwiseCopyable {
    /// Why.
    public var reason: RejectReason
    /// How often; never 0.
    public var count: UInt64
    /// The first such line.
    public var first: Provenance
    /// Where reading it failed, in bytes from 1.
    public var column: UInt32
  }

  /// One entry for every reason, in the order of the cases; a count of 0 has no meaningful place.
  private var slots: [Entry]

  /// Creates a counter that has seen nothing.
  public init() {
    let nowhere = Provenance(source: 0, offset: 0, length: 0, line: 0)
    slots = RejectReason.allCases.map {
      Entry(reason: $0, count: 0, first: nowhere, column: 0)
    }
  }

  /// The reasons that occurred, in the order of the cases.
  public var entries: [Entry] { slots.filter { $0.count > 0 } }

  /// Lines counted, all reasons together.
  public var total: UInt64 { slots.reduce(0) { $0 &+ $1.count } }

  /// How many lines were rejected for one reason.
  public func count(of reason: RejectReason) -> UInt64 { slots[Int(reason.rawValue)].count }

  /// Counts one line.
  public mutating func record(_ reason: RejectReason, at place: Provenance, column: UInt32) {
    let slot = Int(reason.rawValue)
    if slots[slot].count == 0 {
      slots[slot].first = place
      slots[slot].column = column
    }
    slots[slot].count &+= 1
  }

  /// Adds the counts of a later source; the samples already held stay the first.
  public mutating func add(_ other: UnparsedCounter) {
    for i in slots.indices {
      if slots[i].count == 0 {
        slots[i] = other.slots[i]
      } else {
        slots[i].count &+= other.slots[i].count
      }
    }
  }
}

/// What became of the lines of a source.
public struct LineCounters: Sendable {
  /// Lines seen, blank ones and comments included.
  public var lines: UInt64 = 0
  /// Lines that became exchanges.
  public var exchanges: UInt64 = 0
  /// Lines without any byte but spaces.
  public var blank: UInt64 = 0
  /// Comment or directive lines of formats that have them.
  public var comments: UInt64 = 0
  /// Lines that gave no exchange.
  public var unparsed = UnparsedCounter()

  /// Creates counters at zero.
  public init() {}

  /// Adds the counts of a later source.
  public mutating func add(_ other: LineCounters) {
    lines &+= other.lines
    exchanges &+= other.exchanges
    blank &+= other.blank
    comments &+= other.comments
    unparsed.add(other.unparsed)
  }
}
