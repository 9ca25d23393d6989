import CrenelModel

/// One interface of a pcapng section, as its description block (IDB) has it.
struct PcapngInterface: Equatable {
  /// What the first bytes of its packets are.
  var link: LinkType
  /// Most bytes stored of a packet; 0 for no limit.
  ///
  /// Needed for simple packet blocks only.
  var snapLength: UInt32
  /// What the times of its packets mean.
  var clock: CaptureClock

  /// Reads the block at `at`, whose options end at `end`; 16 bytes are there.
  ///
  /// Options that make no sense end the list, and those before them count. `if_fcslen` is not
  /// read: where a frame ends with a checksum it is among its bytes.
  init(_ bytes: Span<UInt8>, _ at: Int, optionsEnd end: Int, _ order: ByteOrder) {
    link = LinkType(rawValue: order.u16(bytes, at &+ 8))
    snapLength = order.u32(bytes, at &+ 12)
    var resolution: UInt8 = 6
    var offset: Int64 = 0
    var option = at &+ 16
    while end &- option >= 4 {
      let code = order.u16(bytes, option)
      let length = Int(order.u16(bytes, option &+ 2))
      let value = option &+ 4
      guard code != 0, length <= end &- value else { break }
      if code == Self.resolutionCode, length == 1 { resolution = bytes[value] }
      if code == Self.offsetCode, length == 8 {
        offset = Int64(bitPattern: order.u64(bytes, value))
      }
      option = value &+ (length &+ 3) & ~3
    }
    clock = CaptureClock(resolution: resolution, offset: offset)
  }

  /// `if_tsresol` and `if_tsoffset`.
  private static let resolutionCode: UInt16 = 9
  private static let offsetCode: UInt16 = 14
}
