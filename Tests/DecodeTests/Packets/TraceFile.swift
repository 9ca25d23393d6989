import CrenelModel
import CrenelTestKit

/// The packets of a capture file, read the short way: pcap in little or big endian, and pcapng in
/// little endian with enhanced packet blocks.
///
/// For tests of the decoder alone; the product's own reader is in Capture.
struct TraceFile {
  private(set) var batch = PacketBatch()

  init(_ path: String) throws {
    batch.bytes = try SharedData.bytes(path)
    if number(0, isBig: false) == 0x0a0d_0d0a { readBlocks() } else { readRecords() }
  }

  private func number(_ at: Int, isBig: Bool) -> Int {
    let bytes = batch.bytes[at..<(at + 4)]
    return (isBig ? Array(bytes) : bytes.reversed()).reduce(0) { $0 << 8 | Int($1) }
  }

  private mutating func add(_ at: Int, _ captured: Int, _ original: Int, _ link: Int) {
    batch.packets.append(
      Packet(
        at: Timestamp(nanoseconds: 0), bytes: ByteRange(at..<(at + captured)),
        originalLength: UInt32(original), link: LinkType(rawValue: UInt16(link & 0xffff)),
        frame: UInt64(batch.packets.count + 1), offset: UInt64(at)))
  }

  private mutating func readRecords() {
    let isBig = batch.bytes[0] == 0xa1
    let link = number(20, isBig: isBig)
    var at = 24
    while at + 16 <= batch.bytes.count {
      let captured = number(at + 8, isBig: isBig)
      guard at + 16 + captured <= batch.bytes.count else { return }
      add(at + 16, captured, number(at + 12, isBig: isBig), link)
      at += 16 + captured
    }
  }

  private mutating func readBlocks() {
    var links: [Int] = []
    var at = 0
    while at + 12 <= batch.bytes.count {
      let count = number(at + 4, isBig: false)
      guard count >= 12, at + count <= batch.bytes.count else { return }
      switch number(at, isBig: false) {
      case 1: links.append(number(at + 8, isBig: false))
      case 6:
        add(
          at + 28, number(at + 20, isBig: false), number(at + 24, isBig: false),
          links[number(at + 8, isBig: false)])
      default: break
      }
      at += count
    }
  }
}
