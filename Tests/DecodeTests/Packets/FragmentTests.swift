import CrenelModel
import CrenelTestKit
import Testing

@testable import CrenelDecode

/// A datagram cut at places of the test's choice.
private struct Cuts {
  var pieces: [(offset: Int, bytes: [UInt8], isLast: Bool)] = []

  init(_ payload: [UInt8], at places: [Int]) {
    let ends = places + [payload.count]
    var start = 0
    for end in ends {
      pieces.append((start, Array(payload[start..<end]), end == payload.count))
      start = end
    }
  }

  func packets(isIPv6: Bool, number: UInt8 = 6) -> [[UInt8]] {
    pieces.map { piece in
      isIPv6
        ? Wire.ip6(
          Wire.fragment6(piece.bytes, number, offset: piece.offset, isLast: piece.isLast), 44)
        : Wire.ip4(
          piece.bytes, number, place: piece.offset / 8 | (piece.isLast ? 0 : 0x2000))
    }
  }
}

/// A fragment for the table itself.
private func fragment(
  _ bytes: [UInt8], at offset: Int, isLast: Bool, id: UInt32 = 1, isIPv6: Bool = false
) -> Fragment {
  Fragment(
    key: FragmentKey(
      source: ClientAddress(ipv4: 1), destination: ClientAddress(ipv4: 2), id: id,
      protocolNumber: 6, isIPv6: isIPv6),
    offset: offset, bytes: ByteRange(bytes.indices), isLast: isLast, next: 6)
}

/// A table with its counters; `nil` until a datagram is complete.
private struct TableBench: ~Copyable {
  var table: FragmentTable
  var anomalies = AnomalyCounters()

  init(_ limits: FragmentLimits = FragmentLimits()) { table = FragmentTable(limits: limits) }

  mutating func add(
    _ bytes: [UInt8], at offset: Int, isLast: Bool = false, id: UInt32 = 1, isIPv6: Bool = false,
    seconds: Int64 = 0
  ) -> [UInt8]? {
    let mark = PacketMark(at: Timestamp(nanoseconds: seconds * Nanoseconds.second), frame: 1)
    let part = fragment(bytes, at: offset, isLast: isLast, id: id, isIPv6: isIPv6)
    guard let place = table.add(part, bytes.span, mark, &anomalies) else { return nil }
    var payload: [UInt8] = []
    _ = table.take(place, into: &payload)
    return payload
  }
}

private let eights = [UInt8](repeating: 8, count: 8)
private let nines = [UInt8](repeating: 9, count: 8)

@Suite("Fragments")
struct FragmentTests {
  @Test(
    "cut anywhere, in any order, with repetitions, a datagram gives its segment",
    arguments: 0..<60 as Range<UInt64>)
  func property(seed: UInt64) throws {
    var random = Seeded(seed)
    let isIPv6 = seed % 2 == 0
    let text = (0..<Int(random.next() % 3_000)).map { _ in UInt8(truncatingIfNeeded: random.next())
    }
    let segment = Wire.tcp(text)
    var whole = PacketBench()
    let expected = whole.decode(isIPv6 ? Wire.ip6(segment) : Wire.ip4(segment), .raw)
    let every = UInt64(1 + random.next() % 40)
    let places = (1..<(segment.count + 7) / 8).filter { _ in random.next() % every == 0 }.map {
      $0 * 8
    }
    var packets = Cuts(segment, at: places.isEmpty ? [8] : places).packets(isIPv6: isIPv6)
    packets += packets.filter { _ in random.next() % 4 == 0 }
    packets.shuffle(using: &random)
    var bench = PacketBench()
    let found = packets.map { bench.decode(Wire.ethernet($0, isIPv6 ? 0x86dd : 0x0800)) }
      .compactMap { $0 }
    #expect(Set(found) == [try #require(expected)], "seed \(seed)")
    #expect(bench.counts.isEmpty, "seed \(seed)")
  }

  @Test(
    "of overlapping fragments of IPv4 the bytes seen first stay",
    arguments: 0..<100 as Range<UInt64>)
  func overlaps(seed: UInt64) {
    var random = Seeded(seed)
    let total = 8 * Int(1 + random.next() % 12)
    var bytes = [UInt8?](repeating: nil, count: total)
    var isEndKnown = false
    var conflicts: UInt64 = 0
    var bench = TableBench()
    for _ in 0..<200 {
      let start = 8 * Int(random.next() % UInt64(total / 8))
      let end = min(total, start + 8 * Int(1 + random.next() % 4))
      let piece = (start..<end).map { _ in UInt8(random.next() % 2) }
      let isSame = zip(start..<end, piece).allSatisfy { bytes[$0] == nil || bytes[$0] == $1 }
      if !isSame { conflicts += 1 }
      for (i, byte) in zip(start..<end, piece) where bytes[i] == nil { bytes[i] = byte }
      if end == total { isEndKnown = true }
      let found = bench.add(piece, at: start, isLast: end == total)
      #expect(bench.anomalies.count(.fragmentOverlap) == conflicts, "seed \(seed)")
      guard isEndKnown, bytes.allSatisfy({ $0 != nil }) else {
        #expect(found == nil, "seed \(seed)")
        continue
      }
      #expect(found == bytes.compactMap { $0 }, "seed \(seed)")
      return
    }
    Issue.record("never complete, seed \(seed)")
  }

