import CrenelModel

/// One end of a connection.
struct Endpoint: Hashable, Sendable, BitwiseCopyable {
  /// IPv4 or IPv6, in the one canonical form.
  var address: ClientAddress
  var port: UInt16
}

/// The flags of a TCP header (RFC 9293 section 3.1).
struct TCPFlags: OptionSet, Sendable, BitwiseCopyable {
  let rawValue: UInt8
  static let fin = TCPFlags(rawValue: 1)
  static let syn = TCPFlags(rawValue: 2)
  static let rst = TCPFlags(rawValue: 4)
  static let psh = TCPFlags(rawValue: 8)
  static let ack = TCPFlags(rawValue: 16)
  static let urg = TCPFlags(rawValue: 32)
}

/// A TCP segment found in a packet, below whatever layers it came in.
struct Segment: Sendable, BitwiseCopyable {
  var source: Endpoint
  var destination: Endpoint
  /// Sequence number of the first byte (of the SYN, where there is one).
  var sequence: UInt32
  /// Acknowledgement number; of meaning with ``TCPFlags/ack`` only.
  var acknowledgement: UInt32
  var flags: TCPFlags
  /// The captured payload: a range of the packet batch's bytes, or of
  /// ``NetworkDecoder/assembled`` when `isAssembled`.
  var payload: ByteRange
  /// Payload bytes that the snap length cut off, after `payload`.
  var missing: Int
  /// Whether the payload lies in ``NetworkDecoder/assembled``.
  var isAssembled: Bool
}
