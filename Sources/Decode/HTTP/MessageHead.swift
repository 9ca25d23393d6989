import CrenelModel

/// A header field as it stands in a head.
struct HeadField {
  /// The name, without spaces around it; empty for a line without a colon.
  var name: Range<Int>
  /// The value without spaces around it, with line breaks in it when it is folded.
  var value: Range<Int>
  /// Which of the fields that mean something here it is.
  var known: KnownField
  /// Whether the value goes over several lines (RFC 9112 section 5.2).
  var isFolded: Bool
}

/// The first line and the fields of a request or response, as ranges of the bytes they lie in.
///
/// Reads any bytes; what is not plain HTTP/1.1 is noted, so that LibHTP is asked about it.
struct MessageHead {
  /// The first line without its line ending.
  private(set) var line = 0..<0
  /// The fields in the order of the head.
  private(set) var fields: [HeadField] = []
  /// Whether every field line is a token, a colon and a value on one line that ends in CR LF.
  private(set) var isPlain = true
  /// Whether there were more fields than the limit.
  private(set) var hasTooManyFields = false

  /// Reads the head in `bytes[range]`, which ends behind its blank line or where it was cut.
  mutating func read(_ bytes: Span<UInt8>, _ range: Range<Int>, limit: Int) {
    fields.removeAll(keepingCapacity: true)
    isPlain = true
    hasTooManyFields = false
    var at = range.lowerBound
    line = next(bytes, &at, range.upperBound)
    while at < range.upperBound {
      let text = next(bytes, &at, range.upperBound)
      guard !text.isEmpty else { return }
      if isSpace(bytes[text.lowerBound]) {
        fold(bytes, text)
      } else if fields.count < limit {
        add(bytes, text)
      } else {
        hasTooManyFields = true
      }
    }
  }

  /// The field of that kind that stands first.
  func first(_ known: KnownField) -> HeadField? {
    for field in fields where field.known == known { return field }
    return nil
  }

  /// Whether a Content-Length begins with a minus.
  func hasNegativeLength(_ bytes: Span<UInt8>) -> Bool {
    for field in fields
    where field.known == .contentLength && !field.value.isEmpty
      && bytes[field.value.lowerBound] == UInt8(ascii: "-")
    { return true }
    return false
  }

  /// The line at `at` without its ending; leaves `at` behind it.
  private mutating func next(_ bytes: Span<UInt8>, _ at: inout Int, _ end: Int) -> Range<Int> {
    let start = at
    let feed = find(0x0a, in: bytes, from: start, to: end)
    at = min(feed &+ 1, end)
    let hasReturn = feed > start && feed < end && bytes[feed &- 1] == 0x0d
    let last = hasReturn ? feed &- 1 : feed
    // A CR on its own ends a line for some servers: whose opinion counts is not for us to guess.
    if !hasReturn || find(0x0d, in: bytes, from: start, to: last) != last { isPlain = false }
    return start..<last
  }

  private mutating func add(_ bytes: Span<UInt8>, _ text: Range<Int>) {
    var colon = text.lowerBound
    while colon < text.upperBound, FieldName.isToken(bytes[colon]) { colon &+= 1 }
    if colon == text.lowerBound || colon == text.upperBound || bytes[colon] != UInt8(ascii: ":") {
      isPlain = false
      colon = find(UInt8(ascii: ":"), in: bytes, from: colon, to: text.upperBound)
    }
    guard colon < text.upperBound else {
      fields.append(
        HeadField(
          name: text.lowerBound..<text.lowerBound, value: text, known: .other, isFolded: false))
      return
    }
    let name = trimmed(bytes, text.lowerBound..<colon)
    fields.append(
      HeadField(
        name: name, value: trimmed(bytes, (colon &+ 1)..<text.upperBound),
        known: KnownField(bytes, name), isFolded: false))
  }

  /// Adds a line that begins with a space to the field before it.
  private mutating func fold(_ bytes: Span<UInt8>, _ text: Range<Int>) {
    isPlain = false
    let rest = trimmed(bytes, text)
    guard let last = fields.indices.last, !rest.isEmpty else { return }
    fields[last].value = fields[last].value.lowerBound..<rest.upperBound
    fields[last].isFolded = true
  }

  private func isSpace(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0x09 }

  private func trimmed(_ bytes: Span<UInt8>, _ range: Range<Int>) -> Range<Int> {
    var start = range.lowerBound
    var end = range.upperBound
    while start < end, isSpace(bytes[start]) { start &+= 1 }
    while end > start, isSpace(bytes[end &- 1]) { end &-= 1 }
    return start..<end
  }
}
