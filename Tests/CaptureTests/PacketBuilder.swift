/// Builds small packets by hand; checksums are left zero.
enum PacketBuilder {
  /// Ethernet, IPv4 from 192.0.2.1 to 198.51.100.2, then TCP (6) or UDP (17) ports.
  static func ethernet(protocol number: UInt8, from: UInt16, to: UInt16) -> [UInt8] {
    [UInt8](repeating: 2, count: 12) + [0x08, 0x00] + ipv4(protocol: number, from: from, to: to)
  }

  /// The same without a header before it.
  static func ipv4(protocol number: UInt8, from: UInt16, to: UInt16) -> [UInt8] {
    [0x45, 0, 0, 40, 0, 0, 0, 0, 64, number, 0, 0, 192, 0, 2, 1, 198, 51, 100, 2]
      + [UInt8(from >> 8), UInt8(from & 0xff), UInt8(to >> 8), UInt8(to & 0xff)]
      + [UInt8](repeating: 0, count: 16)
  }
}
