import CrenelModel
import CrenelTestKit
import Testing

@testable import CrenelDecode

/// The slow, obvious reassembler: which byte was seen first for each place.
private struct Oracle {
  private var seen: [Int: UInt8] = [:]

  mutating func add(_ bytes: [UInt8], at place: Int) {
    for (i, byte) in bytes.enumerated() where seen[place + i] == nil { seen[place + i] = byte }
  }

  /// The bytes up to the last one seen, with 0 where none was.
  var bytes: [UInt8] {
    let count = (seen.keys.max() ?? -1) + 1
    return (0..<count).map { seen[$0] ?? 0 }
  }
}

@Suite("TCP streams")
struct TCPStreamTests {
  /// Sequence numbers that wrap around early, midway, late, or not.
  static let starts: [UInt32] = [0, 1, 0x7fff_ff00, 0xffff_f000, 0xffff_fffe, 0xffff_ffff]

  private static func content(_ count: Int, _ random: inout Seeded) -> [UInt8] {
    (0..<count).map { _ in UInt8.random(in: 1...255, using: &random) }
  }

  /// Segments that cover `content`, some twice and overlapping, none moved by more than `window`
  /// places of the list.
  private static func pieces(
    of content: [UInt8], window: Int, _ random: inout Seeded
  ) -> [Step] {
    var steps: [(Int, Step)] = []
    var place = 0
    while place < content.count {
      let size = Int.random(in: 1...(Bool.random(using: &random) ? 40 : 2_000), using: &random)
      let end = min(place + size, content.count)
      var from = place
      if Int.random(in: 0..<4, using: &random) == 0 { from = max(0, place - 50) }
      let step = Step(flags: .ack, place: from, acknowledges: 0, text: Array(content[from..<end]))
      for _ in 0..<Int.random(in: 1...2, using: &random) {
        steps.append((steps.count + Int.random(in: 0...window, using: &random), step))
      }
      place = end
    }
    return steps.enumerated().sorted { ($0.1.0, $0.0) < ($1.1.0, $1.0) }.map { $0.1.1 }
  }

  @Test("any cut, order and repetition of a stream gives its bytes", arguments: 0..<36)
  func anyOrder(seed: UInt64) {
    var random = Seeded(seed)
    let content = Self.content(Int.random(in: 1...9_000, using: &random), &random)
    var wire = TCPWire()
    wire.clientISN = Self.starts[Int(seed) % Self.starts.count]
    wire.play(Step.handshake)
    wire.play(Self.pieces(of: content, window: Int.random(in: 0...12, using: &random), &random))
    wire.play(.fin(.client, at: content.count, ack: 0))
    let (bytes, counted, violation, last) = (
      wire.recorder.bytes[0], wire.counted, wire.recorder.contract.violation,
      wire.recorder.words.last
    )
    #expect(bytes == content, "seed \(seed)")
    #expect(counted == [], "seed \(seed)")
    #expect(violation == nil && last == "c.", "seed \(seed)")
  }

  @Test("of bytes that disagree, the first win, as the oracle has it", arguments: 0..<36)
  func conflicts(seed: UInt64) {
    var random = Seeded(seed)
    var oracle = Oracle()
    var limits = TCPLimits.small
    limits.holePieces = 1_000
    limits.holeBytes = 1 << 20
    limits.bufferedPerFlow = 1 << 20
    limits.bufferedInTotal = 1 << 20
    var wire = TCPWire(limits)
    wire.clientISN = Self.starts[Int(seed) % Self.starts.count]
    wire.play(.syn)
    for _ in 0..<80 {
      let place = Int.random(in: 0..<1_000, using: &random)
      let bytes = Self.content(Int.random(in: 1...90, using: &random), &random)
      // A lone byte before the next one is a keep-alive and says nothing.
      guard bytes.count > 1 else { continue }
      oracle.add(bytes, at: place)
      wire.play(Step(place: place, text: bytes))
    }
    wire.finish()
    let (bytes, counted, violation) = (
      wire.recorder.bytes[0], wire.counted, wire.recorder.contract.violation
    )
    let missing = wire.recorder.words.contains { $0.contains("~") }
    #expect(Self.withGaps(wire.recorder.words, bytes) == oracle.bytes, "seed \(seed)")
    #expect(counted.contains { $0.hasPrefix("overlap-conflict") }, "seed \(seed)")
    #expect(counted.contains { $0.hasPrefix("stream-gap") } == missing)
    #expect(violation == nil, "seed \(seed)")
  }

