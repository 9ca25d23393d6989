import CrenelModel

// Ethernet and what is layered on it, and the cooked headers of Linux.

extension LayerCursor {
  /// Ethernet II and IEEE 802.3: destination, source, type or length.
  mutating func ethernet(_ bytes: Span<UInt8>) -> LayerStep {
    guard has(14) else { return short(14) }
    let type = uint16(bytes, 12)
    at &+= 14
    return LayerStep(etherType: type)
  }

  /// IEEE 802.2 LLC, with SNAP (RFC 1042) or IP on its own service access point.
  mutating func llc(_ bytes: Span<UInt8>) -> LayerStep {
    guard has(3) else { return short(3) }
    let points = uint16(bytes, 0)
    guard points == 0xaaaa else {
      at &+= 3
      return points == 0x0606 ? .layer(.ipv4) : .stop(nil)
    }
    guard has(8) else { return short(8) }
    let vendor = uint32(bytes, 2) & 0xff_ffff
    let type = uint16(bytes, 6)
    at &+= 8
    // Plain encapsulation, and IEEE 802.1H's for bridges.
    guard vendor == 0 || vendor == 0xf8, type >= 0x0600 else { return .stop(nil) }
    return LayerStep(etherType: type)
  }

  /// One tag of IEEE 802.1Q or 802.1ad; the EtherType before it is already read.
  mutating func vlan(_ bytes: Span<UInt8>) -> LayerStep {
    guard has(4) else { return short(4) }
    let type = uint16(bytes, 2)
    at &+= 4
    return LayerStep(etherType: type)
  }

  /// One label of a stack (RFC 3032); below the last one the contents must be guessed.
  mutating func mpls(_ bytes: Span<UInt8>) -> LayerStep {
    guard has(4) else { return short(4) }
    let isLast = uint8(bytes, 2) & 1 == 1
    at &+= 4
    guard isLast else { return .layer(.mpls) }
    // IP shows by its version, an Ethernet pseudowire by its control word (RFC 4448), which starts
    // with four zero bits; without one, by an EtherType in place.
    let packet = guessIP(bytes)
    guard case .stop(nil) = packet else { return packet }
    if has(4), uint8(bytes, 0) >> 4 == 0 {
      var inner = self
      inner.at &+= 4
      let frame = inner.guessEthernet(bytes)
      if case .layer = frame { self = inner }
      guard case .stop(nil) = frame else { return frame }
    }
    let frame = guessEthernet(bytes)
    guard case .stop(nil) = frame else { return frame }
    return ip(bytes)
  }

  /// A PPPoE session (RFC 2516 section 4).
  mutating func pppoe(_ bytes: Span<UInt8>) -> LayerStep {
    guard has(6) else { return short(6) }
    guard uint8(bytes, 0) == 0x11 else { return .stop(.badHeader) }
    guard uint8(bytes, 1) == 0 else { return .stop(nil) }
    let count = Int(uint16(bytes, 4))
    at &+= 6
    limit(to: count)
    return .layer(.ppp)
  }

  /// PPP, with or without the address and control bytes of HDLC (RFC 1662), and with a protocol
  /// number of one or two bytes (RFC 1661 section 6.5).
  mutating func ppp(_ bytes: Span<UInt8>) -> LayerStep {
    guard has(2) else { return short(2) }
    let first = uint16(bytes, 0)
    if first == 0x0f00 || first == 0x8f00 { return .layer(.hdlc) }
    if first == 0xff03 { at &+= 2 }
    guard has(2) else { return short(2) }
    let short = uint8(bytes, 0)
    guard short & 1 == 0 else {
      at &+= 1
      return LayerStep(pppProtocol: UInt16(short))
    }
    let number = uint16(bytes, 0)
    at &+= 2
    return LayerStep(pppProtocol: number)
  }

  /// Cisco's HDLC: address, control, EtherType.
  mutating func hdlc(_ bytes: Span<UInt8>) -> LayerStep {
    guard has(4) else { return short(4) }
    let type = uint16(bytes, 2)
    at &+= 4
    return type < 0x0600 ? .stop(nil) : LayerStep(etherType: type)
  }

  /// Linux cooked capture, version 1.
  mutating func sll(_ bytes: Span<UInt8>) -> LayerStep {
    guard has(16) else { return short(16) }
    let device = uint16(bytes, 2)
    let type = uint16(bytes, 14)
    at &+= 16
    return cooked(device, type)
  }

  /// Linux cooked capture, version 2.
  mutating func sll2(_ bytes: Span<UInt8>) -> LayerStep {
    guard has(20) else { return short(20) }
    let device = uint16(bytes, 8)
    let type = uint16(bytes, 0)
    at &+= 20
    return cooked(device, type)
  }

  /// What a Linux device of a kind (ARPHRD_) carries under a protocol number.
  private func cooked(_ device: UInt16, _ type: UInt16) -> LayerStep {
    // Netlink (824), and radio (801 to 803), give the number another meaning.
    if device == 824 || (801...803).contains(device) { return .stop(nil) }
    if type == 4 { return .layer(.llc) }
    return type < 0x0600 ? .stop(nil) : LayerStep(etherType: type)
  }
}
