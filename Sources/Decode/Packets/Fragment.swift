import CrenelModel

/// What the fragments of one datagram share (RFC 791 section 3.2, RFC 8200 section 4.5).
struct FragmentKey: Hashable, Sendable, BitwiseCopyable {
  var source: ClientAddress
  var destination: ClientAddress
  var id: UInt32
  /// The protocol of IPv4; 0 for IPv6, whose fragments may differ in it.
  var protocolNumber: UInt8
  var isIPv6: Bool
}

/// A part of an IP datagram.
struct Fragment: Sendable, BitwiseCopyable {
  var key: FragmentKey
  /// Place of its first byte in the datagram's payload, a multiple of 8 up to 65528.
  var offset: Int
  /// Its bytes, in the packet batch or in the datagram it was found in.
  var bytes: ByteRange
  /// Whether no fragment follows it.
  var isLast: Bool
  /// What the payload of the datagram is; of meaning in the first fragment.
  var next: UInt8
}

/// How much of datagrams whose fragments are still missing may be kept.
struct FragmentLimits: Sendable, BitwiseCopyable {
  /// Datagrams at one time.
  var datagrams = 1_024
  /// Bytes of payload, all datagrams together; free buffers that are kept for later count too.
  var bytes = 8 << 20
  /// Fragments of one datagram: 65,535 bytes in packets of 576 are 119.
  var fragments = 256
  /// How long after its first fragment a datagram is given up, in nanoseconds of event time.
  var timeout = 30 * Nanoseconds.second
}
