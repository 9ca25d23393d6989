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
  /// The port of the client.
  case port
  /// The port of the connection, which is the client's only when no proxy named the client.
  case peerPort
  // When
  /// `10/Oct/2000:13:55:36 -0700`, with or without a fraction.
  case clfTime
  case isoTime
  case epoch(EpochUnit)
  /// A stamp in any of these ways; the size of a number says what it counts (Caddy).
  case anyTime
  /// A part of a stamp that a format spells piece by piece.
  case timePart(TimePart)
  // How long
  case elapsed(ElapsedUnit)
  // What
  /// `GET /path HTTP/1.1`.
  case request
  /// `HTTP/1.1`, `2.0`, `h2`, or another word that is not kept (``HTTPVersion``).
  case version
  /// A query with its `?`, or empty.
  case queryWithMark
  case status
  case bodyBytes
  case responseBytes
  case requestBytes
  case connection
  case connectionRequest
  /// nginx's list over the servers asked, joined by `, ` and ` : `; read and not kept.
  case upstreamList
  /// HAProxy's `Tq/Tw/Tc/Tr/Tt`.
  case haproxyTimers
  /// A whole number of milliseconds after the second (Apache `msec_frac`), and its kin.
  case fraction(EpochUnit)
}

extension FieldRole {
  /// Whether the field is a whole number.
  var isCount: Bool {
    switch self {
    case .port, .peerPort, .status, .bodyBytes, .responseBytes, .requestBytes, .connection,
      .connectionRequest:
      true
    default: false
    }
  }
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

  /// Nanoseconds that one of the digits' units stands for.
  var nanoseconds: Int64 {
    switch self {
    case .nginxSeconds, .seconds: Nanoseconds.second
    case .milliseconds, .suffixedMilliseconds: Nanoseconds.millisecond
    case .microseconds: Nanoseconds.microsecond
    case .nanoseconds: 1
    }
  }

  /// Nanoseconds that the last digit of `bytes[range]` stands for.
  func width(_ range: Range<Int>, _ bytes: Span<UInt8>) -> Int64 {
    decimalTime(bytes, range, unit: nanoseconds)?.width ?? nanoseconds
  }
}
