import CrenelCapture
import CrenelModel
import CrenelTestKit
import Testing

private let data: [UInt8] = Array("fourteen bytes".utf8)
private let other: [UInt8] = Array("of the second".utf8)

@Suite("Reading pcapng")
struct PcapngTests {
  @Test("interfaces have their own link types and clocks", arguments: [false, true])
  func interfaces(isBig: Bool) throws {
    var file = CaptureBuilder(isBig: isBig)
    file.section(options: file.option(1, Array("a comment".utf8)))
    file.interface()
    file.interface(link: 101, resolution: 9)
    file.packet(1, 1_700_000_000_123_456_789, other, original: 99, comment: "looked at")
    file.packet(0, 1_700_000_000_123_456, data)
    let result = try CaptureResult(file.bytes)
    #expect(
      result.packets == [
        ReadPacket(
          at: 1_700_000_000_123_456_789, bytes: other, original: 99, link: 101, frame: 1,
          offset: place(of: other, in: file.bytes)),
        ReadPacket(
          at: 1_700_000_000_123_456_000, bytes: data, frame: 2,
          offset: place(of: data, in: file.bytes)),
      ])
    #expect(result.problems.isEmpty && result.counters.cut == 1)
    #expect(result.counters.skippedBytes == 0)
  }

  @Test("a new section has its own byte order and interfaces; frames go on")
  func sections() throws {
    var file = CaptureBuilder()
    file.section()
    file.interface(link: 1)
    file.packet(0, 1, data)
    file.isBig = true
    file.section()
    file.interface(link: 228)
    file.packet(0, 2, other)
    let packets = try CaptureResult(file.bytes).packets
    #expect(packets.map(\.link) == [1, 228])
    #expect(packets.map(\.frame) == [1, 2])
    #expect(packets.map(\.at) == [1_000, 2_000])
  }

  @Test(
    "ticks become nanoseconds, rounded down, without overflow",
    arguments: [
      (nil, 7, nil, 7_000), (0, 7, nil, 7_000_000_000), (9, 7, nil, 7), (12, 1_999, nil, 1),
      (28, .max, nil, 1), (29, .max, nil, 0), (127, .max, nil, 0), (19, .max, nil, 1_844_674_407),
      (0x80, 3, nil, 3_000_000_000), (0x81, 3, nil, 1_500_000_000),
      (0x8a, 1_025, nil, 1_000_976_562), (0xa0, 1 << 32 | 1 << 31, nil, 1_500_000_000),
      (0xc0, .max, nil, 999_999_999), (0xff, .max, nil, 0),
      (6, .max, nil, .max), (9, .max, nil, .max), (0, .max, nil, .max),
      (9, 5, -1, -999_999_995), (6, 5, 1_700_000_000, 1_700_000_000_000_005_000),
      (9, 0, .max, .max), (9, .max, .min, .min), (0, .max, .min, .max),
    ] as [(UInt8?, UInt64, Int64?, Int64)])
  func clocks(resolution: UInt8?, ticks: UInt64, offset: Int64?, expected: Int64) throws {
    var file = CaptureBuilder()
    file.section()
    file.interface(resolution: resolution, offset: offset)
    file.packet(0, ticks, data)
    #expect(try CaptureResult(file.bytes).packets.map(\.at) == [expected])
  }

  @Test("packet blocks of the first drafts are read")
  func oldPackets() throws {
    var file = CaptureBuilder(isBig: true)
    file.section()
    file.interface(link: 12)
    file.interface(link: 113)
    file.oldPacket(1, 1 << 40, data)
    let packets = try CaptureResult(file.bytes).packets
    #expect(packets.map(\.link) == [113] && packets.map(\.bytes) == [data])
    #expect(packets.map(\.at) == [(1 << 40) * 1_000])
  }

  @Test("a simple packet has the snap length of the first interface and the time before it")
  func simplePackets() throws {
    var file = CaptureBuilder()
    file.section()
    file.interface(snap: 10)
    file.simplePacket(Array(data.prefix(10)), original: 14)
    file.packet(0, 77, other)
    file.simplePacket(Array(other.prefix(9)))
    let packets = try CaptureResult(file.bytes).packets
    #expect(packets.map(\.bytes) == [Array(data.prefix(10)), other, Array(other.prefix(9))])
    #expect(packets.map(\.original) == [14, 13, 9])
    #expect(packets.map(\.at) == [0, 77_000, 77_000])
  }

  @Test("other blocks are passed over by length; some have a frame number, as in Wireshark")
  func otherBlocks() throws {
    var file = CaptureBuilder()
    file.section()
    file.interface()
    for type in [4, 5, 10, 0x1234, 0x0bad, 0x4000_0bad, 9] as [UInt32] {
      file.bytes += file.block(type, Array(repeating: 0xff, count: 100))
    }
    file.packet(0, 1, data)
    let result = try CaptureResult(file.bytes)
    #expect(result.packets.map(\.frame) == [4])
    #expect(result.counters.skippedBytes == 7 * 112 && result.problems.isEmpty)
    #expect(result.counters.packets == 1)
  }

  @Test("a packet block that contradicts itself is passed over and told once")
  func unreadable() throws {
    var file = CaptureBuilder()
    file.section()
    file.simplePacket(data)
    file.interface()
    file.packet(1, 1, data)
    file.packet(0, 2, other)
    file.bytes += file.block(6, file.number(UInt32(0)))
    var lying = CaptureBuilder()
    lying.packet(0, 3, data)
    lying.bytes[20] = 33  // captured, in a block that has room for 32 bytes less
    file.bytes += lying.bytes
    file.packet(0, 4, data)
    let result = try CaptureResult(file.bytes)
    #expect(result.packets.map(\.at) == [2_000, 4_000])
    #expect(result.packets.map(\.frame) == [1, 2])
    #expect(result.problems == ["unreadable-block"])
    #expect(result.counters.unreadableBlocks == 4)
  }

  @Test(
    "a block length that cannot be stops the reading, with its place",
    arguments: [0, 8, 13, 1 << 25, .max] as [UInt32])
  func lengths(length: UInt32) throws {
    var file = CaptureBuilder()
    file.section()
    file.interface()
    file.packet(0, 1, data)
    let place = file.bytes.count
    file.packet(0, 2, data)
    file.bytes.replaceSubrange((place + 4)..<(place + 8), with: file.number(length))
    var reader = try PacketReader(OpenedInput(bytes: file.bytes, name: "a.pcapng"))
    var batch = PacketBatch()
    #expect(reader.fill(&batch) && batch.packets.count == 1)
    let more = reader.fill(&batch)
    #expect(!more)
    #expect(reader.problems.map(\.code) == ["corrupt-capture"])
    #expect(reader.problems.first?.message.contains("at byte \(place), after frame 1") == true)
  }

  @Test("a block must end with its length", arguments: [6, 5] as [UInt32])
  func trailers(type: UInt32) throws {
    var file = CaptureBuilder()
    file.section()
    file.interface()
    file.packet(0, 1, data)
    file.bytes += file.block(type, Array(repeating: 0, count: 40))
    file.bytes[file.bytes.count - 4] ^= 4
    file.packet(0, 1, data)
    let result = try CaptureResult(file.bytes)
    #expect(result.packets.count == 1 && result.problems == ["corrupt-capture"])
    #expect(try CaptureResult(file.bytes, chunk: 1) == result)
  }

  @Test("a section of another version, or without a byte order, stops the reading")
  func versions() throws {
    var file = CaptureBuilder()
    file.section(major: 2)
    #expect(try CaptureResult(file.bytes).problems == ["unknown-capture-version"])
    file = CaptureBuilder()
    file.section()
    file.bytes += file.block(0x0a0d_0d0a, Array(repeating: 1, count: 16))
    #expect(try CaptureResult(file.bytes).problems == ["corrupt-capture"])
  }
}
