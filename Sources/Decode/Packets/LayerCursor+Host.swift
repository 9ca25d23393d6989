import CrenelModel

// Links that exist inside one host: loopback and the netfilter log.

extension LayerCursor {
  /// BSD loopback: a protocol family in either byte order.
  mutating func loopback(_ bytes: Span<UInt8>) -> LayerStep {
    guard has(4) else { return short(4) }
    let number = uint32(bytes, 0)
    at &+= 4
    switch number > 0xffff ? number.byteSwapped : number {
    case 2: return .layer(.ipv4)
    // AF_INET6 of Linux, Windows, NetBSD and OpenBSD, FreeBSD, Darwin.
    case 10, 23, 24, 28, 30: return .layer(.ipv6)
    default: return .stop(nil)
    }
  }

  /// A netfilter log message: family, version, resource, then attributes; one of them is the
  /// packet.
  mutating func nflog(_ bytes: Span<UInt8>) -> LayerStep {
    guard has(8) else { return short(8) }
    let family = uint8(bytes, 0)
    at &+= 4
    // Attributes are in the byte order of the machine that captured. Types are small numbers.
    let isLittle = uint16(bytes, 2).byteSwapped & 0x7fff < 256
    while has(4) {
      let (first, second) = (uint16(bytes, 0), uint16(bytes, 2))
      let count = Int(isLittle ? first.byteSwapped : first)
      let type = (isLittle ? second.byteSwapped : second) & 0x7fff
      guard count >= 4 else { return .stop(.badHeader) }
      guard type != 9 else {  // NFULA_PAYLOAD
        at &+= 4
        limit(to: count &- 4)
        switch family {
        case 2: return .layer(.ipv4)
        case 10: return .layer(.ipv6)
        default: return .stop(nil)
        }
      }
      at &+= (count &+ 3) & ~3
    }
    // A message without a packet, unless the rest was not captured.
    return .stop(cut > 0 ? .cutByCapture : nil)
  }
}
