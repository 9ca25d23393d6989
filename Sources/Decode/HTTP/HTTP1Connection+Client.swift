import CrenelModel

extension HTTP1Connection {
  /// Reads bytes of the client.
  mutating func feedClient(
    _ bytes: Span<UInt8>, _ offset: UInt64, _ mark: PacketMark, _ batch: inout ExchangeBatch
  ) {
    var at = 0
    var stall = Stall()
    // Bytes that were kept come again: the place never goes back.
    client.next = max(client.next, offset &+ UInt64(bytes.count))
    while at < bytes.count {
      guard stall.allows(at, context) else { return }
      client.lastMark = mark
      let place = offset &+ UInt64(at)
      switch client.phase {
      case .head: at = clientHead(bytes, at, place, mark, &batch)
      case .body:
        let count = Int(min(client.left, UInt64(bytes.count &- at)))
        keepBody(bytes.extracting(at..<(at &+ count)))
        at &+= count
        client.left &-= UInt64(count)
        if client.left == 0 { requestEnded(offset &+ UInt64(at), mark, &batch) }
      case .chunked: at = clientChunks(bytes, at, place, mark, &batch)
      case .lost: at = findRequest(bytes, at, place, mark)
      case .held: at = holdClient(bytes, at, place, mark, &batch)
      case .tunnel, .untilClose: return
      }
    }
  }

  /// Reads a head from `at`, or as much of it as there is; returns what follows.
  private mutating func clientHead(
    _ bytes: Span<UInt8>, _ from: Int, _ offset: UInt64, _ mark: PacketMark,
    _ batch: inout ExchangeBatch
  ) -> Int {
    takeWork()
    var at = from
    guard work.clientHead.isEmpty else {
      return moreOfClientHead(bytes, at, offset, mark, &batch)
    }
    // Empty lines before a request line are passed over (RFC 9112 section 2.2).
    while at < bytes.count, bytes[at] == 0x0d || bytes[at] == 0x0a { at &+= 1 }
    guard at < bytes.count else { return at }
    client.begin(offset &+ UInt64(at &- from), mark, place: place)
    var scanned = at
    let found = HeadEnd.request(bytes, at, &scanned)
    if let end = Self.end(of: found), end &- at <= context.limits.headBytes {
      takeRequest(bytes.extracting(at..<end), found, offset &+ UInt64(end &- from), mark, &batch)
      return end
    }
    return startClientHead(bytes, at, offset &+ UInt64(at &- from), mark, &batch)
  }

  private static func end(of found: HeadEnd) -> Int? {
    switch found {
    case .at(let end), .bare(let end): end
    case .notYet: nil
    }
  }

  private mutating func startClientHead(
    _ bytes: Span<UInt8>, _ at: Int, _ offset: UInt64, _ mark: PacketMark,
    _ batch: inout ExchangeBatch
  ) -> Int {
    takeWork()
    work.clientHead.append(bytes[at])
    client.scanned = 0
    guard at &+ 1 < bytes.count else { return at &+ 1 }
    return moreOfClientHead(bytes, at &+ 1, offset &+ 1, mark, &batch)
  }

  private mutating func moreOfClientHead(
    _ bytes: Span<UInt8>, _ at: Int, _ offset: UInt64, _ mark: PacketMark,
    _ batch: inout ExchangeBatch
  ) -> Int {
    takeWork()
    let before = work.clientHead.count
    let count = min(bytes.count &- at, context.limits.headBytes &+ 1 &- before)
    if count > 0 {
      unsafe bytes.extracting(at..<(at &+ count)).withUnsafeBufferPointer {
        unsafe work.clientHead.append(contentsOf: $0)
      }
    }
    var scanned = client.scanned
    let found = HeadEnd.request(work.clientHead.span, 0, &scanned)
    client.scanned = scanned
    guard let end = Self.end(of: found) else {
      if work.clientHead.count > context.limits.headBytes {
        record(.headerTooLong, mark)
        noted.insert(.headerTooLong)
        takePending(.notYet, work.clientHead.count, offset, mark, &batch)
      }
      return at &+ max(count, 0)
    }
    // A bare line ends before bytes that came in earlier pieces: those are read again.
    guard end >= before else {
      takeBareLine(end, offset &+ UInt64(max(count, 0)), mark, &batch)
      return at &+ max(count, 0)
    }
    takePending(found, end, offset &+ UInt64(end &- before), mark, &batch)
    return at &+ (end &- before)
  }

  /// Takes the first `count` of the kept bytes as a request, and forgets the rest.
  mutating func takePending(
    _ found: HeadEnd, _ count: Int, _ end: UInt64, _ mark: PacketMark,
    _ batch: inout ExchangeBatch
  ) {
    takeWork()
    var head: [UInt8] = []
    swap(&head, &work.clientHead)
    takeRequest(head.span.extracting(0..<min(count, head.count)), found, end, mark, &batch)
    head.removeAll(keepingCapacity: true)
    if work.clientHead.isEmpty { swap(&head, &work.clientHead) }
  }

  /// Takes a request line without a version, and reads on behind it in what was kept.
  ///
  /// `offset` is the place behind all that was kept.
  private mutating func takeBareLine(
    _ count: Int, _ offset: UInt64, _ mark: PacketMark, _ batch: inout ExchangeBatch
  ) {
    takeWork()
    let rest = Array(work.clientHead[count...])
    let end = offset &- UInt64(rest.count)
    takePending(.bare(count), count, end, mark, &batch)
    feedClient(rest.span, end, mark, &batch)
  }

  // MARK: - Requests

