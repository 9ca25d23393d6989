import CrenelModel

extension HTTP1Connection {
  /// Reads bytes of the server.
  mutating func feedServer(
    _ bytes: Span<UInt8>, _ offset: UInt64, _ mark: PacketMark, _ batch: inout ExchangeBatch
  ) {
    var at = 0
    var stall = Stall()
    // Bytes that were kept come again: the place never goes back.
    defer { server.next = max(server.next, offset &+ UInt64(bytes.count)) }
    while at < bytes.count {
      guard stall.allows(at, context) else { return }
      let place = offset &+ UInt64(at)
      server.next = max(server.next, place)
      switch server.phase {
      case .head, .held: at = serverHead(bytes, at, place, mark, &batch)
      case .body:
        server.lastMark = mark
        let count = min(server.left, UInt64(bytes.count &- at))
        at &+= Int(count)
        server.left &-= count
        addBody(Int64(count))
        if server.left == 0 { responseEnded(offset &+ UInt64(at), mark, &batch) }
      case .chunked:
        server.lastMark = mark
        at = serverChunks(bytes, at, place, mark, &batch)
      case .untilClose:
        server.lastMark = mark
        addBody(Int64(bytes.count &- at))
        at = bytes.count
      case .lost: at = findResponse(bytes, at, place, mark, &batch)
      case .tunnel: return
      }
    }
  }

  /// Reads a head from `at`, or as much of it as there is; returns what follows.
  private mutating func serverHead(
    _ bytes: Span<UInt8>, _ from: Int, _ offset: UInt64, _ mark: PacketMark,
    _ batch: inout ExchangeBatch
  ) -> Int {
    takeWork()
    if work.isWaiting, work.open[work.first].isResponseDone {
      // It was answered before it was sent in full, and this is an answer to something else.
      work.store.exchanges[work.first].flags.insert(.incomplete)
      work.open[work.first].isRequestDone = true
      finish(mark, &batch)
    }
    guard work.isWaiting else { return withoutRequest(bytes, from, offset, mark, &batch) }
    server.phase = .head
    server.lastMark = mark
    guard work.serverHead.isEmpty else {
      return moreOfServerHead(bytes, from, mark, offset, &batch)
    }
    var at = from
    while at < bytes.count, bytes[at] == 0x0d || bytes[at] == 0x0a { at &+= 1 }
    guard at < bytes.count else { return at }
    let start = offset &+ UInt64(at &- from)
    // An interim response and the final one are one.
    if !work.open[work.first].hasResponse {
      server.begin(start, mark, place: place)
      passOver(mark, &batch)
    }
    let rest = bytes.extracting(at..<bytes.count)
    guard Self.looksLikeResponse(rest) != false else { return notAResponse(at, mark) }
    server.scanned = at
    if case .at(let end) = HeadEnd.find(bytes, at, &server.scanned),
      end &- at <= context.limits.headBytes
    {
      let head = bytes.extracting(at..<end)
      takeResponse(head, offset &+ UInt64(end &- from), mark, isWhole: true, &batch)
      return end
    }
    server.scanned = 0
    return moreOfServerHead(bytes, at, mark, start, &batch)
  }

  private mutating func moreOfServerHead(
    _ bytes: Span<UInt8>, _ at: Int, _ mark: PacketMark, _ offset: UInt64,
    _ batch: inout ExchangeBatch
  ) -> Int {
    takeWork()
    let before = work.serverHead.count
    let count = max(0, min(bytes.count &- at, context.limits.headBytes &+ 1 &- before))
    unsafe bytes.extracting(at..<(at &+ count)).withUnsafeBufferPointer {
      unsafe work.serverHead.append(contentsOf: $0)
    }
    if Self.looksLikeResponse(work.serverHead.span) == false {
      // The first bytes were too few to tell; what was kept is read again as something else.
      let kept = work.serverHead
      work.serverHead.removeAll(keepingCapacity: true)
      _ = notAResponse(0, mark)
      feedServer(kept.span, offset &- UInt64(before), mark, &batch)
      return at &+ count
    }
    var scanned = server.scanned
    let found = HeadEnd.find(work.serverHead.span, 0, &scanned)
    server.scanned = scanned
    guard case .at(let end) = found else {
      if work.serverHead.count > context.limits.headBytes {
        record(.headerTooLong, mark, at: work.first)
        takePendingResponse(
          work.serverHead.count, offset &+ UInt64(count), mark, isWhole: false, &batch)
      }
      return at &+ count
    }
    let used = max(end &- before, 0)
    takePendingResponse(end, offset &+ UInt64(used), mark, isWhole: true, &batch)
    return at &+ used
  }

