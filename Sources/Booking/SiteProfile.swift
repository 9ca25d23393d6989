public import CrenelModel

/// What a site's traffic means: its funnel, sessions, identities, staff (DESIGN 6).
public struct SiteProfile: Sendable {
  /// Short name, as `--site` takes it.
  public var id: String
  /// Name for people.
  public var title: String
  /// Zone of the site's clock and of stamps without an offset; a name of the zone database.
  public var timezone: String?
  /// Whether the client is taken from X-Forwarded-For behind `trustedProxies`.
  public var usesForwardedAddress = false
  /// Proxies whose word is taken.
  public var trustedProxies: [Network] = []
  /// Leading bits of an IPv4 address that make one client; 32 unless told.
  public var ipv4Prefix = 32
  /// Leading bits of an IPv6 address that make one client; 64 unless told (one household).
  public var ipv6Prefix = 64
  /// Cookies that carry the session, the first present counts; a `*` at the end matches any rest.
  public var sessionCookies: [String] = []
  /// Whether the cookie's value changes at each answer, so that it cannot name a session.
  public var sessionRotates = false
  /// How long a hold lasts, in nanoseconds; 0 when the site has none.
  public var holdLifetime: Int64 = 0
  /// Hints about when slots are released, for people; nothing depends on them.
  public var releaseTimes: [String] = []
  /// How requests become steps, in order; the first that matches wins.
  public var rules: [StepRule] = []
  /// Where a mailbox is found, in order.
  public var mailbox: [FieldPath] = []
  /// Where a document number is found, in order.
  public var document: [FieldPath] = []
  /// Where the slot is found, in order.
  public var slot: [FieldPath] = []
  /// Where the service is found, in order.
  public var service: [FieldPath] = []
  /// Networks of the site's own staff: counted, never accused.
  public var staff: [Network] = []
  /// Parts of user agents of known automation, in lower case.
  public var declaredAgents: [String] = []
  /// Networks of known automation.
  public var declaredNetworks: [Network] = []
  /// Ends of paths that are parts of a page, in lower case, without the dot.
  public var assetExtensions: [String] = SiteProfile.commonAssets
  /// Beginnings of paths that are parts of a page.
  public var assetPrefixes: [String] = []
  /// Things that can be used but are likely not what was meant.
  public var warnings: [Diagnostic] = []

  /// Creates an empty profile.
  public init(id: String, title: String) {
    self.id = id
    self.title = title
  }

  /// Images, styles, scripts, fonts and media as browsers load them with a page.
  public static let commonAssets = [
    "css", "js", "mjs", "map", "png", "jpg", "jpeg", "gif", "svg", "webp", "avif", "ico", "bmp",
    "woff", "woff2", "ttf", "otf", "eot", "mp3", "mp4", "webm", "ogg", "wav", "webmanifest",
  ]

  /// What the profile needs of the decoder: cookies and fields by name.
  public var requestedNames: FieldNames {
    var names = FieldNames()
    for cookie in sessionCookies {
      _ = names.slot(for: "cookie." + (cookie.hasSuffix("*") ? String(cookie.dropLast()) : cookie))
    }
    for path in mailbox + document + slot + service {
      switch path.origin {
      case .form, .json, .header, .cookie: _ = names.slot(for: path.name)
      case .query, .path: break
      }
    }
    for rule in rules {
      for parameter in rule.form { _ = names.slot(for: "form." + parameter.key) }
    }
    return names
  }

  /// Steps that a GET can match.
  public var shownSteps: [StepKind] { steps { $0.methods.isEmpty || $0.methods.contains("GET") } }

  /// Steps that a sending method can match.
  public var sentSteps: [StepKind] {
    steps { $0.methods.isEmpty || !StepRule.sending.isDisjoint(with: $0.methods) }
  }

  /// Whether some step is found by words of its path: such a profile guesses what a step is.
  public var goesByWords: Bool {
    rules.contains { rule in
      if case .words = rule.path { return true }
      return false
    }
  }

  private func steps(_ isWanted: (StepRule) -> Bool) -> [StepKind] {
    StepKind.allCases.filter { kind in rules.contains { $0.step == kind && isWanted($0) } }
  }
}

/// Where an identity, a slot or a service is written.
public struct FieldPath: Sendable, Hashable {
  /// Which part of a request.
  public enum Origin: String, Sendable, CaseIterable {
    case form, json, query, cookie, header, path
  }

  /// Which part of a request.
  public var origin: Origin
  /// The key in it.
  public var key: String

  /// Creates a path.
  public init(_ origin: Origin, _ key: String) {
    self.origin = origin
    self.key = key
  }

  /// The whole name, such as `form.email`.
  public var name: String { origin.rawValue + "." + key }

  /// Reads `form.email`; `nil` when the part before the dot is no origin.
  public init?(_ text: String) {
    let parts = text.split(separator: ".", maxSplits: 1).map(String.init)
    guard parts.count == 2, let origin = Origin(rawValue: parts[0]) else { return nil }
    self.init(origin, parts[1])
  }
}

/// One line of a profile's `steps`: what a request must look like to be a step.
public struct StepRule: Sendable {
  /// Methods that send something.
  static let sending: Set<String> = ["POST", "PUT", "PATCH", "DELETE"]

  /// What the path must look like.
  public enum Path: Sendable, Hashable {
    /// Anything.
    case any
    /// Segments with `{name}`, `*` and a closing `**`.
    case template(String)
    /// A regular expression (PCRE2), searched for.
    case regex(String)
    /// One of these words, in any letter case, between characters that are no letters or digits.
    case words([String])
  }

  /// What a text must look like.
  public enum Text: Sendable, Hashable {
    /// `*` stands for anything.
    case glob(String)
    /// A regular expression (PCRE2), searched for.
    case regex(String)
  }

  /// A parameter of the query or a field of the form.
  public struct Parameter: Sendable, Hashable {
    /// The name.
    public var key: String
    /// The value: a text with `*`, `{name}` to take it, or `nil` when any will do.
    public var value: String?
  }

  /// The step.
  public var step: StepKind
  /// Methods in capitals; empty for all.
  public var methods: Set<String> = []
  /// The path.
  public var path: Path = .any
  /// Parameters that must be there.
  public var query: [Parameter] = []
  /// A regular expression for the whole query.
  public var queryRegex: String?
  /// Fields that must be in the form that is sent; a rule with one does not match where the log
  /// does not hold them.
  public var form: [Parameter] = []
  /// Statuses that fit; empty for all.
  public var status: [ClosedRange<Int>] = []
  /// The redirect target; a rule with one does not match where it is not logged.
  public var location: Text?
  /// What came of the step; `nil` to tell from the status.
  public var outcome: StepOutcome?
  /// Where it is written.
  public var position: SourcePosition
  /// Where its regular expressions are written.
  public var expressions: [SourcePosition] = []

  /// The place to name when an expression of the rule gives up: its own, or the rule's when the
  /// rule has several.
  public var expressionPlace: SourcePosition {
    expressions.count == 1 ? expressions[0] : position
  }
}
