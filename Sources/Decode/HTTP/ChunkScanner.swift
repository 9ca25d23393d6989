import CrenelModel

/// Follows a chunked body (RFC 9112 section 7.1) through the pieces of a stream.
struct ChunkScanner: BitwiseCopyable {
  /// What the next bytes are.
  enum Step: Equatable {
    /// Bytes of the body, up to the index.
    case data(upTo: Int)
    /// Bytes of the coding, up to the index; the message goes on.
    case coding(upTo: Int)
    /// Bytes of the coding, up to the index; the message ends with them.
    case end(upTo: Int)
    /// No chunked body from the index on.
    case broken(at: Int)
  }

  private enum State: UInt8 { case size, rest, data, afterData, trailer }

  private var state = State.size
  /// Bytes of the current chunk still to come.
  private(set) var left: UInt64 = 0
  private var digits = 0
  /// Bytes of coding since the last byte of data, or of the line of a trailer.
  private var coding = 0
  private var isLineEmpty = true

  /// Whether a hole of `count` bytes lies inside the current chunk; passes over it when it does.
  mutating func skip(_ count: UInt64) -> Bool {
    guard state == .data, count <= left else { return false }
    left &-= count
    if left == 0 { state = .afterData }
    return true
  }

  /// Reads on at `bytes[from]`, which there is; `limit` bounds the coding between two chunks.
  mutating func step(_ bytes: Span<UInt8>, from: Int, limit: Int) -> Step {
    if state == .data {
      let count = min(left, UInt64(bytes.count &- from))
      left &-= count
      if left == 0 {
        state = .afterData
        coding = 0
      }
      return .data(upTo: from &+ Int(count))
    }
    var i = from
    while i < bytes.count {
      let byte = bytes[i]
      i &+= 1
      coding &+= 1
      guard coding <= limit else { return .broken(at: i &- 1) }
      switch take(byte) {
      case .more: continue
      case .broken: return .broken(at: i &- 1)
      case .data: return .coding(upTo: i)
      case .end: return .end(upTo: i)
      }
    }
    return .coding(upTo: i)
  }

  private enum Taken { case more, data, end, broken }

  private mutating func take(_ byte: UInt8) -> Taken {
    switch state {
    case .data: return .data
    case .size:
      if let digit = HexDigit.value(byte) {
        guard left >> 59 == 0 else { return .broken }  // no stream holds 2^63 bytes
        left = left << 4 | UInt64(digit)
        digits &+= 1
        return .more
      }
      if byte == 0x0a { return sizeEnds() }
      let isSpace = byte == 0x20 || byte == 0x09 || byte == 0x0d
      if digits == 0 { return isSpace ? .more : .broken }
      guard isSpace || byte == UInt8(ascii: ";") else { return .broken }
      state = .rest
    case .rest:
      if byte == 0x0a { return sizeEnds() }
    case .afterData:
      if byte == 0x0a {
        state = .size
        return .more
      }
      guard byte == 0x0d else { return .broken }
    case .trailer:
      if byte == 0x0a {
        if isLineEmpty { return .end }
        isLineEmpty = true
      } else if byte != 0x0d {
        isLineEmpty = false
      }
    }
    return .more
  }

  private mutating func sizeEnds() -> Taken {
    guard digits > 0 else { return .more }  // an empty line before the size is passed over
    digits = 0
    guard left > 0 else {
      state = .trailer
      isLineEmpty = true
      return .more
    }
    state = .data
    return .data
  }
}
