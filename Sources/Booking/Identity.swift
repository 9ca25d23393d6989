import Crypto
import CrenelModel

/// Domains whose mailboxes are thrown away after use.
public struct DisposableDomains: Sendable {
  private var domains: Set<String>

  /// Reads a list: one domain a line, `#` for comments.
  public init(_ text: String) {
    domains = Set(
      text.split(whereSeparator: \.isNewline).map { $0.trimmed.lowercased() }
        .filter { !$0.isEmpty && !$0.hasPrefix("#") })
  }

  /// How many domains there are.
  public var count: Int { domains.count }

  /// Whether a domain or one above it is on the list.
  func contains(_ domain: String) -> Bool {
    var rest = Substring(domain)
    while true {
      if domains.contains(String(rest)) { return true }
      guard let dot = rest.firstIndex(of: ".") else { return false }
      rest = rest[rest.index(after: dot)...]
    }
  }
}

extension StringProtocol {
  /// Without spaces and tabs at its ends.
  fileprivate var trimmed: String {
    var part = self[...]
    while let first = part.first, first == " " || first == "\t" { part = part.dropFirst() }
    while let last = part.last, last == " " || last == "\t" { part = part.dropLast() }
    return String(part)
  }
}

/// Turns mailboxes and document numbers into keyed tokens; nothing in clear leaves it.
struct IdentityKeeper {
  private let key: SymmetricKey
  private let disposable: DisposableDomains

  /// Creates a keeper; without a site's key tokens still tell identities apart within a run, and
  /// must not be given to anybody (``BookingStage/hasSiteKey``).
  init(siteKey: [UInt8]?, disposable: DisposableDomains) {
    key = SymmetricKey(data: siteKey ?? Array("crenel: counting only, not for export".utf8))
    self.disposable = disposable
  }

  /// A mailbox as tokens of its canonical form and of its spelling, with what it looks like.
  func mailbox(
    _ raw: [UInt8]
  ) -> (canonical: Token, spelling: Token, traits: IdentityTraits) {
    let mailbox = CanonicalMailbox(raw)
    var traits: IdentityTraits = []
    if mailbox.isMalformed { traits.insert(.malformed) }
    if mailbox.isAlias { traits.insert(.alias) }
    if disposable.contains(mailbox.domain) { traits.insert(.disposable) }
    return (
      token("mbx:" + mailbox.canonical), token("spl:" + mailbox.spelling), traits
    )
  }

  /// A document number as a token: letters and digits only, in capitals.
  func document(_ raw: [UInt8]) -> Token {
    let kept = PercentText.decoded(raw).filter { $0.isASCII && ($0.isLetter || $0.isNumber) }
    return kept.isEmpty ? .none : token("doc:" + kept.uppercased())
  }

  /// First 128 bits of HMAC-SHA-256 (RFC 2104).
  private func token(_ text: String) -> Token {
    var code = HMAC<SHA256>.authenticationCode(for: Array(text.utf8), using: key).makeIterator()
    func word() -> UInt64 {
      var word: UInt64 = 0
      for _ in 0..<8 { word = word << 8 | UInt64(code.next() ?? 0) }
      return word
    }
    return Token(high: word(), low: word())
  }
}

/// A mailbox in the one form that all its spellings have.
///
/// Letter case, `+tag`, dots and googlemail.com of Gmail, `-tag` of Yahoo, a trailing dot of the
/// domain. Dots elsewhere are kept: they make different mailboxes there.
struct CanonicalMailbox {
  var canonical: String
  var spelling: String
  var domain: String
  var isMalformed: Bool

  /// Whether the spelling hides the canonical form by more than letter case.
  var isAlias: Bool { !isMalformed && canonical != spelling }

  init(_ raw: [UInt8]) {
    var text = PercentText.decoded(raw).trimmed.lowercased()
    if text.hasPrefix("mailto:") { text = String(text.dropFirst(7)) }
    let at = text.lastIndex(of: "@")
    var local = at.map { String(text[..<$0]) } ?? text
    var domain = at.map { String(text[text.index(after: $0)...]) } ?? ""
    while domain.hasSuffix(".") { domain.removeLast() }
    spelling = domain.isEmpty ? local : local + "@" + domain
    isMalformed = local.isEmpty || !domain.contains(".") || text.contains(" ")
    if domain == "googlemail.com" { domain = "gmail.com" }
    if let plus = local.firstIndex(of: "+"), plus > local.startIndex {
      local = String(local[..<plus])
    }
    if domain == "gmail.com" { local.removeAll { $0 == "." } }
    if domain.hasPrefix("yahoo.") || domain == "ymail.com", let dash = local.firstIndex(of: "-"),
      dash > local.startIndex
    {
      local = String(local[..<dash])
    }
    self.domain = domain
    canonical = domain.isEmpty ? local : local + "@" + domain
  }
}

/// Values that may still be percent-encoded.
enum PercentText {
  /// The text with `%40` decoded; bytes that are no UTF-8 are repaired.
  static func decoded(_ raw: [UInt8]) -> String {
    var bytes: [UInt8] = []
    var i = 0
    while i < raw.count {
      if raw[i] == UInt8(ascii: "%"), i + 2 < raw.count, let high = HexDigit.value(raw[i + 1]),
        let low = HexDigit.value(raw[i + 2])
      {
        bytes.append(high << 4 | low)
        i += 3
      } else {
        bytes.append(raw[i])
        i += 1
      }
    }
    return String(decoding: bytes, as: UTF8.self)
  }
}
