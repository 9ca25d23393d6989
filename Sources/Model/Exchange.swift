/// A place in the bytes of an ``ExchangeBatch``; absent is told apart from empty.
public struct ByteRange: Hashable, Sendable, BitwiseCopyable {
  /// First byte, from the start of the batch's bytes.
  public var offset: UInt32
  /// Number of bytes; `UInt32.max` marks a field that the source did not have.
  public var length: UInt32

  /// A field that the source did not have, or wrote as absent (`-`).
  public static let absent = ByteRange(offset: 0, length: .max)

  /// Creates a range.
  @inlinable
  public init(offset: UInt32, length: UInt32) {
    self.offset = offset
    self.length = length
  }

  /// Creates a range from bounds; both must fit 32 bits, which the batch's limit ensures.
  @inlinable
  public init(_ range: Range<Int>) {
    offset = UInt32(truncatingIfNeeded: range.lowerBound)
    length = UInt32(truncatingIfNeeded: range.count)
  }

  /// Whether the source had the field (it may be empty).
  @inlinable
  public var isPresent: Bool { length != .max }

  /// Number of bytes; 0 when absent.
  @inlinable
  public var count: Int { isPresent ? Int(length) : 0 }

  /// The indices in the batch's bytes; empty when absent.
  @inlinable
  public var indices: Range<Int> { Int(offset)..<(Int(offset) &+ count) }
}

/// The texts an exchange can carry, by their ECS names.
public enum TextField: Int, CaseIterable, Sendable, BitwiseCopyable {
  /// `http.request.method`, as written.
  case method
  /// `url.original`: the request target as written, decoded from the log's escapes only.
  case target
  /// `url.path`: the target's path, without scheme, host, query or fragment; not percent-decoded.
  case path
  /// `url.query`: after the first `?`, without it; absent when there is no `?`.
  case query
  /// `url.domain`: the Host header or authority, without its port.
  case host
  /// `http.version`: `1.0`, `1.1`, `2`, `3`, however the source spells it.
  case version
  /// `user_agent.original`.
  case userAgent
  /// `http.request.referrer`.
  case referrer
  /// `user.name`: the authenticated user.
  case user
  /// `client.address` as written, when it is no address (a host name, a unix socket).
  case clientName
  /// `network.forwarded_ip` chain: X-Forwarded-For as written.
  case forwardedFor
  /// `http.request.id`.
  case requestID
  /// `http.response.headers.location`: the redirect target.
  case location
  /// `http.request.mime_type`: Content-Type of the request.
  case contentType
  /// `http.request.headers.accept_language`.
  case acceptLanguage
  /// The whole Cookie request header, where a log holds it.
  case cookies
  /// `tls.version`.
  case tlsVersion
  /// `tls.cipher`.
  case tlsCipher
  /// `tls.client.ja4`.
  case ja4
  /// `url.scheme`.
  case scheme

  /// The ECS name of the field.
  public var name: String {
    switch self {
    case .method: "http.request.method"
    case .target: "url.original"
    case .path: "url.path"
    case .query: "url.query"
    case .host: "url.domain"
    case .version: "http.version"
    case .userAgent: "user_agent.original"
    case .referrer: "http.request.referrer"
    case .user: "user.name"
    case .clientName: "client.address"
    case .forwardedFor: "http.request.headers.x_forwarded_for"
    case .requestID: "http.request.id"
    case .location: "http.response.headers.location"
    case .contentType: "http.request.mime_type"
    case .acceptLanguage: "http.request.headers.accept_language"
    case .cookies: "http.request.headers.cookie"
    case .tlsVersion: "tls.version"
    case .tlsCipher: "tls.cipher"
    case .ja4: "tls.client.ja4"
    case .scheme: "url.scheme"
    }
  }
}

/// Where an exchange was read: source, byte offset, length and line.
public struct Provenance: Hashable, Sendable, BitwiseCopyable {
  /// Which source, as numbered by the driver.
  public var source: UInt32
  /// Bytes of the line, without its line ending.
  public var length: UInt32
  /// First byte in the decompressed source, from 0.
  public var offset: UInt64
  /// Line number, from 1.
  public var line: UInt64

  /// Creates a place.
  public init(source: UInt32, offset: UInt64, length: UInt32, line: UInt64) {
    self.source = source
    self.length = length
    self.offset = offset
    self.line = line
  }
}

/// One HTTP request with its response, as one source saw it.
///
/// Texts are ranges of the bytes of the ``ExchangeBatch`` that holds it; nothing here owns memory.
public struct Exchange: Sendable, BitwiseCopyable {
  /// Slots for texts that a format, a profile or a rule asks for by name (see ``FieldNames``).
  public static let extraCapacity = 16

