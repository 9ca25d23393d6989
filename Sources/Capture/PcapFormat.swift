import CrenelModel

/// Reads the classic capture file: one header, then records (draft-ietf-opsawg-pcap).
struct PcapFormat {
  private let variant: PcapVariant
  private let order: ByteOrder
  private var link: LinkType?
  private var minor: UInt16 = 4

  init(_ variant: PcapVariant, _ order: ByteOrder) {
    self.variant = variant
    self.order = order
  }

  /// Gives the records that lie whole in `bytes`; where they end.
  ///
  /// `bytes[0]` is at `base` in the file. At the end of the file what is there of the last record
  /// is taken too.
  mutating func parse(
    _ bytes: Span<UInt8>, base: UInt64, isEnd: Bool,
    into packets: inout [Packet], _ tally: inout PacketTally
  ) -> Int {
    var at = 0
    if link == nil {
      guard bytes.count &- at >= 24 else {
        guard isEnd else { return at }
        tally.end(inside: "the file header", at: base, has: bytes.count &- at, of: 24)
        return bytes.count
      }
      readHeader(bytes, at, base, &tally)
      at &+= 24
    }
    guard let link, !tally.isBroken else { return at }
    let header = variant.headerLength
    while bytes.count &- at >= header {
      let (captured, original) = lengths(bytes, at)
      guard captured <= PacketReader.packetLimit else {
        let limit = PacketReader.packetLimit
        tally.stop(
          "corrupt-capture", at: base &+ UInt64(at),
          "a packet of \(captured) bytes, more than the \(limit) one can have")
        return at
      }
      let first = at &+ header
      var end = first &+ Int(captured)
      if end > bytes.count {
        guard isEnd else { return at }
        tally.end(
          inside: "a packet", at: base &+ UInt64(at), has: bytes.count &- first, of: Int(captured))
        end = bytes.count
      }
      tally.add(
        first..<end, base: base, at: time(bytes, at), stored: captured, original: original,
        link: link, to: &packets)
      at = end
    }
    if isEnd, at < bytes.count {
      tally.end(
        inside: "a packet's header", at: base &+ UInt64(at), has: bytes.count &- at, of: header)
    }
    return isEnd ? bytes.count : at
  }

  /// Reads the file header at `at`; 24 bytes are there.
  private mutating func readHeader(
    _ bytes: Span<UInt8>, _ at: Int, _ base: UInt64, _ tally: inout PacketTally
  ) {
    let major = order.u16(bytes, at &+ 4)
    minor = order.u16(bytes, at &+ 6)
    guard major == 2 else {
      tally.stop("unknown-capture-version", at: base, "pcap version \(major).\(minor), not 2.x")
      return
    }
    // The bits above tell whether frames end with a checksum (FCS), which then is in their bytes.
    link = LinkType(rawValue: UInt16(truncatingIfNeeded: order.u32(bytes, at &+ 20)))
  }

  /// Bytes stored and bytes on the wire.
  ///
  /// Writers before version 2.3 had them the other way round, some of 2.3 too (libpcap, sf-pcap.c).
  private func lengths(_ bytes: Span<UInt8>, _ at: Int) -> (captured: UInt32, original: UInt32) {
    let first = order.u32(bytes, at &+ 8)
    let second = order.u32(bytes, at &+ 12)
    guard minor < 3 || (minor == 3 && first > second) else { return (first, second) }
    return (second, first)
  }

  /// The time of a record; seconds are unsigned (until 2106), so nothing overflows.
  private func time(_ bytes: Span<UInt8>, _ at: Int) -> Timestamp {
    let seconds = Int64(order.u32(bytes, at))
    let fraction = Int64(order.u32(bytes, at &+ 4))
    return Timestamp(nanoseconds: seconds &* 1_000_000_000 &+ fraction &* variant.unit)
  }
}
