// Packets, built from the inside out: each function puts its header before what it carries.

enum Wire {
  static let client: [UInt8] = [192, 0, 2, 7]
  static let server: [UInt8] = [198, 51, 100, 80]
  static let client6: [UInt8] = [0x20, 1, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 7]
  static let server6: [UInt8] = [0x20, 1, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 80]
  /// Ends of tunnels, other than the ends of the connection.
  static let near: [UInt8] = [203, 0, 113, 1]
  static let far: [UInt8] = [203, 0, 113, 2]

  static func be16(_ number: Int) -> [UInt8] { [UInt8(number >> 8 & 255), UInt8(number & 255)] }
  static func be32(_ number: Int) -> [UInt8] { be16(number >> 16) + be16(number & 0xffff) }
  static func le16(_ number: Int) -> [UInt8] { be16(number).reversed() }

  // MARK: - Transport

  static func tcp(
    _ payload: [UInt8], from: Int = 40_000, to: Int = 80, sequence: Int = 1_000,
    acknowledged: Int = 77, flags: UInt8 = 0x18, options: [UInt8] = []
  ) -> [UInt8] {
    let words = UInt8(5 + options.count / 4)
    return be16(from) + be16(to) + be32(sequence) + be32(acknowledged) + [words << 4, flags]
      + be16(512) + [0, 0, 0, 0] + options + payload
  }

  static func udp(_ payload: [UInt8], from: Int = 50_000, to: Int) -> [UInt8] {
    be16(from) + be16(to) + be16(8 + payload.count) + [0, 0] + payload
  }

  // MARK: - IP

  static func ip4(
    _ payload: [UInt8], _ number: UInt8 = 6, from: [UInt8] = client, to: [UInt8] = server,
    id: Int = 1, place: Int = 0x4000, options: [UInt8] = [], total: Int? = nil
  ) -> [UInt8] {
    let header = 20 + options.count
    return [0x40 | UInt8(header / 4), 0] + be16(total ?? header + payload.count) + be16(id)
      + be16(place) + [64, number, 0, 0] + from + to + options + payload
  }

  static func ip6(
    _ payload: [UInt8], _ next: UInt8 = 6, from: [UInt8] = client6, to: [UInt8] = server6,
    length: Int? = nil
  ) -> [UInt8] {
    [0x60, 0, 0, 0] + be16(length ?? payload.count) + [next, 64] + from + to + payload
  }

  /// An outer IPv4 packet between the ends of a tunnel.
  static func tunnel(_ payload: [UInt8], _ number: UInt8) -> [UInt8] {
    ip4(payload, number, from: near, to: far)
  }

  /// An extension header of IPv6, of 8 bytes and `more` times 8.
  static func extend(_ payload: [UInt8], _ next: UInt8 = 6, more: Int = 0) -> [UInt8] {
    [next, UInt8(more), 1, 4] + [UInt8](repeating: 0, count: 4 + more * 8) + payload
  }

  static func authentication(_ payload: [UInt8], _ next: UInt8 = 6) -> [UInt8] {
    [next, 4, 0, 0] + [UInt8](repeating: 9, count: 20) + payload
  }

  static func fragment6(
    _ payload: [UInt8], _ next: UInt8 = 6, offset: Int, isLast: Bool, id: Int = 1
  ) -> [UInt8] {
    [next, 0] + be16(offset | (isLast ? 0 : 1)) + be32(id) + payload
  }

  // MARK: - Links

  static func ethernet(_ payload: [UInt8], _ type: Int = 0x0800) -> [UInt8] {
    [2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2] + be16(type) + payload
  }

  static func tag(_ payload: [UInt8], _ type: Int = 0x0800) -> [UInt8] {
    be16(0x2005) + be16(type) + payload
  }

  static func snap(_ payload: [UInt8], _ type: Int = 0x0800) -> [UInt8] {
    [0xaa, 0xaa, 3, 0, 0, 0] + be16(type) + payload
  }

  static func label(_ payload: [UInt8], isLast: Bool = true) -> [UInt8] {
    [0, 1, isLast ? 0x11 : 0x10, 64] + payload
  }

  static func pppoe(_ payload: [UInt8]) -> [UInt8] {
    [0x11, 0, 0, 5] + be16(payload.count) + payload
  }

  static func sll(_ payload: [UInt8], _ type: Int = 0x0800) -> [UInt8] {
    [0, 0, 0, 1, 0, 6, 2, 0, 0, 0, 0, 1, 0, 0] + be16(type) + payload
  }

  static func sll2(_ payload: [UInt8], _ type: Int = 0x0800) -> [UInt8] {
    be16(type) + [0, 0, 0, 0, 0, 3, 0, 1, 0, 6, 2, 0, 0, 0, 0, 1, 0, 0] + payload
  }

  static func nflog(_ payload: [UInt8], family: UInt8 = 2, isLittle: Bool = true) -> [UInt8] {
    let number = isLittle ? le16 : be16
    let prefix = number(7) + number(10) + [0x61, 0x62, 0, 0]
    return [family, 0, 0, 5] + prefix + number(4 + payload.count) + number(9) + payload
  }

  // MARK: - Tunnels

  static func gre(_ payload: [UInt8], _ type: Int, flags: Int = 0, fields: [UInt8] = []) -> [UInt8]
  {
    be16(flags) + be16(type) + fields + payload
  }

  static func vxlan(_ payload: [UInt8]) -> [UInt8] { [8, 0, 0, 0, 0, 0, 42, 0] + payload }

  static func geneve(_ payload: [UInt8], _ type: Int, options: [UInt8] = []) -> [UInt8] {
    [UInt8(options.count / 4), 0] + be16(type) + [0, 0, 42, 0] + options + payload
  }

  static func gtp(_ payload: [UInt8], flags: UInt8 = 0x30, fields: [UInt8] = []) -> [UInt8] {
    [flags, 0xff] + be16(fields.count + payload.count) + [0, 0, 0, 9] + fields + payload
  }

  static func ayiya(_ payload: [UInt8]) -> [UInt8] {
    [0x42, 0x52, 0x11, 41, 0, 0, 0, 0] + [UInt8](repeating: 7, count: 16 + 20) + payload
  }
}