  /// Place on the event clock.
  ///
  /// The lower bound of the logged stamp, or the watermark for a line that came later than the
  /// lateness bound. Never goes back within a merged stream.
  public var at: Timestamp
  /// When the request arrived.
  public var start: TimeBounds
  /// When the response was complete; equal to what `start` allows when the log does not say.
  public var end: TimeBounds
  /// Width of the source's clock, in nanoseconds: 1 s for common logs, 1 ms for `$msec`.
  public var resolution: Int64
  /// Server time from request to response in nanoseconds; negative when not logged.
  public var elapsed: Int64
  /// The client, after walking the trusted proxies.
  public var client: ClientAddress
  /// The address the connection came from; equal to `client` when no proxy was trusted.
  public var peer: ClientAddress
  /// The client's port; 0 when not logged.
  public var port: UInt16
  /// HTTP status, 100...599; 0 when not logged.
  public var status: UInt16
  /// How the exchange was read and what is odd about it.
  public var flags: ExchangeFlags
  /// Bytes of the request as logged; negative when not logged.
  public var requestBytes: Int64
  /// Bytes of the response body; negative when not logged.
  public var bodyBytes: Int64
  /// Bytes of the whole response; negative when not logged.
  public var responseBytes: Int64
  /// Connection number as logged; 0 when not.
  public var connection: UInt64
  /// Which request of its connection this was, from 1; 0 when not logged.
  public var connectionRequest: UInt32
  /// Lines of its source before it that were not understood; stays at the largest value.
  public var unparsedBefore: UInt32
  /// Index of what packets tell beside this, in ``ExchangeBatch/details``; `UInt32.max` for logs.
  public var detail: UInt32
  /// Where it was read.
  public var provenance: Provenance
  /// The raw line in the batch's bytes.
  public var raw: ByteRange
  /// The texts, indexed by ``TextField``.
  public var texts: InlineArray<20, ByteRange>
  /// Texts asked for by name, indexed by ``FieldNames``.
  public var extras: InlineArray<16, ByteRange>

  /// Creates an exchange about which nothing is known but its place.
  public init(at: Timestamp, provenance: Provenance) {
    self.at = at
    start = TimeBounds(exact: at)
    end = TimeBounds(exact: at)
    resolution = 0
    elapsed = -1
    client = .none
    peer = .none
    port = 0
    status = 0
    flags = []
    requestBytes = -1
    bodyBytes = -1
    responseBytes = -1
    connection = 0
    connectionRequest = 0
    unparsedBefore = 0
    detail = .max
    self.provenance = provenance
    raw = .absent
    texts = .init(repeating: .absent)
    extras = .init(repeating: .absent)
  }

  /// The range of one text.
  @inlinable
  public subscript(field: TextField) -> ByteRange {
    get { texts[field.rawValue] }
    set { texts[field.rawValue] = newValue }
  }
}

/// How an exchange was read and what is odd about it.
public struct ExchangeFlags: OptionSet, Sendable, BitwiseCopyable {
  /// The bits.
  public let rawValue: UInt16

  /// Creates flags from their bits.
  public init(rawValue: UInt16) { self.rawValue = rawValue }

  /// The line came later than the lateness bound; its place on the event clock was moved.
  public static let late = ExchangeFlags(rawValue: 1 << 0)
  /// The stamp is when the response ended (nginx); without it, when the request began (Apache).
  public static let stampedAtEnd = ExchangeFlags(rawValue: 1 << 1)
  /// The request line was no HTTP request line (TLS bytes on a plain port, `-`).
  public static let malformedRequest = ExchangeFlags(rawValue: 1 << 2)
  /// The client comes from a forwarding header, not from the connection.
  public static let forwarded = ExchangeFlags(rawValue: 1 << 3)
  /// The forwarding header was exhausted or unreadable; the last trusted hop is given.
  public static let forwardingUnclear = ExchangeFlags(rawValue: 1 << 4)
  /// The line ends inside its last field; what there is of it was kept.
  public static let cutShort = ExchangeFlags(rawValue: 1 << 5)
  /// A TLS connection seen from outside: times and sizes, no request.
  public static let encrypted = ExchangeFlags(rawValue: 1 << 6)
  /// The capture lacks part of the request or the response, or all of the response.
  public static let incomplete = ExchangeFlags(rawValue: 1 << 7)
  /// The capture lacks the request, or the end of its target: what was asked for is not known.
  public static let unknownTarget = ExchangeFlags(rawValue: 1 << 8)

  /// What tells that an exchange is no request that steps, features or rules may count.
  public static let uncounted: ExchangeFlags = [.encrypted, .unknownTarget]
}

