import CrenelCapture
import CrenelModel
import CrenelTestKit
import Testing

private let first: [UInt8] = Array("the first packet".utf8)
private let second: [UInt8] = Array("another, longer packet".utf8)

@Suite("Reading pcap")
struct PcapTests {
  @Test(
    "times, lengths and places are read in either byte order and both resolutions",
    arguments: [(0xa1b2_c3d4, 1_000), (0xa1b2_3c4d, 1)] as [(UInt32, Int64)], [false, true])
  func variants(magic: (UInt32, Int64), isBig: Bool) throws {
    var file = CaptureBuilder(isBig: isBig)
    file.pcapHeader(magic: magic.0)
    file.record(1_700_000_000, 123_456, first)
    file.record(4_294_967_295, 999_999, second, original: 1_500)
    let result = try CaptureResult(file.bytes)
    let unit = magic.1
    #expect(
      result.packets == [
        ReadPacket(
          at: 1_700_000_000_000_000_000 + 123_456 * unit, bytes: first, frame: 1, offset: 40),
        ReadPacket(
          at: 4_294_967_295_000_000_000 + 999_999 * unit, bytes: second, original: 1_500,
          frame: 2, offset: 72),
      ])
    #expect(result.problems.isEmpty)
    #expect(result.counters.packets == 2 && result.counters.cut == 1)
  }

  @Test("the modified format has eight more bytes before each packet", arguments: [false, true])
  func modified(isBig: Bool) throws {
    var file = CaptureBuilder(isBig: isBig)
    file.pcapHeader(magic: 0xa1b2_cd34)
    let extra: [UInt8] = [1, 0, 0, 0, 8, 0, 0, 0]
    file.record(5, 6, first, extra: extra)
    file.record(7, 8, second, extra: extra)
    let result = try CaptureResult(file.bytes)
    #expect(result.packets.map(\.bytes) == [first, second])
    #expect(result.packets.map(\.at) == [5_000_006_000, 7_000_008_000])
  }

  @Test("the link type is in the low 16 bits; a checksum's length above them changes nothing")
  func link() throws {
    var file = CaptureBuilder()
    file.pcapHeader(link: 0x2400_0114)
    file.record(1, 1, first)
    #expect(try CaptureResult(file.bytes).packets.map(\.link) == [276])
  }

  @Test(
    "lengths that old writers swapped are put right",
    arguments: [
      (0, 16, 100, 16, 100), (2, 100, 16, 16, 100), (3, 100, 16, 16, 100), (3, 16, 100, 16, 100),
      (4, 16, 8, 16, 8),
    ] as [(UInt16, UInt32, UInt32, Int, UInt32)])
  func swapped(minor: UInt16, first: UInt32, second: UInt32, count: Int, original: UInt32) throws {
    var file = CaptureBuilder()
    file.pcapHeader(minor: minor)
    let isSwapped = minor < 3 && first < second
    file.bytes += file.number(UInt64(0)) + file.number(isSwapped ? second : first)
    file.bytes += file.number(isSwapped ? first : second) + [UInt8](repeating: 7, count: count)
    let packets = try CaptureResult(file.bytes).packets
    #expect(packets.map(\.bytes.count) == [count])
    #expect(packets.map(\.original) == [original])
  }

  @Test("a packet that cannot be stops the reading, with its place; those before it are given")
  func giant() throws {
    var file = CaptureBuilder()
    file.pcapHeader()
    file.record(1, 1, first)
    file.bytes += file.number(UInt64(0)) + file.number(UInt32(262_145)) + file.number(UInt32(1))
    file.record(2, 2, second)
    var reader = try PacketReader(OpenedInput(bytes: file.bytes, name: "a.pcap"))
    var batch = PacketBatch()
    #expect(reader.fill(&batch) && batch.packets.count == 1)
    let more = reader.fill(&batch)
    #expect(!more)
    let problem = try #require(reader.problems.first)
    #expect(problem.code == "corrupt-capture" && problem.position.file == "a.pcap")
    #expect(problem.message.contains("at byte 56, after frame 1"))
  }

  @Test("the largest packet and the empty packet are read")
  func extremes() throws {
    var file = CaptureBuilder()
    file.pcapHeader()
    file.record(1, 1, [], original: 60)
    file.record(1, 2, [UInt8](repeating: 1, count: 262_144))
    let result = try CaptureResult(file.bytes, chunk: 1_000)
    #expect(result.packets.map(\.bytes.count) == [0, 262_144])
    #expect(result.problems.isEmpty)
  }

  @Test("a file that ends in its header, or of another version, is told")
  func headers() throws {
    var file = CaptureBuilder()
    file.pcapHeader()
    #expect(try CaptureResult(file.bytes) == CaptureResult(file.bytes, chunk: 1))
    #expect(try CaptureResult(file.bytes).problems.isEmpty)
    #expect(try CaptureResult(Array(file.bytes.prefix(23))).problems == ["truncated-capture"])
    file.bytes[4] = 3
    #expect(try CaptureResult(file.bytes).problems == ["unknown-capture-version"])
  }

  @Test("what is neither pcap nor pcapng is refused", arguments: ["", "abc", "192.0.2.1 - - ["])
  func refused(text: String) {
    let error = #expect(throws: Diagnostic.self) { try CaptureResult(Array(text.utf8)) }
    #expect(error?.code == "not-a-capture")
  }
}
