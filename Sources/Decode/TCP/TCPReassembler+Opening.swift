import CrenelModel

/// What a segment is to a flow that was already known by its ends.
enum Revisit {
  /// Part of it.
  case same
  /// The first of a new connection between the same ends.
  case replaced
  /// A leftover of a closed connection.
  case ignored
  /// Nothing that the flow can use.
  case refused
}

extension TCPReassembler {
  /// Opens a flow for a segment that belongs to none; `nil` when it opens none.
  ///
  /// A SYN does, and so does payload in midst of a connection; a bare acknowledgement, a FIN or
  /// a reset does not.
  mutating func open<Sink: StreamSink & ~Copyable>(
    _ segment: Segment, _ payload: Span<UInt8>, _ mark: PacketMark, tag: UInt32,
    into sink: inout Sink
  ) -> (Int, FlowSide)? {
    let flags = segment.flags
    let isSyn = flags.contains(.syn)
    guard !flags.contains(.rst), isSyn || payload.count > 0 || segment.missing > 0 else {
      return nil
    }
    let side: FlowSide
    if isSyn {
      side = flags.contains(.ack) ? .server : .client
    } else {
      side = SideGuess.sender(of: payload, from: segment.source, to: segment.destination)
    }
    if table.count >= table.capacity { evict(mark, into: &sink) }
    let slot = table.add(
      client: side == .client ? segment.source : segment.destination,
      server: side == .client ? segment.destination : segment.source, tag: tag,
      phase: isSyn ? .opening : .open, mark: mark, clock: clock)
    holes.grow(to: 2 &* table.states.count)
    wake(at: clock.adding(timeout(isSyn ? .opening : .open)))
    if !isSyn {
      record(.midStream, slot, mark)
      sink.opened(table.states[slot].flow)
    }
    return (slot, side)
  }

  /// Decides what a SYN, or a segment between the ends of a closed flow, is.
  func revisit(
    _ slot: Int, _ side: FlowSide, _ segment: Segment, _ payload: Span<UInt8>
  ) -> Revisit {
    let isClosed = table.states[slot].phase == .closed
    let mine = table.sides[FlowTable.place(slot, side)]
    guard segment.flags.contains(.syn) else {
      // Old data and last acknowledgements are to be expected; new data is not.
      guard payload.count > 0, mine.hasBase, let start = mine.place(of: segment.sequence) else {
        return payload.count > 0 ? .refused : .ignored
      }
      let isOld = start &+ Int64(payload.count) <= Int64(bitPattern: mine.next)
      return isOld ? .ignored : .refused
    }
    if mine.hasBase, mine.base == segment.sequence &+ 1 { return isClosed ? .ignored : .same }
    guard !isClosed else { return .replaced }
    // What a server said may be captured before the SYN that it follows on.
    if side == .client, mine.hasBase, !mine.isSeen,
      let start = mine.place(of: segment.sequence &+ 1), -TCPLimits.earlier...0 ~= start
    {
      return .same
    }
    let other = table.sides[FlowTable.place(slot, side.other)]
    guard segment.flags.contains(.ack), other.hasBase else {
      // Both sides may open at once (RFC 9293 section 3.5); else it is a new connection.
      return mine.hasBase ? .replaced : .same
    }
    // The answer to a SYN names it; data may have gone with it (RFC 7413).
    let isAnswer = other.place(of: segment.acknowledgement).map { 0...65_535 ~= $0 } ?? false
    guard isAnswer else { return mine.next > 0 ? .replaced : .refused }
    return mine.hasBase && (mine.next > 0 || mine.first >= 0) ? .replaced : .same
  }

  /// Tells the sink of a flow, if it does not know it yet.
  mutating func tell<Sink: StreamSink & ~Copyable>(_ slot: Int, into sink: inout Sink) {
    guard table.states[slot].phase != .open else { return }
    table.move(slot, to: .open)
    sink.opened(table.states[slot].flow)
    let state = table.states[slot]
    if table.sides[2 &* slot].hasEnded { sink.sideEnded(state.flow, .client, state.mark) }
    if table.sides[2 &* slot &+ 1].hasEnded { sink.sideEnded(state.flow, .server, state.mark) }
  }

  /// Takes an acknowledgement of `side` for what the other one sent, with `count` new bytes.
  mutating func acknowledge<Sink: StreamSink & ~Copyable>(
    _ slot: Int, _ side: FlowSide, _ number: UInt32, with count: Int, into sink: inout Sink
  ) {
    let o = FlowTable.place(slot, side.other)
    guard table.sides[o].hasBase else {
      table.sides[o].base = number
      table.sides[o].hasBase = true
      return
    }
    guard let place = table.sides[o].place(of: number) else { return }
    table.sides[o].acknowledge(place)
    if table.states[slot].phase == .opening, side == .client { table.move(slot, to: .quiet) }
    giveUpHoles(slot, side.other, answer: count, into: &sink)
  }

  /// Makes room in the full table.
  private mutating func evict<Sink: StreamSink & ~Copyable>(
    _ mark: PacketMark, into sink: inout Sink
  ) {
    guard let slot = table.victim else { return }
    if table.states[slot].phase != .closed { record(.overLimit, slot, mark) }
    close(slot, .evicted, into: &sink)
  }
}
