import CrenelModel

/// Makes an exchange of a request's head, as the log decoders make one of a line.
struct RequestReader {
  /// What the head says beside the texts of the exchange.
  struct Reading {
    var verdict: HeadVerdict
    var open: OpenExchange
  }

  private let context: HTTP1Context

  init(_ context: HTTP1Context) { self.context = context }

  /// Reads the head in `store.bytes[range]` into `exchange` and `detail`.
  func read(
    _ range: Range<Int>, isWhole: Bool, _ head: inout MessageHead, _ store: inout ExchangeBatch,
    _ exchange: inout Exchange, _ detail: inout PacketDetail
  ) -> Reading {
    head.read(store.bytes.span, range, limit: context.limits.fields)
    exchange.raw = ByteRange(range)
    var open = OpenExchange()
    takeFields(head, &store.bytes, &exchange, &open)
    RequestTarget.split(
      requestLine: head.line, store.bytes.span, into: &exchange)
    open.isBare = !HeadEnd.hasVersion(store.bytes.span, head.line)
    open.kind = Self.kind(store.bytes.span, exchange[.method])
    if exchange[.host].isPresent {
      exchange[.host] = ByteRange(
        RequestTarget.host(store.bytes.span, exchange[.host].indices))
    }
    context.who.find(&exchange, store.bytes.span)
    detail.headerNames = names(head, &store.bytes)
    let verdict =
      isWhole ? judge(head, store.bytes.span, range, open) : HeadVerdict(framing: .none)
    detail.anomalies.formUnion(verdict.anomalies)
    if exchange.flags.contains(.malformedRequest) { detail.anomalies.insert(.badMessage) }
    if head.hasTooManyFields { detail.anomalies.insert(.headerTooLong) }
    return Reading(verdict: verdict, open: open)
  }

  private func judge(
    _ head: MessageHead, _ bytes: Span<UInt8>, _ range: Range<Int>, _ open: OpenExchange
  ) -> HeadVerdict {
    if let plain = PlainHead.request(head, bytes) { return plain }
    guard !open.isBare else {
      // What HTTP/0.9 is, servers do not agree on; a body it has for none of them.
      return HeadVerdict(framing: .none)
    }
    context.judged &+= 1
    var verdict = context.judge.request(bytes.extracting(range))
    if head.hasNegativeLength(bytes) {
      // LibHTP reads past the sign; servers refuse the request, and read no body.
      verdict.framing = .none
      verdict.anomalies.insert(.ambiguousLength)
    }
    return verdict
  }

  private static func kind(_ bytes: Span<UInt8>, _ method: ByteRange) -> RequestKind {
    guard method.isPresent else { return .other }
    if equals(bytes, method.indices, "HEAD") { return .head }
    return equals(bytes, method.indices, "CONNECT") ? .connect : .other
  }

  // MARK: - Fields

  private func takeFields(
    _ head: MessageHead, _ bytes: inout [UInt8], _ exchange: inout Exchange,
    _ open: inout OpenExchange
  ) {
    var forwarded = ByteRange.absent
    for field in head.fields {
      let text = field.isFolded ? Self.unfolded(field.value, &bytes) : ByteRange(field.value)
      switch field.known {
      case .other: break
      case .host: Self.take(.host, text, &exchange)
      case .userAgent: Self.take(.userAgent, text, &exchange)
      case .referrer: Self.take(.referrer, text, &exchange)
      case .acceptLanguage: Self.take(.acceptLanguage, text, &exchange)
      case .requestID: Self.take(.requestID, text, &exchange)
      case .contentType:
        Self.take(.contentType, text, &exchange)
        open.bodyKind = BodyKind(bytes.span, exchange[.contentType].indices, context.asked)
      case .contentEncoding: open.coding = ContentCoding(bytes.span, text.indices)
      case .cookie: exchange[.cookies] = Self.joined(exchange[.cookies], text, "; ", &bytes)
      case .forwardedFor:
        exchange[.forwardedFor] = Self.joined(exchange[.forwardedFor], text, ", ", &bytes)
      case .forwarded: forwarded = Self.joined(forwarded, text, ", ", &bytes)
      case .upgrade: open.offersHTTP2 = FieldName.equals(bytes.span, text.indices, "h2c")
      case .location, .contentLength, .transferEncoding: break
      }
      for asked in context.asked.headers
      where !exchange.extras[asked.slot].isPresent
        && FieldName.isSame(bytes.span, field.name, as: asked.name)
      {
        exchange.extras[asked.slot] = text
      }
    }
    for asked in context.asked.cookies {
      exchange.extras[asked.slot] = AskedFields.cookie(
        asked.name, bytes.span, exchange[.cookies].indices)
    }
    if forwarded.isPresent, !exchange[.forwardedFor].isPresent {
      exchange[.forwardedFor] = ForwardedHeader.chain(forwarded.indices, &bytes)
    }
  }

  /// The first of fields that stand twice counts, as it does in a server's log.
  private static func take(_ field: TextField, _ text: ByteRange, _ exchange: inout Exchange) {
    if !exchange[field].isPresent { exchange[field] = text }
  }

  /// Two values of one field as one, appended to `bytes`.
  private static func joined(
    _ first: ByteRange, _ second: ByteRange, _ separator: StaticString, _ bytes: inout [UInt8]
  ) -> ByteRange {
    guard first.isPresent else { return second }
    let start = bytes.count
    for i in first.indices { bytes.append(bytes[i]) }
    separator.withUTF8Buffer { unsafe bytes.append(contentsOf: $0) }
    for i in second.indices { bytes.append(bytes[i]) }
    return ByteRange(start..<bytes.count)
  }

  /// A folded value with one space for each line break and the spaces around it.
  static func unfolded(_ value: Range<Int>, _ bytes: inout [UInt8]) -> ByteRange {
    let start = bytes.count
    var i = value.lowerBound
    while i < value.upperBound {
      let byte = bytes[i]
      guard byte == 0x0a || byte == 0x0d else {
        bytes.append(byte)
        i &+= 1
        continue
      }
      while bytes.count > start, bytes[bytes.count &- 1] <= 0x20 { bytes.removeLast() }
      while i < value.upperBound, bytes[i] <= 0x20 { i &+= 1 }
      bytes.append(0x20)
    }
    return ByteRange(start..<bytes.count)
  }

  /// The names of the fields as sent, joined by commas, appended to `bytes`.
  private func names(_ head: MessageHead, _ bytes: inout [UInt8]) -> ByteRange {
    let start = bytes.count
    for i in head.fields.indices {
      let name = head.fields[i].name
      guard !name.isEmpty else { continue }
      if bytes.count > start { bytes.append(0x2c) }
      Self.copy(name, &bytes)
    }
    return ByteRange(start..<bytes.count)
  }

  /// Appends bytes that are in `bytes` already.
  static func copy(_ range: Range<Int>, _ bytes: inout [UInt8]) {
    bytes.reserveCapacity(bytes.count + range.count)
    for i in range { bytes.append(bytes[i]) }
  }
}
