import CrenelModel

/// TCP segments in the order of capture, in; the bytes of each side of each connection, in their
/// own order and each once, out.
///
/// What overlaps is decided by one policy: **the bytes seen first win**. A later segment fills
/// only places that no earlier one has filled; where it says something else of them
/// `overlapConflict` is recorded, which is checked against all bytes that wait behind a hole and
/// the last ``RecentBytes/capacity`` bytes that were delivered.
///
/// A hole is given up, and told as a gap, when the other side has acknowledged what is missing
/// and the capture has gone on since: by 64 segments behind the hole, 96 KiB of the other side, a
/// second, or a tenth of one and an answer. Where acknowledgements are not captured it is given up
/// when 256 KiB wait behind it; and in any case after ten seconds, or when memory runs out. What a
/// server sent waits alike for the bytes of the client that it acknowledges, so that no answer goes
/// before its question; see ``mustWait(_:_:_:)``. Sequence numbers are taken within 2^30 bytes of
/// the next one expected.
///
/// State is bounded by ``TCPLimits`` whatever the traffic is. Time is event time; it never goes
/// back here, though packets may. It never traps on traffic.
struct TCPReassembler: ~Copyable {
  /// Flows that are closed at once when many are due.
  static let portion = 64

  /// What was odd, over all flows.
  private(set) var anomalies = AnomalyCounters()

  let limits: TCPLimits
  let blocksPerFlow: Int
  var table: FlowTable
  var pool: PiecePool
  /// Sides with a hole, the longest waiting first; a place is a slot twice, plus the side.
  var holes: SlotLists
  /// The latest time seen.
  var clock = Timestamp.distantPast
  /// No flow and no hole is due before.
  var due = Timestamp.distantFuture

  /// Creates a reassembler that has seen nothing.
  ///
  /// `seed` keeps traffic from choosing where flows fall in the table; results do not depend on it.
  init(limits: TCPLimits = TCPLimits(), seed: UInt64) {
    self.limits = limits
    table = FlowTable(capacity: limits.flows, seed: seed)
    pool = PiecePool(capacity: limits.bufferedInTotal / PiecePool.blockSize)
    blocksPerFlow = limits.bufferedPerFlow / PiecePool.blockSize
    holes = SlotLists(lists: 1, capacity: 2 &* table.capacity)
  }

  /// Takes one segment in; `payload` are its captured bytes.
  ///
  /// Also does what ``advance(to:into:)`` does.
  mutating func push<Sink: StreamSink & ~Copyable>(
    _ segment: Segment, _ payload: Span<UInt8>, _ mark: PacketMark, into sink: inout Sink
  ) {
    advance(to: mark.at, into: &sink)
    let tag = table.tag(segment.source, segment.destination)
    guard let (slot, side) = table.find(segment.source, segment.destination, tag: tag) else {
      guard let (slot, side) = open(segment, payload, mark, tag: tag, into: &sink) else { return }
      return receive(slot, side, segment, payload, mark, into: &sink)
    }
    if segment.flags.contains(.syn) || table.states[slot].phase == .closed {
      switch revisit(slot, side, segment, payload) {
      case .ignored: return
      case .refused: return record(.outOfWindow, slot, mark)
      case .same: break
      case .replaced:
        close(slot, .replaced, into: &sink)
        guard let (slot, side) = open(segment, payload, mark, tag: tag, into: &sink) else {
          return
        }
        return receive(slot, side, segment, payload, mark, into: &sink)
      }
    }
    if follow(slot, side, segment, payload, mark, into: &sink) { return }
    receive(slot, side, segment, payload, mark, into: &sink)
  }

  /// Tells that event time has come to `now`: closes idle flows and gives up old holes.
  ///
  /// One comparison when nothing is due. A time before the latest is taken as the latest. What is
  /// due is done in the order of its times, each at its own: so steps between, or none, make no
  /// difference.
  mutating func advance<Sink: StreamSink & ~Copyable>(to now: Timestamp, into sink: inout Sink) {
    while !advanceSome(to: now, into: &sink) {}
  }

  /// The same, but closes no more than ``portion`` flows; false when more is due.
  mutating func advanceSome<Sink: StreamSink & ~Copyable>(
    to now: Timestamp, into sink: inout Sink
  ) -> Bool {
    var left = Self.portion
    while due <= now {
      if due > clock { clock = due }
      guard expire(&left, into: &sink) else { return false }
      guard due > clock else { break }  // at the end of time
    }
    if now > clock { clock = now }
    return true
  }

  /// Ends the input: tells what still waits, and closes every flow.
  mutating func finish<Sink: StreamSink & ~Copyable>(into sink: inout Sink) {
    while !finishSome(into: &sink) {}
  }

