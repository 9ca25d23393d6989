import CrenelTestKit
import Foundation
import Testing

/// Pieces of capture files, little-endian.
private enum Bytes {
  static func four(_ values: UInt32...) -> [UInt8] {
    values.flatMap { value in (0..<4).map { UInt8(truncatingIfNeeded: value >> (8 * UInt32($0))) } }
  }

  /// A GET in one Ethernet frame between documentation addresses, 90 bytes.
  static let frame: [UInt8] = {
    let text = Array("GET / HTTP/1.1\r\nHost: a.example\r\n\r\n".utf8)
    return [UInt8](repeating: 2, count: 12) + [8, 0]
      + [0x45, 0, 0, UInt8(40 + text.count), 0, 1, 0, 0, 64, 6, 0, 0]
      + [
        192, 0, 2, 1, 198, 51, 100, 2, 0x9c, 0x40, 0, 80, 0, 0, 0, 1, 0, 0, 0, 1, 0x50, 0x18, 3,
        232,
      ]
      + [0, 0, 0, 0] + text
  }()
  static let size = UInt32(frame.count)

  static let header = four(0xa1b2_c3d4, 0x0004_0002, 0, 0, 65_535, 1)
  static func record(_ stored: UInt32 = size, of original: UInt32 = size) -> [UInt8] {
    four(1_700_000_000, 0, stored, original) + frame.prefix(Int(stored))
  }

  static func block(_ type: UInt32, _ body: [UInt8]) -> [UInt8] {
    let padded = body + [UInt8](repeating: 0, count: (4 - body.count % 4) % 4)
    let length = four(UInt32(padded.count + 12))
    return four(type) + length + padded + length
  }
  static let section = block(0x0a0d_0d0a, four(0x1a2b_3c4d, 1, .max, .max))
  static func interface(_ options: [UInt8] = []) -> [UInt8] { block(1, four(1, 0) + options) }
  static func packet(interface: UInt32 = 0, stored: UInt32 = size) -> [UInt8] {
    block(6, four(interface, 0x0006_0a24, 0x181d_4000, stored, stored) + frame)
  }
  static let start = section + interface()
  static let one = start + packet()
}

/// A capture file with something wrong or odd, and what must come of it.
struct OddCapture: CustomTestStringConvertible, Sendable {
  var testDescription: String
  var bytes: [UInt8]
  var packets: Int
  var status: Int32
  /// What standard error must hold; nothing else is an error or a warning.
  var told: [String] = []

  init(
    _ description: String, _ bytes: [UInt8], packets: Int, status: Int32 = 0, _ told: String...
  ) {
    testDescription = description
    self.bytes = bytes
    self.packets = packets
    self.status = status
    self.told = told
  }

  static let pcap = [
    OddCapture("pcap, whole", Bytes.header + Bytes.record(), packets: 1),
    OddCapture("pcap, header only", Bytes.header, packets: 0),
    OddCapture(
      "pcap, 10 bytes", Array(Bytes.header.prefix(10)), packets: 0, status: 3,
      "error[truncated-capture]: the file ends inside the file header at byte 0", "10 of 24 bytes"),
    OddCapture(
      "pcap, half a packet header", Bytes.header + Bytes.record() + Bytes.record().prefix(8),
      packets: 1, status: 3, "the file ends inside a packet's header at byte 129, after frame 1",
      "8 of 16 bytes"),
    OddCapture(
      "pcap, half a packet", Bytes.header + Bytes.record() + Bytes.record().prefix(50), packets: 2,
      status: 3, "the file ends inside a packet at byte 129, after frame 1", "34 of 89 bytes"),
    OddCapture(
      "pcap, a packet over the limit",
      Bytes.header + Bytes.record() + Bytes.four(1, 0, 300_000, 300_000) + Bytes.frame, packets: 1,
      status: 3, "error[corrupt-capture]: a packet of 300000 bytes, more than the 262144",
      "at byte 129"),
    OddCapture(
      "pcap, cut by the snap length", Bytes.header + Bytes.record(60), packets: 1,
      "1 packet was cut by the snap length"),
  ]

