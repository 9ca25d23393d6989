import CrenelModel

/// A datagram some of whose fragments were seen.
///
/// IPv4: of overlapping fragments the bytes seen first are taken. IPv6: an overlap makes the whole
/// datagram void (RFC 5722), an exact repetition of a fragment does not (RFC 8200 section 4.5).
struct Datagram: Sendable {
  /// A run of bytes that came, `start ..< end`.
  private struct Piece: Sendable, BitwiseCopyable {
    var start: Int
    var end: Int
  }

  private(set) var key: FragmentKey
  /// When its first fragment was captured.
  private(set) var startedAt: Timestamp
  /// Frame of its first fragment.
  private(set) var firstFrame: UInt64
  /// Fragments seen.
  var fragments = 0
  /// Whether it is void: what else comes of it is ignored.
  var isVoid = false
  /// What its payload is, once the first fragment came.
  private(set) var next: UInt8 = 0
  /// Its payload as far as it came; longer than it, and never shorter than the last piece.
  private(set) var buffer: [UInt8] = []
  /// Pieces in order, none touching the bytes of another.
  private var pieces: [Piece] = []
  /// Bytes in the pieces.
  private var filled = 0
  /// Length of the payload; -1 until the last fragment came.
  private var total = -1
  /// Place in ``FragmentTable`` of the datagram begun after this one; -1 for none.
  var newer = -1
  /// Place of the one begun before; -1 for none.
  var older = -1

  /// Creates a datagram of which nothing was seen.
  init(_ key: FragmentKey, _ mark: PacketMark) {
    self.key = key
    startedAt = mark.at
    firstFrame = mark.frame
  }

  /// Starts again for another datagram, with the memory it has.
  mutating func restart(_ key: FragmentKey, _ mark: PacketMark) {
    self.key = key
    startedAt = mark.at
    firstFrame = mark.frame
    fragments = 0
    isVoid = false
    next = 0
    pieces.removeAll(keepingCapacity: true)
    filled = 0
    total = -1
  }

  /// Whether every byte came.
  var isComplete: Bool { filled == total }

  /// The payload of a complete datagram.
  var payload: Range<Int> { 0..<max(0, min(total, buffer.count)) }

  /// Makes room for the first `count` bytes.
  mutating func grow(to count: Int) {
    guard count > buffer.count else { return }
    buffer.reserveCapacity(count)
    buffer.append(contentsOf: repeatElement(0, count: count &- buffer.count))
  }

  /// Gives its memory back.
  mutating func release() {
    buffer = []
    pieces = []
  }

  /// Puts a fragment in its place; `grow(to:)` made room for it.
  ///
  /// Returns what was odd about it.
  mutating func place(_ fragment: Fragment, _ bytes: Span<UInt8>) -> PacketAnomaly? {
    let start = fragment.offset
    var end = start &+ fragment.bytes.count
    if !fragment.isLast, end & 7 != 0 {
      // All but the last are multiples of 8; hosts cut what is too much, or refuse under IPv6.
      guard !key.isIPv6 else { return .badHeader }
      end &= ~7
    }
    guard end > start, end <= buffer.count, fragment.bytes.indices.upperBound <= bytes.count,
      accepts(end, isLast: fragment.isLast)
    else { return .badHeader }
    if fragment.isLast { total = end }
    if start == 0, (pieces.first?.start ?? 1) > 0 { next = fragment.next }
    let from = fragment.bytes.indices.lowerBound &- start
    if key.isIPv6, overlaps(start, end) {
      if isRepetition(start, end, bytes, from) { return nil }
      isVoid = true
      return .fragmentOverlap
    }
    return fill(start, end, bytes, from) ? nil : .fragmentOverlap
  }

  /// Whether a fragment ending at `end` agrees with the length known so far.
  private func accepts(_ end: Int, isLast: Bool) -> Bool {
    if total >= 0 { return isLast ? end == total : end <= total }
    return !isLast || end >= (pieces.last?.end ?? 0)
  }

  private func overlaps(_ start: Int, _ end: Int) -> Bool {
    pieces.contains { $0.start < end && start < $0.end }
  }

  private func isRepetition(_ start: Int, _ end: Int, _ bytes: Span<UInt8>, _ from: Int) -> Bool {
    pieces.contains { $0.start == start && $0.end == end } && matches(start, end, bytes, from)
  }

  /// Whether the bytes of `start ..< end` are those that came before.
  private func matches(_ start: Int, _ end: Int, _ bytes: Span<UInt8>, _ from: Int) -> Bool {
    for i in start..<end where buffer[i] != bytes[from &+ i] { return false }
    return true
  }

  /// Fills what is missing of `start ..< end`; whether what was there is the same.
  private mutating func fill(
    _ start: Int, _ end: Int, _ bytes: Span<UInt8>, _ from: Int
  ) -> Bool {
    var cursor = start
    var isSame = true
    var i = pieces.firstIndex { $0.end > start } ?? pieces.count
    while cursor < end {
      let next = i < pieces.count ? pieces[i] : Piece(start: .max, end: .max)
      if cursor < next.start {
        let stop = min(end, next.start)
        for j in cursor..<stop { buffer[j] = bytes[from &+ j] }
        filled &+= stop &- cursor
        pieces.insert(Piece(start: cursor, end: stop), at: i)
        cursor = stop
      } else {
        let stop = min(end, next.end)
        isSame = matches(cursor, stop, bytes, from) && isSame
        cursor = stop
      }
      i &+= 1
    }
    return isSame
  }
}
