import CrenelModel

/// One HTTP/1 connection: reassembled bytes of both sides in, finished exchanges out.
///
/// Requests and responses are paired in order. An exchange is given out when its response is
/// complete, or when it is known that no response will be. Heads that are not plain are judged by
/// LibHTP (``HeadJudge``); where bodies end is counted here, so that the result does not depend on
/// how the streams were cut.
struct HTTP1Connection {
  let context: HTTP1Context
  let flow: Flow
  /// The client a PROXY header named, when one came before.
  var proxied: Endpoint?
  var client = StreamState()
  var server = StreamState()
  /// Memory for messages under way; empty while there are none.
  var work = HTTP1Work()
  /// Whether there is such memory.
  private(set) var hasWork = false
  /// Requests seen so far.
  var requests: UInt32 = 0
  /// Place of the current packet's bytes in the capture file, as the caller gives it.
  var place: UInt64 = 0
  /// What is odd about the head of a request that is about to be taken.
  var noted = PacketAnomalies()
  /// What is odd about the connection itself, noted on each of its exchanges.
  var ofConnection = PacketAnomalies()
  /// Bytes of the server before this place are read, whether or not a request was seen for them.
  var forced: UInt64 = 0
  /// The place in the server's stream from which on the connection speaks HTTP/2.
  var http2Start: UInt64?
  /// The server's bytes are read as they come, not from what was kept.
  var isReadingServer = false
  /// What acknowledgements tell of its pairs.
  var pairing = PairingFacts()

  init(_ flow: Flow, _ context: HTTP1Context) {
    self.flow = flow
    self.context = context
  }

  /// Looks for the beginning of the next message of a side: its stream begins within one.
  mutating func resume(_ side: FlowSide) {
    switch side {
    case .client: client.phase = .lost
    case .server: server.phase = .lost
    }
  }

  /// Bytes that messages under way hold.
  var held: Int { hasWork ? work.bytesHeld : 0 }

  /// Takes the next bytes of one side in; `offset` is the place of the first in its stream.
  ///
  /// `place` becomes the provenance's offset of requests that begin in these bytes. Gives the place of
  /// the server's stream from which on the connection speaks HTTP/2, where it does.
  @discardableResult
  mutating func feed(
    _ side: FlowSide, _ bytes: Span<UInt8>, offset: UInt64, _ mark: PacketMark,
    place: UInt64 = 0, into batch: inout ExchangeBatch
  ) -> UInt64? {
    guard !bytes.isEmpty else { return nil }
    self.place = place
    switch side {
    case .client: feedClient(bytes, offset, mark, &batch)
    case .server:
      isReadingServer = true
      feedServer(bytes, offset, mark, &batch)
      isReadingServer = false
    }
    settle()
    return http2Start
  }

  /// `count` bytes of one side at `offset` are missing for good.
  mutating func gap(
    _ side: FlowSide, count: UInt64, offset: UInt64, _ mark: PacketMark,
    into batch: inout ExchangeBatch
  ) {
    guard count > 0 else { return }
    switch side {
    case .client: clientGap(count, offset, mark, &batch)
    case .server: serverGap(count, offset, mark, &batch)
    }
    settle()
  }

  /// One side will send no more.
  mutating func sideEnded(_ side: FlowSide, _ mark: PacketMark, into batch: inout ExchangeBatch) {
    switch side {
    case .client: clientEnded(mark, &batch)
    case .server: serverEnded(mark, isFIN: true, &batch)
    }
    settle()
  }

  /// The connection is over: everything that waits is given out as it is.
  mutating func close(_ mark: PacketMark, into batch: inout ExchangeBatch) {
    clientEnded(mark, &batch)
    serverEnded(mark, isFIN: false, &batch)
    giveUpAll(mark, &batch)
    client.phase = .tunnel
    server.phase = .tunnel
    if hasWork { work.removeAll() }
    settle()
  }

  /// Sees to it that there is memory for messages under way.
  mutating func takeWork() {
    guard !hasWork else { return }
    hasWork = true
    context.takeWork(&work)
  }

  /// Counts something odd, and notes it in the exchange it is about.
  mutating func record(_ anomaly: PacketAnomaly, _ mark: PacketMark, at index: Int? = nil) {
    context.anomalies.record(anomaly, frame: mark.frame)
    guard let index, work.store.details.indices.contains(index) else { return }
    work.store.details[index].anomalies.insert(anomaly)
  }

  /// Notes what keeps a message from being read to its end.
  mutating func note(_ anomaly: PacketAnomaly, _ mark: PacketMark, at index: Int) {
    if anomaly == .streamGap { noteGap(mark, at: index) } else { record(anomaly, mark, at: index) }
  }

  /// Notes a hole in the exchange it touches; the reassembler has counted it.
  mutating func noteGap(_ mark: PacketMark, at index: Int?) {
    guard let index, work.store.details.indices.contains(index) else { return }
    work.store.details[index].anomalies.formUnion(mark.gapAnomalies)
  }

  /// Gives back memory that nothing needs.
  mutating func settle() {
    guard hasWork else { return }
    if work.isIdle {
      context.giveBack(&work)
      hasWork = false
    } else {
      work.compact(context.limits.storedBytes)
    }
  }

  // MARK: - What streams look like

  /// Whether the first bytes of a client's stream can be an HTTP/1 request; `nil` when more are
  /// needed to tell.
  static func looksLikeRequest(_ bytes: Span<UInt8>) -> Bool? {
    var at = 0
    while at < bytes.count, bytes[at] == 0x0d || bytes[at] == 0x0a { at &+= 1 }
    let start = at
    while at < bytes.count, FieldName.isToken(bytes[at]) { at &+= 1 }
    guard at &- start <= 32 else { return false }
    guard at < bytes.count else { return nil }
    guard at > start, bytes[at] == 0x20 || bytes[at] == 0x09 else { return false }
    let line = CrenelDecode.find(0x0a, in: bytes, from: at, to: bytes.count)
    guard line < bytes.count else {
      // Targets hold no control bytes; a long one is not waited for.
      for i in at..<bytes.count where bytes[i] < 0x20 && bytes[i] != 0x0d && bytes[i] != 0x09 {
        return false
      }
      return bytes.count &- start >= 512 ? true : nil
    }
    if HeadEnd.hasVersion(bytes, start..<line) { return true }
    let target = byte(bytes, at &+ 1)
    return target == UInt8(ascii: "/") || starts(bytes, (at &+ 1)..<line, with: "http://")
  }

  /// Whether the first bytes of a server's stream can be an HTTP/1 response; `nil` when more are
  /// needed to tell.
  static func looksLikeResponse(_ bytes: Span<UInt8>) -> Bool? {
    var at = 0
    while at < bytes.count, bytes[at] == 0x0d || bytes[at] == 0x0a { at &+= 1 }
    let text: StaticString = "http/"
    let count = min(5, bytes.count &- at)
    let isSame = text.withUTF8Buffer { expected in
      for i in 0..<count
      where unsafe FieldName.lowered(bytes[at &+ i]) != expected[i] { return false }
      return true
    }
    guard isSame else { return false }
    return count == 5 ? true : nil
  }
}
