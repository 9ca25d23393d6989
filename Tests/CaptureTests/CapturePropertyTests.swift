import CrenelCapture
import CrenelModel
import CrenelTestKit
import Testing

/// A random capture with what must be read from it.
private struct Sample {
  var bytes: [UInt8] = []
  var packets: [ReadPacket] = []
  /// Where each packet's record ends.
  var ends: [Int] = []
  /// Where any block or header ends.
  var borders: Set<Int> = []

  init(seed: UInt64) {
    var random = Seeded(seed)
    var file = CaptureBuilder(isBig: Bool.random(using: &random))
    let isNew = Bool.random(using: &random)
    if isNew { file.section() } else { file.pcapHeader(magic: 0xa1b2_3c4d, link: 101) }
    if isNew { file.interface(link: 101, resolution: 9) }
    borders.insert(file.bytes.count)
    for frame in 1...UInt64.random(in: 1...30, using: &random) {
      let data = (0..<Int.random(in: 0...200, using: &random)).map { _ in
        UInt8.random(in: 0...255, using: &random)
      }
      let nanoseconds = UInt64.random(in: 0..<4_000_000_000_000_000_000, using: &random)
      let original = UInt32(data.count) + UInt32.random(in: 0...2, using: &random)
      let before = file.bytes.count
      if isNew {
        if Int.random(in: 0...3, using: &random) == 0 { file.bytes += file.block(5, data) }
        let start = file.bytes.count
        borders.insert(start)
        file.packet(0, nanoseconds, data, original: original, comment: data.isEmpty ? "?" : nil)
        packets.append(
          ReadPacket(
            at: Int64(nanoseconds), bytes: data, original: original, link: 101, frame: frame,
            offset: UInt64(start + 28)))
      } else {
        file.record(
          UInt32(nanoseconds / 1_000_000_000), UInt32(nanoseconds % 1_000_000_000), data,
          original: original)
        packets.append(
          ReadPacket(
            at: Int64(nanoseconds), bytes: data, original: original, link: 101, frame: frame,
            offset: UInt64(before + 16)))
      }
      ends.append(file.bytes.count)
      borders.insert(file.bytes.count)
    }
    bytes = file.bytes
  }
}

@Suite("Captures of any shape")
struct CapturePropertyTests {
  @Test("what was written is read, whatever the chunk size", arguments: 0..<40 as Range<UInt64>)
  func chunks(seed: UInt64) throws {
    let sample = Sample(seed: seed)
    for chunk in [1, 2, 3, 16, 61, 1_000, 1 << 20] {
      let result = try CaptureResult(sample.bytes, chunk: chunk)
      #expect(result.packets == sample.packets, "seed \(seed), chunk \(chunk)")
      #expect(result.problems.isEmpty)
    }
  }

  @Test(
    "a file cut anywhere gives the packets before the cut and what is there of the last",
    arguments: 0..<20 as Range<UInt64>)
  func cuts(seed: UInt64) throws {
    var random = Seeded(seed)
    let sample = Sample(seed: seed)
    let length = Int.random(in: 60...max(60, sample.bytes.count - 1), using: &random)
    guard length < sample.bytes.count else { return }
    let bytes = Array(sample.bytes.prefix(length))
    let result = try CaptureResult(bytes)
    let whole = sample.ends.count { $0 <= length }
    #expect(result.packets.prefix(whole) == sample.packets.prefix(whole), "seed \(seed)")
    for packet in result.packets.dropFirst(whole) {
      let model = sample.packets[whole]
      #expect(model.bytes.starts(with: packet.bytes) && model.original == packet.original)
      #expect(model.frame == packet.frame && model.at == packet.at)
    }
    #expect(result.packets.count <= whole + 1)
    // An end between two records cannot be seen; any other is told.
    #expect(
      result.problems == (sample.borders.contains(length) ? [] : ["truncated-capture"]),
      "seed \(seed)")
    #expect(!result.problems.isEmpty || result.packets.count == whole)
    let cut = result.packets.filter { Int($0.original) > $0.bytes.count }.count
    #expect(
      Int(result.counters.cut)
        == sample.packets.prefix(result.packets.count).filter {
          Int($0.original) > $0.bytes.count
        }.count && cut >= Int(result.counters.cut), "the end is no snap length")
    for chunk in [1, 7, 100] { #expect(try CaptureResult(bytes, chunk: chunk) == result) }
  }

  @Test(
    "damaged bytes never crash, and chunks still change nothing",
    arguments: 0..<60 as Range<UInt64>)
  func damage(seed: UInt64) throws {
    var random = Seeded(seed)
    var bytes = Sample(seed: seed).bytes
    for _ in 0..<Int.random(in: 1...6, using: &random) {
      bytes[Int.random(in: 12..<bytes.count, using: &random)] = UInt8.random(
        in: 0...255, using: &random)
    }
    let whole = try CaptureResult(bytes)
    for chunk in [1, 5, 64] {
      #expect(try CaptureResult(bytes, chunk: chunk) == whole, "seed \(seed), chunk \(chunk)")
    }
  }
}
