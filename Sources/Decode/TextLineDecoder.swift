import CrenelModel

/// Reads lines of one compiled format; a fixed grammar, anchored at both ends.
struct TextLineDecoder {
  let format: CompiledFormat
  private var finisher: Finisher

  init(_ format: CompiledFormat, _ configuration: DecoderConfiguration) {
    self.format = format.sealed()
    finisher = Finisher(configuration, stamp: format.stamp)
  }

  /// Reads one line into `exchange`; says why when it cannot, and where.
  mutating func decode(
    _ line: Range<Int>, _ bytes: inout [UInt8], _ exchange: inout Exchange
  ) -> LineFailure? {
    var fields = LineFields()
    if let failure = match(line, bytes.span, &exchange, &fields) {
      return LineFailure(reason: failure.reason, at: failure.at, hasShape: false)
    }
    if let mark = format.escapes.mark,
      find(mark, in: bytes.span, from: line.lowerBound, to: line.upperBound) < line.upperBound
    {
      decodeEscapes(mark, &bytes, &exchange, &fields)
    }
    guard let reason = finisher.finish(fields, &exchange, bytes.span) else { return nil }
    let place = fields.place(of: reason)
    return LineFailure(
      reason: reason, at: place.isPresent ? Int(place.offset) : line.lowerBound,
      hasShape: reason != .badAddress)
  }

  // MARK: - Grammar

  private func match(
    _ line: Range<Int>, _ bytes: Span<UInt8>, _ exchange: inout Exchange,
    _ fields: inout LineFields
  ) -> (reason: RejectReason, at: Int)? {
    var at = line.lowerBound
    let end = line.upperBound
    let tokens = format.tokens.span
    for index in tokens.indices {
      let field: (role: FieldRole, end: Int)
      switch tokens[index] {
      case .literal(let literal):
        guard stands(literal, bytes, at, end) else {
          return (at >= end ? .truncated : .noMatch, at)
        }
        at &+= literal.count
        continue
      case .field(let role): field = (role, unquotedEnd(after: index, bytes, at, end))
      case .quoted(let role): field = (role, quotedEnd(bytes, at, end))
      case .until(let role, let rule):
        field = (role, self.end(rule, after: index, bytes, at, end))
        guard !isAmbiguous(rule.rule, bytes, at..<field.end) else { return (.ambiguousFields, at) }
      case .fixed(let role, let count):
        guard end &- at >= count else { return (.truncated, at) }
        field = (role, at &+ count)
      case .rest(let role): field = (role, end)
      case .header(let header):
        at = header.end(bytes, at..<end)
        continue
      case .stampsEnd(let isEnd):
        fields.stampsEnd = isEnd
        continue
      case .mayEnd where at == end: return nil
      case .mayBeCut where at == end:
        exchange.flags.insert(.cutShort)
        return nil
      case .mayEnd, .mayBeCut: continue
      }
      if let reason = take(field.role, at..<field.end, bytes, &exchange, &fields) {
        return (reason, at)
      }
      at = field.end
    }
    return at == end ? nil : (.trailingText, at)
  }

  func stands(
    _ literal: ByteRange, _ bytes: Span<UInt8>, _ at: Int, _ end: Int
  ) -> Bool {
    let count = literal.count
    guard end &- at >= count else { return false }
    let expected = format.literals.span
    let start = Int(literal.offset)
    for i in 0..<count where bytes[at &+ i] != expected[start &+ i] { return false }
    return true
  }

  /// Where a field without quotes ends: at the literal after it, else at the line's end.
  private func unquotedEnd(
    after index: Int, _ bytes: Span<UInt8>, _ at: Int, _ end: Int
  ) -> Int {
    format.literal(after: index).flatMap { position(of: $0, bytes, at, end) } ?? end
  }

  /// Where a field between quotes ends: at the first quote that no backslash escapes.
  func quotedEnd(_ bytes: Span<UInt8>, _ at: Int, _ end: Int) -> Int {
    var from = at
    while true {
      let quote = find(UInt8(ascii: "\""), in: bytes, from: from, to: end)
      guard quote < end, format.escapes.mark == UInt8(ascii: "\\"), quote > at,
        bytes[quote &- 1] == UInt8(ascii: "\\")
      else { return quote }
      var slashes = 0
      while quote &- 1 &- slashes >= at, bytes[quote &- 1 &- slashes] == UInt8(ascii: "\\") {
        slashes &+= 1
      }
      if slashes & 1 == 0 { return quote }
      from = quote &+ 1
    }
  }

  func position(
    of literal: ByteRange, _ bytes: Span<UInt8>, _ at: Int, _ end: Int
  ) -> Int? {
    let first = format.literals[Int(literal.offset)]
    var from = at
    while from < end {
      let hit = find(first, in: bytes, from: from, to: end)
      guard hit < end else { return nil }
      if stands(literal, bytes, hit, end) { return hit }
      from = hit &+ 1
    }
    return nil
  }

  // MARK: - Escapes

  /// Replaces each text that holds the mark of an escape by its decoded form, at the bytes' end.
  private func decodeEscapes(
    _ mark: UInt8, _ bytes: inout [UInt8], _ exchange: inout Exchange, _ fields: inout LineFields
  ) {
    for i in exchange.texts.indices { unescape(mark, &exchange.texts[i], &bytes) }
    for i in exchange.extras.indices { unescape(mark, &exchange.extras[i], &bytes) }
    unescape(mark, &fields.request, &bytes)
    unescape(mark, &fields.query, &bytes)
    unescape(mark, &fields.remote, &bytes)
  }

  private func unescape(_ mark: UInt8, _ range: inout ByteRange, _ bytes: inout [UInt8]) {
    guard range.count > 0 else { return }
    let indices = range.indices
    guard
      find(mark, in: bytes.span, from: indices.lowerBound, to: indices.upperBound)
        < indices.upperBound
    else { return }
    switch format.escapes {
    case .none: break
    case .backslash: range = LogEscapes.decode(indices, &bytes)
    case .json: range = JSONText.decode(indices, &bytes)
    case .hash: range = LogEscapes.decodeHash(indices, &bytes)
    }
  }
}

/// Why a line is none of a format, and where.
struct LineFailure {
  var reason: RejectReason
  var at: Int
  /// Whether the line has the format's shape, and a field of it cannot be.
  var hasShape: Bool
}
