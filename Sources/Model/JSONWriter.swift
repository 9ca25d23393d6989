/// Writes JSON as bytes: keys in the order given, no spaces, the same bytes for the same values.
///
/// The caller opens and closes objects and arrays in pairs; commas are set by the writer. Text is
/// encoded for lines that are read by programs and by people on a terminal: control characters,
/// C1 controls, line separators and bidirectional controls are written as `\uXXXX`, and bytes that
/// are no UTF-8 as U+FFFD, one for each maximal wrong part (Unicode 16, section 3.9).
public struct JSONWriter: Sendable {
  /// What was written so far.
  public private(set) var bytes: [UInt8] = []
  private var needsComma = false

  /// Creates an empty writer.
  public init() {}

  /// Forgets what was written and keeps the memory.
  public mutating func removeAll() {
    bytes.removeAll(keepingCapacity: true)
    needsComma = false
  }

  /// Opens an object, as the value of `key` inside an object, else as an element.
  public mutating func beginObject(_ key: StaticString? = nil) { begin(0x7b, key) }

  /// Closes an object.
  public mutating func endObject() { end(0x7d) }

  /// A place in what is written, to go back to.
  public struct Mark: Sendable {
    fileprivate var count: Int
    fileprivate var needsComma: Bool
  }

  /// Where the next member or element will begin.
  public var mark: Mark { Mark(count: bytes.count, needsComma: needsComma) }

  /// Closes an object that was opened at `mark`, and takes it back when nothing is in it.
  public mutating func endObject(orBackTo mark: Mark) {
    // Only what was just opened ends with a bracket and needs no comma.
    guard !needsComma, bytes.last == 0x7b, mark.count < bytes.count else { return endObject() }
    bytes.removeLast(bytes.count - mark.count)
    needsComma = mark.needsComma
  }

  /// Opens an array, as the value of `key` inside an object, else as an element.
  public mutating func beginArray(_ key: StaticString? = nil) { begin(0x5b, key) }

  /// Closes an array.
  public mutating func endArray() { end(0x5d) }

  /// Writes a key that is not fixed; a value must follow.
  public mutating func key(_ text: String) {
    separate()
    quote(text)
    bytes.append(0x3a)
    needsComma = false
  }

  /// Writes a text.
  public mutating func string(_ key: StaticString? = nil, _ text: String) {
    place(key)
    quote(text)
  }

  /// Writes bytes as a text.
  public mutating func string(_ key: StaticString? = nil, bytes text: Span<UInt8>) {
    place(key)
    quote(text)
  }

  /// Writes a whole number.
  public mutating func int(_ key: StaticString? = nil, _ value: some BinaryInteger) {
    place(key)
    if let small = Int(exactly: value) {
      Decimal.append(small, to: &bytes)
    } else {
      append(value.description)
    }
  }

  /// Writes an instant as RFC 3339 in UTC with `digits` of a second.
  public mutating func time(_ key: StaticString? = nil, _ instant: Timestamp, digits: Int = 3) {
    place(key)
    bytes.append(0x22)
    instant.appendRFC3339(digits: digits, to: &bytes)
    bytes.append(0x22)
  }

  /// Writes an IP address as its text; nothing, not even the key, for a name and for no address.
  public mutating func address(_ key: StaticString? = nil, _ address: ClientAddress) {
    guard address.isIP else { return }
    guard address.kind == .ipv4 else { return string(key, address.description) }
    place(key)
    bytes.append(0x22)
    for shift in [24, 16, 8, 0] as [UInt64] {
      Decimal.append(Int(address.low >> shift & 255), to: &bytes)
      bytes.append(shift == 0 ? 0x22 : UInt8(ascii: "."))
    }
  }

  /// Writes a number in the shortest form that reads back the same; `null` when it is not finite.
  public mutating func number(_ key: StaticString? = nil, _ value: Double) {
    place(key)
    append(JSONWriter.text(of: value))
  }

  /// Writes `true` or `false`.
  public mutating func bool(_ key: StaticString? = nil, _ value: Bool) {
    place(key)
    append(value ? "true" : "false")
  }

  /// Writes `null`.
  public mutating func null(_ key: StaticString? = nil) {
    place(key)
    append("null")
  }

  /// Writes a line feed between documents.
  public mutating func newline() {
    bytes.append(0x0a)
    needsComma = false
  }

  /// A number as JSON: whole ones without a fraction up to 2^53, `null` when not finite.
  public static func text(of value: Double) -> String {
    guard value.isFinite else { return "null" }
    if value == value.rounded(), abs(value) < 9_007_199_254_740_992 { return "\(Int64(value))" }
    return "\(value)"
  }
}

extension JSONWriter {
  private mutating func separate() {
    if needsComma { bytes.append(0x2c) }
    needsComma = true
  }

