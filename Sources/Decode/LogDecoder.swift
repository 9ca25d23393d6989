public import CrenelModel

/// Decodes the lines of one source, batch after batch.
public struct LogDecoder: ~Copyable {
  /// What became of the lines so far.
  public private(set) var counters = LineCounters()

  private let configuration: DecoderConfiguration
  /// Exchanges about which nothing is known, appended some at a time and filled one a line.
  private let blanks = [Exchange](
    repeating: Exchange(
      at: Timestamp(nanoseconds: 0),
      provenance: Provenance(source: 0, offset: 0, length: 0, line: 0)), count: 32)
  private var fast: CombinedLine?
  private var unparsed: UInt32 = 0
  private var texts: [TextLineDecoder] = []
  private var iis: IISDecoder?
  private var json: JSONLineDecoder?

  /// Creates a decoder; throws the mistakes of a format string, with their columns.
  public init(
    _ format: LogFormat, _ configuration: DecoderConfiguration
  ) throws(Diagnostics) {
    self.configuration = configuration
    switch format.kind {
    case .iis: iis = IISDecoder(configuration)
    case .json(let map): json = JSONLineDecoder(map: map, configuration: configuration)
    case .family, .nginx, .apache, .haproxy: break
    }
    texts = try format.compiled(names: configuration.names).map {
      TextLineDecoder($0, configuration)
    }
    if case .json(let map) = format.kind, map.name == JSONFieldMap.envoy.name {
      texts = TextFamily.envoy.compiled(names: configuration.names).map {
        TextLineDecoder($0, configuration)
      }
    }
    if case .family(.combined) = format.kind { fast = CombinedLine(configuration) }
  }

  /// Decodes the whole lines in `batch.bytes[lines]`, appending to `batch.exchanges`.
  ///
  /// `offset` is the place of the first byte in the decompressed source. Lines are numbered from
  /// 1 in the order in which they are given. Texts with escapes are appended to the batch's bytes.
  public mutating func decode(_ batch: inout ExchangeBatch, lines: Range<Int>, offset: UInt64) {
    var start = lines.lowerBound
    if offset == 0 { start &+= byteOrderMark(batch.bytes.span, lines) }
    var used = batch.exchanges.count
    let usesQuotes = fast != nil  // lines of other formats have many, which nobody asks for
    while start < lines.upperBound {
      let scan =
        usesQuotes
        ? LineScan(batch.bytes.span, from: start, to: lines.upperBound)
        : LineScan(
          endingAt: find(0x0a, in: batch.bytes.span, from: start, to: lines.upperBound))
      var end = scan.end
      if end > start, batch.bytes[end &- 1] == 0x0d { end &-= 1 }
      counters.lines &+= 1
      let place = Provenance(
        source: configuration.source, offset: offset &+ UInt64(start &- lines.lowerBound),
        length: UInt32(truncatingIfNeeded: end &- start), line: counters.lines)
      if used == batch.exchanges.count { batch.exchanges.append(contentsOf: blanks) }
      if decode(start..<end, scan, place, &batch, into: used) { used &+= 1 }
      start = scan.end &+ 1
    }
    batch.exchanges.removeLast(batch.exchanges.count &- used)
  }

  /// Counts a line that was too long to be read whole, and began at `offset`.
  public mutating func skip(tooLongAt offset: UInt64) {
    counters.lines &+= 1
    let place = Provenance(
      source: configuration.source, offset: offset, length: .max, line: counters.lines)
    noteUnparsed()
    counters.unparsed.record(.lineTooLong, at: place, column: 1)
  }

  private mutating func noteUnparsed() {
    if unparsed != .max { unparsed &+= 1 }
  }

  /// Decodes one line into the blank exchange at `slot`; whether it became one.
  private mutating func decode(
    _ range: Range<Int>, _ scan: LineScan, _ place: Provenance, _ batch: inout ExchangeBatch,
    into slot: Int
  ) -> Bool {
    guard !isBlank(range, batch.bytes.span) else {
      counters.blank &+= 1
      return false
    }
    guard range.count <= configuration.lineLimit else {
      noteUnparsed()
      counters.unparsed.record(.lineTooLong, at: place, column: 1)
      return false
    }
    let mark = batch.bytes.count
    Self.begin(&batch.exchanges[slot], place, range, unparsed)
    let outcome = line(range, scan, place, &batch.bytes, &batch.exchanges[slot])
    if case .exchange = outcome {
      counters.exchanges &+= 1
      return true
    }
    batch.exchanges[slot] = blanks[0]
    batch.bytes.removeLast(batch.bytes.count - mark)
    guard case .rejected(let reason, let at) = outcome else {
      counters.comments &+= 1
      return false
    }
    noteUnparsed()
    counters.unparsed.record(
      reason, at: place, column: UInt32(clamping: max(0, at - range.lowerBound) + 1))
    return false
  }

  /// Says of a blank exchange where it was read.
  private static func begin(
    _ exchange: inout Exchange, _ place: Provenance, _ range: Range<Int>, _ unparsed: UInt32
  ) {
    exchange.provenance = place
    exchange.raw = ByteRange(range)
    exchange.unparsedBefore = unparsed
  }

  /// Reads one line with what the format has.
  private mutating func line(
    _ range: Range<Int>, _ scan: LineScan, _ place: Provenance, _ bytes: inout [UInt8],
    _ exchange: inout Exchange
  ) -> LineOutcome {
    if fast?.decode(range, scan, bytes.span, &exchange) == true { return .exchange }
    if let outcome = iis?.decode(range, &bytes, &exchange) { return outcome }
    if let outcome = json?.decode(range, &bytes, &exchange) {
      // A proxy that writes JSON may write some lines in its text format.
      guard case .rejected(.badJSON, let at) = outcome, !texts.isEmpty else { return outcome }
      let text = text(range, place, &bytes, &exchange)
      if case .exchange = text { return text }
      return .rejected(.badJSON, at: at)
    }
    return text(range, place, &bytes, &exchange)
  }

  /// Tries each grammar of the format; the failure that came furthest is the one told.
  private mutating func text(
    _ range: Range<Int>, _ place: Provenance, _ bytes: inout [UInt8], _ exchange: inout Exchange
  ) -> LineOutcome {
    var furthest: LineFailure?
    for i in texts.indices {
      exchange = blanks[0]
      Self.begin(&exchange, place, range, unparsed)
      guard let failure = texts[i].decode(range, &bytes, &exchange) else { return .exchange }
      if failure.hasShape { return .rejected(failure.reason, at: failure.at) }
      if furthest.map({ failure.at > $0.at }) ?? true { furthest = failure }
    }
    return .rejected(furthest?.reason ?? .noMatch, at: furthest?.at ?? range.lowerBound)
  }

  private func isBlank(_ range: Range<Int>, _ bytes: Span<UInt8>) -> Bool {
    if let first = range.first, bytes[first] > 0x20 { return false }
    for i in range where bytes[i] != 0x20 && bytes[i] != 0x09 { return false }
    return true
  }
}

/// What became of a line.
enum LineOutcome {
  case exchange
  case comment
  case rejected(RejectReason, at: Int)
}
