/// The order in which the machine that wrote a file stored the bytes of a number.
enum ByteOrder: Equatable {
  case little, big

  /// The order of a pcapng section, by the byte-order magic at `offset`; `nil` when it is neither.
  static func ofSection(_ bytes: Span<UInt8>, _ offset: Int) -> ByteOrder? {
    switch ByteOrder.big.u32(bytes, offset) {
    case 0x1a2b_3c4d: .big
    case 0x4d3c_2b1a: .little
    default: nil
    }
  }

  /// Two bytes at `offset`, which the caller knows to be there.
  func u16(_ bytes: Span<UInt8>, _ offset: Int) -> UInt16 {
    let value = UInt16(bytes[offset]) | UInt16(bytes[offset &+ 1]) << 8
    return self == .little ? value : value.byteSwapped
  }

  /// Four bytes at `offset`, which the caller knows to be there.
  func u32(_ bytes: Span<UInt8>, _ offset: Int) -> UInt32 {
    let value =
      UInt32(bytes[offset]) | UInt32(bytes[offset &+ 1]) << 8
      | UInt32(bytes[offset &+ 2]) << 16 | UInt32(bytes[offset &+ 3]) << 24
    return self == .little ? value : value.byteSwapped
  }

  /// Eight bytes at `offset`, which the caller knows to be there.
  func u64(_ bytes: Span<UInt8>, _ offset: Int) -> UInt64 {
    let first = UInt64(u32(bytes, offset))
    let second = UInt64(u32(bytes, offset &+ 4))
    return self == .little ? second << 32 | first : first << 32 | second
  }
}
