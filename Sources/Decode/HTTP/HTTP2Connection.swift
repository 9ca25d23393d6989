import CrenelModel

/// A cleartext HTTP/2 connection (RFC 9113): reassembled bytes of both sides in, exchanges out.
///
/// A stream becomes an exchange when both its sides ended, or when one side reset it. Bytes missing
/// outside a body, or a frame that breaks the format, end the reading of their side, since the
/// state of its header compression is lost; the other side is read on. What servers push was not
/// asked for and is not told. Bounded: at most ``streamLimit`` streams are open at once and hold
/// ``heldLimit`` bytes together; past that the oldest are given out as they are. Of request bodies
/// they keep ``bodyLimit`` bytes together; what comes after is counted and not looked at.
///
/// A class, because it owns two decoders that live in C and are not to be copied.
final class HTTP2Connection {
  /// Streams open at once.
  static let streamLimit = 256
  /// Bytes of texts held for open streams.
  static let heldLimit = 1 << 20
  /// Bytes of request bodies kept until they are whole, over all open streams.
  static let bodyLimit = 1 << 20

  /// The client a PROXY header named, when one came before.
  var client: Endpoint?
  /// What is odd about the connection itself, noted on each of its exchanges.
  var anomalies = PacketAnomalies()
  private let flow: Flow
  private let context: HTTP2Context
  private var clientSide = HTTP2Side(.client)
  private var serverSide = HTTP2Side(.server)
  private var streams: [HTTP2Stream] = []
  private var recent = 0
  /// The highest stream the client opened; numbers only grow (RFC 9113 section 5.1.1).
  private var highest: UInt32 = 0
  private var opened: UInt32 = 0
  private var order: UInt64 = 0
  /// Bytes of texts of open streams.
  private var texts = 0
  private var bodies = 0

  /// Creates a connection of which no byte was seen, with prior knowledge of HTTP/2.
  init(_ flow: Flow, _ context: HTTP2Context) {
    self.flow = flow
    self.context = context
  }

  /// Creates a connection that was HTTP/1.1 up to a 101 response to `Upgrade: h2c`.
  ///
  /// The request becomes stream 1, ended (RFC 7540 section 3.2); it must lie in `batch`, and is told
  /// here, not by the caller. What follows on either side is HTTP/2, and begins the streams of this
  /// connection.
  convenience init(
    _ flow: Flow, _ context: HTTP2Context, upgrading request: Exchange,
    in batch: borrowing ExchangeBatch
  ) {
    self.init(flow, context)
    let index = open(1)
    streams[index].adopt(request, from: batch)
    highest = 1
    opened = max(1, request.connectionRequest)
    texts = streams[index].bytes.count
  }

  /// Bytes it holds, itself and its decoders included.
  var held: Int {
    6_144 &+ clientSide.held &+ serverSide.held &+ texts &+ bodies
      &+ streams.count &* (MemoryLayout<HTTP2Stream>.stride &+ 512)
  }

  /// The next bytes of one side.
  func data(
    _ side: FlowSide, _ bytes: Span<UInt8>, offset: UInt64, _ mark: PacketMark,
    into batch: inout ExchangeBatch, _ counters: inout AnomalyCounters
  ) {
    var position = 0
    while failure(of: side) == nil {
      let event =
        side == .client
        ? clientSide.next(bytes, &position, base: offset, mark)
        : serverSide.next(bytes, &position, base: offset, mark)
      let end = offset &+ UInt64(position)
      switch event {
      case .needMore: return
      case .unreadable(let anomaly):
        counters.record(anomaly, frame: mark.frame)
        give(up: side, anomaly, into: &batch)
      case .body(let frame, let range):
        if let index = index(of: frame.stream) {
          streams[index].countBody(side, range.count, mark)
          if side == .client { keepBody(bytes.extracting(range), index) }
        }
      case .ended(let frame): ended(frame, side, end, mark, into: &batch, &counters)
      case .block(let block):
        if block.first.kind == .headers {
          headers(block, side, end, mark, into: &batch, &counters)
        }
      }
    }
  }

  /// Bytes of one side are missing for good.
  func gap(
    _ side: FlowSide, count: UInt64, offset: UInt64, _ mark: PacketMark,
    into batch: inout ExchangeBatch, _ counters: inout AnomalyCounters
  ) {
    guard failure(of: side) == nil else { return }
    let skipped = side == .client ? clientSide.skip(count) : serverSide.skip(count)
    guard let frame = skipped else {
      give(up: side, .streamGap, mark.gapAnomalies, into: &batch)
      return
    }
    if let index = index(of: frame.stream) {
      streams[index].countBody(side, Int(clamping: count), mark)
      streams[index].isCut = true
      streams[index].detail.anomalies.formUnion(mark.gapAnomalies)
      if side == .client { dropBody(index) }
    }
    // The frame may end with the hole.
    let nothing: [UInt8] = []
    data(side, nothing.span, offset: offset &+ count, mark, into: &batch, &counters)
  }