  /// Takes a request's head; `end` is the place behind it in the stream.
  mutating func takeRequest(
    _ head: Span<UInt8>, _ found: HeadEnd, _ end: UInt64, _ mark: PacketMark,
    _ batch: inout ExchangeBatch
  ) {
    takeWork()
    beforeRequest(&batch)
    if requests != .max { requests &+= 1 }
    let index = work.open.count
    let start = work.store.bytes.count
    unsafe head.withUnsafeBufferPointer { unsafe work.store.bytes.append(contentsOf: $0) }
    var exchange = blank(client)
    exchange.connectionRequest = requests
    exchange.provenance.length = UInt32(clamping: head.count)
    var detail = blankDetail()
    detail.requestStream.offset = client.firstOffset
    var reading = RequestReader(context).read(
      start..<work.store.bytes.count, isWhole: found != .notYet, &work.head, &work.store, &exchange,
      &detail)
    if found == .notYet {
      Self.markCut(&exchange, head)
      reading.verdict.framing = .none
    }
    exchange.detail = UInt32(truncatingIfNeeded: index)
    reading.open.acknowledged = client.firstMark.acknowledged
    pairing.asked(reading.open.acknowledged)
    work.open.append(reading.open)
    work.store.exchanges.append(exchange)
    work.store.details.append(detail)
    count(detail.anomalies, mark)
    work.store.details[index].anomalies.formUnion(noted)
    noted = PacketAnomalies()
    work.body.removeAll(keepingCapacity: true)
    if !client.enter(reading.verdict.framing) {
      requestEnded(end, mark, &batch)
      // Behind a line that is no HTTP/1, or a head that was cut, there is nothing to rely on.
      client.phase = Self.isLost(found) ? .lost : reading.open.holdsClient ? .held : .head
    }
    // What is captured of the server may begin behind the answer.
    if server.phase == .held, client.firstMark.acknowledged >= -1 {
      releaseHeld(mark, &batch, before: 0)
    }
  }

  private static func isLost(_ found: HeadEnd) -> Bool {
    if case .at = found { return false }
    return true
  }

  /// Marks a request of which the end of the head is missing, and maybe that of its line.
  private static func markCut(_ exchange: inout Exchange, _ head: Span<UInt8>) {
    exchange.flags.insert(.incomplete)
    if find(0x0a, in: head, from: 0, to: head.count) == head.count {
      exchange.flags.insert(.unknownTarget)
    }
  }

  /// What a new request says about those before it.
  private mutating func beforeRequest(_ batch: inout ExchangeBatch) {
    takeWork()
    let mark = client.firstMark
    // What the client had, or a server said well before this request, answers an earlier one that was
    // not captured.
    if server.phase == .held, let said = work.held.pieces.first {
      if mark.acknowledged > Int64(clamping: said.offset) {
        releaseHeld(mark, &batch, before: UInt64(mark.acknowledged))
      } else if mark.acknowledged == -1,
        mark.at.since(said.mark.at) > context.limits.captureDisorder
      {
        releaseHeld(mark, &batch, before: .max)
      }
    }
    guard work.isWaiting else { return }
    let last = work.open.count - 1
    if work.open[last].isPlaceholder, !work.open[last].hasResponse, work.first == last {
      noted.formUnion(work.store.details[last].anomalies)
      work.open.removeLast()
      work.store.exchanges.removeLast()
      work.store.details.removeLast()
    } else if server.phase == .lost, wasAnswered(last, before: mark.acknowledged) {
      giveUp(mark, &batch)
    }
    while work.isFull(context.limits) {
      record(.overLimit, mark)
      pairing.mayLack = true
      giveUp(mark, &batch)
    }
  }

  /// The request under way ends before `end`.
  mutating func requestEnded(_ end: UInt64, _ mark: PacketMark, _ batch: inout ExchangeBatch) {
    client.phase = .head
    takeWork()
    guard let index = work.open.indices.last, !work.open[index].isRequestDone else { return }
    work.open[index].isRequestDone = true
    readBody(index, mark)
    let length = end &- client.firstOffset
    work.store.details[index].requestStream.length = length
    work.store.exchanges[index].requestBytes = Int64(clamping: length)
    work.store.details[index].requestFrames.add(client.firstMark.frame)
    work.store.details[index].requestFrames.add(mark.frame)
    if work.open[index].isResponseDone { finish(mark, &batch) }
  }

  /// The request under way cannot be read to its end.
  mutating func requestLost(
    _ anomaly: PacketAnomaly, _ end: UInt64, _ mark: PacketMark, _ batch: inout ExchangeBatch
  ) {
    takeWork()
    if let index = work.open.indices.last, !work.open[index].isRequestDone {
      note(anomaly, mark, at: index)
      work.store.exchanges[index].flags.insert(.incomplete)
    }
    pairing.mayLack = true
    requestEnded(end, mark, &batch)
    client.phase = .lost
  }

  private mutating func clientChunks(
    _ bytes: Span<UInt8>, _ at: Int, _ offset: UInt64, _ mark: PacketMark,
    _ batch: inout ExchangeBatch
  ) -> Int {
    switch client.chunks.step(bytes, from: at, limit: context.limits.headBytes) {
    case .data(let end):
      keepBody(bytes.extracting(at..<end))
      return end
    case .coding(let end): return end
    case .end(let end):
      requestEnded(offset &+ UInt64(end &- at), mark, &batch)
      return end
    case .broken(let end):
      requestLost(.badMessage, offset &+ UInt64(end &- at), mark, &batch)
      return end
    }
  }
}
