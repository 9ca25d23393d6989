import CrenelModel

extension LayerCursor {
  /// An IP packet whose version only its first bits tell.
  mutating func ip(_ bytes: Span<UInt8>) -> LayerStep {
    guard has(1) else { return short(1) }
    switch uint8(bytes, 0) >> 4 {
    case 4: return .layer(.ipv4)
    case 6: return .layer(.ipv6)
    default: return .stop(nil)
    }
  }

  /// IPv4 (RFC 791 section 3.1).
  mutating func ipv4(_ bytes: Span<UInt8>) -> LayerStep {
    guard has(20) else { return short(20) }
    let first = uint8(bytes, 0)
    let header = Int(first & 15) &* 4
    guard first >> 4 == 4, header >= 20 else { return .stop(.badHeader) }
    let total = Int(uint16(bytes, 2))
    // A network card that segments for its host is handed packets of length 0.
    if total != 0 {
      guard total >= header else { return .stop(.badHeader) }
      limit(to: total)
    }
    guard has(header) else { return short(header) }
    source = ClientAddress(ipv4: uint32(bytes, 12))
    destination = ClientAddress(ipv4: uint32(bytes, 16))
    isIPv6 = false
    let place = uint16(bytes, 6)
    let number = uint8(bytes, 9)
    let id = UInt32(uint16(bytes, 4))
    at &+= header
    guard place & 0x3fff == 0 else {
      return fragment(
        id: id, number, offset: Int(place & 0x1fff) &* 8, isLast: place & 0x2000 == 0)
    }
    return LayerStep(protocolNumber: number, isIPv6: false)
  }

  /// IPv6 (RFC 8200 section 3).
  mutating func ipv6(_ bytes: Span<UInt8>) -> LayerStep {
    guard has(40) else { return short(40) }
    guard uint8(bytes, 0) >> 4 == 6 else { return .stop(.badHeader) }
    source = ClientAddress(ipv6High: uint64(bytes, 8), low: uint64(bytes, 16))
    destination = ClientAddress(ipv6High: uint64(bytes, 24), low: uint64(bytes, 32))
    isIPv6 = true
    let count = Int(uint16(bytes, 4))
    let next = uint8(bytes, 6)
    at &+= 40
    // Length 0: a jumbogram (RFC 2675), or a network card that segments.
    if count != 0 { limit(to: count) }
    return LayerStep(protocolNumber: next, isIPv6: true)
  }

  /// An extension header of the common form (RFC 6564).
  mutating func extensionHeader(_ bytes: Span<UInt8>) -> LayerStep {
    guard has(8) else { return short(8) }
    return skip(Int(uint8(bytes, 1)) &* 8 &+ 8, next: uint8(bytes, 0))
  }

  /// The authentication header (RFC 4302 section 2), which counts in words.
  mutating func authentication(_ bytes: Span<UInt8>) -> LayerStep {
    guard has(8) else { return short(8) }
    return skip(Int(uint8(bytes, 1)) &* 4 &+ 8, next: uint8(bytes, 0))
  }

  private mutating func skip(_ header: Int, next: UInt8) -> LayerStep {
    guard has(header) else { return short(header) }
    at &+= header
    return LayerStep(protocolNumber: next, isIPv6: isIPv6)
  }

  /// The fragment header (RFC 8200 section 4.5); one that fragments nothing is skipped (RFC 6946).
  mutating func fragmentHeader(_ bytes: Span<UInt8>) -> LayerStep {
    guard has(8) else { return short(8) }
    let next = uint8(bytes, 0)
    let place = uint16(bytes, 2)
    let id = uint32(bytes, 4)
    at &+= 8
    guard place & 0xfff9 != 0 else { return LayerStep(protocolNumber: next, isIPv6: true) }
    return fragment(id: id, next, offset: Int(place & 0xfff8), isLast: place & 1 == 0)
  }

  /// The rest of the layer as a fragment; of no use when some of it was not captured.
  private func fragment(id: UInt32, _ number: UInt8, offset: Int, isLast: Bool) -> LayerStep {
    guard cut == 0 else { return .stop(.cutByCapture) }
    return .fragment(
      Fragment(
        // The next header of IPv6 is no part of the key: only the first fragment's counts.
        key: FragmentKey(
          source: source, destination: destination, id: id,
          protocolNumber: isIPv6 ? 0 : number, isIPv6: isIPv6),
        offset: offset, bytes: ByteRange(at..<end), isLast: isLast, next: number))
  }
}
