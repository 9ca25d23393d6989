import CrenelModel

extension HTTP1Connection {
  // MARK: - The client's side

  /// Bytes of the client are missing.
  mutating func clientGap(
    _ count: UInt64, _ offset: UInt64, _ mark: PacketMark, _ batch: inout ExchangeBatch
  ) {
    let open = work.open.indices.last
    client.next = offset &+ count
    switch client.phase {
    case .tunnel, .untilClose: return
    case .held:
      // Behind a hole nothing is HTTP/2; an upgrade that is refused leaves requests.
      guard let open, work.open[open].offersHTTP2 else { return }
      client.phase = .head
      releaseHeld(mark, &batch, before: 0)
      clientGap(count, offset, mark, &batch)
    case .lost where Self.beginsRequest(work.clientHead.span): takeCutHead(offset, mark, &batch)
    case .lost:
      pairing.mayLack = true
      work.clientHead.removeAll(keepingCapacity: true)
    case .body where count <= client.left:
      client.left &-= count
      cutBody(open, count, mark)
      if client.left == 0 { requestEnded(offset &+ count, mark, &batch) }
    case .body:
      let rest = count &- client.left
      let end = offset &+ client.left
      cutBody(open, client.left, mark)
      requestEnded(end, mark, &batch)
      clientGap(rest, end, mark, &batch)
    case .chunked:
      if client.chunks.skip(count) {
        cutBody(open, count, mark)
      } else {
        requestLost(.streamGap, offset, mark, &batch)
      }
    case .head: headGap(offset, mark, &batch)
    }
  }

  /// A hole where a head is, or should begin.
  private mutating func headGap(_ offset: UInt64, _ mark: PacketMark, _ batch: inout ExchangeBatch)
  {
    takeWork()
    pairing.mayLack = true
    guard work.clientHead.isEmpty else {
      takeCutHead(offset, mark, &batch)
      return
    }
    client.phase = .lost
    guard !work.isWaiting else { return }
    // Most likely a whole request is missing: its response must not be given to the next one.
    client.begin(offset, mark, place: place)
    openPlaceholder(client, isFromClient: true)
    noteGap(mark, at: work.open.indices.last)
    if server.phase == .held { releaseHeld(mark, &batch, before: 0) }
  }

  /// Takes what there is of a head before a hole; what its body is, nobody knows.
  private mutating func takeCutHead(
    _ offset: UInt64, _ mark: PacketMark, _ batch: inout ExchangeBatch
  ) {
    noted.formUnion(mark.gapAnomalies)
    takePending(.notYet, work.clientHead.count, offset, mark, &batch)
  }

  /// Whether a line that did not end begins as requests do: `GET /` or `GET http`.
  static func beginsRequest(_ bytes: Span<UInt8>) -> Bool {
    var at = 0
    while at < bytes.count, bytes[at] &- 0x41 < 26 { at &+= 1 }
    guard (3...16).contains(at), byte(bytes, at) == 0x20 else { return false }
    return byte(bytes, at &+ 1) == UInt8(ascii: "/")
      || starts(bytes, (at &+ 1)..<bytes.count, with: "http")
  }

  /// Notes that part of a body is missing: it is counted, and no field is looked for in it.
  private mutating func cutBody(_ index: Int?, _ count: UInt64, _ mark: PacketMark) {
    guard let index else { return }
    noteGap(mark, at: index)
    work.store.details[index].requestBodyBytes &+= Int64(clamping: count)
    work.store.exchanges[index].flags.insert(.incomplete)
    work.open[index].bodyKind = .none
    work.body.removeAll(keepingCapacity: true)
  }

  /// Stands for a request that was not captured: the last one sent, or, where only its response
  /// shows it, the one before all that wait.
  mutating func openPlaceholder(_ state: StreamState, isFromClient: Bool) {
    takeWork()
    var exchange = blank(state)
    exchange.flags.formUnion([.incomplete, .unknownTarget])
    if isFromClient, requests != .max { requests &+= 1 }
    exchange.connectionRequest = isFromClient ? requests : 0
    var open = OpenExchange()
    open.isPlaceholder = true
    open.isRequestDone = true
    var detail = blankDetail()
    detail.requestBodyBytes = -1
    let index = isFromClient ? work.open.count : work.first
    work.open.insert(open, at: index)
    work.store.exchanges.insert(exchange, at: index)
    work.store.details.insert(detail, at: index)
    for i in index..<work.open.count {
      work.store.exchanges[i].detail = UInt32(truncatingIfNeeded: i)
    }
  }

