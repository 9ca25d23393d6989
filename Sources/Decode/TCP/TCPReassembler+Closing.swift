import CrenelModel

extension TCPReassembler {
  /// Takes a FIN at `place` of a side's stream.
  ///
  /// One that lies before bytes already seen, or elsewhere than an earlier one, is counted and
  /// left aside.
  mutating func takeFinish<Sink: StreamSink & ~Copyable>(
    _ slot: Int, _ side: FlowSide, at place: Int64, _ mark: PacketMark, into sink: inout Sink
  ) {
    let s = FlowTable.place(slot, side)
    let known = table.sides[s].finish
    let last = table.sides[s].last
    let seen = last >= 0 ? pool[last].end : table.sides[s].next
    guard place >= 0, UInt64(place) >= seen, known == .max || known == UInt64(place) else {
      if known == .max || place > Int64(clamping: known) { record(.outOfWindow, slot, mark) }
      return
    }
    guard known == .max else { return }
    table.sides[s].finish = UInt64(place)
    endIfReached(slot, side, into: &sink)
    settle(slot, side)
  }

  /// Tells the end of a side whose FIN is next.
  mutating func endIfReached<Sink: StreamSink & ~Copyable>(
    _ slot: Int, _ side: FlowSide, into sink: inout Sink
  ) {
    let s = FlowTable.place(slot, side)
    guard table.sides[s].next == table.sides[s].finish,
      !table.sides[s].hasEnded
    else { return }
    table.sides[s].hasEnded = true
    guard table.states[slot].phase == .open else { return }
    sink.sideEnded(table.states[slot].flow, side, table.states[slot].mark)
  }

  /// Closes a flow both sides of which have ended.
  mutating func closeIfFinished<Sink: StreamSink & ~Copyable>(
    _ slot: Int, into sink: inout Sink
  ) {
    guard table.sides[2 &* slot].hasEnded, table.sides[2 &* slot &+ 1].hasEnded else { return }
    close(slot, .finished, into: &sink)
  }

  /// Takes a reset: in the window, it ends the flow; elsewhere it is counted and left aside.
  mutating func reset<Sink: StreamSink & ~Copyable>(
    _ slot: Int, _ side: FlowSide, _ segment: Segment, _ mark: PacketMark,
    into sink: inout Sink
  ) {
    let mine = table.sides[FlowTable.place(slot, side)]
    let other = table.sides[FlowTable.place(slot, side.other)]
    let isValid: Bool
    if mine.hasBase, let place = mine.place(of: segment.sequence) {
      let waiting = mine.last >= 0 ? pool[mine.last].end : mine.next
      let sent = Int64(clamping: max(waiting, mine.acknowledged))
      isValid = place >= Int64(clamping: mine.next) && place <= sent &+ TCPLimits.resetSlack
    } else if !mine.hasBase, other.hasBase, segment.flags.contains(.ack) {
      // A refused connection: the reset names the SYN (RFC 9293 section 3.10.7.3).
      isValid = other.place(of: segment.acknowledgement).map { 0...65_535 ~= $0 } ?? false
    } else {
      isValid = false
    }
    guard isValid else { return record(.outOfWindow, slot, mark) }
    table.touch(slot, mark: mark, clock: clock)
    close(slot, .reset, into: &sink)
  }

  /// Stops following a flow, after telling what it had waiting.
  ///
  /// A flow that was told and ended by itself is remembered for a while.
  mutating func close<Sink: StreamSink & ~Copyable>(
    _ slot: Int, _ end: FlowEnd, into sink: inout Sink
  ) {
    guard table.states[slot].phase != .closed else { return table.remove(slot) }
    while table.sides[2 &* slot].hasHole { giveUpHole(slot, .client, into: &sink) }
    while table.sides[2 &* slot &+ 1].hasHole { giveUpHole(slot, .server, into: &sink) }
    guard table.states[slot].phase == .open else { return table.remove(slot) }
    sink.closed(table.states[slot].flow, end, table.states[slot].mark)
    guard end == .finished || end == .reset else { return table.remove(slot) }
    table.move(slot, to: .closed)
    table.states[slot].lastSeen = clock
    wake(at: clock.adding(limits.timeWait))
  }

  /// Closes what was idle too long, gives up what waited too long, and finds the next time to look.
  ///
  /// False when more is due: no more than `left` at once, which it counts down.
  mutating func expire<Sink: StreamSink & ~Copyable>(
    _ left: inout Int, into sink: inout Sink
  ) -> Bool {
    due = .distantFuture
    while left > 0, holes.first(0) >= 0 {
      left &-= 1
      let place = holes.first(0)
      let slot = place >> 1
      let side: FlowSide = place & 1 == 0 ? .client : .server
      let until = table.sides[FlowTable.place(slot, side)].holeSince.adding(limits.holeTime)
      guard until <= clock else {
        wake(at: until)
        break
      }
      giveUpHole(slot, side, into: &sink)
      closeIfFinished(slot, into: &sink)
    }
    closeIdle(.open, &left, into: &sink)
    closeIdle(.quiet, &left, into: &sink)
    closeIdle(.opening, &left, into: &sink)
    closeIdle(.closed, &left, into: &sink)
    if left == 0 { due = clock }
    return left > 0
  }

  private mutating func closeIdle<Sink: StreamSink & ~Copyable>(
    _ phase: FlowPhase, _ left: inout Int, into sink: inout Sink
  ) {
    while left > 0, let slot = table.oldest(phase) {
      let until = table.states[slot].lastSeen.adding(timeout(phase))
      guard until <= clock else { return wake(at: until) }
      left &-= 1
      close(slot, .idle, into: &sink)
    }
  }

  /// How long a flow of a phase may be silent.
  func timeout(_ phase: FlowPhase) -> Int64 {
    switch phase {
    case .opening: limits.halfOpenIdle
    case .quiet, .open: limits.idle
    case .closed: limits.timeWait
    }
  }

  /// Makes sure that ``expire(_:into:)`` runs at `time`.
  mutating func wake(at time: Timestamp) {
    if time < due { due = time }
  }
}