/// Exchanges with the bytes their texts point into; filled, consumed and reused.
public struct ExchangeBatch: Sendable {
  /// The lines as read, and texts decoded from escapes, in no particular order.
  ///
  /// At most 2 GiB.
  public var bytes: [UInt8]
  /// The exchanges.
  public var exchanges: [Exchange]
  /// What packets tell beside them; empty for logs.
  public var details: [PacketDetail]

  /// Creates an empty batch.
  public init() {
    bytes = []
    exchanges = []
    details = []
  }

  /// Most bytes of which memory is kept for the next contents.
  public static let keptBytes = 2 << 20
  /// Most exchanges of which memory is kept.
  public static let keptExchanges = 4_096

  /// Forgets the contents and keeps the memory, unless it is more than usual.
  public mutating func removeAll() {
    bytes.removeAll(keepingCapacity: bytes.capacity <= Self.keptBytes)
    exchanges.removeAll(keepingCapacity: exchanges.capacity <= Self.keptExchanges)
    details.removeAll(keepingCapacity: details.capacity <= Self.keptExchanges)
  }

  /// Appends `exchange`, copying its raw line and texts out of `other`, of which it is part.
  public mutating func append(_ exchange: Exchange, from other: borrowing ExchangeBatch) {
    var copy = exchange
    let source = other.bytes.span
    copy.raw = take(exchange.raw, from: source)
    for i in exchange.texts.indices {
      copy.texts[i] = move(exchange.texts[i], within: exchange.raw, to: copy.raw, from: source)
    }
    for i in exchange.extras.indices {
      copy.extras[i] = move(exchange.extras[i], within: exchange.raw, to: copy.raw, from: source)
    }
    if exchange.detail != .max {
      copy.detail = UInt32(truncatingIfNeeded: details.count)
      var detail = other.details[Int(exchange.detail)]
      detail.headerNames = take(detail.headerNames, from: source)
      detail.serverName = take(detail.serverName, from: source)
      detail.alpn = take(detail.alpn, from: source)
      detail.ja4Raw = take(detail.ja4Raw, from: source)
      detail.secondJA4 = take(detail.secondJA4, from: source)
      detail.secondJA4Raw = take(detail.secondJA4Raw, from: source)
      details.append(detail)
    }
    exchanges.append(copy)
  }

  /// A text as a String, with invalid UTF-8 repaired.
  ///
  /// `nil` when absent. For output, not per exchange.
  public func string(_ range: ByteRange) -> String? {
    range.isPresent ? String(decoding: bytes[range.indices], as: UTF8.self) : nil
  }

  /// The range shifted with the raw line when it lies inside it, else copied by itself.
  private mutating func move(
    _ range: ByteRange, within old: ByteRange, to new: ByteRange, from source: Span<UInt8>
  ) -> ByteRange {
    guard range.isPresent else { return range }
    // An empty text lies nowhere, but its offset must not be past the end of these bytes.
    guard range.length > 0 else { return ByteRange(offset: new.offset, length: 0) }
    let isInside =
      old.isPresent && range.offset >= old.offset
      && UInt64(range.offset) + UInt64(range.length) <= UInt64(old.offset) + UInt64(old.length)
    guard isInside else { return take(range, from: source) }
    return ByteRange(offset: new.offset &+ (range.offset &- old.offset), length: range.length)
  }

  /// Copies a range to the end of the bytes.
  private mutating func take(_ range: ByteRange, from source: Span<UInt8>) -> ByteRange {
    guard range.isPresent else { return .absent }
    let start = bytes.count
    let part = source.extracting(range.indices)
    unsafe part.withUnsafeBufferPointer { unsafe bytes.append(contentsOf: $0) }
    return ByteRange(start..<bytes.count)
  }
}

/// The names behind ``Exchange/extras``: fixed when the run is configured, at most 16.
///
/// A name is what a log format, a site profile or a rule calls it: `cookie.eZSESSID`,
/// `header.sec_fetch_mode`, `json.email`, `form.number_agdref`.
public struct FieldNames: Sendable, Equatable {
  /// The names, in slot order.
  public private(set) var names: [String] = []

  /// Creates an empty list.
  public init() {}

  /// The slot of `name`, taking a new one when there is room; `nil` when all 16 are taken.
  public mutating func slot(for name: String) -> Int? {
    if let known = names.firstIndex(of: name) { return known }
    guard names.count < Exchange.extraCapacity else { return nil }
    names.append(name)
    return names.count - 1
  }

  /// The slot of `name`, or `nil` when nobody asked for it.
  public func slot(of name: String) -> Int? { names.firstIndex(of: name) }
}