  mutating func takePendingResponse(
    _ count: Int, _ end: UInt64, _ mark: PacketMark, isWhole: Bool,
    _ batch: inout ExchangeBatch
  ) {
    takeWork()
    var head: [UInt8] = []
    swap(&head, &work.serverHead)
    takeResponse(
      head.span.extracting(0..<min(count, head.count)), end, mark, isWhole: isWhole, &batch)
    head.removeAll(keepingCapacity: true)
    if work.serverHead.isEmpty { swap(&head, &work.serverHead) }
  }

  /// Reads bytes of a server that nobody asked anything; returns what follows.
  private mutating func withoutRequest(
    _ bytes: Span<UInt8>, _ from: Int, _ offset: UInt64, _ mark: PacketMark,
    _ batch: inout ExchangeBatch
  ) -> Int {
    takeWork()
    if client.phase == .head, !work.clientHead.isEmpty, !client.hasEnded {
      // HTTP/0.9 asks with a line; that an answer comes shows that the line was all.
      let count = work.clientHead.count
      if Self.isBareLine(work.clientHead.span) {
        takePending(.bare(count), count, client.next, client.lastMark, &batch)
        return from
      }
    }
    if work.serverHead.isEmpty, work.held.isEmpty, bytes[from] == 0x0d || bytes[from] == 0x0a {
      return from &+ 1
    }
    let rest = bytes.extracting(from..<bytes.count)
    if !client.hasEnded, offset >= forced, client.phase != .tunnel,
      work.held.append(rest, offset: offset, mark, limit: context.limits.heldBytes)
    {
      server.phase = .held
      return bytes.count
    }
    guard work.held.isEmpty else {
      pairing.mayLack = true
      releaseHeld(mark, &batch, before: .max)
      return from
    }
    // Bytes kept of a status line that was found again are its beginning.
    guard !work.serverHead.isEmpty || Self.isStatusLine(bytes, from) else {
      server.phase = .lost
      return from
    }
    server.phase = .head
    if work.serverHead.isEmpty { server.begin(offset, mark, place: place) }
    openPlaceholder(server, isFromClient: false)
    record(.unpaired, mark, at: work.first)
    return from
  }

  /// Bytes that are no response where one should begin.
  private mutating func notAResponse(_ at: Int, _ mark: PacketMark) -> Int {
    takeWork()
    let open = work.open[work.first]
    if open.isBare, !open.hasResponse, canAnswer(work.first) {
      // HTTP/0.9: the response is a body and nothing else.
      work.open[work.first].hasResponse = true
      work.store.exchanges[work.first].bodyBytes = 0
      server.phase = .untilClose
    } else {
      record(.badMessage, mark, at: work.first)
      server.phase = .lost
    }
    return at
  }

  private mutating func serverChunks(
    _ bytes: Span<UInt8>, _ at: Int, _ offset: UInt64, _ mark: PacketMark,
    _ batch: inout ExchangeBatch
  ) -> Int {
    switch server.chunks.step(bytes, from: at, limit: context.limits.headBytes) {
    case .data(let end):
      addBody(Int64(end &- at))
      return end
    case .coding(let end): return end
    case .end(let end):
      responseEnded(offset &+ UInt64(end &- at), mark, &batch)
      return end
    case .broken(let end):
      responseLost(.badMessage, offset &+ UInt64(end &- at), mark, &batch)
      return end
    }
  }

  private mutating func addBody(_ count: Int64) {
    guard work.isWaiting else { return }
    work.store.exchanges[work.first].bodyBytes &+= count
  }
}
