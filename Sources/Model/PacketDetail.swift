/// What only packets tell of an exchange: the server's address, frames, places in the streams.
///
/// Kept beside the exchanges in ``ExchangeBatch/details``, so that logs do not pay for it.
public struct PacketDetail: Sendable, BitwiseCopyable {
  /// The address the client spoke to.
  public var server: ClientAddress = .none
  /// The port the client spoke to.
  public var serverPort: UInt16 = 0
  /// Frames that carried the request.
  public var requestFrames = FrameRange()
  /// Frames that carried the response.
  public var responseFrames = FrameRange()
  /// The request's bytes in the client's reassembled stream.
  public var requestStream = StreamRange()
  /// The response's bytes in the server's reassembled stream.
  public var responseStream = StreamRange()
  /// Bytes of the request's body, after chunks were joined and before decompression; negative when unknown.
  public var requestBodyBytes: Int64 = -1
  /// Names of the request's header fields as sent, in order and case, joined by commas.
  public var headerNames = ByteRange.absent
  /// `tls.client.server_name`: the SNI of the ClientHello.
  public var serverName = ByteRange.absent
  /// The protocols the ClientHello offered (ALPN), joined by commas.
  public var alpn = ByteRange.absent
  /// JA4_r: what the JA4 hash was made of.
  public var ja4Raw = ByteRange.absent
  /// The JA4 of the second ClientHello, which a HelloRetryRequest asked for.
  public var secondJA4 = ByteRange.absent
  /// The JA4_r of the second ClientHello.
  public var secondJA4Raw = ByteRange.absent
  /// What was odd on the way.
  public var anomalies = PacketAnomalies()

  /// Creates a detail about which nothing is known.
  public init() {}
}

/// Frames that carried something, both ends included, by file and number.
///
/// Where it goes over several files it holds the rest of the first, the beginning of the last, and
/// the files whose numbers lie between.
public struct FrameRange: Hashable, Sendable, BitwiseCopyable {
  @usableFromInline var lower: UInt64 = 0
  @usableFromInline var upper: UInt64 = 0

  /// Creates an empty range.
  @inlinable
  public init() {}

  /// Whether there is no frame in it.
  @inlinable
  public var isEmpty: Bool { lower == 0 }
  /// The first frame in its file, from 1; 0 for none.
  @inlinable
  public var first: UInt64 { SourcedFrame(rawValue: lower).number }
  /// The last frame in its file, from 1; 0 for none.
  @inlinable
  public var last: UInt64 { SourcedFrame(rawValue: upper).number }
  /// Number of the source that the first frame is in.
  @inlinable
  public var firstSource: UInt32 { SourcedFrame(rawValue: lower).source }
  /// Number of the source that the last frame is in.
  @inlinable
  public var lastSource: UInt32 { SourcedFrame(rawValue: upper).source }

  /// Widens the range to hold `frame`, a ``SourcedFrame``; whether it is the first one now.
  @inlinable
  @discardableResult
  public mutating func add(_ frame: UInt64) -> Bool {
    if frame > upper { upper = frame }
    guard lower == 0 || frame < lower else { return false }
    lower = frame
    return true
  }
}

/// Bytes of one direction of a reassembled connection.
public struct StreamRange: Hashable, Sendable, BitwiseCopyable {
  /// The first byte, counted from the first byte after the SYN, or from the first byte seen.
  public var offset: UInt64 = 0
  /// How many, bytes missing in the capture included.
  public var length: UInt64 = 0

  /// Creates an empty range.
  public init() {}
}

extension JSONWriter {
  /// Writes the frames and the stream bytes of one side of an exchange; nothing when none was captured.
  ///
  /// `source` is the exchange's own; others are named as `name` calls them.
  public mutating func side(
    _ key: StaticString, _ frames: FrameRange, _ stream: StreamRange, of source: UInt32,
    name: (UInt32) -> String
  ) {
    guard !frames.isEmpty else { return }
    beginObject(key)
    if frames.firstSource != source { string("source", name(frames.firstSource)) }
    int("first_frame", frames.first)
    if frames.lastSource != frames.firstSource {
      string("last_source", name(frames.lastSource))
    }
    int("last_frame", frames.last)
    int("stream_offset", stream.offset)
    int("stream_bytes", stream.length)
    endObject()
  }
}
