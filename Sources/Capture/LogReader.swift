public import CrenelModel
import Glibc

/// Cuts one input into chunks of whole lines.
///
/// Memory is bounded by the chunk size and the longest line taken. Neither the lines that come out
/// nor their places depend on the chunk size.
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

  /// Longest line taken, in bytes without its line feed; a longer one is skipped and counted.
  public static let lineLimit = 1 << 20

  /// Where lines began that were too long to be taken, since the last call of ``takeOversized()``.
  ///
  /// They come before the lines of the fill that follows them.
  private var oversized: [UInt64] = []
  /// What kept the input from being read whole.
  ///
  /// A line that was cut off by it is left out, and its place is told: a part of a line may well
  /// read as a line that was never logged.
  public private(set) var problems: [Diagnostic] = []

  private var stream: ByteStream
  private let chunkSize: Int
  private var carry: [UInt8] = []
  private var position: UInt64 = 0  // of the first byte of `carry`
  private var isSkipping = false
  private var isAtEnd = false
  private var isCut = false

  /// Opens an input; compression is recognised by its first bytes.
  ///
  /// `chunkSize` is how many bytes are asked for at a time, from 1 to ``lineLimit``. Throws
  /// `unreadable-file`.
  public init(_ input: InputSource, chunkSize: Int = 256 * 1_024) throws(Diagnostic) {
    self.init(try OpenedInput(input), chunkSize: chunkSize)
  }

  /// Reads an input that is open already, from its first byte.
  ///
  /// `chunkSize` is how many bytes are asked for at a time, from 1 to ``lineLimit``.
  public init(_ input: consuming OpenedInput, chunkSize: Int = 256 * 1_024) {
    // So that of the bytes at hand only the first line can be too long.
    self.chunkSize = min(max(1, chunkSize), Self.lineLimit)
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
      skipLongLine(&bytes, &searched)
      if let end = Self.lastLineEnd(bytes, after: searched) { return deliver(&bytes, upTo: end) }
      searched = bytes.count
    }
    if isCut { leaveOut(&bytes) }
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
      isCut = problem.code != ByteStream.trailingGarbage
    }
    if bytes.count == before { isAtEnd = true }
    return bytes.count - before
  }

  // MARK: - Lines that are left out

  /// Drops the first line, as far as it is at hand, when it is too long.
  ///
  /// There is no line feed before `searched`.
  private mutating func skipLongLine(_ bytes: inout [UInt8], _ searched: inout Int) {
    guard isSkipping || bytes.count > Self.lineLimit else { return }
    let feed = Self.firstFeed(bytes, from: searched)
    guard isSkipping || (feed ?? bytes.count) > Self.lineLimit else { return }
    if !isSkipping { oversized.append(position) }
    isSkipping = feed == nil
    let dropped = feed.map { $0 + 1 } ?? bytes.count
    position &+= UInt64(dropped)
    bytes.removeFirst(dropped)
    searched = 0
  }

  /// Drops the line in which the input was cut off.
  private mutating func leaveOut(_ bytes: inout [UInt8]) {
    guard !bytes.isEmpty, let last = problems.indices.last else { return }
    problems[last].message +=
      "; the last line, from byte offset \(position) of the log on, is cut off and left out"
    position &+= UInt64(bytes.count)
    bytes.removeAll(keepingCapacity: true)
  }

  // MARK: - Scanning

  /// The index after the last line feed at or after `start`; `nil` when there is none.
  private static func lastLineEnd(_ bytes: [UInt8], after start: Int) -> Int? {
    guard let first = firstFeed(bytes, from: start) else { return nil }
    let span = bytes.span
    var end = span.count
    while end > first, span[end &- 1] != 0x0a { end &-= 1 }
    return end
  }

  /// The index of the first line feed at or after `start`; `nil` when there is none.
  private static func firstFeed(_ bytes: [UInt8], from start: Int) -> Int? {
    unsafe bytes.withUnsafeBytes { buffer -> Int? in
      // `start` is at most the count: from there to the end are the bytes searched.
      guard let base = buffer.baseAddress, start < buffer.count else { return nil }
      let found = unsafe memchr(base + start, 0x0a, buffer.count - start)
      return unsafe found.map { unsafe UnsafeRawPointer($0) - base }
    }
  }
}
