import CrenelModel

/// Reads pcapng: sections, interfaces and packets among blocks that are passed over
/// (draft-ietf-opsawg-pcapng).
struct PcapngFormat {
  /// Most interfaces of one section; far beyond any real file.
  static let interfaceLimit = 65_536

  private var order = ByteOrder.little
  private var interfaces: [PcapngInterface] = []
  /// The time of the last packet, which a simple packet block takes for its own.
  private var lastTime = Timestamp(nanoseconds: 0)
  private var hasAbsurdClock = false
  /// A block being passed over, and its bytes still to come.
  private var passing: (block: Block, left: Int)?

  /// A block by its place.
  private struct Block {
    var type: UInt32
    /// Its first byte in the batch, and in the file.
    var at: Int
    var offset: UInt64
    /// Its length as it says, and where its body ends in the batch.
    var length: Int
    var end: Int
  }

  /// Gives the packets of the blocks that lie whole in `bytes`; where those end.
  ///
  /// `bytes[0]` is at `base` in the file. At the end of the file what is there of a last packet
  /// block is taken too.
  mutating func parse(
    _ bytes: Span<UInt8>, base: UInt64, isEnd: Bool, into packets: inout [Packet],
    _ tally: inout PacketTally
  ) -> Int {
    var at = pass(bytes, 0, &tally)
    while passing == nil, let block = header(bytes, at, base, &tally) {
      guard PcapngBlock.isRead(block.type) else {
        passing = (block, block.length)
        at = pass(bytes, at, &tally)
        continue
      }
      let next = at &+ block.length
      guard next <= bytes.count else {
        guard isEnd else { return at }
        tally.end(
          inside: PcapngBlock.name(block.type), at: block.offset, has: bytes.count &- at,
          of: block.length)
        readCut(block, bytes, base, into: &packets, &tally)
        return bytes.count
      }
      guard isClosed(block, by: order.u32(bytes, next &- 4), &tally) else { return at }
      read(block, bytes, base, into: &packets, &tally)
      at = next
    }
    guard isEnd, !tally.isBroken else { return at }
    if let (block, left) = passing {
      tally.end(
        inside: PcapngBlock.name(block.type), at: block.offset,
        has: block.length &- left &+ bytes.count &- at, of: block.length)
    } else if at < bytes.count {
      tally.end(
        inside: "a block's header", at: base &+ UInt64(at), has: bytes.count &- at, of: 12)
    }
    return bytes.count
  }

  // MARK: - Blocks

  /// The block that begins at `at`; `nil` when there is none, or none that can be one.
  private mutating func header(
    _ bytes: Span<UInt8>, _ at: Int, _ base: UInt64, _ tally: inout PacketTally
  ) -> Block? {
    guard !tally.isBroken, bytes.count &- at >= 12 else { return nil }
    let offset = base &+ UInt64(at)
    let type = order.u32(bytes, at)
    if type == PcapngBlock.section {
      guard let found = ByteOrder.ofSection(bytes, at &+ 8) else {
        tally.stop("corrupt-capture", at: offset, "a pcapng section without a byte order")
        return nil
      }
      order = found
    }
    let length = order.u32(bytes, at &+ 4)
    guard length >= 12, length % 4 == 0,
      length <= PacketReader.blockLimit || !PcapngBlock.isRead(type)
    else {
      tally.stop(
        "corrupt-capture", at: offset,
        "a pcapng block of \(length) bytes, where blocks have 12 or more, in steps of 4, and those"
          + " that are read no more than \(PacketReader.blockLimit)")
      return nil
    }
    let end = min(bytes.count, at &+ Int(length) &- 4)
    return Block(type: type, at: at, offset: offset, length: Int(length), end: end)
  }

  /// Whether the length behind a block is the one before it; nothing can be trusted otherwise.
  private func isClosed(_ block: Block, by trailer: UInt32, _ tally: inout PacketTally) -> Bool {
    if trailer == UInt32(truncatingIfNeeded: block.length) { return true }
    tally.stop(
      "corrupt-capture", at: block.offset,
      "a pcapng block of \(block.length) bytes that ends as one of \(trailer)")
    return false
  }

  /// Passes over what is there of an uninteresting block; where it ends, or the bytes do.
  private mutating func pass(
    _ bytes: Span<UInt8>, _ start: Int, _ tally: inout PacketTally
  ) -> Int {
    guard let (block, left) = passing else { return start }
    let part = min(left &- 4, bytes.count &- start)
    let at = start &+ part
    passing = (block, left &- part)
    guard left &- part == 4, bytes.count &- at >= 4 else { return at }
    passing = nil
    guard isClosed(block, by: order.u32(bytes, at), &tally) else { return at }
    tally.counters.skippedBytes &+= UInt64(block.length)
    if PcapngBlock.isFrame(block.type) { tally.addFrameWithoutPacket() }
    return at &+ 4
  }

