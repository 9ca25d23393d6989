import CrenelModel

/// What a field of a log line is, whatever the format calls it.
enum FieldRole: Hashable, Sendable, BitwiseCopyable {
  /// A text kept as it is.
  case text(TextField)
  /// A text kept in a slot asked for by name.
  case extra(Int)
  /// Read and not kept.
  case ignored
  // Who
  /// The address the server took for the client, a host name, or a list of forwarded addresses.
  case remote
  /// The address the connection came from, where the server replaced the other one.
  case peer
  /// The name of RFC 1413, `-` as a rule; never an address, which tells a virtual host in front.
  case ident
  /// `address:port`.
  case remoteWithPort
  case port
  // When
  /// `10/Oct/2000:13:55:36 -0700`, with or without a fraction.
  case clfTime
  case isoTime
  case epoch(EpochUnit)
  /// A part of a stamp that a format spells piece by piece.
  case timePart(TimePart)
  // How long
  case elapsed(ElapsedUnit)
  // What
  /// `GET /path HTTP/1.1`.
  case request
  /// A query with its `?`, or empty.
  case queryWithMark
  case status
  case bodyBytes
  case responseBytes
  case requestBytes
  case connection
  case connectionRequest
  /// HAProxy's `Tq/Tw/Tc/Tr/Tt`.
  case haproxyTimers
  /// A whole number of milliseconds after the second (Apache `msec_frac`), and its kin.
  case fraction(EpochUnit)
}

/// A part of a civil time.
enum TimePart: UInt8, Sendable, BitwiseCopyable {
  case year, month, monthName, day, hour, minute, second, clock, date, offset
}

/// What a duration's digits count, and how the server cuts them.
enum ElapsedUnit: UInt8, Sendable, BitwiseCopyable {
  /// Seconds with a millisecond fraction, a difference of two readings (nginx).
  case nginxSeconds
  /// Whole seconds, cut (Apache `%T`).
  case seconds
  /// Milliseconds, cut.
  case milliseconds
  /// Microseconds, cut (Apache `%D`).
  case microseconds
  case nanoseconds
  /// Milliseconds with `ms` behind them (Traefik's common log).
  case suffixedMilliseconds
}

/// One piece of a compiled format.
enum FormatToken: Sendable, BitwiseCopyable {
  /// Text that must stand here: a range of the format's literal bytes.
  case literal(ByteRange)
  /// A field up to the next literal.
  case field(FieldRole)
  /// A field between quotes, up to the first quote that is not escaped.
  case quoted(FieldRole)
  /// A field of a fixed number of bytes.
  case fixed(FieldRole, Int)
  /// Everything up to and with the text, when the line holds it; nothing otherwise.
  case skipPast(ByteRange)
  /// The line may end here.
  case mayEnd
  /// The line may have been cut off here, inside its last field.
  case mayBeCut
  /// The rest of the line, whatever it is.
  case rest(FieldRole)
}

/// A format as a list of tokens, anchored at both ends of the line.
struct CompiledFormat: Sendable {
  var tokens: [FormatToken] = []
  var literals: [UInt8] = []
  /// When the server stamps its lines.
  var stamp: StampKind = .unknown
  /// Whether a backslash escapes in texts.
  var hasEscapes = true

  /// Adds text that must stand here, joined to text before it.
  mutating func add(literal text: String) {
    guard !text.isEmpty else { return }
    let bytes = Array(text.utf8)
    if case .literal(let range) = tokens.last, range.indices.upperBound == literals.count {
      literals += bytes
      tokens[tokens.count - 1] = .literal(ByteRange(range.indices.lowerBound..<literals.count))
      return
    }
    tokens.append(.literal(store(bytes)))
  }

  /// Adds a skip past `text`.
  mutating func add(skipPast text: String) { tokens.append(.skipPast(store(Array(text.utf8)))) }

  /// Adds a field; between quotes when the text before it ends with one.
  mutating func add(_ role: FieldRole) { tokens.append(endsInQuote ? .quoted(role) : .field(role)) }

  /// Adds pairs of a text and the field behind it.
  mutating func add(_ pieces: [(literal: String, role: FieldRole)]) {
    for piece in pieces {
      add(literal: piece.literal)
      add(piece.role)
    }
  }

  /// Whether what comes next stands between quotes.
  var endsInQuote: Bool {
    guard case .literal(let range) = tokens.last else { return false }
    return literals[range.indices].last == UInt8(ascii: "\"")
  }

  private mutating func store(_ bytes: [UInt8]) -> ByteRange {
    let start = literals.count
    literals += bytes
    return ByteRange(start..<literals.count)
  }
}
