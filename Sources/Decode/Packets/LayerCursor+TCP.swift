import CrenelModel

extension LayerCursor {
  /// TCP (RFC 9293 section 3.1).
  ///
  /// Checksums are not verified: a host that leaves them to its network card hands the capture
  /// packets whose checksum is not yet computed, and a snap length cuts what it covers.
  func tcp(_ bytes: Span<UInt8>) -> LayerStep {
    guard has(20) else { return .stop(length >= 20 ? .cutByCapture : .badTCPHeader) }
    let header = Int(uint8(bytes, 12) >> 4) &* 4
    guard header >= 20, header <= length else { return .stop(.badTCPHeader) }
    // A snap length may have cut options; then no payload was captured.
    let start = min(at &+ header, end)
    let payload = start..<end
    return .segment(
      Segment(
        source: Endpoint(address: source, port: uint16(bytes, 0)),
        destination: Endpoint(address: destination, port: uint16(bytes, 2)),
        sequence: uint32(bytes, 4),
        acknowledgement: uint32(bytes, 8),
        flags: TCPFlags(rawValue: uint8(bytes, 13)),
        payload: ByteRange(payload),
        missing: length &- header &- payload.count,
        isAssembled: false))
  }
}
