// CrenelAlerts: verdicts in, alerts out: opened, updated, closed; with reasons, evidence, the benign
// explanations that were tested, and the level they leave. Encoders turn records into lines.

public import CrenelBooking
public import CrenelFeatures
public import CrenelModel
public import CrenelRules

/// What happened to an alert.
public enum AlertAction: String, Sendable {
  /// The first verdict of a rule on a subject.
  case opened
  /// More of the same: counts, addresses or the level have grown.
  case updated
  /// Nothing came for the rule's `close_after`, or the input ended.
  case closed
}

/// Why an alert's level is below its rule's.
public enum LevelCap: String, CaseIterable, Sendable {
  /// The reasons come from fewer than two independent families of evidence.
  case oneFamily = "one-family"
  /// Watching is not scalping: whoever only polls is reported low.
  case watcher
  /// A benign explanation could not be rejected.
  case benign
  /// The automation declares itself.
  case declared
  /// It is true for some of the times that the log's stamps permit, and a person's for others.
  case clock
}

/// A line of a log, or a request of a capture, that shows what was said.
public struct Evidence: Sendable, Hashable {
  /// Where it is.
  public var place: ExchangePlace
  /// SHA-256 of the line without its ending, or of the request's head; empty where it was not at
  /// hand.
  public var digest: [UInt8]

  init(_ place: ExchangePlace, digest: [UInt8]) {
    self.place = place
    self.digest = digest
  }
}

/// One line of an alert's life; everything an encoder needs.
public struct AlertRecord: Sendable {
  /// What happened.
  public var action: AlertAction
  /// Index of the rule in the rule set.
  public var rule: Int32
  /// First 128 bits of a hash of the opening evidence, in hexadecimal.
  public var id: String
  /// Event time of the record.
  public var at: Timestamp
  /// Event time of the first verdict.
  public var start: Timestamp
  /// Event time of the latest verdict.
  public var end: Timestamp
  /// The level after caps.
  public var level: RuleLevel
  /// Why it is below the rule's.
  public var caps: [LevelCap]
  /// The level before this record, where the record tells that it has risen.
  public var raisedFrom: RuleLevel?
  /// Whose behaviour it is about.
  public var subject: SubjectKind
  /// A keyed name of the subject.
  public var actor: String
  /// The client of the latest verdict.
  public var client: ClientAddress
  /// Addresses of the log seen for the subject, in order of first sight: of a session the first of
  /// each that count as one client, and those of the verdicts.
  public var addresses: [ClientAddress]
  /// Clients of its verdicts that are no address, as the log has them.
  public var names: [NamedClient] = []
  /// Mailbox tokens named by the subject; empty without a site key.
  public var mailboxes: [Token]
  /// Host of the latest verdict's request, as bytes of the log.
  public var host: [UInt8]
  /// Service of the latest verdict's request, as bytes of the log.
  public var service: [UInt8]
  /// What held, in the order of the rule; of the verdict that opened it, or of a later one that
  /// brought another family of evidence.
  public var reasons: [ReportedReason]
  /// Whether it holds only for some of the times that the log's stamps permit.
  public var isWithinClock = false
  /// The families of the reasons, in the order of ``FeatureFamily``.
  public var families: [FeatureFamily]
  /// Benign explanations and what became of them.
  public var benign: [BenignFinding]
  /// Lines that show it, in the order of time.
  public var evidence: [Evidence]
  /// Verdicts so far.
  public var matches: UInt64
  /// Verdicts since the last record that got none of their own.
  public var suppressed: UInt64
  /// How complete the input was up to this record.
  public var completeness: Completeness

  /// A client of the alert, with what the log calls it where that was at hand.
  func named(_ client: ClientAddress) -> NamedClient {
    names.first { $0.client == client } ?? NamedClient(client)
  }

  /// The client of the latest verdict for people.
  public var clientText: String { named(client).description }
}

/// A value of a reason, or what it was compared with.
public enum ReasonValue: Sendable, Hashable {
  /// A number, in the reason's unit.
  case number(Double)
  /// A text, cut after ``limit`` bytes.
  case text(String)

  /// Bytes of a text kept.
  static let limit = 120
}

/// One condition that held, with everything a reader needs.
public struct ReportedReason: Sendable, Hashable {
  /// What was measured.
  public var measure: Measure
  /// Its name: that of the feature, or the field as the rule writes it.
  public var name: String
  /// How it was compared.
  public var comparison: Comparison
  /// What was there.
  public var value: ReasonValue
  /// What it was compared with.
  public var threshold: ReasonValue
  /// The unit; empty for texts.
  public var unit: String
}

/// How complete the input was, up to some exchange.
public struct Completeness: Sendable, Hashable {
  /// Lines that were not understood, before the exchange or in sources read beside it.
  public var unparsed: UInt64 = 0
  /// Exchanges later than the lateness bound.
  public var late: UInt64 = 0
  /// Subjects, what was known of them past the list of slots, groups of correlations, and open
  /// alerts, that the tables had to give up.
  public var evicted: UInt64 = 0
  /// Exchanges for which at least one rule could not be decided: see ``UndecidedRule``.
  public var undecided: UInt64 = 0

  /// Creates the statement that nothing is missing.
  public init() {}
}
