import CrenelModel

/// Where a segment's payload lies in its stream.
struct Part: BitwiseCopyable {
  /// Place of the first byte; negative before the first one that counts.
  var start: Int64
  /// Bytes after the captured ones that the snap length cut off.
  var missing: Int
  var mark: PacketMark
}

extension TCPReassembler {
  /// Takes payload in: tells what is next, keeps what comes too early.
  mutating func accept<Sink: StreamSink & ~Copyable>(
    _ slot: Int, _ side: FlowSide, _ payload: Span<UInt8>, _ part: Part, into sink: inout Sink
  ) {
    tell(slot, into: &sink)
    let s = FlowTable.place(slot, side)
    let next = Int64(bitPattern: table.sides[s].next)
    if part.start == next, part.missing == 0, table.sides[s].first < 0,
      table.sides[s].finish == .max, !mustWait(slot, side, part.mark)
    {
      return deliver(slot, side, payload, part.mark, into: &sink)
    }
    // Nothing comes after a FIN; what says it does is cut off.
    let finish = Int64(clamping: table.sides[s].finish)
    let captured = part.start &+ Int64(payload.count)
    let end = captured &+ Int64(part.missing)
    if end > finish { record(.outOfWindow, slot, part.mark) }
    if part.start < next,
      table.sides[s].recent.differ(
        from: payload, back: next &- part.start)
    {
      record(.overlapConflict, slot, part.mark)
    }
    let first = max(part.start, next)
    let last = min(end, finish)
    guard first < last else { return }
    if first > next || mustWait(slot, side, part.mark) {
      makeRoom(slot, side, bytes: last &- first, into: &sink)
    }
    let from = max(part.start, Int64(bitPattern: table.sides[s].next))
    let middle = min(captured, finish)
    let pieces = table.sides[s].pieces
    if from < middle {
      let range = UInt64(from)..<UInt64(middle)
      compare(slot, s, payload, part, range)
      fill(slot, side, payload, part, range, into: &sink)
    }
    // What waited may have come after the captured bytes, and hold those that were cut off.
    let cut = max(from, middle, Int64(bitPattern: table.sides[s].next))
    if cut < last { fillCut(slot, side, part, UInt64(cut)..<UInt64(last), into: &sink) }
    if table.sides[s].pieces > pieces, table.sides[s].overtaking < .max {
      table.sides[s].overtaking &+= 1
    }
    settle(slot, side)
  }

  /// Fills places whose bytes the snap length cut off.
  private mutating func fillCut<Sink: StreamSink & ~Copyable>(
    _ slot: Int, _ side: FlowSide, _ part: Part, _ range: Range<UInt64>, into sink: inout Sink
  ) {
    table.states[slot].flow.anomalies.insert(.cutByCapture)
    var part = part
    part.mark.isCut = true
    fill(slot, side, Span(), part, range, into: &sink)
  }

  /// Compares a segment with what waits for the same places of `range`.
  private mutating func compare(
    _ slot: Int, _ s: Int, _ payload: Span<UInt8>, _ part: Part, _ range: Range<UInt64>
  ) {
    let last = table.sides[s].last
    guard last >= 0, pool[last].end > range.lowerBound else { return }
    var index = table.sides[s].first
    while index >= 0, pool[index].offset < range.upperBound {
      let from = max(range.lowerBound, pool[index].offset)
      let end = min(range.upperBound, pool[index].end)
      if from < end, pool.differs(index, from: payload, at: part.start, in: from..<end) {
        return record(.overlapConflict, slot, part.mark)
      }
      index = pool[index].next
    }
  }

  /// Fills the places of `range` that no piece holds.
  ///
  /// What is next is told at once, with what waited for it; the rest is kept. `part.start` is
  /// the place of `payload`'s first byte; without payload, the range is missing.
  private mutating func fill<Sink: StreamSink & ~Copyable>(
    _ slot: Int, _ side: FlowSide, _ payload: Span<UInt8>, _ part: Part, _ range: Range<UInt64>,
    into sink: inout Sink
  ) {
    let s = FlowTable.place(slot, side)
    var cursor = range.lowerBound
    // Most of what comes too early goes behind all that waits.
    let last = table.sides[s].last
    let isLast = last >= 0 && pool[last].end <= cursor
    var before: Int32 = isLast ? last : -1
    var after = isLast ? -1 : table.sides[s].first
    while cursor < range.upperBound {
      while after >= 0, pool[after].end <= cursor {
        before = after
        after = pool[after].next
      }
      if after >= 0, pool[after].offset <= cursor {
        cursor = pool[after].end
        continue
      }
      let end = after >= 0 ? min(range.upperBound, pool[after].offset) : range.upperBound
      if cursor == table.sides[s].next, !mustWait(slot, side, part.mark) {
        pass(slot, side, payload, part, cursor..<end, into: &sink)
        drain(slot, side, into: &sink)
        before = -1
        after = table.sides[s].first
        cursor = table.sides[s].next
      } else if keep(slot, s, payload, part, cursor..<end, after: &before) {
        cursor = end
      } else {
        return record(.overLimit, slot, part.mark)
      }
    }
  }

