import CrenelModel

/// What a request body is, by its Content-Type.
enum BodyKind: UInt8, Sendable, BitwiseCopyable {
  /// Nothing that anybody asked for.
  case none
  case form, multipart, json

  /// The kind of a media type; `none` for all that cannot hold what was asked for.
  init(_ bytes: Span<UInt8>, _ type: Range<Int>, _ asked: AskedFields) {
    var end = type.lowerBound
    while end < type.upperBound, bytes[end] != UInt8(ascii: ";"), bytes[end] > 0x20 { end &+= 1 }
    let name = type.lowerBound..<end
    self = .none
    if !asked.forms.isEmpty {
      if FieldName.equals(bytes, name, "application/x-www-form-urlencoded") { self = .form }
      if FieldName.equals(bytes, name, "multipart/form-data") { self = .multipart }
    }
    guard asked.hasJSON, name.count > 4 else { return }
    let suffix = (name.upperBound &- 5)..<name.upperBound
    if FieldName.equals(bytes, suffix, "/json") || FieldName.equals(bytes, suffix, "+json") {
      self = .json
    }
  }
}

/// Takes the fields asked for out of a request body; nothing else of it is kept.
enum RequestBody {
  /// A body without its coding, as far as the limits go, and what is odd about that.
  static func decoded(
    _ body: [UInt8], _ coding: ContentCoding, _ context: HTTP1Context
  ) -> (bytes: [UInt8], anomaly: PacketAnomaly?) {
    guard coding != .identity else { return (body, nil) }
    var bytes: [UInt8] = []
    let inflater = BodyInflater(limit: context.limits.inflatedBytes)
    switch inflater.inflate(body.span, coding, context.judge, into: &bytes) {
    case .done: return (bytes, nil)
    case .overLimit: return (bytes, .decompressionLimit)
    case .broken: return (bytes, .badCompression)
    }
  }

  /// Reads `body` into the slots of an exchange, whose texts it appends to `bytes`.
  ///
  /// The boundary of a multipart body is taken from the exchange's Content-Type. A body that was
  /// cut gives the fields before the cut.
  static func read(
    _ body: Span<UInt8>, _ kind: BodyKind, _ asked: AskedFields, _ exchange: inout Exchange,
    _ bytes: inout [UInt8]
  ) {
    guard !body.isEmpty else { return }
    let type = exchange[.contentType].indices
    switch kind {
    case .none: return
    case .form: form(body, asked, &exchange, &bytes)
    case .multipart: multipart(body, type, asked, &exchange, &bytes)
    case .json: json(body, asked, &exchange, &bytes)
    }
  }

  private static func append(_ body: Span<UInt8>, to bytes: inout [UInt8]) -> Range<Int> {
    let start = bytes.count
    unsafe body.withUnsafeBufferPointer { unsafe bytes.append(contentsOf: $0) }
    return start..<bytes.count
  }

  /// Lets `take` append texts behind a copy of the body, then takes the body out from under them.
  private static func withCopy(
    _ body: Span<UInt8>, _ slots: [Int], _ exchange: inout Exchange, _ bytes: inout [UInt8],
    _ take: (Range<Int>, inout Exchange, inout [UInt8]) -> Void
  ) {
    let copy = append(body, to: &bytes)
    take(copy, &exchange, &bytes)
    var kept: [UInt8] = []
    for slot in slots where exchange.extras[slot].isPresent {
      let text = exchange.extras[slot]
      guard text.indices.lowerBound >= copy.lowerBound else { continue }
      let start = kept.count
      kept.append(contentsOf: bytes[text.indices])
      exchange.extras[slot] = ByteRange((copy.lowerBound + start)..<(copy.lowerBound + kept.count))
    }
    bytes.removeLast(bytes.count - copy.lowerBound)
    bytes.append(contentsOf: kept)
  }

  private static func form(
    _ body: Span<UInt8>, _ asked: AskedFields, _ exchange: inout Exchange, _ bytes: inout [UInt8]
  ) {
    withCopy(body, asked.forms.map(\.slot), &exchange, &bytes) { copy, exchange, bytes in
      for form in asked.forms {
        exchange.extras[form.slot] = JSONText.form(form.name, in: copy, &bytes)
      }
    }
  }

  private static func json(
    _ body: Span<UInt8>, _ asked: AskedFields, _ exchange: inout Exchange, _ bytes: inout [UInt8]
  ) {
    var scanner = JSONScanner(asked.tree)
    _ = scanner.scan(body, body.indices)  // what stands before a mistake or a cut still counts
    var left = scanner.found
    while left != 0 {
      let slot = left.trailingZeroBitCount
      left &= left &- 1
      let value = scanner.values[slot]
      guard slot < Exchange.extraCapacity, value.range.count > 0 else { continue }
      let start = bytes.count
      let text = append(body.extracting(value.range.indices), to: &bytes)
      guard value.hasEscapes else {
        exchange.extras[slot] = ByteRange(text)
        continue
      }
      let decoded = JSONText.decode(text, &bytes)
      bytes.removeSubrange(text)
      exchange.extras[slot] = ByteRange(start..<(start + decoded.count))
    }
  }

  private static func multipart(
    _ body: Span<UInt8>, _ type: Range<Int>, _ asked: AskedFields, _ exchange: inout Exchange,
    _ bytes: inout [UInt8]
  ) {
    var parts = MultipartReader(boundary: MultipartReader.boundary(bytes.span, type))
    while let part = parts.next(body) {
      for form in asked.forms where !exchange.extras[form.slot].isPresent {
        guard part.name.count == form.name.count,
          equals(body.extracting(part.name), form.name)
        else { continue }
        exchange.extras[form.slot] = ByteRange(append(body.extracting(part.value), to: &bytes))
      }
    }
  }

  private static func equals(_ bytes: Span<UInt8>, _ name: [UInt8]) -> Bool {
    for i in name.indices where bytes[i] != name[i] { return false }
    return true
  }
}