  @Test("an overlap makes a datagram of IPv6 void, an exact repetition does not")
  func overlapIPv6() {
    var bench = TableBench()
    #expect(bench.add(eights + eights, at: 0, isIPv6: true) == nil)
    #expect(bench.add(eights + eights, at: 0, isIPv6: true) == nil)
    #expect(bench.add(eights, at: 16, isLast: true, isIPv6: true)?.count == 24)
    #expect(bench.anomalies.count(.fragmentOverlap) == 0)
    #expect(bench.add(eights + eights, at: 0, isIPv6: true) == nil)
    #expect(bench.add(eights, at: 8, isIPv6: true) == nil)
    #expect(bench.add(eights, at: 16, isLast: true, isIPv6: true) == nil)
    #expect(bench.anomalies.count(.fragmentOverlap) == 1)
  }

  @Test("a first fragment too small for the TCP header is put together all the same")
  func tiny() {
    let packets = Cuts(Wire.tcp(PacketStack.text), at: [8, 16]).packets(isIPv6: false)
    var bench = PacketBench()
    let found = packets.map { bench.decode($0, .raw) }
    #expect(found[2] == FoundSegmentExpectation.ipv4 && found[0] == nil && found[1] == nil)
    #expect(bench.decoder.tally.fragments == 2)
  }

  @Test("fragments that contradict the length are dropped")
  func lengths() {
    var bench = TableBench()
    #expect(bench.add(eights, at: 16, isLast: true) == nil)
    #expect(bench.add(nines, at: 8, isLast: true) == nil)  // another end
    #expect(bench.add(nines, at: 24) == nil)  // past the end
    #expect(bench.add([], at: 0) == nil)  // nothing in it
    #expect(bench.add(nines + nines, at: 65_528) == nil)  // past what IP can hold
    #expect(bench.anomalies.count(.badHeader) == 4)
    #expect(bench.add(eights + eights, at: 0) == eights + eights + eights)
    #expect(bench.add(eights, at: 16, id: 2) == nil)
    #expect(bench.add(nines, at: 8, isLast: true, id: 2) == nil)  // before what came
    #expect(bench.anomalies.count(.badHeader) == 5)
  }

  @Test("a fragment of no whole number of words is cut under IPv4, refused under IPv6")
  func words() {
    var bench = TableBench()
    #expect(bench.add(eights + [1, 2, 3], at: 0) == nil)
    #expect(bench.add(nines, at: 8, isLast: true) == eights + nines)
    #expect(bench.add(eights + [1, 2, 3], at: 0, isIPv6: true) == nil)
    #expect(bench.anomalies.count(.badHeader) == 1)
  }

  @Test("the largest datagram fits")
  func largest() {
    var bench = TableBench()
    for offset in stride(from: 0, to: 65_528, by: 1_024) {
      let count = min(1_024, 65_528 - offset)
      #expect(bench.add([UInt8](repeating: 1, count: count), at: offset) == nil)
    }
    #expect(bench.add([2, 2, 2, 2, 2, 2, 2], at: 65_528, isLast: true)?.count == 65_535)
  }

  @Test("fragments go through tunnels, and tunnels through fragments")
  func nested() {
    let inner = Cuts(Wire.tcp(PacketStack.text), at: [24]).packets(isIPv6: false)
    let frames = inner.map { Wire.udp(Wire.vxlan(Wire.ethernet($0)), to: 4_789) }
    let outer = frames.enumerated().flatMap { i, frame in
      [(0, 40, 0x2000), (40, frame.count, 5)].map { start, end, place in
        Wire.ip4(Array(frame[start..<end]), 17, from: Wire.near, to: Wire.far, id: i, place: place)
      }
    }
    var bench = PacketBench()
    let found = outer.map { bench.decode($0, .raw) }
    #expect(found.last == FoundSegmentExpectation.ipv4)
    #expect(found.dropLast().allSatisfy { $0 == nil } && bench.counts.isEmpty)
  }

  @Test("a fragment cut by the snap length is not used")
  func cut() {
    var bench = PacketBench()
    let packets = Cuts(Wire.tcp(PacketStack.text), at: [24]).packets(isIPv6: true)
    #expect(bench.decode(packets[0], .raw, snap: packets[0].count - 1) == nil)
    #expect(bench.counts == ["cut-by-capture": 1])
  }
}

