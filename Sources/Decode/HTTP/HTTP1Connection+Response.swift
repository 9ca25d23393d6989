import CrenelModel

extension HTTP1Connection {
  /// Takes a response's head; `end` is the place behind it in the stream.
  ///
  /// One that was cut (`isWhole` is false) gives its status, and nothing more can be told.
  mutating func takeResponse(
    _ head: Span<UInt8>, _ end: UInt64, _ mark: PacketMark, isWhole: Bool,
    _ batch: inout ExchangeBatch
  ) {
    takeWork()
    let index = work.first
    guard index < work.open.count else { return }
    if !work.open[index].hasResponse { beginResponse(mark) }
    work.head.read(head, head.indices, limit: context.limits.fields)
    work.open[index].hasResponse = true
    let status = Self.status(head, work.head.line)
    if isWhole, (100..<200).contains(status), status != 101 {
      server.phase = .head
      server.scanned = 0
      return
    }
    let kind = work.open[index].kind
    var verdict = HeadVerdict(framing: .untilClose, status: status)
    if isWhole { verdict = judge(head, kind) }
    if verdict.status == 0 { verdict.status = status }
    work.store.exchanges[index].status = verdict.status
    work.store.exchanges[index].bodyBytes = 0
    work.store.details[index].anomalies.formUnion(verdict.anomalies)
    count(verdict.anomalies, mark)
    takeFields(head, index)
    guard isWhole else {
      work.store.exchanges[index].flags.insert(.incomplete)
      responseEnded(end, mark, at: mark, &batch)
      server.phase = .lost
      return
    }
    let isTunnel = verdict.status == 101 || kind == .connect && verdict.status / 100 == 2
    if verdict.status == 101, goesOver(end) { return }
    if isTunnel || !server.enter(verdict.framing) {
      responseEnded(end, mark, at: mark, &batch)
    }
    if isTunnel { enterTunnel() }
  }

  private mutating func judge(_ head: Span<UInt8>, _ kind: RequestKind) -> HeadVerdict {
    if let plain = PlainHead.response(work.head, head, to: kind) { return plain }
    context.judged &+= 1
    var verdict = context.judge.response(head, to: kind)
    if work.head.hasNegativeLength(head), case .length = verdict.framing {
      verdict.framing = .untilClose
      verdict.anomalies.insert(.ambiguousLength)
    }
    return verdict
  }

  /// The three digits behind the version, wherever they are on the line; 0 when there are none.
  private static func status(_ bytes: Span<UInt8>, _ line: Range<Int>) -> UInt16 {
    if let plain = PlainHead.status(bytes, line) { return plain }
    var at = line.lowerBound
    while at < line.upperBound, bytes[at] > 0x20 { at &+= 1 }
    while at < line.upperBound, bytes[at] <= 0x20 { at &+= 1 }
    let end = at &+ 3
    guard end <= line.upperBound, end == line.upperBound || !isDigit(bytes[end]),
      let number = decimal(bytes, at..<end), (100...599).contains(number)
    else { return 0 }
    return UInt16(truncatingIfNeeded: number)
  }

  /// Location, and the request's number where only the server says it.
  private mutating func takeFields(_ head: Span<UInt8>, _ index: Int) {
    takeWork()
    func copy(_ field: HeadField, _ name: TextField, _ work: inout HTTP1Work) {
      let start = work.store.bytes.count
      unsafe head.extracting(field.value).withUnsafeBufferPointer {
        unsafe work.store.bytes.append(contentsOf: $0)
      }
      var text = ByteRange(start..<work.store.bytes.count)
      if field.isFolded { text = RequestReader.unfolded(text.indices, &work.store.bytes) }
      work.store.exchanges[index][name] = text
    }
    if let field = work.head.first(.location) { copy(field, .location, &work) }
    if !work.store.exchanges[index][.requestID].isPresent,
      let field = work.head.first(.requestID)
    {
      copy(field, .requestID, &work)
    }
  }

  private mutating func enterTunnel() {
    server.phase = .tunnel
    client.phase = .tunnel
    work.held.removeAll()
    work.clientHead.removeAll(keepingCapacity: true)
  }

  // MARK: - Ends

