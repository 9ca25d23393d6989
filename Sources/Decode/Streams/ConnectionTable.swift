import CrenelModel

/// Every open connection with what reads it: decides what a connection speaks by its first bytes.
///
/// Keeps account of what each connection holds; who owns the table closes ``oldest`` when ``held``
/// is too much. The account depends on the packets alone, never on how memory grows.
struct ConnectionTable: ~Copyable, StreamSink {
  /// What reads a connection.
  private enum Reader {
    case none
    case undecided(Preamble)
    /// Read by the connection at the same slot of `messages`.
    case http1
    case http2(HTTP2Connection)
    case tls(TLSReader)
    /// Nothing that is read.
    case other
  }

  /// Where finished exchanges go.
  var batch = ExchangeBatch()
  /// Connections so far.
  private(set) var count = ConnectionCounts()
  /// Bytes that all connections hold.
  private(set) var held = 0

  private let http1: HTTP1Context
  private let http2: HTTP2Context
  private var tls: TLSContext
  private var own = AnomalyCounters()
  /// By slot.
  private var readers: [Reader] = []
  /// By slot, where HTTP/1 is spoken: values, changed where they lie.
  private var messages: [HTTP1Connection?] = []
  /// By slot: bytes that the connection holds.
  private(set) var sizes: [Int] = []
  /// The slots that hold something, the one that was silent longest first.
  private var holders = SlotLists(lists: 1, capacity: 0)

  init(_ configuration: DecoderConfiguration) {
    http1 = HTTP1Context(configuration)
    http2 = HTTP2Context(http1)
    tls = TLSContext()
  }

  /// What was odd above TCP.
  var anomalies: AnomalyCounters {
    var sum = own
    sum.add(http1.anomalies)
    return sum
  }

  /// The connection that holds something and was silent longest.
  var oldest: Int? {
    let slot = holders.first(0)
    return slot >= 0 ? slot : nil
  }

  /// Whether the batch has got so much beyond what it had that it should be consumed.
  func hasFilled(_ exchanges: Int, _ bytes: Int) -> Bool {
    batch.exchanges.count &- exchanges >= 1_024 || batch.bytes.count &- bytes >= 1 << 20
  }

  /// Bytes that a connection holds, counted anew.
  func size(of slot: Int) -> Int {
    switch readers[slot] {
    case .http1: messages[slot]?.held ?? 0
    case .http2(let connection): connection.held
    case .tls(let reader): reader.connection.held
    case .undecided(let preamble): preamble.held
    case .none, .other: 0
    }
  }

  /// Brings the account of a connection up to date after it said something.
  private mutating func account(_ slot: Int) {
    let size = size(of: slot)
    let before = sizes[slot]
    held &+= size &- before
    sizes[slot] = size
    if before > 0 {
      if size > 0 { holders.renew(slot, in: 0) } else { holders.remove(slot, from: 0) }
    } else if size > 0 {
      holders.append(slot, to: 0)
    }
  }

  // MARK: - StreamSink

  mutating func opened(_ flow: Flow) {
    while readers.count <= flow.slot {
      readers.append(.none)
      messages.append(nil)
      sizes.append(0)
    }
    holders.grow(to: readers.count)
    readers[flow.slot] = .none
  }

  mutating func data(
    _ flow: Flow, _ side: FlowSide, _ bytes: Span<UInt8>, offset: UInt64, _ mark: PacketMark
  ) {
    read(flow, side, bytes, offset: offset, mark)
    account(flow.slot)
  }

  private mutating func read(
    _ flow: Flow, _ side: FlowSide, _ bytes: Span<UInt8>, offset: UInt64, _ mark: PacketMark
  ) {
    switch readers[flow.slot] {
    case .http1:
      let start = messages[flow.slot]?.feed(
        side, bytes, offset: offset, mark, place: mark.offset, into: &batch)
      if let start {
        let read = Int(clamping: start &- min(start, offset))
        goOver(flow, bytes.extracting(min(read, bytes.count)...), offset: start, mark)
      }
    case .http2(let connection):
      connection.data(side, bytes, offset: offset, mark, into: &batch, &own)
    case .tls(let reader): reader.connection.data(side, bytes, offset: offset, mark, &tls, &own)
    case .other: break
    case .none: begin(flow, side, bytes, offset, mark)
    case .undecided(let preamble):
      preamble.add(side, bytes, offset, mark)
      decide(flow, preamble)
    }
  }

  mutating func gap(
    _ flow: Flow, _ side: FlowSide, count: UInt64, offset: UInt64, _ mark: PacketMark
  ) {
    skip(flow, side, count: count, offset: offset, mark)
    account(flow.slot)
  }

  private mutating func skip(
    _ flow: Flow, _ side: FlowSide, count: UInt64, offset: UInt64, _ mark: PacketMark
  ) {
    switch readers[flow.slot] {
    case .http1:
      messages[flow.slot]?.gap(side, count: count, offset: offset, mark, into: &batch)
    case .http2(let connection):
      connection.gap(side, count: count, offset: offset, mark, into: &batch, &own)
    case .tls(let reader): reader.connection.gap(side, count: count, offset: offset, mark)
    case .other, .none: break
    case .undecided(let preamble) where preamble.passes(side, count): break
    case .undecided(let preamble):
      // What comes after a hole is no beginning: decide by what is there.
      decide(flow, preamble, isLast: true)
      skip(flow, side, count: count, offset: offset, mark)
    }
  }

