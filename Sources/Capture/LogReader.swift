import CBytes
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
    /// Number of the first line, from 1.
    public var line: UInt64
    /// Whether this was all; there may be lines even so.
    public var isEnd: Bool

    /// Creates a description.
    public init(lines: Range<Int>, offset: UInt64, line: UInt64, isEnd: Bool) {
      self.lines = lines
      self.offset = offset
      self.line = line
      self.isEnd = isEnd
    }
  }

  /// Longest line taken, in bytes; a longer one is skipped and counted.
  public static let lineLimit = 1 << 20

  /// Lines that were too long to be taken.
  public private(set) var oversized: UInt64 = 0
  /// The first of them: its offset, line, and the length that was passed.
  public private(set) var firstOversized: Provenance?
  /// What kept the input from being read whole.
  public private(set) var problems: [Diagnostic] = []

  private var stream: ByteStream
  private let name: String
  private let chunkSize: Int
  private var carry: [UInt8] = []
  private var position: UInt64 = 0  // of the first byte of `carry`
  private var line: UInt64 = 1
  private var isSkipping = false
  private var isAtEnd = false

  /// Opens an input; compression is recognised by its first bytes.
  ///
  /// `chunkSize` is how many bytes are asked for at a time, 1 or more. Throws `unreadable-file`.
  public init(_ input: InputSource, chunkSize: Int = 256 * 1_024) throws(Diagnostic) {
    name = input.name
    self.chunkSize = max(1, chunkSize)
    stream = try ByteStream(input)
  }

  /// Bytes taken from the input as stored, for progress.
  public var bytesRead: UInt64 { stream.bytesRead }

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
    let fill = Fill(
      lines: 0..<end, offset: position, line: line, isEnd: isAtEnd && carry.isEmpty)
    position &+= UInt64(end)
    line &+= Self.lineFeeds(bytes)
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
    isSkipping = true
    oversized &+= 1
    if firstOversized == nil {
      firstOversized = Provenance(
        source: 0, offset: position, length: UInt32(clamping: bytes.count), line: line)
    }
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
    line &+= 1
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

  /// Line feeds in `bytes`.
  private static func lineFeeds(_ bytes: [UInt8]) -> UInt64 {
    unsafe bytes.withUnsafeBufferPointer { buffer in
      guard let base = buffer.baseAddress else { return 0 }
      return unsafe UInt64(crenel_count(base, buffer.count, 0x0a))
    }
  }
}
