// CrenelBooking: exchanges in, steps out: what each request means in the booking funnel, whose it
// is, and keyed tokens in place of identities. It never keeps or passes on an identity in clear.

public import CrenelModel

/// What an exchange means in the booking funnel (DESIGN 2).
public enum StepKind: UInt8, CaseIterable, Sendable, BitwiseCopyable {
  /// First page of a service.
  case landing
  /// Signing in.
  case login
  /// Asking which slots are free.
  case list
  /// Choosing a day or slot, without effect yet.
  case select
  /// Taking a slot out of the pool.
  case hold
  /// A challenge shown or answered.
  case captcha
  /// The form for name, mail and number, shown or sent.
  case identity
  /// Making the appointment final.
  case confirm
  /// The link from the confirmation mail.
  case confirmMail
  /// Giving an appointment back.
  case cancel
  /// Moving an appointment.
  case reschedule
  /// A check that answers yes or no about a value (AGDREF number, initials).
  case oracle
  /// Looking at one's own appointments.
  case manage
  /// The back office.
  case staff
  /// A probe of the site's health.
  case monitor
  /// Images, styles, scripts and fonts of a page.
  case asset
  /// Anything else.
  case other

  /// The name in profiles, rules and alerts.
  public var name: String {
    self == .confirmMail ? "confirm_mail" : "\(self)"
  }

  /// The step of a name, or `nil`.
  public init?(name: String) {
    guard let step = Self.allCases.first(where: { $0.name == name }) else { return nil }
    self = step
  }
}

/// What came of a step, where the profile or the status can tell.
public enum StepOutcome: UInt8, CaseIterable, Sendable, BitwiseCopyable {
  /// Not said.
  case unknown
  /// The list had nothing free.
  case none
  /// The list had something free.
  case available
  /// The step did what was asked.
  case success
  /// The step was refused.
  case failure

  /// The name in profiles, rules and alerts.
  public var name: String { "\(self)" }
}

/// A keyed stand-in for a mailbox or a document number (HMAC-SHA-256, first 128 bits).
public struct Token: Hashable, Sendable, BitwiseCopyable {
  /// First eight bytes; both words 0 when there is none.
  public var high: UInt64
  /// Last eight bytes.
  public var low: UInt64

  /// No identity.
  public static let none = Token(high: 0, low: 0)

  /// Creates a token from its words.
  public init(high: UInt64, low: UInt64) {
    self.high = high
    self.low = low
  }

  /// Whether there is an identity.
  public var isPresent: Bool { high != 0 || low != 0 }
}

/// What an address or number looks like, kept in place of it.
public struct IdentityTraits: OptionSet, Hashable, Sendable, BitwiseCopyable {
  /// The bits.
  public let rawValue: UInt8

  /// Creates traits from their bits.
  public init(rawValue: UInt8) { self.rawValue = rawValue }

  /// The spelling differed from its canonical form: a tag, dots or another domain of the provider.
  public static let alias = IdentityTraits(rawValue: 1)
  /// The domain is on the list of disposable ones.
  public static let disposable = IdentityTraits(rawValue: 2)
  /// The value does not have the shape of a mailbox or a number.
  public static let malformed = IdentityTraits(rawValue: 4)
}

/// One exchange's place in the booking funnel.
public struct Step: Sendable, BitwiseCopyable {
  /// Facts about the step that are true or not.
  public struct Flags: OptionSet, Sendable, BitwiseCopyable {
    /// The bits.
    public let rawValue: UInt16

    /// Creates flags from their bits.
    public init(rawValue: UInt16) { self.rawValue = rawValue }

    /// The session comes from a cookie; without it, from client, agent and a one-hour gap.
    public static let sessionByCookie = Flags(rawValue: 1)
    /// The client is in the profile's staff networks or the step is, or may be, `staff`.
    public static let staff = Flags(rawValue: 2)
    /// The agent or network is in the profile's declared automation.
    public static let declared = Flags(rawValue: 4)
    /// The method sends something: POST, PUT, PATCH or DELETE.
    public static let sends = Flags(rawValue: 8)
    /// The first exchange of its session.
    public static let opensSession = Flags(rawValue: 16)
    /// A rule of the profile matched; without it the step is `other` or `asset` by default.
    public static let known = Flags(rawValue: 32)
    /// A regular expression of the profile gave up: step, outcome, service, slot and the identities
    /// given are not known, whatever the fields say; ``Step/mayBe`` has the steps that it may be.
    public static let undecided = Flags(rawValue: 64)
  }

  /// What the exchange means.
  public var kind: StepKind = .other
  /// What came of it.
  public var outcome: StepOutcome = .unknown
  /// Facts about it.
  public var flags: Flags = []
  /// Which of the profile's rules matched, from 0; the first that gave up when the step is not
  /// known; -1 when none.
  public var rule: Int16 = -1
  /// What the exchange may mean when that is not known; empty when it is.
  ///
  /// The steps whose expression gave up, and the one that the exchange is without them.
  public var mayBe: StepKinds = []
  /// The client as counted: the address under the profile's prefix.
  public var client: ClientAddress = .none
  /// The session's number: a hash of the cookie's value, or of client, agent and its start; the
  /// same under any seed, since names of actors are made of it.
  public var session: UInt64 = 0
  /// Hash of the user agent, the same under any seed; 0 when the log had none.
  public var agent: UInt64 = 0
  /// The service asked for, in the batch's bytes.
  public var service: ByteRange = .absent
  /// Seeded hash of the service; 0 when unknown.
  public var serviceKey: UInt64 = 0
  /// The slot asked for, in the batch's bytes.
  public var slot: ByteRange = .absent
  /// Seeded hash of the slot; 0 when unknown.
  public var slotKey: UInt64 = 0
  /// The mailbox given, canonical and keyed.
  public var mailbox: Token = .none
  /// The mailbox as spelt, keyed; differs from `mailbox` for an alias.
  public var mailboxSpelling: Token = .none
  /// What the mailbox looks like.
  public var mailboxTraits: IdentityTraits = []
  /// The document number given, keyed.
  public var document: Token = .none

  /// Creates a step about which nothing is known.
  public init() {}

  /// Whether a regular expression of the profile gave up, so that the step is not known.
  public var isUndecided: Bool { flags.contains(.undecided) }
}

/// A step rule of the profile whose regular expression gave up at its limit.
///
/// The exchange's step is not known then: it may be the rule's, or that of a later rule.
public struct UndecidedStep: Sendable, Hashable {
  /// Where the expression, or the step rule with several of them, stands in the profile.
  public var place: SourcePosition
  /// For how many exchanges.
  public var requests: UInt64 = 0
  /// The first of them.
  public var first: Provenance
}
