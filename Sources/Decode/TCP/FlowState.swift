import CrenelModel

/// How far a connection has come; the number of the list that holds it.
enum FlowPhase: UInt8, CaseIterable, BitwiseCopyable {
  /// A SYN was seen, and the handshake is not complete.
  case opening
  /// The handshake is complete, and no payload was seen.
  case quiet
  /// Payload was seen: the sink knows the flow.
  case open
  /// Closed, and remembered for a while.
  case closed
}

/// One side's stream; 144 bytes.
struct SideState: BitwiseCopyable {
  /// Place of the next byte to deliver.
  var next: UInt64 = 0
  /// The place up to which the other side has acknowledged, a FIN counted as a byte.
  var acknowledged: UInt64 = 0
  /// Place of the FIN; the largest number when none was seen.
  var finish: UInt64 = .max
  /// The next place when the hole was last noted.
  var holeAt: UInt64 = 0
  /// Since when nothing has come before the hole, by the reassembler's clock.
  var holeSince = Timestamp.distantPast
  /// Of the server: the place of the client's stream that is no longer waited for.
  var waived: UInt64 = 0
  /// The place up to which missing bytes are being counted out: acknowledged, and overtaken by what
  /// waits; 0 when none are.
  var passed: UInt64 = 0
  /// Since when they are, by the reassembler's clock.
  var passedAt = Timestamp.distantPast
  /// Bytes that the other side has sent since.
  var answered: UInt32 = 0
  /// Sequence number of place 0.
  var base: UInt32 = 0
  /// The first piece that waits behind the hole; negative for none.
  var first: Int32 = -1
  /// The last piece that waits; negative for none.
  var last: Int32 = -1
  /// Pieces that wait.
  var pieces: Int32 = 0
  /// Bytes that wait.
  var buffered: UInt32 = 0
  /// Segments with new bytes that have come behind a hole since `passedAt`.
  var overtaking: UInt16 = 0
  /// The last bytes delivered.
  var recent = RecentBytes()
  /// Whether `base` is known.
  var hasBase = false
  /// Whether a segment of the side itself was captured, a SYN too.
  var isSeen = false
  /// Whether the other side's acknowledgements are captured.
  var isAcknowledged = false
  /// Whether the FIN was reached: all was delivered.
  var hasEnded = false
  /// Whether the side is in the list of holes.
  var isListed = false

  /// The place of a sequence number in the stream, negative before its first byte; `nil` outside
  /// the window.
  ///
  /// Places go on past 2^32 where sequence numbers wrap around.
  func place(of sequence: UInt32) -> Int64? {
    let distance = Int64(
      Int32(bitPattern: sequence &- base &- UInt32(truncatingIfNeeded: next)))
    guard distance.magnitude <= UInt64(TCPLimits.window) else { return nil }
    return Int64(bitPattern: next) &+ distance
  }

  /// Moves place 0 back to `sequence`, that of the first segment of the side itself, where it was
  /// taken from an acknowledgement of the other one, which may have been captured earlier.
  ///
  /// A keep-alive, which repeats the byte before the next one, begins nothing.
  mutating func moveBase(to sequence: UInt32, size: Int64) {
    guard hasBase, !isSeen, next == 0, let start = place(of: sequence), start < 0,
      start >= -TCPLimits.earlier, start < -1 || size > 1
    else { return }
    base = sequence
    acknowledged &+= start.magnitude
  }

  /// Moves on past `bytes`, which are next, and returns the place they are at.
  mutating func take(_ bytes: Span<UInt8>) -> UInt64 {
    let offset = next
    next = offset &+ UInt64(bytes.count)
    recent.append(bytes)
    return offset
  }

  /// Notes that the other side has everything before `place`.
  mutating func acknowledge(_ place: Int64) {
    isAcknowledged = true
    if place > 0, UInt64(place) > acknowledged { acknowledged = UInt64(place) }
  }

  /// Whether `sequence` is the next one, nothing waits and no FIN was seen.
  func isPlain(at sequence: UInt32) -> Bool {
    hasBase && isSeen && first < 0 && finish == .max
      && sequence == base &+ UInt32(truncatingIfNeeded: next)
  }

  /// Takes an acknowledgement of bytes that were told, where something of the side was captured and no
  /// hole is waited for, and gives the place it names; `nil`, and nothing done, elsewhere.
  mutating func acknowledge(plain number: UInt32) -> Int64? {
    guard hasBase, isSeen, !isListed else { return nil }
    guard let place = place(of: number), place <= Int64(bitPattern: next) else { return nil }
    acknowledge(place)
    return place
  }

  /// Begins to count out the bytes before `end` that are missing and acknowledged, if any are.
  mutating func countOut(before end: UInt64, hole: UInt64, clock: Timestamp) {
    passed = acknowledged >= hole ? min(acknowledged, end) : 0
    passedAt = clock
    answered = 0
    overtaking = 0
  }

  /// Whether something is known to come after bytes that are missing.
  var hasHole: Bool { first >= 0 || (finish != .max && next < finish) }
}

/// A connection in the table, apart from its sides; 144 bytes.
struct FlowState: BitwiseCopyable {
  var flow: Flow
  /// The last packet of it.
  var mark: PacketMark
  /// The reassembler's clock at its last packet.
  var lastSeen: Timestamp
  /// Blocks that both sides have waiting.
  var blocks = 0
  /// The hash of its ends.
  var tag: UInt32
  var phase: FlowPhase

  /// Notes a packet; the phase it came in.
  mutating func touch(_ mark: PacketMark, clock: Timestamp) -> FlowPhase {
    self.mark = mark
    lastSeen = clock
    return phase
  }
}
