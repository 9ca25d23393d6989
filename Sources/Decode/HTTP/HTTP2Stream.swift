import CrenelModel

/// A request with its response while they are on their way.
struct HTTP2Stream {
  /// Stream number; 0 while the place is free.
  var id: UInt32 = 0
  /// Place in the order in which streams were opened, for evictions and the end.
  var order: UInt64 = 0
  var exchange: Exchange
  var detail = PacketDetail()
  /// The texts that `exchange` and `detail` point into.
  var bytes: [UInt8] = []
  var sawRequest = false
  var requestEnded = false
  /// Whether the final response was seen; informational ones (1xx) come before it.
  var sawResponse = false
  var responseEnded = false
  /// What the request's body is, as far as somebody asks for a field of it.
  var bodyKind = BodyKind.none
  var coding = ContentCoding.identity
  /// The body of the request as far as it is looked at; empty when it was read.
  var body: [UInt8] = []
  /// Whether bytes of it are missing in the capture, or were dropped.
  var isCut = false
  private var requestBytes = 0
  private var responseBytes = 0
  private var requestBody = 0
  private var responseBody = 0
  private var first: Timestamp?
  private var last = Timestamp.distantPast

  /// Creates a free place.
  init() {
    exchange = Exchange(
      at: .distantPast, provenance: Provenance(source: 0, offset: 0, length: 0, line: 0))
  }

  /// Makes the place free, keeping a buffer of the usual size.
  mutating func clear() {
    var kept = bytes
    kept.removeAll(keepingCapacity: kept.capacity <= 1_024)
    self = HTTP2Stream()
    bytes = kept
  }

  // MARK: - Sizes and times

  /// A frame, or a whole header block, of one side is over.
  mutating func count(
    _ side: FlowSide, _ frame: HTTP2Frame, size: Int, until end: UInt64, _ mark: PacketMark
  ) {
    see(side, frame.mark)
    see(side, mark)
    switch side {
    case .client:
      requestBytes &+= size
      Self.widen(&detail.requestStream, from: frame.offset, to: end)
    case .server:
      responseBytes &+= size
      Self.widen(&detail.responseStream, from: frame.offset, to: end)
    }
  }

  /// When a request that was read elsewhere began, and its bytes (negative when unknown).
  mutating func adopt(from start: Timestamp, bytes: Int64) {
    first = start
    last = start
    requestBytes = Int(clamping: max(0, bytes))
  }

  /// Bytes of a body.
  mutating func countBody(_ side: FlowSide, _ count: Int, _ mark: PacketMark) {
    see(side, mark)
    if side == .client { requestBody &+= count } else { responseBody &+= count }
  }

  private mutating func see(_ side: FlowSide, _ mark: PacketMark) {
    let isFirst =
      side == .client
      ? detail.requestFrames.add(mark.frame) : detail.responseFrames.add(mark.frame)
    if isFirst, side == .client || detail.requestFrames.isEmpty {
      exchange.provenance.offset = mark.offset
    }
    first = min(first ?? mark.at, mark.at)
    last = max(last, mark.at)
  }

  private static func widen(_ range: inout StreamRange, from start: UInt64, to end: UInt64) {
    if range.length == 0 { range.offset = start }
    if end > range.offset { range.length = max(range.length, end &- range.offset) }
  }

  // MARK: - The end

  /// Takes the fields asked for out of the body that was kept.
  mutating func readBody(_ context: HTTP1Context) {
    let (decoded, anomaly) = RequestBody.decoded(body, coding, context)
    if let anomaly {
      detail.anomalies.insert(anomaly)
      context.anomalies.record(anomaly, frame: detail.requestFrames.last)
    }
    var (found, texts) = (exchange, bytes)
    RequestBody.read(decoded.span, bodyKind, context.asked, &found, &texts)
    (exchange, bytes) = (found, texts)
  }

  /// Appends the exchange to a batch.
  mutating func finish(_ context: HTTP2Context, into batch: inout ExchangeBatch) {
    let start = first ?? last
    exchange.at = last
    exchange.start = TimeBounds(exact: start)
    exchange.end = TimeBounds(exact: last)
    exchange.elapsed = max(0, last.since(start))
    exchange.flags.insert(.stampedAtEnd)
    if isCut || !sawRequest || !sawResponse || !responseEnded {
      exchange.flags.insert(.incomplete)
    }
    if !sawRequest { exchange.flags.insert(.unknownTarget) }
    if sawRequest {
      exchange.requestBytes = Int64(requestBytes)
      if detail.requestBodyBytes < 0 { detail.requestBodyBytes = Int64(requestBody) }
    }
    if sawResponse {
      exchange.responseBytes = Int64(responseBytes)
      exchange.bodyBytes = Int64(responseBody)
    }
    let frames = sawRequest ? detail.requestFrames : detail.responseFrames
    exchange.provenance.source = frames.firstSource
    exchange.provenance.line = frames.first
    var found = exchange
    context.shared.who.find(&found, bytes.span)
    exchange = found
    move(to: batch.bytes.count)
    batch.bytes.append(contentsOf: bytes)
    if sawRequest { writeHead(to: &batch.bytes) }
    exchange.detail = UInt32(truncatingIfNeeded: batch.details.count)
    batch.details.append(detail)
    batch.exchanges.append(exchange)
  }

  /// What stands for the head, whose bytes were compressed: method, a space, and the target.
  private mutating func writeHead(to bytes: inout [UInt8]) {
    let start = bytes.count
    bytes.append(contentsOf: bytes[exchange[.method].indices])
    bytes.append(0x20)
    bytes.append(contentsOf: bytes[exchange[.target].indices])
    exchange.raw = ByteRange(start..<bytes.count)
    exchange.provenance.length = exchange.raw.length
  }

  /// Makes places in ``bytes`` places in bytes that begin with `base` others.
  private mutating func move(to base: Int) {
    let base = UInt32(truncatingIfNeeded: base)
    func moved(_ range: ByteRange) -> ByteRange {
      range.isPresent ? ByteRange(offset: range.offset &+ base, length: range.length) : range
    }
    for i in exchange.texts.indices { exchange.texts[i] = moved(exchange.texts[i]) }
    for i in exchange.extras.indices { exchange.extras[i] = moved(exchange.extras[i]) }
    detail.headerNames = moved(detail.headerNames)
  }
}

extension HTTP2Stream {
  /// Takes over a request that was read as HTTP/1.1 and ended before the connection was upgraded.
  mutating func adopt(_ request: Exchange, from batch: borrowing ExchangeBatch) {
    exchange = request
    exchange.raw = .absent
    exchange.detail = .max
    let source = batch.bytes.span
    for i in request.texts.indices {
      let place = copy(request.texts[i], source)
      exchange.texts[i] = place
    }
    for i in request.extras.indices {
      let place = copy(request.extras[i], source)
      exchange.extras[i] = place
    }
    if request.detail != .max, Int(request.detail) < batch.details.count {
      detail = batch.details[Int(request.detail)]
      detail.headerNames = copy(detail.headerNames, source)
      detail.responseFrames = FrameRange()
      detail.responseStream = StreamRange()
    }
    exchange.status = 0
    exchange.connectionRequest = max(1, request.connectionRequest)
    sawRequest = true
    requestEnded = true
    adopt(from: request.start.earliest, bytes: request.requestBytes)
  }

  private mutating func copy(_ range: ByteRange, _ source: Span<UInt8>) -> ByteRange {
    guard range.isPresent else { return .absent }
    return BatchText.append(source, range.indices, to: &bytes)
  }
}
