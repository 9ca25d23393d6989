import CrenelModel

@testable import CrenelDecode

/// One captured segment of a scenario; places count from the first byte after the SYN.
struct Step: Sendable {
  var side = FlowSide.client
  var flags: TCPFlags = []
  var place = 0
  var acknowledges: Int?
  var text: [UInt8] = []
  var missing = 0
  /// Added to both initial sequence numbers, for a second connection on the same ports.
  var shift: UInt32 = 0
  /// Seconds since the step before.
  var after = 0.001
  /// Whether it is no segment but the passing of time.
  var isPause = false

  static let syn = Step(flags: .syn, place: -1)
  static let synAck = Step(side: .server, flags: [.syn, .ack], place: -1, acknowledges: 0)
  static let handshake = [syn, synAck, ack(.client, 0)]

  static func syn(_ side: FlowSide = .client, shift: UInt32 = 0, data: String = "") -> Step {
    Step(side: side, flags: .syn, place: -1, text: Array(data.utf8), shift: shift)
  }
  static func client(_ text: String, at place: Int, ack: Int? = nil, cut: Int = 0) -> Step {
    Step(
      flags: ack == nil ? [] : .ack, place: place, acknowledges: ack, text: Array(text.utf8),
      missing: cut)
  }
  static func server(_ text: String, at place: Int, ack: Int? = nil, cut: Int = 0) -> Step {
    var step = client(text, at: place, ack: ack, cut: cut)
    step.side = .server
    return step
  }
  /// A bare acknowledgement of `side`, which has itself sent `place` bytes.
  static func ack(_ side: FlowSide, _ acknowledges: Int, at place: Int = 0) -> Step {
    Step(side: side, flags: .ack, place: place, acknowledges: acknowledges)
  }
  static func fin(_ side: FlowSide, at place: Int, ack: Int? = nil, data: String = "") -> Step {
    Step(
      side: side, flags: ack == nil ? .fin : [.fin, .ack], place: place, acknowledges: ack,
      text: Array(data.utf8))
  }
  static func rst(_ side: FlowSide, at place: Int, ack: Int? = nil) -> Step {
    Step(side: side, flags: ack == nil ? .rst : [.rst, .ack], place: place, acknowledges: ack)
  }
  static func pause(_ seconds: Double) -> Step { Step(after: seconds, isPause: true) }

  /// The same segment of a connection that began at other sequence numbers.
  func shifted(_ shift: UInt32) -> Step {
    var copy = self
    copy.shift = shift
    return copy
  }
}

/// Writes what it is told as words: `open`, `c0:text`, `s3~5` for a gap, `c.` for an end.
struct Recorder: StreamSink {
  var contract = StreamContract()
  var words: [String] = []
  var marks: [UInt64] = []
  /// The bytes of the client, then the server; 0 for what is missing.
  var bytes: [[UInt8]] = [[], []]
  var anomalies = PacketAnomalies()
  var flow: Flow?

  mutating func opened(_ flow: Flow) {
    contract.opened(flow)
    words.append("open")
    bytes = [[], []]
    self.flow = flow
  }
  mutating func data(
    _ flow: Flow, _ side: FlowSide, _ bytes: Span<UInt8>, offset: UInt64, _ mark: PacketMark
  ) {
    contract.data(flow, side, bytes, offset: offset, mark)
    var text: [UInt8] = []
    for i in bytes.indices { text.append(bytes[i]) }
    self.bytes[side.index] += text
    words.append("\(letter(side))\(offset):" + String(decoding: text, as: UTF8.self))
    marks.append(mark.frame)
  }
  mutating func gap(
    _ flow: Flow, _ side: FlowSide, count: UInt64, offset: UInt64, _ mark: PacketMark
  ) {
    contract.gap(flow, side, count: count, offset: offset, mark)
    words.append("\(letter(side))\(offset)~\(count)")
    marks.append(mark.frame)
  }
  mutating func sideEnded(_ flow: Flow, _ side: FlowSide, _ mark: PacketMark) {
    contract.sideEnded(flow, side, mark)
    words.append("\(letter(side)).")
  }
  mutating func closed(_ flow: Flow, _ end: FlowEnd, _ mark: PacketMark) {
    contract.closed(flow, end, mark)
    anomalies.formUnion(flow.anomalies)
    words.append("\(end)")
  }
  private func letter(_ side: FlowSide) -> String { side == .client ? "c" : "s" }
}

/// A connection between two documentation addresses, segment by segment.
struct TCPWire: ~Copyable {
  var reassembler: TCPReassembler
  var recorder = Recorder()
  var clientISN: UInt32 = 0xffff_fffb
  var serverISN: UInt32 = 1_000
  var client = Endpoint(address: ClientAddress(ipv4: 0xc000_0207), port: 50_000)
  var server = Endpoint(address: ClientAddress(ipv4: 0xc633_6409), port: 8_080)
  private(set) var frame: UInt64 = 0
  private(set) var now = Timestamp(nanoseconds: 1_700_000_000 * Nanoseconds.second)

  init(_ limits: TCPLimits = .small, seed: UInt64 = 7) {
    reassembler = TCPReassembler(limits: limits, seed: seed)
  }

  mutating func play(_ steps: [Step]) {
    for step in steps { play(step) }
  }

  mutating func play(_ step: Step) {
    now = now.adding(Int64(step.after * 1e9))
    guard !step.isPause else { return reassembler.advance(to: now, into: &recorder) }
    frame += 1
    reassembler.push(
      segment(step), step.text.span, PacketMark(at: now, frame: frame), into: &recorder)
  }

  /// The segment of a step.
  func segment(_ step: Step) -> Segment {
    let isClient = step.side == .client
    let mine = (isClient ? clientISN : serverISN) &+ step.shift &+ 1
    let other = (isClient ? serverISN : clientISN) &+ step.shift &+ 1
    return Segment(
      source: isClient ? client : server, destination: isClient ? server : client,
      sequence: mine &+ UInt32(truncatingIfNeeded: step.place),
      acknowledgement: other &+ UInt32(truncatingIfNeeded: step.acknowledges ?? 0),
      flags: step.flags, payload: ByteRange(0..<step.text.count), missing: step.missing,
      isAssembled: false)
  }

  mutating func finish() { reassembler.finish(into: &recorder) }

  /// What the sink was told, in words.
  var told: String { recorder.words.joined(separator: " ") }

  /// The codes of what was counted, with how often.
  var counted: [String] {
    PacketAnomaly.allCases.compactMap {
      let count = reassembler.anomalies.count($0)
      return count == 0 ? nil : count == 1 ? $0.code : "\($0.code) x\(count)"
    }
  }
}

extension TCPLimits {
  /// Limits of tests: the times of the defaults, and little memory.
  static let small: TCPLimits = {
    var limits = TCPLimits()
    limits.flows = 64
    limits.bufferedPerFlow = 32 * PiecePool.blockSize
    limits.bufferedInTotal = 64 * PiecePool.blockSize
    limits.holeBytes = 4_096
    limits.holePieces = 8
    limits.acknowledgedHoleSegments = 3
    limits.answeredHoleTime = 0
    return limits
  }()
}
