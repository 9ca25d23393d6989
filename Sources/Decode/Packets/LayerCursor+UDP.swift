import CrenelModel

// UDP matters for what is tunnelled in it. A port only suggests a tunnel: nothing is peeled unless
// what is inside has the version and the lengths of an IP packet.

extension LayerCursor {
  /// UDP (RFC 768); ports from IANA, and 8472, which Linux used for VXLAN before there was one.
  mutating func udp(_ bytes: Span<UInt8>) -> LayerStep {
    guard has(8) else { return short(8) }
    let source = uint16(bytes, 0)
    let destination = uint16(bytes, 2)
    let count = Int(uint16(bytes, 4))
    // 0 stands for a length that 16 bits cannot hold (RFC 2675 section 4).
    if count != 0 {
      guard count >= 8 else { return .stop(.badHeader) }
      limit(to: count)
    }
    at &+= 8
    // The source port of VXLAN and Geneve is a hash of the inner flow.
    switch destination {
    case 4789, 8472: return .layer(.vxlan)
    case 6081: return .layer(.geneve)
    case 2152: return .layer(.gtp)
    case 3544: return .layer(.teredo)
    case 5072: return .layer(.ayiya)
    default: break
    }
    switch source {
    case 2152: return .layer(.gtp)
    case 3544: return .layer(.teredo)
    case 5072: return .layer(.ayiya)
    default: return isDirectTeredo(bytes) ? .layer(.teredo) : .stop(nil)
    }
  }

  /// Whether this is a packet between two Teredo hosts, which use ports of their own: IPv6 that fills
  /// the datagram, from or to the prefix 2001::/32 (RFC 4380 section 2.6).
  private func isDirectTeredo(_ bytes: Span<UInt8>) -> Bool {
    guard has(40), uint8(bytes, 0) >> 4 == 6, Int(uint16(bytes, 4)) &+ 40 == length else {
      return false
    }
    return uint32(bytes, 8) == 0x2001_0000 || uint32(bytes, 24) == 0x2001_0000
  }

  /// VXLAN (RFC 7348 section 5).
  mutating func vxlan(_ bytes: Span<UInt8>) -> LayerStep {
    guard skipGuessed(8) else { return unlikely }
    return uint8(bytes, -8) & 0x08 != 0 ? guessEthernet(bytes) : .stop(nil)
  }

  /// Geneve (RFC 8926 section 3.4).
  mutating func geneve(_ bytes: Span<UInt8>) -> LayerStep {
    let first = uint8(bytes, 0)
    let type = uint16(bytes, 2)
    guard has(8) else { return unlikely }
    guard first >> 6 == 0 else { return .stop(nil) }
    guard skipGuessed(8 &+ Int(first & 0x3f) &* 4) else { return unlikely }
    switch type {
    case 0x6558: return guessEthernet(bytes)
    case 0x0800, 0x86dd: return guessIP(bytes)
    default: return .stop(nil)
    }
  }

  /// GTP-U version 1 (3GPP TS 29.281 section 5): user data with its optional fields and extensions.
  mutating func gtp(_ bytes: Span<UInt8>) -> LayerStep {
    let flags = uint8(bytes, 0)
    let count = Int(uint16(bytes, 2))
    guard has(8) else { return unlikely }
    guard flags & 0xf0 == 0x30, uint8(bytes, 1) == 0xff, count &+ 8 <= length else {
      return .stop(nil)
    }
    at &+= 8
    limit(to: count)
    guard flags & 7 != 0 else { return guessIP(bytes) }
    guard skipGuessed(4) else { return unlikely }
    // The type of the next extension is the last byte of what comes before it.
    var extensions = 0
    while flags & 4 != 0, uint8(bytes, -1) != 0 {
      let words = Int(uint8(bytes, 0))
      extensions &+= 1
      guard has(1) else { return unlikely }
      guard words > 0, extensions <= 16 else { return .stop(nil) }
      guard skipGuessed(words &* 4) else { return unlikely }
    }
    return guessIP(bytes)
  }

  /// Teredo (RFC 4380 section 5.1.1): an authentication and an origin may stand before the packet.
  mutating func teredo(_ bytes: Span<UInt8>) -> LayerStep {
    guard has(4) else { return unlikely }
    if uint16(bytes, 0) == 1 {
      let variable = Int(uint8(bytes, 2)) &+ Int(uint8(bytes, 3))
      guard skipGuessed(4 &+ variable &+ 9) else { return unlikely }
    }
    guard has(2) else { return unlikely }
    if uint16(bytes, 0) == 0 {
      guard skipGuessed(8) else { return unlikely }
    }
    guard has(1) else { return unlikely }
    return uint8(bytes, 0) >> 4 == 6 ? guessIP(bytes) : .stop(nil)
  }

  /// AYIYA, the tunnel of SixXS (draft-massar-v6ops-ayiya section 3): an identity and a signature
  /// of lengths that its first bytes give.
  mutating func ayiya(_ bytes: Span<UInt8>) -> LayerStep {
    guard has(8) else { return unlikely }
    let identity = 1 << Int(uint8(bytes, 0) >> 4)
    let signature = Int(uint8(bytes, 1) >> 4) &* 4
    let isForward = uint8(bytes, 2) & 15 == 1
    let next = uint8(bytes, 3)
    guard isForward, next == 41 || next == 4 else { return .stop(nil) }
    guard skipGuessed(8 &+ identity &+ signature) else { return unlikely }
    return guessIP(bytes)
  }

  /// Moves past `count` bytes, if as many were captured.
  private mutating func skipGuessed(_ count: Int) -> Bool {
    guard has(count) else { return false }
    at &+= count
    return true
  }
}
