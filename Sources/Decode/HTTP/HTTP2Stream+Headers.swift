import CrenelModel

extension HTTP2Stream {
  /// Takes the texts of a request out of its header fields (RFC 9113 section 8.3.1).
  ///
  /// Gives whether it is a request: one without method or path is kept, and flagged.
  mutating func takeRequest(_ list: HTTP2HeaderList, _ context: HTTP2Context) -> Bool {
    takeNames(list)
    let plain: [(StaticString, TextField)] = Self.plain
    for (name, field) in plain {
      guard let value = list.first(name) else { continue }
      let place = copy(value, list)
      exchange[field] = place
    }
    let cookies = joined("cookie", by: "; ", list)
    exchange[.cookies] = cookies
    let forwarded = joined("x-forwarded-for", by: ", ", list)
    exchange[.forwardedFor] = forwarded
    exchange[.version] = BatchText.append("2", to: &bytes)
    let authority = list.first(":authority") ?? list.first("host")
    if let authority {
      let place = copy(authority, list)
      exchange[.host] = ByteRange(RequestTarget.host(bytes.span, place.indices))
      if list.first(":path") == nil { exchange[.target] = place }  // CONNECT
    }
    if let path = list.first(":path") {
      let place = copy(path, list)
      var split = exchange
      RequestTarget.split(target: place.indices, bytes.span, into: &split)
      exchange = split
    }
    takeAsked(list, context.shared.asked)
    let isConnect =
      exchange[.method].isPresent && equals(bytes.span, exchange[.method].indices, "CONNECT")
    let isRequest =
      exchange[.method].count > 0
      && (exchange[.path].isPresent || isConnect && exchange[.target].isPresent)
    if !isRequest { exchange.flags.insert(.malformedRequest) }
    return isRequest
  }

  /// Takes status and location of a response; gives the status, or `nil` when there is none.
  mutating func takeResponse(_ list: HTTP2HeaderList) -> UInt16? {
    guard let place = list.first(":status"), place.count == 3,
      let value = decimal(list.bytes.span, place.indices), (100...599).contains(value)
    else { return nil }
    let status = UInt16(value)
    guard status >= 200 else { return status }
    exchange.status = status
    if let location = list.first("location") {
      let place = copy(location, list)
      exchange[.location] = place
    }
    return status
  }

  /// Fields that are kept as they are, the first of each.
  private static let plain: [(StaticString, TextField)] = [
    (":method", .method), (":scheme", .scheme), ("user-agent", .userAgent),
    ("referer", .referrer), ("accept-language", .acceptLanguage),
    ("content-type", .contentType), ("x-request-id", .requestID),
  ]

  private mutating func copy(_ range: ByteRange, _ list: HTTP2HeaderList) -> ByteRange {
    BatchText.append(list.bytes.span, range.indices, to: &bytes)
  }

  /// All names in order, joined by commas.
  private mutating func takeNames(_ list: HTTP2HeaderList) {
    let start = bytes.count
    for (i, field) in list.fields.enumerated() {
      if i > 0 { bytes.append(UInt8(ascii: ",")) }
      _ = copy(field.name, list)
    }
    detail.headerNames = ByteRange(start..<bytes.count)
  }

  /// The values of all fields of a name: crumbs of one header (RFC 9113 section 8.2.3).
  private mutating func joined(
    _ name: StaticString, by separator: StaticString, _ list: HTTP2HeaderList
  ) -> ByteRange {
    var start: Int?
    for field in list.fields where list.isNamed(field, name) {
      if start != nil { _ = BatchText.append(separator, to: &bytes) }
      start = start ?? bytes.count
      _ = copy(field.value, list)
    }
    return start.map { ByteRange($0..<bytes.count) } ?? .absent
  }

  // MARK: - What was asked for by name

  private mutating func takeAsked(_ list: HTTP2HeaderList, _ asked: AskedFields) {
    for asked in asked.headers {
      for field in list.fields
      where FieldName.isSame(list.bytes.span, field.name.indices, as: asked.name) {
        let place = copy(field.value, list)
        exchange.extras[asked.slot] = place
        break
      }
    }
    for asked in asked.cookies {
      exchange.extras[asked.slot] = AskedFields.cookie(
        asked.name, bytes.span, exchange[.cookies].indices)
    }
    bodyKind = BodyKind(bytes.span, exchange[.contentType].indices, asked)
    if let coding = list.first("content-encoding") {
      self.coding = ContentCoding(list.bytes.span, coding.indices)
    }
  }
}
