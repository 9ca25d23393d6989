import CrenelModel

/// One direction of a TCP connection in a capture, put together the slow and obvious way.
struct MiniStream: Hashable {
  var source: String
  var sourcePort: Int
  var destination: String
  var destinationPort: Int
}

/// Reads captures slowly and simply.
///
/// Pcap and pcapng, Ethernet, VLAN and BSD loopback, IP without fragments and options of
/// IPv6, and sorts each direction's segments by number. For tests of what reads streams.
struct MiniCapture {
  private(set) var streams: [MiniStream: [UInt8]] = [:]
  private var segments: [MiniStream: [(number: UInt32, bytes: [UInt8])]] = [:]

  init(_ file: [UInt8]) {
    if file.starts(with: [0x0a, 0x0d, 0x0d, 0x0a]) { readBlocks(file) } else { readRecords(file) }
    for (stream, parts) in segments { streams[stream] = Self.joined(parts) }
  }

  // MARK: - Files

  private static func little(_ bytes: [UInt8], _ at: Int, _ width: Int) -> Int {
    (0..<width).reversed().reduce(0) { $0 << 8 | Int(bytes[at + $1]) }
  }

  private static func big(_ bytes: [UInt8], _ at: Int, _ width: Int) -> Int {
    (0..<width).reduce(0) { $0 << 8 | Int(bytes[at + $1]) }
  }

  private mutating func readRecords(_ file: [UInt8]) {
    let number = file[0] == 0xd4 || file[0] == 0x4d ? Self.little : Self.big
    let link = number(file, 20, 4)
    var i = 24
    while i + 16 <= file.count {
      let length = number(file, i + 8, 4)
      guard i + 16 + length <= file.count else { return }
      take(Array(file[(i + 16)..<(i + 16 + length)]), link: link)
      i += 16 + length
    }
  }

  private mutating func readBlocks(_ file: [UInt8]) {
    var number = Self.little
    var links: [Int] = []
    var i = 0
    while i + 12 <= file.count {
      let isHeader = Self.big(file, i, 4) == 0x0a0d_0d0a
      if isHeader { number = file[i + 8] == 0x4d ? Self.little : Self.big }
      let length = number(file, i + 4, 4)
      guard length >= 12, i + length <= file.count else { return }
      switch number(file, i, 4) {
      case _ where isHeader: links = []
      case 1: links.append(number(file, i + 8, 2))
      case 6:
        let captured = number(file, i + 20, 4)
        take(Array(file[(i + 28)..<(i + 28 + captured)]), link: links[number(file, i + 8, 4)])
      default: break
      }
      i += length
    }
  }

  // MARK: - Packets

  private mutating func take(_ packet: [UInt8], link: Int) {
    var at = 0
    switch link {
    case 0: at = 4
    case 1:
      at = 14
      while packet.count > at + 4, [0x8100, 0x88a8].contains(Self.big(packet, at - 2, 2)) {
        at += 4
      }
    default: break
    }
    guard packet.count >= at + 40 else { return }
    switch packet[at] >> 4 {
    case 4 where packet[at + 9] == 6 && Self.big(packet, at + 6, 2) & 0x3fff == 0:
      let header = Int(packet[at] & 15) * 4
      let end = min(packet.count, at + Self.big(packet, at + 2, 2))
      tcp(packet, at + header, end, addresses: at + 12, 4)
    case 6 where packet[at + 6] == 6:
      let end = min(packet.count, at + 40 + Self.big(packet, at + 4, 2))
      tcp(packet, at + 40, end, addresses: at + 8, 16)
    default: break
    }
  }

  private mutating func tcp(
    _ packet: [UInt8], _ at: Int, _ end: Int, addresses: Int, _ width: Int
  ) {
    guard end >= at + 20 else { return }
    let start = at + Int(packet[at + 12] >> 4) * 4
    let isSYN = packet[at + 13] & 2 != 0
    let stream = MiniStream(
      source: Self.address(packet, addresses, width), sourcePort: Self.big(packet, at, 2),
      destination: Self.address(packet, addresses + width, width),
      destinationPort: Self.big(packet, at + 2, 2))
    guard start < end else { return }
    let number = UInt32(Self.big(packet, at + 4, 4)) &+ (isSYN ? 1 : 0)
    segments[stream, default: []].append((number, Array(packet[start..<end])))
  }

  private static func address(_ packet: [UInt8], _ at: Int, _ width: Int) -> String {
    if width == 4 { return ClientAddress(ipv4: UInt32(big(packet, at, 4))).description }
    let half = (0..<2).map { k in
      (0..<8).reduce(UInt64(0)) { $0 << 8 | UInt64(packet[at + 8 * k + $1]) }
    }
    return ClientAddress(ipv6High: half[0], low: half[1]).description
  }

  /// The bytes from the first number on, up to the first hole.
  private static func joined(_ parts: [(number: UInt32, bytes: [UInt8])]) -> [UInt8] {
    let first = parts[0].number
    var all: [UInt8] = []
    for part in parts.sorted(by: {
      Int32(bitPattern: $0.number &- first)
        < Int32(bitPattern: $1.number &- first)
    }) {
      let at = Int(Int32(bitPattern: part.number &- first))
      guard at >= 0, at <= all.count else { continue }
      all += part.bytes.dropFirst(all.count - at)
    }
    return all
  }
}
