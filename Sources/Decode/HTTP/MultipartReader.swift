import CrenelModel

/// Walks the parts of a multipart/form-data body (RFC 7578, RFC 2046 section 5.1).
struct MultipartReader {
  /// A part: the name in its Content-Disposition and its contents.
  struct Part {
    var name: Range<Int>
    var value: Range<Int>
  }

  /// Parts looked at; a body of more is left where it is.
  static let limit = 256

  /// `--` and the boundary; empty when the Content-Type gives none.
  private let delimiter: [UInt8]
  private var at = 0
  private var count = 0
  private var isFirst = true

  init(boundary: [UInt8]) { delimiter = boundary.isEmpty ? [] : [0x2d, 0x2d] + boundary }

  /// The boundary parameter of a media type; empty when there is none, or over 70 bytes long.
  static func boundary(_ bytes: Span<UInt8>, _ type: Range<Int>) -> [UInt8] {
    var at = find(UInt8(ascii: ";"), in: bytes, from: type.lowerBound, to: type.upperBound)
    while at < type.upperBound {
      at &+= 1
      while at < type.upperBound, bytes[at] == 0x20 || bytes[at] == 0x09 { at &+= 1 }
      let equal = find(UInt8(ascii: "="), in: bytes, from: at, to: type.upperBound)
      let isBoundary = FieldName.equals(bytes, at..<equal, "boundary")
      let value = parameter(bytes, from: min(equal &+ 1, type.upperBound), to: type.upperBound)
      if isBoundary, (1...70).contains(value.count) { return value.map { bytes[$0] } }
      at = find(UInt8(ascii: ";"), in: bytes, from: value.upperBound, to: type.upperBound)
    }
    return []
  }

  /// The next part with a name, or `nil` at the end.
  ///
  /// A part that was cut is the last.
  mutating func next(_ body: Span<UInt8>) -> Part? {
    guard !delimiter.isEmpty else { return nil }
    if isFirst {
      at = self.delimiter(body, from: 0).end
      isFirst = false
    }
    while at < body.count, count < Self.limit {
      count &+= 1
      if byte(body, at) == 0x2d, byte(body, at &+ 1) == 0x2d { return nil }
      at = min(find(0x0a, in: body, from: at, to: body.count) &+ 1, body.count)
      let name = headers(body)
      let found = delimiter(body, from: at)
      var end = found.start
      if end < body.count {
        if end > at, body[end &- 1] == 0x0a { end &-= 1 }
        if end > at, body[end &- 1] == 0x0d { end &-= 1 }
      }
      let value = at..<max(at, end)
      at = found.end
      if let name { return Part(name: name, value: value) }
    }
    return nil
  }

  /// Where the next delimiter at the start of a line begins and ends; the body's end for none.
  private func delimiter(_ body: Span<UInt8>, from: Int) -> (start: Int, end: Int) {
    var i = from
    while i < body.count {
      i = find(0x2d, in: body, from: i, to: body.count)
      guard i &+ delimiter.count <= body.count else { break }
      if i == 0 || body[i &- 1] == 0x0a {
        var k = 0
        while k < delimiter.count, body[i &+ k] == delimiter[k] { k &+= 1 }
        if k == delimiter.count { return (i, i &+ k) }
      }
      i &+= 1
    }
    return (body.count, body.count)
  }

  /// Reads the headers of a part up to its blank line; gives the name it has as a field.
  private mutating func headers(_ body: Span<UInt8>) -> Range<Int>? {
    var name: Range<Int>?
    while at < body.count {
      let feed = find(0x0a, in: body, from: at, to: body.count)
      var end = feed
      if end > at, body[end &- 1] == 0x0d { end &-= 1 }
      let line = at..<end
      at = min(feed &+ 1, body.count)
      if line.isEmpty { break }
      let colon = find(UInt8(ascii: ":"), in: body, from: line.lowerBound, to: line.upperBound)
      guard FieldName.equals(body, line.lowerBound..<colon, "content-disposition") else { continue }
      name = Self.name(body, colon..<line.upperBound) ?? name
    }
    return name
  }

  /// The value of `name=` in a Content-Disposition.
  private static func name(_ body: Span<UInt8>, _ range: Range<Int>) -> Range<Int>? {
    var at = range.lowerBound
    while true {
      at = find(UInt8(ascii: ";"), in: body, from: at, to: range.upperBound)
      guard at < range.upperBound else { return nil }
      at &+= 1
      while at < range.upperBound, body[at] == 0x20 || body[at] == 0x09 { at &+= 1 }
      let equal = find(UInt8(ascii: "="), in: body, from: at, to: range.upperBound)
      guard equal < range.upperBound else { return nil }
      let value = parameter(body, from: equal &+ 1, to: range.upperBound)
      if FieldName.equals(body, at..<equal, "name") { return value }
      at = value.upperBound
    }
  }

  /// A token or the inside of a quoted string.
  private static func parameter(_ bytes: Span<UInt8>, from: Int, to end: Int) -> Range<Int> {
    guard byte(bytes, from) == UInt8(ascii: "\""), from < end else {
      var last = from
      while last < end, bytes[last] != UInt8(ascii: ";"), bytes[last] > 0x20 { last &+= 1 }
      return from..<last
    }
    var last = from &+ 1
    while last < end, bytes[last] != UInt8(ascii: "\"") {
      last &+= bytes[last] == UInt8(ascii: "\\") ? 2 : 1
    }
    return (from &+ 1)..<min(max(last, from &+ 1), end)
  }
}
