import CrenelModel

// Tunnels directly on IP.

extension LayerCursor {
  /// GRE: version 0 (RFC 2784, RFC 2890) and the version 1 of PPTP (RFC 2637 section 4.1).
  mutating func gre(_ bytes: Span<UInt8>) -> LayerStep {
    guard has(4) else { return short(4) }
    let flags = uint16(bytes, 0)
    let type = uint16(bytes, 2)
    let hasSequence = flags & 0x1000 != 0
    var header = 4
    if flags & 0x8000 != 0 { header &+= 4 }  // checksum, reserved
    if flags & 0x2000 != 0 { header &+= 4 }  // key
    if hasSequence { header &+= 4 }
    switch flags & 7 {
    case 0:
      // Source routes (RFC 1701) went out of use.
      guard flags & 0x4000 == 0 else { return .stop(nil) }
      guard has(header) else { return short(header) }
      at &+= header
      return greContents(bytes, type, hasSequence: hasSequence)
    case 1:
      if flags & 0x0080 != 0 { header &+= 4 }  // acknowledgement
      guard has(header) else { return short(header) }
      let count = Int(uint16(bytes, 4))
      at &+= header
      guard type == 0x880b, flags & 0x2000 != 0 else { return .stop(.badHeader) }
      // Without a sequence number it is an acknowledgement and carries nothing.
      guard hasSequence else { return .stop(nil) }
      limit(to: count)
      return .layer(.ppp)
    default: return .stop(nil)
    }
  }

  /// ERSPAN mirrors whole frames; the rest are EtherTypes.
  private mutating func greContents(
    _ bytes: Span<UInt8>, _ type: UInt16, hasSequence: Bool
  ) -> LayerStep {
    var header = 0
    var layer = Layer.ethernet
    switch type {
    case 0x88be where !hasSequence: break  // type I has no header of its own
    case 0x88be: header = 8  // type II
    case 0x22eb:  // type III, with a sub-header where its last bit says so
      guard has(12) else { return short(12) }
      header = uint8(bytes, 11) & 1 == 0 ? 12 : 20
      // The frame type: 0 is Ethernet, 2 is IP.
      switch uint16(bytes, 10) >> 10 & 0x1f {
      case 0: break
      case 2: layer = .ip
      default: return .stop(nil)
      }
    case ..<0x0600: return .stop(nil)
    default: return LayerStep(etherType: type)
    }
    guard has(header) else { return short(header) }
    at &+= header
    return .layer(layer)
  }

  /// EtherIP (RFC 3378).
  mutating func etherIP(_ bytes: Span<UInt8>) -> LayerStep {
    guard has(2) else { return short(2) }
    guard uint8(bytes, 0) >> 4 == 3 else { return .stop(.badHeader) }
    at &+= 2
    return .layer(.ethernet)
  }

  // MARK: - Guesses

  /// The IP packet that may start here, `.stop` where its version or lengths do not fit.
  func guessIP(_ bytes: Span<UInt8>) -> LayerStep {
    guard has(1) else { return unlikely }
    switch uint8(bytes, 0) >> 4 {
    case 4:
      guard has(20) else { return unlikely }
      let header = Int(uint8(bytes, 0) & 15) &* 4
      let total = Int(uint16(bytes, 2))
      return header >= 20 && total >= header && total <= length ? .layer(.ipv4) : .stop(nil)
    case 6:
      guard has(40) else { return unlikely }
      return Int(uint16(bytes, 4)) &+ 40 <= length ? .layer(.ipv6) : .stop(nil)
    default:
      return .stop(nil)
    }
  }

  /// Whether an Ethernet frame with IP in it may start here, tags included.
  func guessEthernet(_ bytes: Span<UInt8>) -> LayerStep {
    guard has(14) else { return unlikely }
    var inner = self
    inner.at &+= 12
    for _ in 0..<4 {
      guard inner.has(2) else { return unlikely }
      let type = uint16(bytes, inner.at &- at)
      inner.at &+= 2
      switch LayerStep(etherType: type) {
      case .layer(.ipv4), .layer(.ipv6):
        guard case .layer(let found) = inner.guessIP(bytes) else { return inner.guessIP(bytes) }
        let isRight: Bool
        switch found {
        case .ipv4: isRight = type == 0x0800
        default: isRight = type == 0x86dd
        }
        return isRight ? .layer(.ethernet) : .stop(nil)
      case .layer(.vlan): inner.at &+= 2
      case .layer(.mpls), .layer(.pppoe): return .layer(.ethernet)
      default: return .stop(nil)
      }
    }
    return .stop(nil)
  }

  /// A guess for which too few bytes were captured, or are there.
  var unlikely: LayerStep { .stop(cut > 0 ? .cutByCapture : nil) }
}
