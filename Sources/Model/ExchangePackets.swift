/// Which packets of a capture carried an exchange: what evidence keeps of a ``PacketDetail``.
public struct ExchangePackets: Hashable, Sendable, BitwiseCopyable {
  /// When the request's first byte was captured.
  public var start: Timestamp
  /// Frames of the request.
  public var request: FrameRange
  /// Frames of the response; empty when none was captured.
  public var response: FrameRange
  /// The request's bytes in the client's reassembled stream.
  public var requestStream: StreamRange
  /// The response's bytes in the server's reassembled stream.
  public var responseStream: StreamRange

  /// Takes them from what is known of an exchange that began at `start`.
  public init(_ detail: PacketDetail, from start: Timestamp) {
    self.start = start
    request = detail.requestFrames
    response = detail.responseFrames
    requestStream = detail.requestStream
    responseStream = detail.responseStream
  }
}

/// Where an exchange was read: its line of a log, or its packets of a capture.
public struct ExchangePlace: Hashable, Sendable, BitwiseCopyable {
  /// Where it is; for a request of a capture its first packet, with the frame for the line.
  public var provenance: Provenance
  /// The packets that carried it; `nil` for a line of a log.
  public var packets: ExchangePackets?

  /// Creates a place.
  public init(_ provenance: Provenance, packets: ExchangePackets?) {
    self.provenance = provenance
    self.packets = packets
  }
}

extension ExchangeBatch {
  /// The packets that carried one of its exchanges; `nil` for a line of a log.
  public func packets(of exchange: Exchange) -> ExchangePackets? {
    guard exchange.detail != .max else { return nil }
    return ExchangePackets(details[Int(exchange.detail)], from: exchange.start.earliest)
  }

  /// Where one of its exchanges was read.
  public func place(of exchange: Exchange) -> ExchangePlace {
    ExchangePlace(exchange.provenance, packets: packets(of: exchange))
  }
}
