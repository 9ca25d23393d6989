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

/// Frames of one capture file that carried something, both ends included; 0 when none did.
public struct FrameRange: Hashable, Sendable, BitwiseCopyable {
  /// The first frame, from 1; 0 for none.
  public var first: UInt64 = 0
  /// The last frame, from 1; 0 for none.
  public var last: UInt64 = 0

  /// Creates an empty range.
  public init() {}

  /// Widens the range to hold `frame`.
  @inlinable
  public mutating func add(_ frame: UInt64) {
    if first == 0 || frame < first { first = frame }
    if frame > last { last = frame }
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
  public mutating func side(_ key: StaticString, _ frames: FrameRange, _ stream: StreamRange) {
    guard frames.first > 0 else { return }
    beginObject(key)
    int("first_frame", frames.first)
    int("last_frame", frames.last)
    int("stream_offset", stream.offset)
    int("stream_bytes", stream.length)
    endObject()
  }
}
