import CrenelModel

/// The segment of a packet that is Ethernet, IPv4 without options, and TCP, all of it captured and
/// none of it fragmented; `nil` for any other, which ``LayerCursor`` reads.
///
/// Nearly all packets are such, so their fields are read at fixed places after one look at the
/// length. `range` lies in `bytes`. Agrees with the cursor on every packet it takes.
func plainSegment(_ range: Range<Int>, _ bytes: Span<UInt8>) -> Segment? {
  let at = range.lowerBound
  guard range.count >= 54, at >= 0, range.upperBound <= bytes.count else { return nil }
  // Every load below ends before `at + 54`, which the guard above has shown to be inside.
  func load<Number: FixedWidthInteger & BitwiseCopyable>(_ place: Int, _: Number.Type) -> Number {
    unsafe bytes.bytes.unsafeLoadUnaligned(
      fromUncheckedByteOffset: at &+ place, as: Number.self
    ).bigEndian
  }
  // Type 0800, version 4 with a header of 5 words, any type of service.
  guard load(12, UInt32.self) & 0xffff_ff00 == 0x0800_4500 else { return nil }
  // Length 16 bits, id 16, reserved and "don't fragment" 2, "more" and offset 14, hops 8, protocol
  // 8.
  let middle = load(16, UInt64.self)
  guard middle & 0x3fff_00ff == 6 else { return nil }
  let total = Int(middle >> 48)
  let shape = load(46, UInt16.self)
  let header = Int(shape >> 12) &* 4
  guard header >= 20, total >= 20 &+ header, total <= range.count &- 14 else { return nil }
  let addresses = load(26, UInt64.self)
  let ports = load(34, UInt32.self)
  let numbers = load(38, UInt64.self)
  let start = at &+ 34 &+ header
  return Segment(
    source: Endpoint(
      address: ClientAddress(ipv4: UInt32(addresses >> 32)), port: UInt16(ports >> 16)),
    destination: Endpoint(
      address: ClientAddress(ipv4: UInt32(truncatingIfNeeded: addresses)),
      port: UInt16(truncatingIfNeeded: ports)),
    sequence: UInt32(numbers >> 32),
    acknowledgement: UInt32(truncatingIfNeeded: numbers),
    flags: TCPFlags(rawValue: UInt8(truncatingIfNeeded: shape)),
    payload: ByteRange(start..<(at &+ 14 &+ total)),
    missing: 0,
    isAssembled: false)
}
