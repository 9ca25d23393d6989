import CrenelModel

/// Writes capture files by hand, in either byte order.
struct CaptureBuilder {
  var isBig = false
  var bytes: [UInt8] = []

  init(isBig: Bool = false) { self.isBig = isBig }

  func number(_ value: some FixedWidthInteger) -> [UInt8] {
    let little = (0..<(value.bitWidth / 8)).map { UInt8(truncatingIfNeeded: value >> ($0 * 8)) }
    return isBig ? little.reversed() : little
  }

  // MARK: - pcap

  mutating func pcapHeader(magic: UInt32 = 0xa1b2_c3d4, minor: UInt16 = 4, link: UInt32 = 1) {
    bytes += number(magic) + number(UInt16(2)) + number(minor) + number(UInt64(0))
    bytes += number(UInt32(65_535)) + number(link)
  }

  mutating func record(
    _ seconds: UInt32, _ fraction: UInt32, _ data: [UInt8], original: UInt32? = nil,
    extra: [UInt8] = []
  ) {
    bytes += number(seconds) + number(fraction) + number(UInt32(data.count))
    bytes += number(original ?? UInt32(data.count)) + extra + data
  }

  // MARK: - pcapng

  func block(_ type: UInt32, _ body: [UInt8]) -> [UInt8] {
    let padded = body + [UInt8](repeating: 0, count: (4 - body.count % 4) % 4)
    let length = number(UInt32(padded.count + 12))
    return number(type) + length + padded + length
  }

  func option(_ code: UInt16, _ value: [UInt8]) -> [UInt8] {
    let padding = [UInt8](repeating: 0, count: (4 - value.count % 4) % 4)
    return number(code) + number(UInt16(value.count)) + value + padding
  }

  mutating func section(major: UInt16 = 1, options: [UInt8] = []) {
    bytes += block(
      0x0a0d_0d0a,
      number(UInt32(0x1a2b_3c4d)) + number(major) + number(UInt16(0)) + number(Int64(-1)) + options)
  }

  /// `resolution` and `offset` are written when given.
  mutating func interface(
    link: UInt16 = 1, snap: UInt32 = 0, resolution: UInt8? = nil, offset: Int64? = nil
  ) {
    var options = option(2, Array("eth0".utf8))
    if let resolution { options += option(9, [resolution]) }
    if let offset { options += option(14, number(offset)) }
    bytes += block(
      1, number(link) + number(UInt16(0)) + number(snap) + options + option(0, []))
  }

  mutating func packet(
    _ interface: UInt32, _ ticks: UInt64, _ data: [UInt8], original: UInt32? = nil,
    comment: String? = nil
  ) {
    packet(6, number(interface), ticks, data, original: original, comment: comment)
  }

  /// The packet block of the first drafts.
  mutating func oldPacket(_ interface: UInt16, _ ticks: UInt64, _ data: [UInt8]) {
    packet(2, number(interface) + number(UInt16(7)), ticks, data, original: nil, comment: nil)
  }

  private mutating func packet(
    _ type: UInt32, _ interface: [UInt8], _ ticks: UInt64, _ data: [UInt8], original: UInt32?,
    comment: String?
  ) {
    var body = interface + number(UInt32(truncatingIfNeeded: ticks >> 32))
    body += number(UInt32(truncatingIfNeeded: ticks)) + number(UInt32(data.count))
    body += number(original ?? UInt32(data.count)) + data
    body += [UInt8](repeating: 0, count: (4 - data.count % 4) % 4)
    if let comment { body += option(1, Array(comment.utf8)) + option(0, []) }
    bytes += block(type, body)
  }

  mutating func simplePacket(_ data: [UInt8], original: UInt32? = nil) {
    bytes += block(3, number(original ?? UInt32(data.count)) + data)
  }
}

/// A packet with its own bytes, so that packets of different batches can be compared.
struct ReadPacket: Equatable {
  var at: Int64
  var bytes: [UInt8]
  var original: UInt32
  var link: UInt16
  var frame: UInt64
  var offset: UInt64

  init(
    at: Int64, bytes: [UInt8], original: UInt32? = nil, link: UInt16 = 1, frame: UInt64,
    offset: UInt64
  ) {
    self.at = at
    self.bytes = bytes
    self.original = original ?? UInt32(bytes.count)
    self.link = link
    self.frame = frame
    self.offset = offset
  }

  init(_ packet: Packet, in batch: PacketBatch) {
    at = packet.at.nanoseconds
    bytes = Array(batch.bytes[packet.bytes.indices])
    original = packet.originalLength
    link = packet.link.rawValue
    frame = packet.frame
    offset = packet.offset
  }
}
