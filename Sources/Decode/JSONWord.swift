/// Eight bytes at a time.
enum JSONWord {
  /// A byte in all eight places.
  static func all(_ byte: UInt8) -> UInt64 { 0x0101_0101_0101_0101 &* UInt64(byte) }

  /// The eight bytes at `offset`, the first in the lowest place.
  ///
  /// `offset + 8` must not pass the end; it is checked, so a wrong caller traps in a test.
  static func load(_ bytes: Span<UInt8>, at offset: Int) -> UInt64 {
    // Every bit pattern is a UInt64, and the load itself checks its bounds.
    let word = unsafe bytes.bytes.unsafeLoadUnaligned(fromByteOffset: offset, as: UInt64.self)
    return UInt64(littleEndian: word)
  }

  /// The high bit of every byte of `word` that is zero; exact for the lowest such byte.
  static func zeroBytes(_ word: UInt64) -> UInt64 {
    (word &- 0x0101_0101_0101_0101) & ~word & 0x8080_8080_8080_8080
  }

  /// The index of the first quote or backslash in `bytes[from...]`, or the count when there is none.
  static func quoteOrBackslash(_ bytes: Span<UInt8>, from: Int) -> Int {
    var i = from
    let count = bytes.count
    while i &+ 8 <= count {
      let word = load(bytes, at: i)
      let hits = zeroBytes(word ^ all(0x22)) | zeroBytes(word ^ all(0x5C))
      guard hits == 0 else { return i &+ hits.trailingZeroBitCount / 8 }
      i &+= 8
    }
    while i < count, bytes[i] != 0x22, bytes[i] != 0x5C { i &+= 1 }
    return i
  }
}
