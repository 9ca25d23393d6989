import CrenelModel

extension TCPReassembler {
  /// Keeps the list of holes right after a side's stream has moved or got a piece.
  ///
  /// The wait begins anew whenever the stream moves: it is not stuck then.
  mutating func settle(_ slot: Int, _ side: FlowSide) {
    let s = FlowTable.place(slot, side)
    let isListed = table.sides[s].isListed
    guard table.sides[s].hasHole else {
      if isListed {
        holes.remove(s, from: 0)
        table.sides[s].isListed = false
        table.sides[s].passed = 0
      }
      return
    }
    let next = table.sides[s].next
    guard !isListed || next != table.sides[s].holeAt else { return }
    table.sides[s].holeAt = next
    table.sides[s].holeSince = clock
    if isListed {
      holes.renew(s, in: 0)
    } else {
      holes.append(s, to: 0)
      table.sides[s].isListed = true
    }
    wake(at: clock.adding(limits.holeTime))
  }

  /// Gives up the holes of a side that need no longer be waited for.
  ///
  /// `answer` is how many new bytes the other side has just sent.
  mutating func giveUpHoles<Sink: StreamSink & ~Copyable>(
    _ slot: Int, _ side: FlowSide, answer: Int, into sink: inout Sink
  ) {
    let s = FlowTable.place(slot, side)
    guard table.sides[s].isListed else { return }
    if table.sides[s].passed == 0 { countOut(s) }
    table.sides[s].answered = UInt32(clamping: Int(table.sides[s].answered) &+ answer)
    let isOver = isCountedOut(s, isAnswered: answer > 0)
    while table.sides[s].isListed, isHopeless(s, isOver: isOver) {
      giveUpHole(slot, side, into: &sink)
    }
    // Holes further on were not known, or not acknowledged, when the count began.
    if isOver, table.sides[s].isListed { countOut(s) }
  }

  private mutating func countOut(_ s: Int) {
    let last = table.sides[s].last
    let end = last >= 0 ? pool[last].end : table.sides[s].finish
    table.sides[s].countOut(before: end, hole: holeEnd(s), clock: clock)
  }

  /// Whether the capture has gone on so far that what was acknowledged when the count began does
  /// not come any more.
  private func isCountedOut(_ s: Int, isAnswered: Bool) -> Bool {
    let state = table.sides[s]
    guard state.passed > 0 else { return false }
    let waited = clock.since(state.passedAt)
    return Int(state.overtaking) >= limits.acknowledgedHoleSegments
      || waited >= limits.acknowledgedHoleTime
      || isAnswered && waited >= limits.answeredHoleTime
      || Int(state.answered) > limits.answeredHoleBytes
  }

  /// Tells the first hole of a side as a gap, and what follows it; what waits for the other side,
  /// and not behind a hole, as it is.
  mutating func giveUpHole<Sink: StreamSink & ~Copyable>(
    _ slot: Int, _ side: FlowSide, into sink: inout Sink
  ) {
    let s = FlowTable.place(slot, side)
    let first = table.sides[s].first
    var mark = first >= 0 ? pool[first].mark : table.states[slot].mark
    mark.isCut = false
    let count = holeEnd(s) &- table.sides[s].next
    if count > 0 {
      skip(slot, side, count: count, mark, into: &sink)
    } else {
      table.sides[s].waived = UInt64(clamping: mark.acknowledged)
    }
    drain(slot, side, into: &sink)
  }

  /// Frees blocks for a segment of `bytes` bytes: holes of its own flow, then the oldest of all,
  /// are given up.
  mutating func makeRoom<Sink: StreamSink & ~Copyable>(
    _ slot: Int, _ side: FlowSide, bytes: Int64, into sink: inout Sink
  ) {
    let needed = Int(bytes) / PiecePool.blockSize &+ 2
    while table.states[slot].blocks > 0, table.states[slot].blocks &+ needed > blocksPerFlow {
      let isMine = table.sides[FlowTable.place(slot, side)].first >= 0
      record(.overLimit, slot, table.states[slot].mark)
      giveUpHole(slot, isMine ? side : side.other, into: &sink)
    }
    while pool.available < needed, holes.first(0) >= 0 {
      let place = holes.first(0)
      let owner = place >> 1
      record(.overLimit, owner, table.states[owner].mark)
      giveUpHole(owner, place & 1 == 0 ? .client : .server, into: &sink)
      if owner != slot { closeIfFinished(owner, into: &sink) }
    }
  }

  /// The place after the hole: of the first piece, or of the FIN.
  private func holeEnd(_ s: Int) -> UInt64 {
    let first = table.sides[s].first
    return first >= 0 ? pool[first].offset : table.sides[s].finish
  }

  private func isHopeless(_ s: Int, isOver: Bool) -> Bool {
    let state = table.sides[s]
    let waited = clock.since(state.holeSince)
    if waited >= limits.holeTime { return true }
    let isBehindHole = holeEnd(s) > state.next
    if !isBehindHole, waited >= limits.acknowledgedHoleTime { return true }
    if isBehindHole, isOver, holeEnd(s) <= state.passed { return true }
    // Acknowledgements that are seen and stop at the hole say that the bytes will come again.
    guard !isBehindHole || !state.isAcknowledged else { return false }
    return Int(state.buffered) > limits.holeBytes || Int(state.pieces) > limits.holePieces
  }
}