  /// Tells bytes of a segment that are next.
  private mutating func pass<Sink: StreamSink & ~Copyable>(
    _ slot: Int, _ side: FlowSide, _ payload: Span<UInt8>, _ part: Part, _ range: Range<UInt64>,
    into sink: inout Sink
  ) {
    guard !payload.isEmpty else {
      return skip(
        slot, side, count: range.upperBound &- range.lowerBound, part.mark, into: &sink)
    }
    let start = Int(Int64(bitPattern: range.lowerBound) &- part.start)
    let bytes = payload.extracting(start..<(start &+ range.count))
    deliver(slot, side, bytes, part.mark, into: &sink)
  }

  /// Puts bytes of a segment behind the piece `before`; false when there was no room for all.
  private mutating func keep(
    _ slot: Int, _ s: Int, _ payload: Span<UInt8>, _ part: Part, _ range: Range<UInt64>,
    after before: inout Int32
  ) -> Bool {
    var cursor = range.lowerBound
    while cursor < range.upperBound {
      let stored: Int32?
      if payload.isEmpty {
        stored = pool.store(
          payload, offset: cursor, missing: UInt32(truncatingIfNeeded: range.count),
          mark: part.mark)
      } else {
        let start = Int(Int64(bitPattern: cursor) &- part.start)
        let count = min(
          PiecePool.blockSize, Int(truncatingIfNeeded: range.upperBound &- cursor))
        stored = pool.store(
          payload.extracting(start..<(start &+ count)), offset: cursor, missing: 0,
          mark: part.mark)
      }
      guard let piece = stored else { return false }
      link(piece, slot, s, after: before)
      before = piece
      cursor = pool[piece].end
    }
    return true
  }

  /// Links a piece into its side's list, behind `before` or at its head.
  private mutating func link(_ piece: Int32, _ slot: Int, _ s: Int, after before: Int32) {
    if before >= 0 {
      let after = pool[before].next
      pool[piece].next = after
      pool[before].next = piece
    } else {
      pool[piece].next = table.sides[s].first
      table.sides[s].first = piece
    }
    if pool[piece].next < 0 { table.sides[s].last = piece }
    table.sides[s].pieces &+= 1
    table.sides[s].buffered &+= pool[piece].length
    table.states[slot].blocks &+= 1
  }

  /// Tells the next bytes of a side.
  private mutating func deliver<Sink: StreamSink & ~Copyable>(
    _ slot: Int, _ side: FlowSide, _ bytes: Span<UInt8>, _ mark: PacketMark,
    into sink: inout Sink
  ) {
    let offset = table.sides[FlowTable.place(slot, side)].take(bytes)
    sink.data(table.states[slot].flow, side, bytes, offset: offset, mark)
  }

  /// Tells the bytes of a piece, which are next.
  private mutating func deliver<Sink: StreamSink & ~Copyable>(
    _ slot: Int, _ side: FlowSide, _ index: Int32, _ piece: PiecePool.Piece,
    into sink: inout Sink
  ) {
    let s = FlowTable.place(slot, side)
    let flow = table.states[slot].flow
    var recent = table.sides[s].recent
    do {
      let bytes = pool.bytes.span.extracting(pool.range(index))
      recent.append(bytes)
      sink.data(flow, side, bytes, offset: piece.offset, piece.mark)
    }
    table.sides[s].next = piece.end
    table.sides[s].recent = recent
  }

  /// Tells that the next bytes of a side are missing.
  mutating func skip<Sink: StreamSink & ~Copyable>(
    _ slot: Int, _ side: FlowSide, count: UInt64, _ mark: PacketMark, into sink: inout Sink
  ) {
    tell(slot, into: &sink)
    record(.streamGap, slot, mark)
    let s = FlowTable.place(slot, side)
    let offset = table.sides[s].next
    table.sides[s].next = offset &+ count
    table.sides[s].recent.reset()
    sink.gap(table.states[slot].flow, side, count: count, offset: offset, mark)
  }

  /// Tells what waited for the hole that is now filled, and whether the side has ended.
  mutating func drain<Sink: StreamSink & ~Copyable>(
    _ slot: Int, _ side: FlowSide, into sink: inout Sink
  ) {
    let s = FlowTable.place(slot, side)
    while table.sides[s].first >= 0 {
      if side == .client { drainAnswers(slot, into: &sink) }
      let index = table.sides[s].first
      let piece = pool[index]
      guard piece.offset == table.sides[s].next, !mustWait(slot, side, piece.mark) else { break }
      if piece.isMissing {
        skip(slot, side, count: UInt64(piece.length), piece.mark, into: &sink)
      } else {
        deliver(slot, side, index, piece, into: &sink)
      }
      table.sides[s].first = piece.next
      if piece.next < 0 { table.sides[s].last = -1 }
      table.sides[s].pieces &-= 1
      table.sides[s].buffered &-= piece.length
      table.states[slot].blocks &-= 1
      pool.release(index)
    }
    endIfReached(slot, side, into: &sink)
    settle(slot, side)
  }
}
