public import CrenelModel

/// Decodes the lines of one source, batch after batch.
public struct LogDecoder: ~Copyable {
  /// What became of the lines so far.
  public private(set) var counters = LineCounters()

  private let configuration: DecoderConfiguration
  private var grammar: Grammar

  /// What reads a line.
  private enum Grammar {
    case text([TextLineDecoder])
    case iis(IISDecoder)
    case json(JSONLineDecoder)
  }

  /// Creates a decoder; throws the mistakes of a format string, with their columns.
  public init(
    _ format: LogFormat, _ configuration: DecoderConfiguration
  ) throws(Diagnostics) {
    self.configuration = configuration
    switch format.kind {
    case .iis: grammar = .iis(IISDecoder(configuration))
    case .json(let map): grammar = .json(JSONLineDecoder(map: map, configuration: configuration))
    case .family, .nginx, .apache:
      let compiled = try format.compiled(names: configuration.names)
      grammar = .text(compiled.map { TextLineDecoder($0, configuration) })
    }
  }

  /// Decodes the whole lines in `batch.bytes[lines]`, appending to `batch.exchanges`.
  ///
  /// `offset` is the place of the first byte in the decompressed source, `line` the number of the
  /// first line. Texts with escapes are appended to the batch's bytes.
  public mutating func decode(
    _ batch: inout ExchangeBatch, lines: Range<Int>, offset: UInt64, line: UInt64
  ) {
    var start = lines.lowerBound
    var number = line
    while start < lines.upperBound {
      let feed = find(0x0a, in: batch.bytes.span, from: start, to: lines.upperBound)
      var end = feed
      if end > start, batch.bytes[end &- 1] == 0x0d { end &-= 1 }
      let place = Provenance(
        source: configuration.source, offset: offset &+ UInt64(start &- lines.lowerBound),
        length: UInt32(truncatingIfNeeded: end &- start), line: number)
      decode(start..<end, place, &batch)
      start = feed &+ 1
      number &+= 1
    }
  }

  /// Counts lines that were too long to be read whole.
  public mutating func note(tooLong count: UInt64, first: Provenance) {
    for _ in 0..<count {
      counters.lines &+= 1
      counters.unparsed.record(.lineTooLong, at: first, column: 1)
    }
  }

  private mutating func decode(
    _ range: Range<Int>, _ place: Provenance, _ batch: inout ExchangeBatch
  ) {
    counters.lines &+= 1
    guard !isBlank(range, batch.bytes.span) else {
      counters.blank &+= 1
      return
    }
    guard range.count <= configuration.lineLimit else {
      counters.unparsed.record(.lineTooLong, at: place, column: 1)
      return
    }
    var exchange = Exchange(at: Timestamp(nanoseconds: 0), provenance: place)
    exchange.raw = ByteRange(range)
    let mark = batch.bytes.count
    var failure: (reason: RejectReason, at: Int)?
    switch grammar {
    case .text: failure = text(range, place, &batch, &exchange)
    case .iis:
      switch iis(range, &batch, &exchange) {
      case .exchange: break
      case .comment:
        counters.comments &+= 1
        return
      case .rejected(let reason, let at): failure = (reason, at)
      }
    case .json: failure = json(range, &batch, &exchange)
    }
    if let failure {
      batch.bytes.removeLast(batch.bytes.count - mark)
      counters.unparsed.record(
        failure.reason, at: place,
        column: UInt32(clamping: max(0, failure.at - range.lowerBound) + 1))
      return
    }
    counters.exchanges &+= 1
    batch.exchanges.append(exchange)
  }

  /// Tries each grammar of the format; the failure that came furthest is the one told.
  private mutating func text(
    _ range: Range<Int>, _ place: Provenance, _ batch: inout ExchangeBatch,
    _ exchange: inout Exchange
  ) -> (reason: RejectReason, at: Int)? {
    guard case .text(var decoders) = grammar else { return nil }
    grammar = .text([])  // so that the array is not copied while it changes
    defer { grammar = .text(decoders) }
    var furthest: (reason: RejectReason, at: Int)?
    for i in decoders.indices {
      if i > 0 {
        exchange = Exchange(at: Timestamp(nanoseconds: 0), provenance: place)
        exchange.raw = ByteRange(range)
      }
      guard let failure = decoders[i].decode(range, &batch.bytes, &exchange) else { return nil }
      if furthest.map({ failure.at > $0.at }) ?? true { furthest = failure }
    }
    return furthest
  }

  private mutating func iis(
    _ range: Range<Int>, _ batch: inout ExchangeBatch, _ exchange: inout Exchange
  ) -> IISDecoder.Outcome {
    guard case .iis(var decoder) = grammar else { return .comment }
    grammar = .text([])
    defer { grammar = .iis(decoder) }
    return decoder.decode(range, batch.bytes.span, &exchange)
  }

  private mutating func json(
    _ range: Range<Int>, _ batch: inout ExchangeBatch, _ exchange: inout Exchange
  ) -> (reason: RejectReason, at: Int)? {
    guard case .json(var decoder) = grammar else { return nil }
    grammar = .text([])
    defer { grammar = .json(decoder) }
    return decoder.decode(range, &batch.bytes, &exchange)
  }

  private func isBlank(_ range: Range<Int>, _ bytes: Span<UInt8>) -> Bool {
    for i in range where bytes[i] != 0x20 && bytes[i] != 0x09 { return false }
    return true
  }
}
