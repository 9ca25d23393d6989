/// What the first bytes of a captured packet are: a LINKTYPE_ number of tcpdump.org/linktypes.html.
public struct LinkType: RawRepresentable, Hashable, Sendable, BitwiseCopyable {
  /// The number as capture files write it.
  public var rawValue: UInt16

  /// Creates a link type from its number.
  @inlinable
  public init(rawValue: UInt16) { self.rawValue = rawValue }

  /// BSD loopback: a protocol family in the capturing machine's byte order.
  public static let null = LinkType(rawValue: 0)
  /// Ethernet II and IEEE 802.3.
  public static let ethernet = LinkType(rawValue: 1)
  /// An IP packet without a header before it, as `DLT_RAW` is numbered in some files.
  public static let dltRaw = LinkType(rawValue: 12)
  /// An IP packet without a header before it.
  public static let raw = LinkType(rawValue: 101)
  /// OpenBSD loopback: a protocol family in network byte order.
  public static let loop = LinkType(rawValue: 108)
  /// Linux cooked capture, version 1.
  public static let linuxSLL = LinkType(rawValue: 113)
  /// An IPv4 packet.
  public static let ipv4 = LinkType(rawValue: 228)
  /// An IPv6 packet.
  public static let ipv6 = LinkType(rawValue: 229)
  /// Linux netfilter log messages.
  public static let nflog = LinkType(rawValue: 239)
  /// Linux cooked capture, version 2.
  public static let linuxSLL2 = LinkType(rawValue: 276)
}

/// One packet as it was captured; its bytes lie in the ``PacketBatch`` that holds it.
public struct Packet: Sendable, BitwiseCopyable {
  /// When it was captured.
  public var at: Timestamp
  /// The captured bytes in the batch.
  public var bytes: ByteRange
  /// Bytes the packet had on the wire; more than were captured when a snap length cut it.
  public var originalLength: UInt32
  /// What the first bytes are.
  public var link: LinkType
  /// Number of the packet in its file, from 1, as Wireshark counts frames; where several files are
  /// read, with that of the file (``SourcedFrame``).
  public var frame: UInt64
  /// Place of the first captured byte in the decompressed file.
  public var offset: UInt64

  /// Creates a packet.
  @inlinable
  public init(
    at: Timestamp, bytes: ByteRange, originalLength: UInt32, link: LinkType, frame: UInt64,
    offset: UInt64
  ) {
    self.at = at
    self.bytes = bytes
    self.originalLength = originalLength
    self.link = link
    self.frame = frame
    self.offset = offset
  }
}

/// Packets with the bytes they lie in; filled, consumed and reused.
public struct PacketBatch: Sendable {
  /// The captured bytes, among the headers of the file format.
  public var bytes: [UInt8]
  /// The packets, in the order of the file.
  public var packets: [Packet]

  /// Creates an empty batch.
  public init() {
    bytes = []
    packets = []
  }

  /// Forgets the contents and keeps the memory, unless it is more than 2 MiB.
  public mutating func removeAll() {
    bytes.removeAll(keepingCapacity: bytes.capacity <= 2 << 20)
    packets.removeAll(keepingCapacity: true)
  }
}