  /// The connection is over: what is open is given out as it is, in the order of opening.
  func close(into batch: inout ExchangeBatch) {
    while let index = oldest { finish(index, into: &batch) }
  }

  // MARK: - Events

  private func ended(
    _ frame: HTTP2Frame, _ side: FlowSide, _ end: UInt64, _ mark: PacketMark,
    into batch: inout ExchangeBatch, _ counters: inout AnomalyCounters
  ) {
    guard frame.kind == .data || frame.kind == .reset, let index = index(of: frame.stream) else {
      return
    }
    streams[index].count(
      side, frame, size: frame.length &+ HTTP2Frame.headerLength, until: end, mark)
    if frame.kind == .reset {
      finish(index, into: &batch)
    } else if frame.endsStream {
      endSide(side, index, into: &batch)
      makeRoom(mark, into: &batch, &counters)
    }
  }

  private func headers(
    _ block: HTTP2Block, _ side: FlowSide, _ end: UInt64, _ mark: PacketMark,
    into batch: inout ExchangeBatch, _ counters: inout AnomalyCounters
  ) {
    let isTooLong = side == .client ? clientSide.list.isTooLong : serverSide.list.isTooLong
    if isTooLong { counters.record(.headerTooLong, frame: mark.frame) }
    guard
      let index = index(of: block.first.stream)
        ?? admit(block.first.stream, side, mark, into: &batch, &counters)
    else { return }
    if side == .client { highest = max(highest, block.first.stream) }
    streams[index].count(side, block.first, size: block.size, until: end, mark)
    if isTooLong {
      streams[index].isCut = true
      streams[index].detail.anomalies.insert(.headerTooLong)
    }
    let before = streams[index].bytes.count
    let isGood = side == .client ? takeRequest(index) : takeResponse(index)
    texts &+= streams[index].bytes.count &- before
    if isTooLong, !isGood, side == .client {
      streams[index].exchange.flags.insert(.unknownTarget)
    }
    if !isGood {
      streams[index].detail.anomalies.insert(.badMessage)
      counters.record(.badMessage, frame: mark.frame)
    }
    if block.first.endsStream { endSide(side, index, into: &batch) }
    makeRoom(mark, into: &batch, &counters)
  }

  /// Gives out the oldest streams while all hold too much.
  private func makeRoom(
    _ mark: PacketMark, into batch: inout ExchangeBatch, _ counters: inout AnomalyCounters
  ) {
    while texts > Self.heldLimit, let index = oldest {
      counters.record(.overLimit, frame: mark.frame)
      streams[index].detail.anomalies.insert(.overLimit)
      finish(index, into: &batch)
    }
  }

  private func takeRequest(_ index: Int) -> Bool {
    guard !streams[index].sawRequest else { return true }  // trailers
    streams[index].sawRequest = true
    opened &+= 1
    streams[index].exchange.connectionRequest = opened
    return streams[index].takeRequest(clientSide.list, context)
  }

  private func takeResponse(_ index: Int) -> Bool {
    guard !streams[index].sawResponse else { return true }  // trailers
    guard let status = streams[index].takeResponse(serverSide.list) else { return false }
    if status >= 200 { streams[index].sawResponse = true }
    return true
  }

  private func endSide(_ side: FlowSide, _ index: Int, into batch: inout ExchangeBatch) {
    if side == .client {
      streams[index].requestEnded = true
      readBody(index)
    } else {
      streams[index].responseEnded = true
    }
    let isRequestOver = streams[index].requestEnded || clientSide.failure != nil
    let isResponseOver = streams[index].responseEnded || serverSide.failure != nil
    if isRequestOver, isResponseOver { finish(index, into: &batch) }
  }

  // MARK: - Request bodies

  /// Keeps bytes of a body while somebody asks for a field of it.
  private func keepBody(_ part: Span<UInt8>, _ index: Int) {
    guard streams[index].bodyKind != .none, !streams[index].requestEnded else { return }
    let room = min(
      context.shared.limits.bodyBytes - streams[index].body.count, Self.bodyLimit - bodies)
    guard room > 0 else { return }
    let kept = part.extracting(first: min(room, part.count))
    unsafe kept.withUnsafeBufferPointer { unsafe streams[index].body.append(contentsOf: $0) }
    bodies &+= kept.count
  }

