import CrenelModel

/// Cuts one side of a connection into frames, whatever the segments are.
///
/// Holds the header and a few bytes of the frame it is in, never its content.
struct HTTP2FrameReader {
  /// What comes next in the bytes.
  enum Step {
    /// All bytes are used up.
    case needMore
    /// ``frame`` begins.
    case started
    /// Content of ``frame``, without padding; the last of it, when it says so.
    case content(Range<Int>, isLast: Bool)
    /// ``frame`` is over.
    case ended
    /// No frame can be here.
    case bad
  }

  private enum Phase { case preface, header, prefix, content, padding }

  /// What a client sends first (RFC 9113 section 3.4).
  static let preface: StaticString = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"

  /// The frame that was begun last.
  private(set) var frame: HTTP2Frame
  private var phase: Phase
  private var header = InlineArray<9, UInt8>(repeating: 0)
  /// Bytes of the preface, header or prefix that were seen.
  private var seen = 0
  private var firstMark: PacketMark
  private var firstOffset: UInt64 = 0
  private var contentLeft = 0
  private var paddingLeft = 0

  /// Creates a reader at the first byte of a side; a client sends the preface.
  init(_ side: FlowSide) {
    firstMark = PacketMark(at: .distantPast, frame: 0)
    frame = HTTP2Frame(header.span, firstMark, offset: 0)
    phase = side == .client ? .preface : .header
  }

  /// Whether a stream begins with the preface.
  static func looksLikePreface(_ first: Span<UInt8>) -> StreamGuess {
    preface.withUTF8Buffer { expected in
      let shown = min(first.count, expected.count)
      for i in 0..<shown where unsafe first[i] != expected[i] { return .no }
      return shown == expected.count ? .yes : .undecided
    }
  }

  /// Goes on from `position`; `base` is the place of the first of `bytes` in the side's stream.
  mutating func next(
    _ bytes: Span<UInt8>, _ position: inout Int, base: UInt64, _ mark: PacketMark
  ) -> Step {
    while true {
      switch phase {
      case .content: return content(bytes, &position)
      case .padding: return padding(bytes, &position)
      case .preface, .header, .prefix:
        guard position < bytes.count else { return .needMore }
        if phase == .header, seen == 0 {
          firstMark = mark
          firstOffset = base &+ UInt64(position)
        }
        let byte = bytes[position]
        position &+= 1
        if let step = take(byte) { return step }
      }
    }
  }

  /// Takes a byte of the preface, a header or a prefix; `nil` when more of the same is needed, or
  /// content follows.
  private mutating func take(_ byte: UInt8) -> Step? {
    switch phase {
    case .preface: return takePreface(byte) ? nil : .bad
    case .header:
      header[seen] = byte  // `seen` is below 9 here
      seen &+= 1
      return seen == HTTP2Frame.headerLength ? begin() : nil
    case .prefix, .content, .padding:
      if seen == 0, frame.isPadded { paddingLeft = Int(byte) }
      seen &+= 1
      return seen < frame.prefixLength || enterContent() ? nil : .bad
    }
  }

  private mutating func content(_ bytes: Span<UInt8>, _ position: inout Int) -> Step {
    let count = min(contentLeft, bytes.count &- position)
    guard count > 0 || contentLeft == 0 else { return .needMore }
    contentLeft &-= count
    position &+= count
    if contentLeft == 0 { phase = .padding }
    return .content((position &- count)..<position, isLast: contentLeft == 0)
  }

  private mutating func padding(_ bytes: Span<UInt8>, _ position: inout Int) -> Step {
    let count = min(paddingLeft, bytes.count &- position)
    paddingLeft &-= count
    position &+= count
    guard paddingLeft == 0 else { return .needMore }
    phase = .header
    seen = 0
    return .ended
  }

  /// Passes over bytes that the capture lacks, when all of them are content of one DATA frame;
  /// gives how many, or `nil` when they cannot be passed.
  mutating func skip(_ count: UInt64) -> Int? {
    guard phase == .content, frame.kind == .data, count <= UInt64(contentLeft) else { return nil }
    contentLeft &-= Int(count)
    return Int(count)
  }

  private mutating func takePreface(_ byte: UInt8) -> Bool {
    let isRight = Self.preface.withUTF8Buffer { unsafe $0[seen] == byte }
    seen &+= 1
    if seen == Self.preface.utf8CodeUnitCount {
      phase = .header
      seen = 0
    }
    return isRight
  }

  private mutating func begin() -> Step {
    frame = HTTP2Frame(header.span, firstMark, offset: firstOffset)
    guard frame.isValid else { return .bad }
    seen = 0
    paddingLeft = 0
    phase = .prefix
    if frame.prefixLength == 0, !enterContent() { return .bad }
    return .started
  }

  /// `false` when the padding is longer than the frame.
  private mutating func enterContent() -> Bool {
    contentLeft = frame.length &- frame.prefixLength &- paddingLeft
    phase = .content
    seen = 0
    return contentLeft >= 0
  }
}
