import CrenelModel

/// Whether the first bytes of a stream belong to a protocol.
enum StreamGuess: UInt8, Sendable, BitwiseCopyable {
  case yes
  case no
  /// What there is fits, and it is too little to tell.
  case undecided
}

/// Texts put at the end of the bytes of a batch.
enum BatchText {
  /// Copies `bytes[range]`; the range must lie inside.
  static func append(
    _ bytes: Span<UInt8>, _ range: Range<Int>, to batch: inout [UInt8]
  ) -> ByteRange {
    let start = batch.count
    let part = bytes.extracting(range)
    unsafe part.withUnsafeBufferPointer { unsafe batch.append(contentsOf: $0) }
    return ByteRange(start..<batch.count)
  }

  /// Copies a text that is known at compile time.
  static func append(_ text: StaticString, to batch: inout [UInt8]) -> ByteRange {
    let start = batch.count
    text.withUTF8Buffer { unsafe batch.append(contentsOf: $0) }
    return ByteRange(start..<batch.count)
  }
}

/// A reading position in network byte order; the bytes are handed in at each step.
///
/// Every read is bounded by `end` and by the bytes; past either it gives `nil`.
struct WireCursor: BitwiseCopyable {
  var position: Int
  let end: Int

  /// Creates a cursor over a part of the bytes.
  init(_ range: Range<Int>) {
    position = range.lowerBound
    end = range.upperBound
  }

  var left: Int { end &- position }

  /// A number of 1 to 3 bytes, most significant first.
  mutating func number(_ width: Int, _ bytes: Span<UInt8>) -> Int? {
    guard let range = take(width, bytes) else { return nil }
    var value = 0
    for i in range { value = value << 8 | Int(bytes[i]) }
    return value
  }

  /// The next `count` bytes.
  mutating func take(_ count: Int, _ bytes: Span<UInt8>) -> Range<Int>? {
    guard count >= 0, position >= 0, count <= left, position <= bytes.count &- count else {
      return nil
    }
    let start = position
    position &+= count
    return start..<position
  }

  /// A vector with its length before it (RFC 8446 section 3.4).
  mutating func vector(lengthOf width: Int, _ bytes: Span<UInt8>) -> Range<Int>? {
    guard let count = number(width, bytes) else { return nil }
    return take(count, bytes)
  }
}