  static let pcapng = [
    OddCapture("pcapng, whole", Bytes.one, packets: 1),
    OddCapture("pcapng, header only", Bytes.start, packets: 0),
    OddCapture(
      "pcapng, 10 bytes", Array(Bytes.section.prefix(10)), packets: 0, status: 3,
      "error[truncated-capture]: the file ends inside a block's header at byte 0", "10 of 12 bytes"),
    OddCapture(
      "pcapng, cut in its section header", Array(Bytes.section.prefix(20)), packets: 0, status: 3,
      "the file ends inside a section header block at byte 0, after frame 0", "20 of 28 bytes"),
    OddCapture(
      "pcapng, cut in an interface", Bytes.one + Bytes.interface().prefix(14), packets: 1,
      status: 3,
      "the file ends inside an interface description block at byte 172", "14 of 20 bytes"),
    OddCapture(
      "pcapng, half a packet header", Bytes.one + Bytes.packet().prefix(20), packets: 1, status: 3,
      "the file ends inside a packet block at byte 172, after frame 1", "20 of 124 bytes"),
    OddCapture(
      "pcapng, half a packet", Bytes.one + Bytes.packet().prefix(60), packets: 2, status: 3,
      "the file ends inside a packet block at byte 172, after frame 1", "60 of 124 bytes"),
    OddCapture(
      "pcapng, a packet over the limit",
      Bytes.start
        + Bytes.block(
          6, Bytes.four(0, 0, 0, 300_000, 300_000) + [UInt8](repeating: 0, count: 300_000))
        + Bytes.packet(), packets: 1, status: 3,
      "error[unreadable-block]: a packet of 300000 bytes where 262144 can be",
      "in the block at byte 48"),
    OddCapture(
      "pcapng, a packet longer than its block", Bytes.one + Bytes.packet(stored: 93), packets: 1,
      status: 3, "error[unreadable-block]: a packet of 93 bytes where 92 can be"),
    OddCapture(
      "pcapng, an interface that is not described", Bytes.one + Bytes.packet(interface: 1),
      packets: 1, status: 3, "a packet of interface 1 where 1 are described"),
    OddCapture(
      "pcapng, an unknown block",
      Bytes.start + Bytes.block(0x1234, Bytes.frame) + Bytes.packet(), packets: 1),
    OddCapture(
      "pcapng, a block of no length", Bytes.one + Bytes.four(6, 0, 0, 0), packets: 1, status: 3,
      "error[corrupt-capture]: a pcapng block of 0 bytes, where blocks have 12 or more",
      "at byte 172, after frame 1"),
    OddCapture(
      "pcapng, a block longer than the file", Bytes.one + Bytes.four(0x1234, 1_000, 0, 0),
      packets: 1, status: 3, "the file ends inside a block of type 4660 at byte 172",
      "16 of 1000 bytes"),
    OddCapture(
      "pcapng, a simple packet",
      Bytes.start + Bytes.block(3, Bytes.four(Bytes.size) + Bytes.frame), packets: 1),
    OddCapture(
      "pcapng, an absurd resolution of time",
      Bytes.section + Bytes.interface([9, 0, 1, 0, 127, 0, 0, 0, 0, 0, 0, 0]) + Bytes.packet(),
      packets: 1, "warning[absurd-clock]: interface 0", "at byte 28", "if_tsresol"),
  ]
}

@Suite("Captures that are cut, broken or odd")
struct BrokenCaptureTests {
  @Test(
    "what is there is counted, what is wrong is told with its place, and the end says so",
    arguments: OddCapture.pcap + OddCapture.pcapng)
  func table(capture: OddCapture) throws {
    let scratch = try ScratchFolder()
    let path = scratch.path + "/capture"
    try Data(capture.bytes).write(to: URL(filePath: path))
    for input in [path, "-"] {
      let bytes = input == "-" ? capture.bytes : []
      let counted = try Command(["stats", "--json", input], input: bytes)
      let run = try Command(["exchanges", input], input: bytes)
      #expect(run.status == capture.status && counted.status == capture.status, "\(run.errors)")
      let sources = try alerts(counted.output).first?["sources"] as? [[String: Any]]
      let counts = try #require(sources?.first?["capture"] as? [String: Any], "\(counted.output)")
      #expect(counts["packets"] as? Int == capture.packets)
      let isSnapped = capture.told.contains { $0.contains("snap length") }
      #expect(counts["cut_packets"] as? Int == (isSnapped ? 1 : 0))
      for text in capture.told { #expect(run.errors.contains(text), "\(run.errors)") }
      let problems = run.errors.components(separatedBy: "]: ").count - 1
      #expect(problems == (capture.told.isEmpty || isSnapped ? 0 : 1), "\(run.errors)")
      #expect(run.errors.contains("hint: ") == (problems == 1))
      #expect(run.errors.contains("snap length") == isSnapped, "\(run.errors)")
    }
  }

  @Test(
    "of a few bytes it is said that they are too few", arguments: [Bytes.header, Bytes.section])
  func few(header: [UInt8]) throws {
    let run = try Command(["exchanges", "-"], input: Array(header.prefix(3)))
    #expect(run.status == 3 && run.output.isEmpty)
    #expect(run.errors.contains("-:1: error[unknown-format]: it ends after 3 bytes, too few"))
    #expect(run.errors.contains("hint: if it should hold more, copy it again"), "\(run.errors)")
  }

  @Test("an empty file holds nothing, and that is no error")
  func empty() throws {
    let scratch = try ScratchFolder()
    try Data().write(to: URL(filePath: scratch.path + "/empty.pcap"))
    let run = try Command(["exchanges", scratch.path + "/empty.pcap"])
    #expect(run.status == 0 && run.errors.contains("0 exchanges"), "\(run.errors)")
  }

  @Test("of half a bzip2 archive it is said that nothing could be read")
  func halfArchive() throws {
    let scratch = try ScratchFolder()
    let capture = scratch.path + "/c.pcap"
    var random = Seeded(3)
    let noise = (0..<40).flatMap { _ in
      Bytes.four(1, 0, 200, 200) + (0..<200).map { _ in UInt8.random(in: 0...255, using: &random) }
    }
    try Data(Bytes.header + noise).write(to: URL(filePath: capture))
    let made = try Running.run([
      "/bin/sh", "-c", "bzip2 -c \(capture) | head -c 4000 > \(capture).bz2",
    ])
    try #require(made.status == 0, "\(made.errors)")
    let run = try Command(["exchanges", capture + ".bz2"])
    #expect(run.status == 3 && run.errors.contains("error[truncated-archive]"), "\(run.errors)")
    #expect(run.errors.contains("before the first block that can be decompressed is whole"))
    #expect(run.errors.contains("hint: nothing of it could be read; copy the file again"))
    #expect(!run.errors.contains("no line with anything on it"), "\(run.errors)")
  }
}