  /// What was told, with 0 for missing bytes; `words` say where they are.
  private static func withGaps(_ words: [String], _ bytes: [UInt8]) -> [UInt8] {
    var all: [UInt8] = []
    var rest = bytes[...]
    for word in words where word.hasPrefix("c") && word != "c." {
      let text = word.dropFirst()
      let offset = Int(text.prefix { $0.isNumber }) ?? 0
      // Bytes up to this word's offset were told before it.
      let told = rest.prefix(offset - all.count)
      all += told
      rest = rest.dropFirst(told.count)
      if text.dropFirst("\(offset)".count).hasPrefix("~"), !text.contains(":") {
        all += Array(repeating: 0, count: Int(text.split(separator: "~")[1]) ?? 0)
      }
    }
    return all + rest
  }

  @Test("offsets go on past 4 GiB")
  func beyondFourGigabytes() {
    var wire = TCPWire()
    wire.play(.syn)
    let step = 1 << 30
    var place = 0
    for _ in 0..<9 {
      wire.play([.client("x", at: place), .pause(11)])
      place += step
    }
    wire.finish()
    let last = wire.recorder.words.dropLast().last
    #expect(last == "c\(8 * step):x")
  }

  @Test("the seed changes nothing", arguments: [0, 1, .max] as [UInt64])
  func seeds(seed: UInt64) {
    let (words, anomalies) = Self.hostile(seed: seed, table: 7)
    let (expected, expectedAnomalies) = Self.hostile(seed: 99, table: 7)
    #expect(words == expected && anomalies == expectedAnomalies)
  }

  @Test("random segments break no promise and no bound", arguments: 0..<40)
  func random(seed: UInt64) {
    var random = Seeded(seed)
    let program = Self.content(8 * 400, &random)
    let violation = ReassemblyProbe.firstViolation(in: program.span)
    #expect(violation == nil, "seed \(seed)")
  }

  /// Many connections that open, send a byte behind a small or a giant hole, reset or fall silent.
  private static func hostile(table: Int, seed: UInt64, flows: Int) -> TCPWire {
    var limits = TCPLimits.small
    limits.flows = table
    var wire = TCPWire(limits, seed: seed)
    var random = Seeded(3)
    for i in 0..<flows {
      wire.client.address = ClientAddress(ipv4: UInt32(truncatingIfNeeded: i % (flows / 2)))
      let kind = Int.random(in: 0..<6, using: &random)
      wire.play(kind == 5 ? .client("xy", at: 0) : .syn)
      switch kind {
      case 1: wire.play(.client("x", at: 1))
      case 2: wire.play(.client("x", at: 1 << 29))
      case 3: wire.play([.client("x", at: 0), .rst(.client, at: 1), .rst(.client, at: 1)])
      case 4: wire.play([.synAck, .ack(.client, 0), .fin(.client, at: 50)])
      default: break
      }
    }
    return wire
  }

  private static func hostile(seed: UInt64, table: Int) -> ([String], [String]) {
    var wire = hostile(table: table, seed: seed, flows: 400)
    wire.finish()
    return (wire.recorder.words, wire.counted)
  }

  @Test("hostile flows stay within the limits")
  func bounded() {
    var wire = Self.hostile(table: 64, seed: 1, flows: 4_000)
    let (count, memory) = (wire.reassembler.table.count, wire.reassembler.pool.used)
    #expect(count <= 64 && memory <= 64)
    let slots = wire.reassembler.table.states.count
    #expect(slots <= 64)
    wire.finish()
    let (left, used, violation) = (
      wire.reassembler.table.count, wire.reassembler.pool.used, wire.recorder.contract.violation
    )
    #expect(left == 0 && used == 0 && violation == nil)
  }