  /// The response under way ends before `end`; `last` is the packet with its last byte, `at` the
  /// one that showed it.
  mutating func responseEnded(
    _ end: UInt64, _ last: PacketMark, at: PacketMark? = nil, _ batch: inout ExchangeBatch
  ) {
    server.phase = .head
    server.scanned = 0
    guard work.isWaiting else { return }
    let index = work.first
    let length = end &- server.firstOffset
    noteEnd(end)
    work.open[index].isResponseDone = true
    work.store.exchanges[index].end = TimeBounds(exact: last.at)
    work.store.exchanges[index].responseBytes = Int64(clamping: length)
    work.store.details[index].responseStream.offset = server.firstOffset
    work.store.details[index].responseStream.length = length
    work.store.details[index].responseFrames.add(server.firstMark.frame)
    work.store.details[index].responseFrames.add(last.frame)
    if work.open[index].isRequestDone { finish(at ?? last, &batch) }
  }

  /// The response under way cannot be read to its end.
  mutating func responseLost(
    _ anomaly: PacketAnomaly, _ end: UInt64, _ mark: PacketMark, _ batch: inout ExchangeBatch
  ) {
    note(anomaly, mark, at: work.first)
    if work.isWaiting { work.store.exchanges[work.first].flags.insert(.incomplete) }
    responseEnded(end, server.lastMark, at: mark, &batch)
    server.phase = .lost
  }

  /// Gives out the first exchange that waits, completed by the packet `mark`.
  mutating func finish(_ mark: PacketMark, _ batch: inout ExchangeBatch) {
    guard work.isWaiting else { return }
    let index = work.first
    let open = work.open[index]
    work.store.exchanges[index].at = mark.at
    if open.hasResponse {
      let start = work.store.exchanges[index].start
      // A capture may hold a response before its request, by the time that it takes to hand both on.
      let end = max(work.store.exchanges[index].end.latest, start.latest)
      work.store.exchanges[index].end = TimeBounds(exact: end)
      if !open.isPlaceholder {
        work.store.exchanges[index].elapsed = max(0, end.since(start.earliest))
      }
    } else {
      work.store.exchanges[index].end = TimeBounds(exact: mark.at)
    }
    work.store.details[index].anomalies.formUnion(ofConnection)
    batch.append(work.store.exchanges[index], from: work.store)
    work.first += 1
    if open.holdsClient, client.phase == .held {
      client.phase = .head
      releaseHeld(mark, &batch, before: 0)
    }
  }

  /// Gives out the first exchange that waits, though its response is not complete.
  mutating func giveUp(_ mark: PacketMark, _ batch: inout ExchangeBatch) {
    guard work.isWaiting else { return }
    let index = work.first
    work.store.exchanges[index].flags.insert(.incomplete)
    if !work.open[index].isPlaceholder, !work.open[index].hasResponse {
      record(.unpaired, mark, at: index)
    }
    let isUnderWay = work.open[index].hasResponse && !work.open[index].isResponseDone
    if isUnderWay {
      work.open[index].isRequestDone = true
      responseEnded(server.next, server.lastMark, at: mark, &batch)
      server.phase = .lost
    } else {
      finish(mark, &batch)
    }
  }

  /// Gives out everything that waits.
  mutating func giveUpAll(_ mark: PacketMark, _ batch: inout ExchangeBatch) {
    while work.isWaiting { giveUp(mark, &batch) }
  }

  /// Reads what was kept until now; of a server all before `place`, and the rest as far as requests
  /// for it were seen.
  mutating func releaseHeld(
    _ mark: PacketMark, _ batch: inout ExchangeBatch, before place: UInt64
  ) {
    guard !work.held.isEmpty else { return }
    let isServer = server.phase == .held
    if isServer { server.phase = .head }
    var held = HeldBytes()
    swap(&held, &work.held)
    let before = forced
    forced = place
    for piece in held.pieces {
      let bytes = held.bytes.span.extracting(piece.bytes.indices)
      if isServer {
        feedServer(bytes, piece.offset, piece.mark, &batch)
      } else {
        feedClient(bytes, piece.offset, piece.mark, &batch)
      }
    }
    forced = before
    if isServer, server.hasEnded, server.phase != .held { endServer(mark, isFIN: true, &batch) }
  }
}
