/// The kinds of capture file, told apart by their first bytes.
enum CaptureMagic: Equatable {
  /// pcap (draft-ietf-opsawg-pcap), its numbers in this byte order.
  case pcap(PcapVariant, ByteOrder)
  /// pcapng (draft-ietf-opsawg-pcapng); each section states its own byte order.
  case pcapng

  /// Reads the magic number; `nil` when there is none, or fewer than 4 bytes.
  ///
  /// pcapng is checked by the byte-order magic behind the block length too, where 12 bytes are
  /// there: its first 4 bytes are line ends, which a text could begin with.
  static func read(_ first: Span<UInt8>) -> CaptureMagic? {
    guard first.count >= 4 else { return nil }
    for order in [ByteOrder.little, .big] {
      switch order.u32(first, 0) {
      case 0xa1b2_c3d4: return .pcap(.microseconds, order)
      case 0xa1b2_3c4d: return .pcap(.nanoseconds, order)
      case 0xa1b2_cd34: return .pcap(.modified, order)
      default: break
      }
    }
    guard isSection(first) else { return nil }
    guard first.count >= 12 else { return .pcapng }
    return ByteOrder.ofSection(first, 8) == nil ? nil : .pcapng
  }

  /// Looks at no more of a stream than is needed; its bytes are still to be read.
  static func read(_ stream: inout ByteStream) -> CaptureMagic? {
    var first = stream.peek(4)
    if isSection(first.span) { first = stream.peek(12) }
    return read(first.span)
  }

  private static func isSection(_ first: Span<UInt8>) -> Bool {
    first.count >= 4 && ByteOrder.big.u32(first, 0) == PcapngBlock.section
  }
}

/// The flavours of pcap file.
enum PcapVariant: Equatable {
  /// Times in microseconds; by far the most common.
  case microseconds
  /// Times in nanoseconds.
  case nanoseconds
  /// A. Kuznetzov's patch to libpcap 0.4: microseconds, and eight more bytes in each record header.
  case modified

  /// Bytes of the header before each packet.
  var headerLength: Int { self == .modified ? 24 : 16 }

  /// Nanoseconds in one unit of the fraction of a second.
  var unit: Int64 { self == .nanoseconds ? 1 : 1_000 }
}
