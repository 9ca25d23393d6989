import CrenelModel

/// What all TLS connections of a run share.
struct TLSContext: Sendable {
  var ja4 = JA4Builder()
}

/// A TLS connection seen from outside: its ClientHello, its ServerHello, then times and sizes.
///
/// Reassembled bytes in, one exchange out when it closes: flagged as encrypted, without method,
/// target or host, so that no rule can take it for HTTP. Holds at most two incomplete handshake
/// messages of ``HandshakeCollector/limit`` bytes; when both are read, a few hundred bytes.
struct TLSConnection {
  /// Longest server name, and longest list of protocols, that is kept, in bytes.
  static let nameLimit = 255

  /// The client a PROXY header named, when one came before.
  var client: Endpoint?
  private var hello = HandshakeCollector(wanted: 1)
  private var answer = HandshakeCollector(wanted: 2)
  private var fingerprint: JA4Fingerprint?
  /// That of the hello which a HelloRetryRequest made the client send.
  private var second: JA4Fingerprint?
  /// The server name, then the protocols.
  private var names: [UInt8] = []
  private var serverName = ByteRange.absent
  private var protocols = ByteRange.absent
  private var chosen: ServerHello?
  private var detail = PacketDetail()
  private var sawClient = false
  private var sawServer = false
  private var hasGap = false

  /// Creates a connection of which no byte was seen.
  init() {}

  /// Bytes it holds, itself included.
  var held: Int {
    MemoryLayout<TLSConnection>.stride &+ 256 &+ hello.buffer.count &+ answer.buffer.count
      &+ names.count &+ (fingerprint?.text.count ?? 0)
  }

  /// Whether a stream begins with the record of a ClientHello, or with one in SSLv2's style.
  static func looksLikeClientHello(_ first: Span<UInt8>) -> StreamGuess {
    if byte(first, 0) & 0x80 != 0 { return looksLikeSSLv2(first) }
    let length = Int(byte(first, 3)) << 8 | Int(byte(first, 4))
    guard first.count > 0 else { return .undecided }
    guard first[0] == 22 else { return .no }
    if first.count > 1, first[1] != 3 { return .no }
    if first.count > 2, first[2] > 4 { return .no }
    if first.count > 4, length == 0 || length > HandshakeCollector.recordLimit { return .no }
    guard first.count > 5 else { return .undecided }
    return first[5] == 1 ? .yes : .no
  }

  /// A two-byte length with its top bit set, type 1, a version (RFC 5246 appendix E.2).
  private static func looksLikeSSLv2(_ first: Span<UInt8>) -> StreamGuess {
    if first.count > 2, first[2] != 1 { return .no }
    if first.count > 3, first[3] != 0, first[3] != 3 { return .no }
    guard first.count > 4 else { return .undecided }
    return first[3] == 0 ? (first[4] == 2 ? .yes : .no) : (first[4] <= 4 ? .yes : .no)
  }

  /// The next bytes of one side.
  mutating func data(
    _ side: FlowSide, _ bytes: Span<UInt8>, offset: UInt64, _ mark: PacketMark,
    _ context: inout TLSContext, _ counters: inout AnomalyCounters
  ) {
    count(side, UInt64(bytes.count), offset: offset, mark)
    switch side {
    case .client: takeHellos(bytes, mark, &context, &counters)
    case .server:
      guard !answer.isDone else { return }
      switch answer.push(bytes) {
      case .more, .failed: break
      case .inPlace(let body): chosen = ServerHello(bytes, body)
      case .buffered:
        chosen = ServerHello(answer.buffer.span, 4..<answer.buffer.count)
        answer.stop()
      }
    }
  }

  /// Bytes of one side are missing for good; a hello that lacks some is given up.
  mutating func gap(_ side: FlowSide, count missing: UInt64, offset: UInt64, _ mark: PacketMark) {
    count(side, missing, offset: offset, mark)
    hasGap = true
    detail.anomalies.formUnion(mark.gapAnomalies)
    if side == .client { hello.stop() } else { answer.stop() }
  }

  /// Appends the exchange; `mark` is the connection's last packet.
  mutating func close(
    _ flow: Flow, _ mark: PacketMark, _ context: borrowing TLSContext,
    into batch: inout ExchangeBatch
  ) {
    hello.stop()
    answer.stop()
    var exchange = Exchange(
      at: mark.at,
      provenance: Provenance(frame: flow.firstFrame, offset: flow.firstOffset))
    exchange.start = TimeBounds(exact: flow.openedAt)
    exchange.end = TimeBounds(exact: mark.at)
    exchange.elapsed = max(0, mark.at.since(flow.openedAt))
    exchange.client = client?.address ?? flow.client.address
    exchange.port = client?.port ?? flow.client.port
    exchange.peer = flow.client.address
    exchange.flags = [.encrypted, .stampedAtEnd]
    if hasGap { exchange.flags.insert(.incomplete) }
    if client != nil { exchange.flags.insert(.forwarded) }
    exchange.requestBytes = Int64(clamping: detail.requestStream.length)
    exchange.responseBytes = Int64(clamping: detail.responseStream.length)
    exchange.connection = flow.id
    writeTexts(&exchange, &batch)
    detail.server = flow.server.address
    detail.serverPort = flow.server.port
    exchange.detail = UInt32(truncatingIfNeeded: batch.details.count)
    batch.details.append(detail)
    batch.exchanges.append(exchange)
  }

