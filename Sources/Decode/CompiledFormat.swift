import CrenelModel

/// One piece of a compiled format.
enum FormatToken: Hashable, Sendable, BitwiseCopyable {
  /// Text that must stand here: a range of the format's literal bytes.
  case literal(ByteRange)
  /// A field up to the next literal.
  case field(FieldRole)
  /// A field between quotes, up to the first quote that is not escaped.
  case quoted(FieldRole)
  /// A field whose end needs more than that.
  case until(FieldRole, FieldEnd)
  /// A field of a fixed number of bytes.
  case fixed(FieldRole, Int)
  /// What a logger or container runtime writes before the line, when it is there.
  case header(LineHeader)
  /// From here on stamps say when an exchange ended, or again what the format's stamps say.
  case stampsEnd(Bool)
  /// The line may end here.
  case mayEnd
  /// The line may have been cut off here, inside its last field.
  case mayBeCut
  /// The rest of the line, whatever it is.
  case rest(FieldRole)

  /// Whether the token ends where the next one begins, so that text must follow.
  var isOpen: Bool {
    switch self {
    case .field, .quoted, .until: true
    case .literal, .fixed, .header, .stampsEnd, .mayEnd, .mayBeCut, .rest: false
    }
  }

  /// What the token reads; `nil` for one that is no field.
  var role: FieldRole? {
    switch self {
    case .field(let role), .quoted(let role), .until(let role, _), .fixed(let role, _),
      .rest(let role):
      role
    case .literal, .header, .stampsEnd, .mayEnd, .mayBeCut: nil
    }
  }
}

/// Where a field ends that shares its quotes with others, or whose text may hold what follows it.
struct FieldEnd: Hashable, Sendable, BitwiseCopyable {
  /// How the end is found.
  enum Rule: UInt8, Sendable, BitwiseCopyable {
    /// At the first literal.
    case first
    /// At the last place from which the literals up to the end still fit: for texts with spaces.
    case last
    /// At the last `:` before the next field ends: for addresses and hosts with a port behind.
    case lastColon
    /// Behind ` HTTP/1.1` and its like.
    case request
    /// Where no `, ` or ` : ` goes on.
    case upstreamList
    /// Where no comma goes on: X-Forwarded-For, of which clients write the beginning.
    case chain
    /// At the first literal; a space or a comma inside makes the line ambiguous.
    case word
    /// At the first literal; an address behind a comma makes the line ambiguous.
    case user
  }

  var rule: Rule
  /// Whether the field stands between quotes that hold more than it.
  var isInQuotes = false
}

/// How a log escapes bytes in its texts.
enum TextEscapes: UInt8, Sendable, BitwiseCopyable {
  /// Not at all; what is not there is empty.
  case none
  /// `\x22`, `\"`; what is not there is `-`.
  case backslash
  /// As in JSON strings; what is not there is empty.
  case json
  /// `#22` (HAProxy); what is not there is empty.
  case hash

  /// The byte that begins an escape; `nil` when there is none.
  var mark: UInt8? {
    switch self {
    case .none: nil
    case .backslash, .json: UInt8(ascii: "\\")
    case .hash: UInt8(ascii: "#")
    }
  }
}

/// A format as a list of tokens, anchored at both ends of the line.
struct CompiledFormat: Sendable {
  var tokens: [FormatToken] = []
  var literals: [UInt8] = []
  /// When the server stamps its lines.
  var stamp: StampKind = .unknown
  /// How bytes are escaped in texts.
  var escapes = TextEscapes.backslash

  /// Adds text that must stand here, joined to text before it.
  mutating func add(literal text: String) {
    guard !text.isEmpty else { return }
    let bytes = Array(text.utf8)
    let start = literals.count
    literals += bytes
    if case .literal(let range) = tokens.last, range.indices.upperBound == start {
      tokens[tokens.count - 1] = .literal(ByteRange(range.indices.lowerBound..<literals.count))
    } else {
      tokens.append(.literal(ByteRange(start..<literals.count)))
    }
  }

  /// Adds a field; ``sealed()`` finds out whether it stands between quotes.
  mutating func add(_ role: FieldRole) { tokens.append(.field(role)) }

  /// Adds pairs of a text and the field behind it.
  mutating func add(_ pieces: [(literal: String, role: FieldRole)]) {
    for piece in pieces {
      add(literal: piece.literal)
      add(piece.role)
    }
  }

  /// Whether there is a field of one of the roles.
  func has(_ roles: FieldRole...) -> Bool {
    tokens.contains { token in token.role.map(roles.contains) ?? false }
  }

  /// The literal that ends the field at `index`; `nil` where the line or another field follows.
  func literal(after index: Int) -> ByteRange? {
    var next = index + 1
    while next < tokens.count {
      switch tokens[next] {
      case .literal(let range): return range
      case .mayEnd, .mayBeCut, .stampsEnd: next += 1
      default: return nil
      }
    }
    return nil
  }
}

extension CompiledFormat {
  private static let quote = UInt8(ascii: "\"")

  /// The format with the end of each field decided, which takes the literals on both sides of it.
  func sealed() -> CompiledFormat {
    var sealed = self
    var isInside = false
    for index in tokens.indices {
      switch tokens[index] {
      case .literal(let range):
        for byte in literals[range.indices] where byte == Self.quote { isInside.toggle() }
      case .field(let role):
        sealed.tokens[index] = ending(role, at: index, isInside: isInside)
      default: break
      }
    }
    guard sealed.tokens.contains(where: \.isBareChain) else { return sealed }
    for index in tokens.indices {
      if case .field(let role) = sealed.tokens[index], role.isWord {
        sealed.tokens[index] = .until(role, FieldEnd(rule: .word))
      }
    }
    return sealed
  }

  private func ending(_ role: FieldRole, at index: Int, isInside: Bool) -> FormatToken {
    guard let range = literal(after: index) else { return isInside ? .quoted(role) : .field(role) }
    let next = literals[range.indices]
    if isInside, next.first == Self.quote { return .quoted(role) }
    let isClosed = next.contains(Self.quote)
    switch role {
    case .remote, .peer, .text(.host):
      if next.elementsEqual([UInt8(ascii: ":")]) {
        return .until(role, FieldEnd(rule: .lastColon, isInQuotes: isInside))
      }
    case .request where !isInside: return .until(role, FieldEnd(rule: .request))
    case .upstreamList:
      return .until(role, FieldEnd(rule: .upstreamList, isInQuotes: isInside))
    case .text(.forwardedFor) where !isInside && !isClosed:
      return .until(role, FieldEnd(rule: .chain))
    default: break
    }
    guard isInside else { return .field(role) }
    return .until(role, FieldEnd(rule: role.mayHoldSpaces ? .last : .first, isInQuotes: true))
  }
}

extension FormatToken {
  /// Whether this is X-Forwarded-For without quotes, behind which a client can write fields.
  var isBareChain: Bool {
    if case .until(_, let end) = self { end.rule == .chain } else { false }
  }
}

extension FieldRole {
  /// Whether clients write this text, and may write spaces into it.
  fileprivate var mayHoldSpaces: Bool {
    switch self {
    case .request, .text(.target), .text(.path), .text(.userAgent), .text(.referrer),
      .text(.user), .text(.forwardedFor), .text(.location), .text(.contentType),
      .text(.acceptLanguage), .text(.cookies):
      true
    default: false
    }
  }

  /// Whether the field is a text of one word where it stands without quotes.
  fileprivate var isWord: Bool {
    switch self {
    case .text, .extra, .ignored, .ident, .remote, .version: true
    default: false
    }
  }
}