  private mutating func place(_ key: StaticString?) {
    separate()
    guard let key else { return }
    bytes.append(0x22)
    key.withUTF8Buffer { unsafe bytes.append(contentsOf: $0) }
    bytes.append(0x22)
    bytes.append(0x3a)
  }

  private mutating func begin(_ bracket: UInt8, _ key: StaticString?) {
    place(key)
    bytes.append(bracket)
    needsComma = false
  }

  private mutating func end(_ bracket: UInt8) {
    bytes.append(bracket)
    needsComma = true
  }

  private mutating func append(_ text: String) { bytes.append(contentsOf: text.utf8) }

  private mutating func quote(_ text: String) {
    var text = text
    text.withUTF8 { unsafe quote(Span(_unsafeElements: $0)) }
  }

  /// Writes a text between quotes.
  private mutating func quote(_ text: Span<UInt8>) {
    bytes.append(0x22)
    var i = 0
    while i < text.count {
      let plain = Self.plainEnd(text, from: i)
      if plain > i {
        let run = text.extracting(i..<plain)
        unsafe run.withUnsafeBufferPointer { unsafe bytes.append(contentsOf: $0) }
        i = plain
        continue
      }
      let byte = text[i]
      if byte < 0x80 {
        ascii(byte)
        i += 1
        continue
      }
      let (scalar, length) = UTF8Reader.scalar(in: text, at: i)
      if let scalar, !UTF8Reader.isUnsafeForDisplay(scalar) {
        for k in 0..<length { bytes.append(text[i + k]) }
      } else {
        escape(scalar ?? 0xfffd)
      }
      i += length
    }
    bytes.append(0x22)
  }

  /// The index after the bytes from `start` on that are written as they are.
  private static func plainEnd(_ text: Span<UInt8>, from start: Int) -> Int {
    var i = start
    while i < text.count {
      let byte = text[i]
      guard byte &- 0x20 < 0x5f, byte != 0x22, byte != 0x5c else { break }
      i &+= 1
    }
    return i
  }

  private mutating func ascii(_ byte: UInt8) {
    switch byte {
    case 0x22, 0x5c:
      bytes.append(0x5c)
      bytes.append(byte)
    case 0x0a: append("\\n")
    case 0x0d: append("\\r")
    case 0x09: append("\\t")
    case 0x00..<0x20, 0x7f: escape(UInt32(byte))
    default: bytes.append(byte)
    }
  }

  /// Writes a scalar of the basic plane as `\uXXXX`; U+FFFD stands for itself.
  private mutating func escape(_ scalar: UInt32) {
    guard scalar != 0xfffd else {
      bytes.append(contentsOf: [0xef, 0xbf, 0xbd])
      return
    }
    append("\\u")
    for shift in [12, 8, 4, 0] as [UInt32] {
      let digit = UInt8(scalar >> shift & 15)
      bytes.append(digit < 10 ? 0x30 + digit : 0x57 + digit)
    }
  }
}

/// Reads UTF-8 from bytes that may hold anything.
public enum UTF8Reader {
  /// The scalar at `index` and its length; no scalar, and the length of the wrong part, otherwise.
  ///
  /// `index` must be inside `bytes`; the length is 1 to 4.
  public static func scalar(in bytes: Span<UInt8>, at index: Int) -> (UInt32?, length: Int) {
    let first = bytes[index]
    if first < 0x80 { return (UInt32(first), 1) }
    let count: Int
    var low: UInt8 = 0x80
    var high: UInt8 = 0xbf
    switch first {
    case 0xc2...0xdf: count = 2
    case 0xe0:
      count = 3
      low = 0xa0
    case 0xed:
      count = 3
      high = 0x9f
    case 0xe1...0xef: count = 3
    case 0xf0:
      count = 4
      low = 0x90
    case 0xf4:
      count = 4
      high = 0x8f
    case 0xf1...0xf3: count = 4
    default: return (nil, 1)
    }
    var value = UInt32(first) & (count == 2 ? 0x1f : count == 3 ? 0x0f : 0x07)
    for k in 1..<count {
      guard index + k < bytes.count, bytes[index + k] >= low, bytes[index + k] <= high else {
        return (nil, k)
      }
      value = value << 6 | UInt32(bytes[index + k] & 0x3f)
      low = 0x80
      high = 0xbf
    }
    return (value, count)
  }

  /// Whether a scalar can change how the text around it is shown: controls, separators, direction.
  public static func isUnsafeForDisplay(_ scalar: UInt32) -> Bool {
    switch scalar {
    case 0x00..<0x20, 0x7f..<0xa0, 0x61c, 0x200b...0x200f, 0x2028...0x202e, 0x2066...0x2069,
      0xfeff, 0xfff9...0xfffb:
      true
    default: false
    }
  }
}
