// CrenelDecode: bytes of logs in, exchanges out. Whole lines go in as one chunk; each becomes an
// exchange whose texts are ranges of the batch's bytes, or a rejection counted by reason with the
// place of its first sample. Grammars are fixed: a field ends where its format says it must, and
// nothing is found by searching a line for what looks like a date or an address. It never reads a
// file, a clock or a zone database, and never stops at bad input.

public import CrenelModel

/// When a server stamps the lines it writes.
public enum StampKind: UInt8, Sendable, BitwiseCopyable {
  /// When the request arrived (Apache `%t`, HAProxy, Traefik).
  case start
  /// When the response was complete (nginx).
  case end
  /// One of the two; bounds are made true for both.
  case unknown
}

/// What a decoder must know beside the format: it comes from the site profile and the command line.
public struct DecoderConfiguration: Sendable {
  /// Where the client's address is taken from.
  public enum ClientOrigin: Sendable {
    /// From the address the server logged as the client.
    case remote
    /// From X-Forwarded-For, as far as trusted proxies vouch for it.
    case forwarded
  }

  /// Number of the log, copied to every ``Provenance``; packets carry that of their file.
  public var source: UInt32 = 0
  /// Where the client's address is taken from.
  public var client: ClientOrigin = .remote
  /// Proxies whose word is taken; used only with ``ClientOrigin/forwarded``.
  public var trustedProxies: [Network] = []
  /// Zone of stamps that carry no offset; without it such lines are refused.
  public var zone: ZoneRules?
  /// Texts kept in ``Exchange/extras``.
  public var names = FieldNames()
  /// When the server stamps its lines; `nil` takes what the format says.
  public var stamp: StampKind?
  /// Longest exchange assumed when the log has no duration, in nanoseconds.
  ///
  /// 60 s is nginx's default `proxy_read_timeout`, and Apache's default `Timeout`.
  public var elapsedBound: Int64 = 60 * Nanoseconds.second
  /// Longest line read, in bytes; longer ones are refused, not cut.
  public var lineLimit: Int = 1 << 20

  /// Creates a configuration with the defaults: remote addresses, no zone, no extras.
  public init() {}
}
