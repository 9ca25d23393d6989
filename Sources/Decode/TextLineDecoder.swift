import CrenelModel

/// Reads lines of one compiled format; a fixed grammar, anchored at both ends.
struct TextLineDecoder {
  let format: CompiledFormat
  private var finisher: Finisher

  init(_ format: CompiledFormat, _ configuration: DecoderConfiguration) {
    self.format = format
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
    if format.hasEscapes,
      find(UInt8(ascii: "\\"), in: bytes.span, from: line.lowerBound, to: line.upperBound)
        < line.upperBound
    {
      decodeEscapes(&bytes, &exchange, &fields)
    }
    if let reason = finisher.finish(fields, &exchange, bytes.span) {
      let place = reason == .badNumber ? fields.elapsed : fields.time
      return LineFailure(
        reason: reason, at: place.isPresent ? Int(place.offset) : line.lowerBound, hasShape: true)
    }
    return nil
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
      switch tokens[index] {
      case .literal(let literal):
        guard stands(literal, bytes, at, end) else {
          return (at >= end ? .truncated : .noMatch, at)
        }
        at &+= literal.count
      case .field(let role):
        let stop = unquotedEnd(after: index, bytes, at, end)
        if let reason = take(role, at..<stop, bytes, &exchange, &fields) { return (reason, at) }
        at = stop
      case .quoted(let role):
        let stop = quotedEnd(bytes, at, end)
        if let reason = take(role, at..<stop, bytes, &exchange, &fields) { return (reason, at) }
        at = stop
      case .fixed(let role, let count):
        guard end &- at >= count else { return (.truncated, at) }
        if let reason = take(role, at..<(at &+ count), bytes, &exchange, &fields) {
          return (reason, at)
        }
        at &+= count
      case .skipPast(let literal):
        if let stop = position(of: literal, bytes, at, end) { at = stop &+ literal.count }
      case .mayEnd:
        if at == end { return nil }
      case .mayBeCut:
        guard at == end else { continue }
        exchange.flags.insert(.cutShort)
        return nil
      case .rest(let role):
        if let reason = take(role, at..<end, bytes, &exchange, &fields) { return (reason, at) }
        at = end
      }
    }
    return at == end ? nil : (.trailingText, at)
  }

  private func stands(
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
    var next = index + 1
    while next < format.tokens.count {
      switch format.tokens[next] {
      case .literal(let literal): return position(of: literal, bytes, at, end) ?? end
      case .mayEnd, .mayBeCut: next += 1
      default: return end
      }
    }
    return end
  }

  /// Where a field between quotes ends: at the first quote that no backslash escapes.
  private func quotedEnd(_ bytes: Span<UInt8>, _ at: Int, _ end: Int) -> Int {
    var from = at
    while true {
      let quote = find(UInt8(ascii: "\""), in: bytes, from: from, to: end)
      guard quote < end, format.hasEscapes, quote > at, bytes[quote &- 1] == UInt8(ascii: "\\")
      else { return quote }
      var slashes = 0
      while quote &- 1 &- slashes >= at, bytes[quote &- 1 &- slashes] == UInt8(ascii: "\\") {
        slashes &+= 1
      }
      if slashes & 1 == 0 { return quote }
      from = quote &+ 1
    }
  }

  private func position(
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

  /// Replaces each text that holds a backslash by its decoded form at the end of the bytes.
  private func decodeEscapes(
    _ bytes: inout [UInt8], _ exchange: inout Exchange, _ fields: inout LineFields
  ) {
    for i in exchange.texts.indices { exchange.texts[i] = unescape(exchange.texts[i], &bytes) }
    for i in exchange.extras.indices { exchange.extras[i] = unescape(exchange.extras[i], &bytes) }
    fields.request = unescape(fields.request, &bytes)
    fields.query = unescape(fields.query, &bytes)
    fields.remote = unescape(fields.remote, &bytes)
  }

  private func unescape(_ range: ByteRange, _ bytes: inout [UInt8]) -> ByteRange {
    guard range.count > 0 else { return range }
    let indices = range.indices
    guard
      find(UInt8(ascii: "\\"), in: bytes.span, from: indices.lowerBound, to: indices.upperBound)
        < indices.upperBound
    else { return range }
    return LogEscapes.decode(indices, &bytes)
  }
}

/// Why a line is none of a format, and where.
struct LineFailure {
  var reason: RejectReason
  var at: Int
  /// Whether the line has the format's shape, and a field of it cannot be.
  var hasShape: Bool
}

/// The escapes of nginx (`\x22`, `\x5C`) and Apache (`\"`, `\\`, `\n`, `\xHH`).
enum LogEscapes {
  /// Appends the decoded text to `bytes`; what is no escape is kept as it stands.
  static func decode(_ range: Range<Int>, _ bytes: inout [UInt8]) -> ByteRange {
    let start = bytes.count
    var i = range.lowerBound
    while i < range.upperBound {
      let byte = bytes[i]
      guard byte == UInt8(ascii: "\\"), i &+ 1 < range.upperBound else {
        bytes.append(byte)
        i &+= 1
        continue
      }
      let next = bytes[i &+ 1]
      if next == UInt8(ascii: "x"), i &+ 3 < range.upperBound,
        let high = HexDigit.value(bytes[i &+ 2]),
        let low = HexDigit.value(bytes[i &+ 3])
      {
        bytes.append(high << 4 | low)
        i &+= 4
        continue
      }
      guard let plain = single(next) else {
        bytes.append(byte)
        i &+= 1
        continue
      }
      bytes.append(plain)
      i &+= 2
    }
    return ByteRange(start..<bytes.count)
  }

  private static func single(_ byte: UInt8) -> UInt8? {
    switch byte {
    case UInt8(ascii: "\""), UInt8(ascii: "\\"): byte
    case UInt8(ascii: "n"): 0x0a
    case UInt8(ascii: "r"): 0x0d
    case UInt8(ascii: "t"): 0x09
    case UInt8(ascii: "v"): 0x0b
    case UInt8(ascii: "f"): 0x0c
    case UInt8(ascii: "b"): 0x08
    default: nil
    }
  }
}