  private mutating func read(
    _ block: Block, _ bytes: Span<UInt8>, _ base: UInt64, into packets: inout [Packet],
    _ tally: inout PacketTally
  ) {
    switch block.type {
    case PcapngBlock.section: readSection(block, bytes, &tally)
    case PcapngBlock.interface: readInterface(block, bytes, &tally)
    case PcapngBlock.simplePacket: readSimple(block, bytes, base, into: &packets, &tally)
    default: readPacket(block, bytes, base, into: &packets, &tally)
    }
  }

  /// Reads the last block of a file that ends inside it: packets only.
  private mutating func readCut(
    _ block: Block, _ bytes: Span<UInt8>, _ base: UInt64, into packets: inout [Packet],
    _ tally: inout PacketTally
  ) {
    let header = block.type == PcapngBlock.simplePacket ? 12 : 28
    switch block.type {
    case PcapngBlock.packet, PcapngBlock.oldPacket, PcapngBlock.simplePacket:
      guard block.end &- block.at >= header else { return }
      read(block, bytes, base, into: &packets, &tally)
    default: return
    }
  }

  private mutating func readSection(
    _ block: Block, _ bytes: Span<UInt8>, _ tally: inout PacketTally
  ) {
    interfaces.removeAll(keepingCapacity: true)
    let major = block.length >= 28 ? order.u16(bytes, block.at &+ 12) : 0
    guard major != 1 else { return }
    tally.stop("unknown-capture-version", at: block.offset, "pcapng version \(major), not 1")
  }

  private mutating func readInterface(
    _ block: Block, _ bytes: Span<UInt8>, _ tally: inout PacketTally
  ) {
    guard block.length >= 20, interfaces.count < Self.interfaceLimit else {
      // The numbers of the interfaces after it would be wrong.
      tally.stop("corrupt-capture", at: block.offset, "an interface that cannot be one")
      return
    }
    let interface = PcapngInterface(bytes, block.at, optionsEnd: block.end, order)
    interfaces.append(interface)
    guard interface.clock.isAbsurd, !hasAbsurdClock else { return }
    hasAbsurdClock = true
    tally.warn(
      "absurd-clock", at: block.offset,
      "interface \(interfaces.count - 1) counts time so finely that 64 bits last less than a second",
      hint:
        "the times of its packets mean nothing; if the true resolution is known, mend if_tsresol")
  }

  // MARK: - Packets

  /// Reads an enhanced packet block, or its forerunner: they differ in the interface's width only.
  private mutating func readPacket(
    _ block: Block, _ bytes: Span<UInt8>, _ base: UInt64, into packets: inout [Packet],
    _ tally: inout PacketTally
  ) {
    let at = block.at
    guard block.length >= 32 else {
      tally.passOver(block.length, at: block.offset, because: "a packet block without its header")
      return
    }
    let isOld = block.type == PcapngBlock.oldPacket
    let number = isOld ? UInt32(order.u16(bytes, at &+ 8)) : order.u32(bytes, at &+ 8)
    let captured = order.u32(bytes, at &+ 20)
    let room = min(Int(PacketReader.packetLimit), block.length &- 32)
    guard number < interfaces.count, Int(captured) <= room else {
      tally.passOver(
        block.length, at: block.offset,
        because: number < interfaces.count
          ? "a packet of \(captured) bytes where \(room) can be"
          : "a packet of interface \(number) where \(interfaces.count) are described")
      return
    }
    let interface = interfaces[Int(number)]
    let high = UInt64(order.u32(bytes, at &+ 12))
    let low = UInt64(order.u32(bytes, at &+ 16))
    lastTime = interface.clock.timestamp(high << 32 | low)
    let first = at &+ 28
    tally.add(
      first..<min(first &+ Int(captured), block.end), base: base, at: lastTime,
      stored: captured, original: order.u32(bytes, at &+ 24), link: interface.link, to: &packets)
  }

  /// Reads a simple packet block, which is of the first interface.
  ///
  /// It has no time: that of the packet before it is taken, 1970 for the first.
  private mutating func readSimple(
    _ block: Block, _ bytes: Span<UInt8>, _ base: UInt64, into packets: inout [Packet],
    _ tally: inout PacketTally
  ) {
    guard block.length >= 16, let interface = interfaces.first else {
      tally.passOver(block.length, at: block.offset, because: "a packet without an interface")
      return
    }
    let original = order.u32(bytes, block.at &+ 8)
    var captured = min(Int(original), block.length &- 16)
    if interface.snapLength > 0 { captured = min(captured, Int(interface.snapLength)) }
    guard captured <= PacketReader.packetLimit else {
      tally.passOver(block.length, at: block.offset, because: "a packet of \(captured) bytes")
      return
    }
    let first = block.at &+ 12
    tally.add(
      first..<min(first &+ captured, block.end), base: base, at: lastTime,
      stored: UInt32(captured), original: original, link: interface.link, to: &packets)
  }
}