  mutating func sideEnded(_ flow: Flow, _ side: FlowSide, _ mark: PacketMark) {
    end(flow, side, mark)
    account(flow.slot)
  }

  private mutating func end(_ flow: Flow, _ side: FlowSide, _ mark: PacketMark) {
    switch readers[flow.slot] {
    case .http1: messages[flow.slot]?.sideEnded(side, mark, into: &batch)
    case .undecided(let preamble):
      decide(flow, preamble, isLast: true)
      end(flow, side, mark)
    case .http2, .tls, .other, .none: break
    }
  }

  mutating func closed(_ flow: Flow, _ end: FlowEnd, _ mark: PacketMark) {
    if case .undecided(let preamble) = readers[flow.slot] { decide(flow, preamble, isLast: true) }
    switch readers[flow.slot] {
    case .http1:
      messages[flow.slot]?.close(mark, into: &batch)
      messages[flow.slot] = nil
    case .http2(let connection): connection.close(into: &batch)
    case .tls(let reader): reader.connection.close(flow, mark, tls, into: &batch)
    case .other, .none, .undecided: break
    }
    readers[flow.slot] = .none
    account(flow.slot)
  }

  // MARK: - What a connection speaks

  /// The first bytes of a connection: most often enough to decide at once.
  private mutating func begin(
    _ flow: Flow, _ side: FlowSide, _ bytes: Span<UInt8>, _ offset: UInt64, _ mark: PacketMark
  ) {
    // The preface of HTTP/2 begins as a request of HTTP/1 does. What was found midway begins
    // anywhere: there only what nothing else looks like is taken for a request.
    let isHTTP1 =
      switch side {
      case .client where flow.isMidStream: HTTP1Connection.beginsRequest(bytes)
      case .client: HTTP1Connection.looksLikeRequest(bytes) ?? false
      case .server: HTTP1Connection.looksLikeResponse(bytes) ?? false
      }
    if isHTTP1, side == .server || HTTP2FrameReader.looksLikePreface(bytes) == .no {
      readHTTP1(flow, from: nil)
      if flow.isMidStream { messages[flow.slot]?.resume(side.other) }
      messages[flow.slot]?.feed(
        side, bytes, offset: offset, mark, place: mark.offset, into: &batch)
      return
    }
    let preamble = Preamble()
    readers[flow.slot] = .undecided(preamble)
    preamble.add(side, bytes, offset, mark)
    decide(flow, preamble)
  }

  /// Hands the first bytes to what reads them, once they tell.
  private mutating func decide(_ flow: Flow, _ preamble: Preamble, isLast: Bool = false) {
    if preamble.takesProxyHeader(isLast: isLast, isMidStream: flow.isMidStream) {
      own.record(.badProxyHeader, frame: preamble.firstFrame)
    }
    preamble.passSocks(isLast: isLast, isMidStream: flow.isMidStream)
    let verdict = preamble.verdict(
      serverPort: flow.server.port, isLast: isLast, isMidStream: flow.isMidStream)
    switch verdict {
    case .undecided: return
    case .http1:
      readHTTP1(flow, from: preamble)
      if flow.isMidStream {
        messages[flow.slot]?.resume(.client)
        messages[flow.slot]?.resume(.server)
      }
    case .http2:
      let connection = HTTP2Connection(flow, http2)
      connection.client = preamble.client
      connection.anomalies = preamble.anomalies
      readers[flow.slot] = .http2(connection)
      count.http2 &+= 1
    case .tls:
      let reader = TLSReader()
      reader.connection.client = preamble.client
      reader.connection.note(preamble.anomalies)
      readers[flow.slot] = .tls(reader)
      count.tls &+= 1
    case .other:
      readers[flow.slot] = .other
      count.others &+= 1
    }
    let first = preamble.bytes
    for piece in preamble.pieces where !piece.bytes.isEmpty {
      read(
        flow, piece.side, first.span.extracting(piece.bytes), offset: piece.offset, piece.mark)
    }
  }

  /// Goes on in HTTP/2 with `bytes` of the server, and with what its client has said already.
  private mutating func goOver(
    _ flow: Flow, _ bytes: Span<UInt8>, offset: UInt64, _ mark: PacketMark
  ) {
    guard let (connection, said) = messages[flow.slot]?.takeHTTP2(http2) else { return }
    messages[flow.slot] = nil
    readers[flow.slot] = .http2(connection)
    count.http2 &+= 1
    for piece in said.pieces {
      let part = said.bytes.span.extracting(piece.bytes.indices)
      read(flow, .client, part, offset: piece.offset, piece.mark)
    }
    read(flow, .server, bytes, offset: offset, mark)
  }

  private mutating func readHTTP1(_ flow: Flow, from preamble: Preamble?) {
    readers[flow.slot] = .http1
    messages[flow.slot] = HTTP1Connection(flow, http1)
    messages[flow.slot]?.proxied = preamble?.client
    if let preamble { messages[flow.slot]?.ofConnection = preamble.anomalies }
    count.http1 &+= 1
  }
}

/// Holds a ``TLSConnection`` in the table; a class, so that its state is changed where it lies.
final class TLSReader {
  var connection = TLSConnection()
}
