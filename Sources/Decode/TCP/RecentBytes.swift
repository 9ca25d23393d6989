/// The last bytes that one side of a connection delivered, up to 32; 40 bytes inline.
///
/// What a later segment says of the same places is compared with them. Older bytes are gone: a
/// conflict that lies wholly before them is not noticed.
struct RecentBytes: BitwiseCopyable {
  /// Bytes kept.
  static let capacity = 32

  /// The bytes as little-endian words; the last byte is the highest of the last word.
  private var words: InlineArray<4, UInt64> = .init(repeating: 0)
  /// How many of them, from the end, are of the stream.
  private(set) var count: UInt8 = 0

  /// Forgets them: what comes next does not follow on.
  mutating func reset() { count = 0 }

  /// Adds bytes that follow on.
  mutating func append(_ bytes: Span<UInt8>) {
    let size = bytes.count
    guard size < Self.capacity else {
      let raw = unsafe bytes.bytes
      for i in 0..<4 {
        // In bounds: size is at least 32, and the load checks it again.
        let word = unsafe raw.unsafeLoadUnaligned(
          fromByteOffset: size &- Self.capacity &+ 8 &* i, as: UInt64.self)
        words[i] = UInt64(littleEndian: word)
      }
      count = UInt8(Self.capacity)
      return
    }
    for i in 0..<size {
      for w in 0..<3 { words[w] = words[w] >> 8 | words[w &+ 1] << 56 }
      words[3] = words[3] >> 8 | UInt64(bytes[i]) << 56
    }
    count = UInt8(min(Self.capacity, Int(count) &+ size))
  }

  /// Whether `bytes`, whose first lies `back` bytes before the end of what was delivered, say
  /// something else of the places kept.
  func differ(from bytes: Span<UInt8>, back: Int64) -> Bool {
    let first = max(0, back &- Int64(count))
    let last = min(Int64(bytes.count), back)
    guard first < last else { return false }
    for i in first..<last {
      let place = Int(Int64(Self.capacity) &- back &+ i)
      let mine = UInt8(truncatingIfNeeded: words[place >> 3] >> UInt64(8 &* (place & 7)))
      if mine != bytes[Int(i)] { return true }
    }
    return false
  }
}