  /// The same, but closes no more than ``portion`` flows; false when there are more.
  mutating func finishSome<Sink: StreamSink & ~Copyable>(into sink: inout Sink) -> Bool {
    for _ in 0..<Self.portion {
      guard
        let slot = table.oldest(.opening) ?? table.oldest(.quiet) ?? table.oldest(.open)
          ?? table.oldest(.closed)
      else {
        due = .distantFuture
        return true
      }
      close(slot, .endOfInput, into: &sink)
    }
    return false
  }

  /// Closes an open flow to stay within memory.
  mutating func giveUp<Sink: StreamSink & ~Copyable>(
    _ slot: Int, _ mark: PacketMark, into sink: inout Sink
  ) {
    record(.overLimit, slot, mark)
    close(slot, .evicted, into: &sink)
  }

  /// Counts an anomaly, and notes it on its flow.
  mutating func record(_ anomaly: PacketAnomaly, _ slot: Int, _ mark: PacketMark) {
    table.states[slot].flow.anomalies.insert(anomaly)
    anomalies.record(anomaly, frame: mark.frame)
  }

  /// Takes the usual segment in: the next bytes of a stream without holes, or an acknowledgement.
  ///
  /// False, and nothing done, when it is another; ``receive(_:_:_:_:_:into:)`` does the same.
  private mutating func follow<Sink: StreamSink & ~Copyable>(
    _ slot: Int, _ side: FlowSide, _ segment: Segment, _ payload: Span<UInt8>, _ mark: PacketMark,
    into sink: inout Sink
  ) -> Bool {
    let s = FlowTable.place(slot, side)
    let o = FlowTable.place(slot, side.other)
    guard segment.flags.contains(.ack), segment.flags.isSubset(of: [.ack, .psh, .urg]),
      segment.missing <= 0, table.states[slot].phase == .open,
      table.sides[s].isPlain(at: segment.sequence),
      let acknowledged = table.sides[o].acknowledge(plain: segment.acknowledgement)
    else { return false }
    var mark = mark
    mark.acknowledged = side == .client ? acknowledged : max(acknowledged, 0)
    table.touch(slot, mark: mark, clock: clock)
    if !payload.isEmpty {
      let offset = table.sides[s].take(payload)
      sink.data(table.states[slot].flow, side, payload, offset: offset, mark)
    }
    return true
  }

  /// Takes one segment of a known side in.
  private mutating func receive<Sink: StreamSink & ~Copyable>(
    _ slot: Int, _ side: FlowSide, _ segment: Segment, _ payload: Span<UInt8>, _ mark: PacketMark,
    into sink: inout Sink
  ) {
    let flags = segment.flags
    if flags.contains(.rst) { return reset(slot, side, segment, mark, into: &sink) }
    // A SYN takes one sequence number (RFC 9293 section 3.4).
    let sequence = flags.contains(.syn) ? segment.sequence &+ 1 : segment.sequence
    let s = FlowTable.place(slot, side)
    let missing = min(max(segment.missing, 0), 1 << 20)
    let size = Int64(payload.count &+ missing)
    if side == .client { table.sides[s].moveBase(to: sequence, size: size) }
    // Of several answers to a SYN the last counts, as long as no data came: see `revisit`.
    if !table.sides[s].hasBase
      || flags.contains(.syn) && table.sides[s].base != sequence
    {
      table.sides[s].base = sequence
      table.sides[s].hasBase = true
      table.sides[s].acknowledged = 0
    }
    table.sides[s].isSeen = true
    guard let start = table.sides[s].place(of: sequence) else {
      return record(.outOfWindow, slot, mark)
    }
    table.touch(slot, mark: mark, clock: clock)
    let next = Int64(bitPattern: table.sides[s].next)
    // A keep-alive repeats the last byte, or one that never was (RFC 9293 section 3.8.4).
    let isProbe = start == next &- 1 && size <= 1 && flags.isDisjoint(with: [.syn, .fin])
    var mark = mark
    if flags.contains(.ack) {
      let isNew = !isProbe && size > 0 && start &+ size > next
      acknowledge(slot, side, segment.acknowledgement, with: isNew ? Int(size) : 0, into: &sink)
      mark.acknowledged = acknowledged(slot, by: side, segment.acknowledgement)
    }
    if size > 0, !isProbe {
      let part = Part(start: start, missing: missing, mark: mark)
      accept(slot, side, payload, part, into: &sink)
      if side == .client { drainAnswers(slot, into: &sink) }
    }
    if flags.contains(.fin) { takeFinish(slot, side, at: start &+ size, mark, into: &sink) }
    giveUpHoles(slot, side, answer: 0, into: &sink)
    closeIfFinished(slot, into: &sink)
  }
}