  /// Notes what is odd about the connection, and was counted.
  mutating func note(_ anomalies: PacketAnomalies) { detail.anomalies.formUnion(anomalies) }

  // MARK: - Parts

  private mutating func count(
    _ side: FlowSide, _ bytes: UInt64, offset: UInt64, _ mark: PacketMark
  ) {
    switch side {
    case .client:
      if !sawClient { detail.requestStream.offset = offset }
      sawClient = true
      detail.requestStream.length &+= bytes
      detail.requestFrames.add(mark.frame)
    case .server:
      if !sawServer { detail.responseStream.offset = offset }
      sawServer = true
      detail.responseStream.length &+= bytes
      detail.responseFrames.add(mark.frame)
    }
  }

  /// Reads the client's hello, then what may be a second one: the only message of its kind that comes
  /// in clear, and only after a HelloRetryRequest (RFC 8446 section 4.1.2).
  private mutating func takeHellos(
    _ bytes: Span<UInt8>, _ mark: PacketMark, _ context: inout TLSContext,
    _ counters: inout AnomalyCounters
  ) {
    var start = 0
    while !hello.isDone {
      let rest = bytes.extracting(start...)
      let isFirst = fingerprint == nil
      switch hello.push(rest) {
      case .more: return
      case .inPlace(let body) where isFirst: read(rest, body, &context, mark, &counters)
      case .inPlace(let body): readSecond(rest, body, &context)
      case .buffered:
        let message = hello.buffer
        let body = 4..<message.count
        hello.stop()
        if isFirst {
          read(message.span, body, &context, mark, &counters)
        } else {
          readSecond(message.span, body, &context)
        }
      case .failed:
        if isFirst { note(.badClientHello, mark, &counters) }
        return
      }
      guard isFirst, fingerprint != nil, let next = hello.next else { return }
      start &+= next
      hello = HandshakeCollector(wanted: 1, passesChangeCipherSpec: true)
    }
  }

  /// Takes the fingerprint of a second hello; what cannot be read is none.
  private mutating func readSecond(
    _ bytes: Span<UInt8>, _ body: Range<Int>, _ context: inout TLSContext
  ) {
    second = ClientHello(bytes, body).map { context.ja4.fingerprint($0, bytes) }
  }

  private mutating func read(
    _ bytes: Span<UInt8>, _ body: Range<Int>, _ context: inout TLSContext, _ mark: PacketMark,
    _ counters: inout AnomalyCounters
  ) {
    guard let read = ClientHello(bytes, body) else {
      note(.badClientHello, mark, &counters)
      return
    }
    fingerprint = context.ja4.fingerprint(read, bytes)
    if read.serverName.isPresent {
      let name = read.serverName.indices
      serverName = BatchText.append(
        bytes, name.lowerBound..<(name.lowerBound &+ min(name.count, Self.nameLimit)), to: &names)
    }
    guard read.protocols.isPresent else { return }
    let start = names.count
    var cursor = WireCursor(read.protocols.indices)
    while let name = cursor.vector(lengthOf: 1, bytes),
      names.count &- start &+ name.count < Self.nameLimit
    {
      if names.count > start { names.append(UInt8(ascii: ",")) }
      _ = BatchText.append(bytes, name, to: &names)
    }
    protocols = ByteRange(start..<names.count)
  }

  private mutating func note(
    _ anomaly: PacketAnomaly, _ mark: PacketMark, _ counters: inout AnomalyCounters
  ) {
    detail.anomalies.insert(anomaly)
    counters.record(anomaly, frame: mark.frame)
  }

  private mutating func writeTexts(_ exchange: inout Exchange, _ batch: inout ExchangeBatch) {
    if let chosen {
      let start = batch.bytes.count
      if let name = TLSNames.version(chosen.version) {
        exchange[.tlsVersion] = BatchText.append(name, to: &batch.bytes)
      } else {
        TLSNames.append(number: chosen.version, to: &batch.bytes)
        exchange[.tlsVersion] = ByteRange(start..<batch.bytes.count)
      }
      let middle = batch.bytes.count
      if let name = TLSNames.cipher(chosen.cipher) {
        exchange[.tlsCipher] = BatchText.append(name, to: &batch.bytes)
      } else {
        TLSNames.append(number: chosen.cipher, to: &batch.bytes)
        exchange[.tlsCipher] = ByteRange(middle..<batch.bytes.count)
      }
    }
    if let fingerprint {
      let text = fingerprint.text
      exchange[.ja4] = BatchText.append(text.span, fingerprint.hash, to: &batch.bytes)
      detail.ja4Raw = BatchText.append(text.span, fingerprint.raw, to: &batch.bytes)
    }
    if let second {
      let text = second.text
      detail.secondJA4 = BatchText.append(text.span, second.hash, to: &batch.bytes)
      detail.secondJA4Raw = BatchText.append(text.span, second.raw, to: &batch.bytes)
    }
    if serverName.isPresent {
      detail.serverName = BatchText.append(names.span, serverName.indices, to: &batch.bytes)
    }
    if protocols.isPresent {
      detail.alpn = BatchText.append(names.span, protocols.indices, to: &batch.bytes)
    }
  }
}
