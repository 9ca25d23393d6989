import CrenelModel
import CrenelTestKit
import Testing

@testable import CrenelDecode

@Suite("Layers down to TCP")
struct LayerTests {
  /// What every stack holds, over IPv4 or IPv6.
  static func isRight(_ found: FoundSegment?) -> Bool {
    let v4 = FoundSegmentExpectation.ipv4
    let v6 = FoundSegmentExpectation.ipv6
    return found == v4 || found == v6
  }

  @Test("every stack gives the segment in it", arguments: PacketStack.all)
  func stacks(stack: PacketStack) {
    var bench = PacketBench()
    let found = bench.decode(stack.bytes, stack.link)
    #expect(Self.isRight(found), "\(String(describing: found))")
    #expect(bench.counts.isEmpty && bench.decoder.tally.segments == 1)
  }

  @Test("padding after the packet is no payload", arguments: PacketStack.all)
  func padding(stack: PacketStack) {
    var bench = PacketBench()
    let found = bench.decode(stack.bytes + [0, 0, 0, 0, 0, 0, 9], stack.link)
    #expect(Self.isRight(found), "\(String(describing: found))")
  }

  @Test("a snap length anywhere says what is missing", arguments: PacketStack.all)
  func snap(stack: PacketStack) {
    let whole = PacketStack.text
    for length in 0..<stack.bytes.count {
      var bench = PacketBench()
      let found = bench.decode(stack.bytes, stack.link, snap: length)
      if let found {
        #expect(found.payload == Array(whole.prefix(found.payload.count)))
        #expect(found.missing == whole.count - found.payload.count, "at \(length)")
      }
      #expect(bench.counts == ["cut-by-capture": 1], "at \(length)")
    }
  }

  @Test(
    "a packet that ends early on the wire is never read past its end", arguments: PacketStack.all)
  func prefixes(stack: PacketStack) {
    for length in 0..<stack.bytes.count {
      var bench = PacketBench()
      let found = bench.decode(Array(stack.bytes.prefix(length)), stack.link)
      #expect((found?.payload.count ?? 0) < PacketStack.text.count, "at \(length)")
      #expect(found == nil || bench.counts == ["cut-by-capture": 1], "at \(length)")
    }
  }

  @Test("changed bytes never trap, and every packet is counted once", arguments: PacketStack.all)
  func mutations(stack: PacketStack) {
    var random = Seeded(UInt64(stack.bytes.count))
    var bench = PacketBench()
    let rounds = isReleaseBuild ? 20_000 : 300
    for _ in 0..<rounds {
      var bytes = stack.bytes
      for _ in 0...(random.next() % 4) {
        bytes[Int(random.next() % UInt64(bytes.count))] = UInt8(truncatingIfNeeded: random.next())
      }
      let found = bench.decode(bytes, stack.link, snap: Int(random.next() % 400))
      #expect((found?.missing ?? 0) >= 0)
    }
    let tally = bench.decoder.tally
    #expect(tally.packets == UInt64(rounds))
    #expect(tally.packets == tally.segments + tally.fragments + tally.others + tally.unreadable)
  }

  @Test("the fixed places and the cursor agree", arguments: 0..<40 as Range<UInt64>)
  func plain(seed: UInt64) {
    var random = Seeded(seed)
    let ends = (0..<2).map { _ in (0..<4).map { _ in UInt8(truncatingIfNeeded: random.next()) } }
    let numbers = (0..<3).map { _ in Int(random.next() >> 48) }
    for _ in 0..<50 {
      var bytes = Wire.ethernet(
        Wire.ip4(
          Wire.tcp(PacketStack.text, from: numbers[0], to: numbers[1], sequence: numbers[2]),
          from: ends[0], to: ends[1]))
      if random.next() % 4 > 0 {
        bytes[12 + Int(random.next() % 40)] = UInt8(truncatingIfNeeded: random.next())
      }
      bytes.removeLast(Int(random.next() % 3) * 9)
      guard let plain = plainSegment(bytes.indices, bytes.span) else { continue }
      var cursor = LayerCursor(bytes.indices, cut: 0)
      guard case .segment(let slow) = cursor.walk(bytes.span, from: .ethernet) else {
        Issue.record("the cursor finds none in \(bytes)")
        continue
      }
      #expect(FoundSegment(plain, bytes) == FoundSegment(slow, bytes))
      #expect(plain.payload == slow.payload)
    }
  }
}

/// The segment that every stack holds.
enum FoundSegmentExpectation {
  static let ipv4 = make(
    ClientAddress(ipv4: 0xc000_0207), ClientAddress(ipv4: 0xc633_6450))
  static let ipv6 = make(
    ClientAddress(ipv6High: 0x2001_0db8_0000_0000, low: 7),
    ClientAddress(ipv6High: 0x2001_0db8_0000_0000, low: 80))

  private static func make(_ client: ClientAddress, _ server: ClientAddress) -> FoundSegment {
    let text = PacketStack.text
    return FoundSegment(
      Segment(
        source: Endpoint(address: client, port: 40_000),
        destination: Endpoint(address: server, port: 80), sequence: 1_000, acknowledgement: 77,
        flags: [.psh, .ack], payload: ByteRange(0..<text.count), missing: 0, isAssembled: false),
      text)
  }
}
