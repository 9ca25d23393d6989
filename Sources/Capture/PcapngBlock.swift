/// The types of pcapng blocks that are read; all others are passed over.
enum PcapngBlock {
  /// Section header (SHB); the same in either byte order.
  static let section: UInt32 = 0x0a0d_0d0a
  /// Interface description (IDB).
  static let interface: UInt32 = 1
  /// The packet block (PB) of the first drafts.
  static let oldPacket: UInt32 = 2
  /// Simple packet (SPB), without time or interface.
  static let simplePacket: UInt32 = 3
  /// Enhanced packet (EPB).
  static let packet: UInt32 = 6
  /// Entry of the systemd journal.
  static let journal: UInt32 = 9
  /// Custom blocks, to be copied by others or not.
  static let custom: UInt32 = 0x0bad
  static let privateCustom: UInt32 = 0x4000_0bad

  /// Whether Wireshark gives a frame number to a block of this type, though it holds no packet.
  ///
  /// Checked with tshark 4.0; frame numbers must name the same packets there.
  static func isFrame(_ type: UInt32) -> Bool {
    type == journal || type == custom || type == privateCustom
  }

  /// What a block of this type is called in messages.
  static func name(_ type: UInt32) -> String {
    switch type {
    case section: "a section header block"
    case interface: "an interface description block"
    case packet, oldPacket, simplePacket: "a packet block"
    default: "a block of type \(type)"
    }
  }

  /// Whether a block of this type must be seen whole.
  static func isRead(_ type: UInt32) -> Bool {
    switch type {
    case section, interface, oldPacket, simplePacket, packet: true
    default: false
    }
  }
}
