public import CrenelModel

/// Cuts one input into chunks of whole lines.
///
/// Memory is bounded by the chunk size and the longest line taken. What comes out, joined, does
/// not depend on the chunk size.
public struct LogReader: ~Copyable {
  /// What a call of ``fill(_:)`` put into the caller's bytes.
  public struct Fill: Sendable, Equatable {
    /// The whole lines; they end with a line feed but for the last of the input.
    public var lines: Range<Int>
    /// Place of the first byte in the decompressed input.
    public var offset: UInt64
    /// Whether this was all; there may be lines even so.
    public var isEnd: Bool

    /// Creates a description.
    public init(lines: Range<Int>, offset: UInt64, isEnd: Bool) {
      self.lines = lines
      self.offset = offset
      self.isEnd = isEnd
    }
  }

  /// Longest line taken, in bytes; a longer one is skipped and counted.
  public static let lineLimit = 1 << 20

  /// Where lines began that were too long to be taken, since the last call of ``takeOversized()``.
  ///
  /// They come before the lines of the fill that follows them.
  private var oversized: [UInt64] = []
  /// What kept the input from being read whole.
  public private(set) var problems: [Diagnostic] = []

  private var stream: ByteStream
  private let chunkSize: Int
  private var carry: [UInt8] = []
  private var position: UInt64 = 0  // of the first byte of `carry`
  private var isSkipping = false
  private var isAtEnd = false

  /// Opens an input; compression is recognised by its first bytes.
  ///
  /// `chunkSize` is how many bytes are asked for at a time, 1 or more. Throws `unreadable-file`.
  public init(_ input: InputSource, chunkSize: Int = 256 * 1_024) throws(Diagnostic) {
    self.init(try OpenedInput(input), chunkSize: chunkSize)
  }

  /// Reads an input that is open already, from its first byte.
  ///
  /// `chunkSize` is how many bytes are asked for at a time, 1 or more.
  public init(_ input: consuming OpenedInput, chunkSize: Int = 256 * 1_024) {
    self.chunkSize = max(1, chunkSize)
    stream = input.takeStream()
  }

  /// Bytes taken from the input as stored, for progress.
  public var bytesRead: UInt64 { stream.bytesRead }

  /// The offsets of lines that were too long, which come before the lines of the last fill.
  public mutating func takeOversized() -> [UInt64] {
    defer { oversized.removeAll() }
    return oversized
  }

  /// Replaces `bytes` by the next whole lines; at least one, unless the input ends.
  public mutating func fill(_ bytes: inout [UInt8]) -> Fill {
    bytes.removeAll(keepingCapacity: true)
    bytes.append(contentsOf: carry)
    carry.removeAll(keepingCapacity: true)
    var searched = 0
    while !isAtEnd {
      let got = read(into: &bytes)
      guard got > 0 else { break }
      if isSkipping { skip(&bytes) }
      if let end = Self.lastLineEnd(bytes, after: searched) { return deliver(&bytes, upTo: end) }
      searched = bytes.count
      if bytes.count > Self.lineLimit { startSkipping(&bytes) }
      if bytes.isEmpty { searched = 0 }
    }
    return deliver(&bytes, upTo: bytes.count)
  }

  /// Keeps what follows the last whole line for the next call.
  private mutating func deliver(_ bytes: inout [UInt8], upTo end: Int) -> Fill {
    carry.append(contentsOf: bytes[end...])
    bytes.removeLast(bytes.count - end)
    let fill = Fill(lines: 0..<end, offset: position, isEnd: isAtEnd && carry.isEmpty)
    position &+= UInt64(end)
    return fill
  }

  /// Appends what the next read gives; 0 at the end.
  private mutating func read(into bytes: inout [UInt8]) -> Int {
    let before = bytes.count
    if let problem = stream.read(into: &bytes, upTo: chunkSize) {
      problems.append(problem)
      isAtEnd = true
    }
    if bytes.count == before { isAtEnd = true }
    return bytes.count - before
  }

  // MARK: - Lines that are too long

  private mutating func startSkipping(_ bytes: inout [UInt8]) {
    if !isSkipping { oversized.append(position) }
    isSkipping = true
    position &+= UInt64(bytes.count)
    bytes.removeAll(keepingCapacity: true)
  }

  /// Drops the rest of a line that was too long.
  private mutating func skip(_ bytes: inout [UInt8]) {
    guard let feed = bytes.firstIndex(of: 0x0a) else {
      position &+= UInt64(bytes.count)
      bytes.removeAll(keepingCapacity: true)
      return
    }
    position &+= UInt64(feed + 1)
    bytes.removeFirst(feed + 1)
    isSkipping = false
  }

  // MARK: - Scanning

  /// The index after the last line feed at or after `start`; `nil` when there is none.
  private static func lastLineEnd(_ bytes: [UInt8], after start: Int) -> Int? {
    let span = bytes.span
    var i = span.count
    while i > start {
      if span[i &- 1] == 0x0a { return i }
      i &-= 1
    }
    return nil
  }
}