  /// Where in a line a request line begins; `nil` when none does.
  ///
  /// A body has no line end behind it: a request line may stand behind the last bytes of a form. It
  /// begins then with one of the usual methods, and what stands before the method is no part of it.
  static func requestStart(_ line: Span<UInt8>) -> Int? {
    guard HeadEnd.hasVersion(line, line.indices) else { return nil }
    if beginsRequest(line) { return 0 }
    // Back from the version over the target to the space behind the method.
    var end = line.count
    while end > 0, line[end &- 1] != UInt8(ascii: "/") { end &-= 1 }  // of HTTP/1.1
    var space = end &- 6
    while space > 0, line[space &- 1] > 0x20 { space &-= 1 }
    if space > 1, space < line.count, line[space &- 1] == 0x20,
      line[space] == UInt8(ascii: "/") || starts(line, space..<line.count, with: "http"),
      let length = methodLength(line, before: space &- 1)
    {
      return space &- 1 &- length
    }
    return looksLikeRequest(line) == true ? 0 : nil
  }

  /// The length of the usual method that ends before `end`; `nil` when there is none.
  private static func methodLength(_ line: Span<UInt8>, before end: Int) -> Int? {
    for length in 3...7 where length <= end {
      let range = (end &- length)..<end
      let isMethod =
        switch length {
        case 3: starts(line, range, with: "GET") || starts(line, range, with: "PUT")
        case 4: starts(line, range, with: "POST") || starts(line, range, with: "HEAD")
        case 5: starts(line, range, with: "PATCH")
        case 6: starts(line, range, with: "DELETE")
        default: starts(line, range, with: "OPTIONS")
        }
      if isMethod { return length }
    }
    return nil
  }

  /// Looks for the start of a request, line by line; returns how far it came.
  mutating func findRequest(
    _ bytes: Span<UInt8>, _ from: Int, _ offset: UInt64, _ mark: PacketMark
  ) -> Int {
    takeWork()
    let feed = find(0x0a, in: bytes, from: from, to: bytes.count)
    let end = min(feed &+ 1, bytes.count)
    if work.clientHead.isEmpty { client.begin(offset, mark, place: place) }
    let room = context.limits.headBytes - work.clientHead.count
    unsafe bytes.extracting(from..<end).withUnsafeBufferPointer {
      unsafe work.clientHead.append(contentsOf: $0.prefix(max(room, 0)))
    }
    guard feed < bytes.count else { return end }
    if let start = Self.requestStart(work.clientHead.span) {
      if start > 0 {
        // What came with the line's end is nearest to its beginning, however the bytes were cut.
        client.begin(client.firstOffset &+ UInt64(start), mark, place: place)
        work.clientHead.removeFirst(start)
      }
      client.phase = .head
      client.scanned = 0
    } else {
      work.clientHead.removeAll(keepingCapacity: true)
    }
    return end
  }

  /// Keeps what a client sends after CONNECT until the answer says what it is.
  mutating func holdClient(
    _ bytes: Span<UInt8>, _ at: Int, _ offset: UInt64, _ mark: PacketMark,
    _ batch: inout ExchangeBatch
  ) -> Int {
    let rest = bytes.extracting(at..<bytes.count)
    if !work.held.append(rest, offset: offset, mark, limit: context.limits.heldBytes) {
      work.held.removeAll()
      client.phase = .tunnel
    }
    return bytes.count
  }

  /// The client will send no more.
  mutating func clientEnded(_ mark: PacketMark, _ batch: inout ExchangeBatch) {
    guard !client.hasEnded else { return }
    client.hasEnded = true
    switch client.phase {
    case .head:
      if !work.clientHead.isEmpty { flushClientHead(mark, &batch) }
    case .body, .chunked:
      if let index = work.open.indices.last, !work.open[index].isRequestDone {
        work.store.exchanges[index].flags.insert(.incomplete)
      }
      requestEnded(client.next, client.lastMark, &batch)
    case .lost where Self.beginsRequest(work.clientHead.span): flushClientHead(mark, &batch)
    case .lost, .held, .tunnel, .untilClose: break
    }
    if server.phase == .held { releaseHeld(mark, &batch, before: .max) }
  }

  /// Takes the head that is under way as a request, though it did not end.
  mutating func flushClientHead(_ mark: PacketMark, _ batch: inout ExchangeBatch) {
    takeWork()
    let count = work.clientHead.count
    let isBare = Self.isBareLine(work.clientHead.span)
    takePending(
      isBare ? .bare(count) : .notYet, count, client.firstOffset &+ UInt64(count),
      client.lastMark, &batch)
  }

  /// Whether the bytes are one line that ends and has no version.
  static func isBareLine(_ bytes: Span<UInt8>) -> Bool {
    let line = find(0x0a, in: bytes, from: 0, to: bytes.count)
    return line < bytes.count && line &+ 1 == bytes.count
      && !HeadEnd.hasVersion(bytes, 0..<line)
  }
}