  /// Looks for no field in a body of which a part is missing.
  private func dropBody(_ index: Int) {
    bodies &-= streams[index].body.count
    streams[index].body = []
    streams[index].bodyKind = .none
  }

  /// Takes the fields asked for out of the body that was kept.
  private func readBody(_ index: Int) {
    guard !streams[index].body.isEmpty else { return }
    let before = streams[index].bytes.count
    streams[index].readBody(context.shared)
    texts &+= streams[index].bytes.count &- before
    dropBody(index)
  }

  // MARK: - Failures

  private func failure(of side: FlowSide) -> PacketAnomaly? {
    side == .client ? clientSide.failure : serverSide.failure
  }

  /// Reads no more of a side, and gives out the streams that nothing more can come of.
  private func give(
    up side: FlowSide, _ anomaly: PacketAnomaly, _ more: PacketAnomalies = PacketAnomalies(),
    into batch: inout ExchangeBatch
  ) {
    if side == .client { clientSide.failure = anomaly } else { serverSide.failure = anomaly }
    for index in streams.indices where streams[index].id != 0 {
      let isOver = side == .client ? streams[index].requestEnded : streams[index].responseEnded
      guard !isOver else { continue }
      streams[index].isCut = true
      streams[index].detail.anomalies.insert(anomaly)
      streams[index].detail.anomalies.formUnion(more)
    }
    if clientSide.failure != nil, serverSide.failure != nil {
      close(into: &batch)
      return
    }
    while let index = oldest(where: { isStuck($0) }) { finish(index, into: &batch) }
  }

  /// Whether the side that can still be read has said all it will of a stream.
  private func isStuck(_ stream: HTTP2Stream) -> Bool {
    clientSide.failure != nil && stream.responseEnded
      || serverSide.failure != nil && stream.requestEnded
  }

  // MARK: - Streams

  private func index(of id: UInt32) -> Int? {
    if recent < streams.count, streams[recent].id == id { return recent }
    for index in streams.indices where streams[index].id == id {
      recent = index
      return index
    }
    return nil
  }

  /// Makes room for a stream that is new; `nil` when its frames are to be ignored.
  private func admit(
    _ id: UInt32, _ side: FlowSide, _ mark: PacketMark, into batch: inout ExchangeBatch,
    _ counters: inout AnomalyCounters
  ) -> Int? {
    guard id % 2 == 1, id > highest else { return nil }
    if side == .server { counters.record(.unpaired, frame: mark.frame) }
    if clientSide.failure != nil { highest = id }
    if streams.count == Self.streamLimit, index(of: 0) == nil, let oldest {
      counters.record(.overLimit, frame: mark.frame)
      streams[oldest].detail.anomalies.insert(.overLimit)
      finish(oldest, into: &batch)
    }
    let index = open(id)
    if side == .server { streams[index].detail.anomalies.insert(.unpaired) }
    return index
  }

  private func open(_ id: UInt32) -> Int {
    let index = index(of: 0) ?? streams.count
    if index == streams.count { streams.append(HTTP2Stream()) }
    order &+= 1
    streams[index].id = id
    streams[index].order = order
    recent = index
    return index
  }

  private var oldest: Int? { oldest { _ in true } }

  private func oldest(where test: (HTTP2Stream) -> Bool) -> Int? {
    var found: Int?
    for index in streams.indices where streams[index].id != 0 && test(streams[index]) {
      if let other = found, streams[other].order < streams[index].order { continue }
      found = index
    }
    return found
  }

  /// Gives a stream out and makes its place free.
  private func finish(_ index: Int, into batch: inout ExchangeBatch) {
    readBody(index)
    texts &-= streams[index].bytes.count
    streams[index].exchange.client = client?.address ?? flow.client.address
    streams[index].exchange.port = client?.port ?? flow.client.port
    streams[index].exchange.peer = flow.client.address
    if client != nil { streams[index].exchange.flags.insert(.forwarded) }
    streams[index].exchange.connection = flow.id
    streams[index].detail.anomalies.formUnion(anomalies)
    streams[index].detail.server = flow.server.address
    streams[index].detail.serverPort = flow.server.port
    streams[index].finish(context, into: &batch)
    streams[index].clear()
    // Places stay for the next streams, but not those of a rush that is over.
    if streams.count > 8, oldest == nil { streams = [] }
  }
}
