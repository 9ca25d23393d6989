import CrenelModel

// Pairs are made by counting. Acknowledgements bound them: a server had seen what it answers, and a
// client that does not pipeline has the response to one request before it sends the next. So pairs
// are found again after messages were lost; where a client pipelines, only as far as that is sure.

extension HTTP1Connection {
  /// Whether the response that began last may answer a request.
  ///
  /// The server had seen the beginning of it, as its acknowledgement tells; where that is not known,
  /// the client had not seen the response when it asked.
  func canAnswer(_ index: Int) -> Bool {
    let open = work.open[index]
    if open.isPlaceholder { return true }
    let seen = server.firstMark.acknowledged
    guard seen < 0 else {
      return Int64(clamping: work.store.details[index].requestStream.offset) < seen
    }
    return open.acknowledged == -1
      || 0...Int64(clamping: server.firstOffset) ~= open.acknowledged
  }

  /// Gives the response that began to the first request that waits, unless it answers none.
  mutating func beginResponse(_ mark: PacketMark) {
    if !canAnswer(work.first) {
      openPlaceholder(server, isFromClient: false)
      record(.unpaired, mark, at: work.first)
    }
    if pairing.isDoubtful { work.store.details[work.first].anomalies.insert(.streamGap) }
  }

  /// Notes that the response to the first request that waits ends before `end`.
  mutating func noteEnd(_ end: UInt64) {
    let open = work.open[work.first]
    guard !open.isPlaceholder, open.hasResponse else { return }
    let next = work.first &+ 1
    pairing.ended(end, next: next < work.open.count ? work.open[next].acknowledged : -1)
  }

  /// Gives up requests whose responses the client had, though they were not found, before it asked
  /// what the response that begins now answers.
  mutating func passOver(_ mark: PacketMark, _ batch: inout ExchangeBatch) {
    guard work.open.count &- work.first > 1, !pairing.isPipelined || pairing.mayLack else { return }
    let asked = lastAsked(upTo: lastAnswerable)
    while work.first < asked { giveUp(mark, &batch) }
  }

  /// Finds the request for a response that begins behind bytes that could not be read.
  ///
  /// How many responses were in them nobody knows. A client that does not pipeline has asked for this
  /// one only after it had the others, so it answers the last request that its server had seen. With
  /// others that is sure only where one request is left, or where the client had all before it when
  /// it asked; else none of them is paired.
  mutating func passOverHole(_ mark: PacketMark, _ batch: inout ExchangeBatch) {
    guard work.isWaiting else { return }
    let last = lastAnswerable
    guard last > work.first else { return }
    let asked = pairing.isPipelined ? lastAsked(upTo: last) : last
    while work.first < asked { giveUp(mark, &batch) }
    let isNext = work.open[asked].acknowledged == Int64(clamping: server.firstOffset)
    guard pairing.isPipelined, asked < last, !isNext else {
      return work.store.details[asked].anomalies.insert(.streamGap)
    }
    while work.first <= last {
      work.store.details[work.first].anomalies.insert(.streamGap)
      giveUp(mark, &batch)
    }
    openPlaceholder(server, isFromClient: false)
    record(.unpaired, mark, at: work.first)
    work.store.details[work.first].anomalies.insert(.streamGap)
  }

  /// Whether a client that has come to `place` of the server's stream, of which no more makes sense,
  /// had the response to a request that waits.
  func wasAnswered(_ index: Int, before place: Int64) -> Bool {
    guard place != -1 else { return true }
    return !pairing.isPipelined && place > work.open[index].acknowledged
      && place <= Int64(clamping: server.next)
  }

  /// The last request that waits and that the response which began last may answer.
  private var lastAnswerable: Int {
    var index = work.open.count &- 1
    while index > work.first {
      let isKnown = server.firstMark.acknowledged >= 0 || work.open[index].acknowledged >= 0
      let start = work.store.exchanges[index].start.earliest
      if isKnown || start <= server.firstMark.at, canAnswer(index) { break }
      index &-= 1
    }
    return index
  }

  /// The last request that waits, up to `last`, before which the client got more of the server, none
  /// of it from the response that begins now; the first when there is none.
  private func lastAsked(upTo last: Int) -> Int {
    var index = last
    while index > work.first {
      let (before, own) = (work.open[index &- 1].acknowledged, work.open[index].acknowledged)
      if before != -1, own > before, own <= Int64(clamping: server.firstOffset) { break }
      index &-= 1
    }
    return index
  }
}
