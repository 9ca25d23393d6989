import CrenelModel

extension HTTP1Connection {
  /// Bytes of the server are missing.
  mutating func serverGap(
    _ count: UInt64, _ offset: UInt64, _ mark: PacketMark, _ batch: inout ExchangeBatch
  ) {
    server.next = offset &+ count
    switch server.phase {
    case .tunnel: break
    case .lost:
      work.serverHead.removeAll(keepingCapacity: true)
    case .body where count <= server.left:
      server.left &-= count
      cutResponse(count, mark)
      if server.left == 0 { responseEnded(offset &+ count, mark, &batch) }
    case .body:
      let rest = count &- server.left
      let end = offset &+ server.left
      cutResponse(server.left, mark)
      responseEnded(end, mark, &batch)
      serverGap(rest, end, mark, &batch)
    case .untilClose: cutResponse(count, mark)
    case .chunked:
      if server.chunks.skip(count) {
        cutResponse(count, mark)
      } else {
        responseLost(.streamGap, offset, mark, &batch)
      }
    case .head, .held:
      if server.phase == .held { releaseHeld(mark, &batch, before: .max) }
      if !work.serverHead.isEmpty {
        noteGap(mark, at: work.first)
        takePendingResponse(work.serverHead.count, offset, mark, isWhole: false, &batch)
      } else if work.isWaiting, !work.open[work.first].hasResponse {
        // Its answer began in the hole.
        noteGap(mark, at: work.first)
        giveUp(mark, &batch)
      }
      server.phase = .lost
    }
  }

  private mutating func cutResponse(_ count: UInt64, _ mark: PacketMark) {
    guard work.isWaiting else { return }
    noteGap(mark, at: work.first)
    work.store.exchanges[work.first].bodyBytes &+= Int64(clamping: count)
    work.store.exchanges[work.first].flags.insert(.incomplete)
  }

  /// Looks for the start of a response; returns how far it came.
  mutating func findResponse(
    _ bytes: Span<UInt8>, _ from: Int, _ offset: UInt64, _ mark: PacketMark,
    _ batch: inout ExchangeBatch
  ) -> Int {
    takeWork()
    let before = work.serverHead.count
    // What may be the beginning of `HTTP/1.1 2` is kept from piece to piece.
    if before > 0 {
      let count = min(Self.startLength &- 1, bytes.count &- from)
      unsafe bytes.extracting(from..<(from &+ count)).withUnsafeBufferPointer {
        unsafe work.serverHead.append(contentsOf: $0)
      }
      for start in 0..<before where Self.isStatusLine(work.serverHead.span, start) {
        work.serverHead = Array(work.serverHead[start..<before])
        found(offset &- UInt64(before &- start), mark, &batch)
        return from
      }
      if from &+ count == bytes.count {
        work.serverHead.removeFirst(max(0, work.serverHead.count &- (Self.startLength &- 1)))
        return bytes.count
      }
      work.serverHead.removeAll(keepingCapacity: true)
    }
    var at = from
    while at < bytes.count {
      at = find(UInt8(ascii: "H"), in: bytes, from: at, to: bytes.count)
      if Self.isStatusLine(bytes, at) {
        found(offset &+ UInt64(at &- from), mark, &batch)
        return at
      }
      if bytes.count &- at < Self.startLength { break }
      at &+= 1
    }
    for i in max(from, bytes.count &- (Self.startLength &- 1))..<bytes.count {
      work.serverHead.append(bytes[i])
    }
    return bytes.count
  }

  private static let startLength = 10

  /// Whether a status line begins at `at`: `HTTP/1.1 2`.
  static func isStatusLine(_ bytes: Span<UInt8>, _ at: Int) -> Bool {
    guard at &+ startLength <= bytes.count else { return false }
    return CrenelDecode.starts(bytes, at..<bytes.count, with: "HTTP/1.")
      && isDigit(bytes[at &+ 7]) && bytes[at &+ 8] == 0x20 && isDigit(bytes[at &+ 9])
  }

  /// A response begins again behind bytes that could not be read.
  private mutating func found(
    _ offset: UInt64, _ mark: PacketMark, _ batch: inout ExchangeBatch
  ) {
    server.phase = .head
    server.scanned = 0
    pairing.mayLack = true
    let isBetween = work.isWaiting && work.open[work.first].hasResponse
    guard !isBetween else { return }
    server.begin(offset, mark, place: place)
    passOverHole(mark, &batch)
  }

  /// The server will send no more; without a FIN nobody knows whether there was more to come.
  mutating func serverEnded(_ mark: PacketMark, isFIN: Bool, _ batch: inout ExchangeBatch) {
    guard !server.hasEnded else { return }
    server.hasEnded = true
    endServer(mark, isFIN: isFIN, &batch)
  }

  /// Ends the response under way; what is still kept for a request ends it when it is read.
  mutating func endServer(_ mark: PacketMark, isFIN: Bool, _ batch: inout ExchangeBatch) {
    switch server.phase {
    case .untilClose:
      if !isFIN, work.isWaiting {
        work.store.exchanges[work.first].flags.insert(.incomplete)
      }
      responseEnded(server.next, server.lastMark, at: mark, &batch)
    case .body, .chunked:
      if work.isWaiting {
        work.store.exchanges[work.first].flags.insert(.incomplete)
      }
      responseEnded(server.next, server.lastMark, at: mark, &batch)
    case .head:
      if !work.serverHead.isEmpty {
        takePendingResponse(
          work.serverHead.count, server.next, server.lastMark, isWhole: false, &batch)
      }
    case .lost, .held, .tunnel: break
    }
  }
}
