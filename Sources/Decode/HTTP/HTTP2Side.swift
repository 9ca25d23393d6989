import CrenelModel

/// A header block with the frames it came in.
struct HTTP2Block: Sendable, BitwiseCopyable {
  /// The frame it begins with.
  var first: HTTP2Frame
  /// Bytes of all its frames, their headers included.
  var size = 0
  var frames = FrameRange()

  init(_ first: HTTP2Frame) { self.first = first }
}

/// What one side of a connection did next.
enum HTTP2Event {
  case needMore
  /// Bytes of a body, where they lie among those just read.
  case body(HTTP2Frame, Range<Int>)
  /// A frame that is no part of a header block is over.
  case ended(HTTP2Frame)
  /// A header block is whole; its fields are in ``HTTP2Side/list``.
  case block(HTTP2Block)
  /// The rest of the side cannot be read.
  case unreadable(PacketAnomaly)
}

/// One side of an HTTP/2 connection: frames, and the state of its header compression.
struct HTTP2Side: ~Copyable {
  /// Most compressed bytes of one header block, CONTINUATION frames and all.
  static let blockLimit = 262_144

  /// Why nothing more can be read, when so.
  var failure: PacketAnomaly?
  /// The fields of the block just read.
  private(set) var list = HTTP2HeaderList()
  private let side: FlowSide
  private var reader: HTTP2FrameReader
  private var inflater: HTTP2Inflater?
  private var block: HTTP2Block?
  private var blockLength = 0
  private var isFirst = true

  /// Bytes it holds: of a block that is not whole, twice what came, as that may be compressed.
  var held: Int {
    let table =
      switch inflater {
      case .some(let inflater): inflater.held
      case .none: 0
      }
    return (block == nil ? 0 : 2 &* blockLength) &+ list.held &+ table
  }

  /// Creates a side of which no byte was seen.
  init(_ side: FlowSide) {
    self.side = side
    reader = HTTP2FrameReader(side)
    inflater = HTTP2Inflater()
  }

  /// Goes on from `position` to the next event.
  mutating func next(
    _ bytes: Span<UInt8>, _ position: inout Int, base: UInt64, _ mark: PacketMark
  ) -> HTTP2Event {
    while true {
      switch reader.next(bytes, &position, base: base, mark) {
      case .needMore: return .needMore
      case .bad: return .unreadable(.badHTTP2)
      case .started:
        guard start(reader.frame) else { return .unreadable(.badHTTP2) }
      case .content(let range, let isLast):
        if reader.frame.kind == .data {
          if !range.isEmpty { return .body(reader.frame, range) }
        } else if block != nil {
          block?.frames.add(mark.frame)
          if let failure = inflate(bytes.extracting(range), isLast: isLast) {
            return .unreadable(failure)
          }
        }
      case .ended:
        guard block != nil else { return .ended(reader.frame) }
        block?.size &+= reader.frame.length &+ HTTP2Frame.headerLength
        block?.frames.add(mark.frame)
        if reader.frame.endsHeaders, let whole = block {
          block = nil
          return .block(whole)
        }
      }
    }
  }

  /// Passes over bytes of a body that the capture lacks; gives the frame, or `nil` when the state
  /// of the side is lost with them.
  mutating func skip(_ count: UInt64) -> HTTP2Frame? {
    reader.skip(count) == nil ? nil : reader.frame
  }

  /// Checks that the frame may come here (RFC 9113 sections 3.4, 6.2 and 6.10).
  private mutating func start(_ frame: HTTP2Frame) -> Bool {
    if isFirst {
      isFirst = false
      return frame.kind == .settings && !frame.isAcknowledgement
    }
    if let block {
      return frame.kind == .continuation && frame.stream == block.first.stream
    }
    if frame.kind == .continuation || frame.kind == .pushPromise && side == .client {
      return false
    }
    guard frame.isBlockStart else { return true }
    block = HTTP2Block(frame)
    block?.frames.add(frame.mark.frame)
    blockLength = 0
    list.removeAll()
    return true
  }

  private mutating func inflate(_ part: Span<UInt8>, isLast: Bool) -> PacketAnomaly? {
    blockLength &+= part.count
    guard blockLength <= Self.blockLimit else { return .headerTooLong }
    let isEnd = isLast && reader.frame.endsHeaders
    let isGood = inflater?.inflate(part, isLast: isEnd, into: &list) ?? false
    return isGood ? nil : .badHTTP2
  }
}