  @Test("a flood of half-open connections pushes no real one out")
  func flood() {
    var wire = TCPWire()
    wire.play(Step.handshake + [.client("ab", at: 0, ack: 0)])
    let real = wire.client
    for i in 0..<2_000 {
      wire.client.address = ClientAddress(ipv4: UInt32(i))
      wire.play(.syn)
    }
    wire.client = real
    wire.play(.client("cd", at: 2, ack: 0))
    let told = wire.told
    #expect(told == "open c0:ab c2:cd")
    let count = wire.reassembler.table.count(.opening)
    #expect(count == 63)
  }

  @Test("what waits is told when memory runs out, the oldest first")
  func outOfMemory() {
    var limits = TCPLimits.small
    limits.bufferedInTotal = 4 * PiecePool.blockSize
    var wire = TCPWire(limits)
    for port in 0..<4 {
      wire.client.port = 50_000 + UInt16(port)
      wire.play([.syn, .client("\(port)", at: 1)])
    }
    let (told, counted) = (wire.told, wire.counted)
    #expect(told == "open open open open c0~1 c1:0")
    #expect(counted == ["stream-gap", "over-limit"])
  }

  @Test("one flow has no more waiting than its share")
  func share() {
    var limits = TCPLimits.small
    limits.bufferedPerFlow = 8 * PiecePool.blockSize
    limits.holePieces = 1_000
    limits.holeBytes = 1 << 20
    var wire = TCPWire(limits)
    wire.play(Step.handshake)
    for i in 0..<30 {
      wire.play(.client("x", at: 1 + 2 * i, ack: 0))
      let blocks = wire.reassembler.pool.used
      #expect(blocks <= 8)
    }
    let counted = wire.counted
    #expect(counted.contains { $0.hasPrefix("over-limit") })
  }

  @Test("a warm segment in order allocates nothing", .enabled(if: isReleaseBuild))
  func warm() {
    var reassembler = TCPReassembler(seed: 1)
    var sink = Silent()
    let payload = [UInt8](repeating: 65, count: 1_448)
    func segment(_ i: Int) -> Segment {
      Segment(
        source: Endpoint(address: ClientAddress(ipv4: UInt32(i % 50)), port: 50_000),
        destination: Endpoint(address: ClientAddress(ipv4: 0xc000_0207), port: 80),
        sequence: UInt32(truncatingIfNeeded: (i / 50) * 1_448), acknowledgement: 1, flags: .ack,
        payload: ByteRange(0..<1_448), missing: 0, isAssembled: false)
    }
    var before: UInt64 = 0
    for i in 0..<20_000 {
      if i == 10_000 { before = allocationCount() }
      let mark = PacketMark(at: Timestamp(nanoseconds: Int64(i) * 1_000), frame: UInt64(i))
      reassembler.push(segment(i), payload.span, mark, into: &sink)
    }
    let allocations = allocationCount() - before
    #expect(sink.bytes == 20_000 * 1_448)
    #expect(allocations == 0)
  }
}

/// Counts bytes.
private struct Silent: StreamSink {
  var bytes = 0
  mutating func opened(_ flow: Flow) {}
  mutating func data(
    _ flow: Flow, _ side: FlowSide, _ bytes: Span<UInt8>, offset: UInt64, _ mark: PacketMark
  ) { self.bytes += bytes.count }
  mutating func gap(
    _ flow: Flow, _ side: FlowSide, count: UInt64, offset: UInt64, _ mark: PacketMark
  ) {}
  mutating func sideEnded(_ flow: Flow, _ side: FlowSide, _ mark: PacketMark) {}
  mutating func closed(_ flow: Flow, _ end: FlowEnd, _ mark: PacketMark) {}
}