@Suite("Limits of fragments")
struct FragmentLimitTests {
  @Test("after the time is over the rest completes nothing")
  func timeout() {
    var bench = TableBench()
    #expect(bench.add(eights, at: 0, seconds: 100) == nil)
    #expect(bench.add(nines, at: 8, isLast: true, seconds: 130) == eights + nines)
    #expect(bench.add(eights, at: 0, seconds: 200) == nil)
    #expect(bench.add(nines, at: 8, isLast: true, seconds: 231) == nil)
    #expect(bench.anomalies.count(.fragmentLost) == 1)
    bench.table.finish(&bench.anomalies)
    #expect(bench.anomalies.count(.fragmentLost) == 2 && bench.table.count == 0)
  }

  @Test("time that runs backwards ends nothing early")
  func backwards() {
    var bench = TableBench()
    #expect(bench.add(eights, at: 0, seconds: 1_000) == nil)
    #expect(bench.add(eights, at: 0, id: 2, seconds: 10) == nil)
    #expect(bench.add(nines, at: 8, isLast: true, id: 2, seconds: 50) == nil)
    #expect(bench.add(nines, at: 8, isLast: true, seconds: 50) == eights + nines)
    #expect(bench.anomalies.count(.fragmentLost) == 1)
  }

  @Test("the oldest datagram makes room for a new one")
  func datagrams() {
    var limits = FragmentLimits()
    limits.datagrams = 3
    var bench = TableBench(limits)
    for id: UInt32 in 1...4 { #expect(bench.add(eights, at: 0, id: id) == nil) }
    #expect(bench.table.count == 3 && bench.anomalies.count(.fragmentLost) == 1)
    #expect(bench.add(nines, at: 8, isLast: true, id: 2) == eights + nines)
    #expect(bench.add(nines, at: 8, isLast: true, id: 4) == eights + nines)
    #expect(bench.add(nines, at: 8, isLast: true, id: 1) == nil)
  }

  @Test("memory stays under its limit, whatever comes", arguments: 0..<10 as Range<UInt64>)
  func bytes(seed: UInt64) {
    var random = Seeded(seed)
    var limits = FragmentLimits()
    limits.bytes = 20_000
    limits.datagrams = 40
    var bench = TableBench(limits)
    for _ in 0..<400 {
      let bytes = [UInt8](repeating: 3, count: 8 * Int(1 + random.next() % 50))
      let offset = 8 * Int(random.next() % 800)
      let id = UInt32(random.next() % 60)
      _ = bench.add(bytes, at: offset, isLast: random.next() % 8 == 0, id: id)
      #expect(bench.table.bytesHeld <= 20_000 && bench.table.count <= 40)
    }
    bench.table.finish(&bench.anomalies)
    #expect(bench.table.count == 0)
  }

  @Test("a datagram larger than the limit is given up alone")
  func larger() {
    var limits = FragmentLimits()
    limits.bytes = 4_096
    var bench = TableBench(limits)
    #expect(bench.add(eights, at: 8_192) == nil)
    #expect(bench.table.count == 0 && bench.table.bytesHeld == 0)
    #expect(bench.add(eights, at: 0) == nil)
    #expect(bench.add(nines, at: 8, isLast: true) == eights + nines)
  }

  @Test("more fragments than the limit make a datagram void")
  func fragments() {
    var limits = FragmentLimits()
    limits.fragments = 2
    var bench = TableBench(limits)
    for offset in [0, 8, 16] { #expect(bench.add(eights, at: offset) == nil) }
    #expect(bench.add(eights, at: 24, isLast: true) == nil)
    #expect(bench.anomalies.count(.fragmentLost) == 1)
  }

  @Test(
    "warm decoding allocates nothing, fragments included",
    .enabled(if: isReleaseBuild, "allocation budgets hold in release only"))
  func allocations() {
    var decoder = NetworkDecoder()
    var anomalies = AnomalyCounters()
    var batch = PacketBatch()
    let cuts = Cuts(Wire.tcp(PacketStack.text), at: [24]).packets(isIPv6: false)
    for (i, bytes) in (PacketStack.all.map(\.bytes) + cuts).enumerated() {
      let link = i < PacketStack.all.count ? PacketStack.all[i].link : .raw
      let start = batch.bytes.count
      batch.bytes += bytes
      batch.packets.append(
        Packet(
          at: Timestamp(nanoseconds: 0), bytes: ByteRange(start..<batch.bytes.count),
          originalLength: UInt32(bytes.count), link: link, frame: 1, offset: 0))
    }
    var segments = 0
    var before = allocationCount()
    for round in 0..<3 {
      if round == 2 { before = allocationCount() }
      for packet in batch.packets
      where decoder.decode(packet, batch.bytes.span, &anomalies) != nil { segments += 1 }
    }
    #expect(allocationCount() - before == 0)
    #expect(segments == 3 * (PacketStack.all.count + 1))
  }
}
