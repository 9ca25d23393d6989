import CrenelModel

/// What the reassembler may hold, and how long it waits; all times are event time.
///
/// Memory at the defaults: about 28 MiB for a full table of flows, 17 MiB for buffered bytes.
/// Both are reserved at once and touched only as they fill.
struct TCPLimits: Sendable {
  /// Flows in the table, flows that have just closed included; clamped to 1...4,194,304.
  var flows = 65_536
  /// Bytes that one flow may have waiting behind holes, both sides together.
  ///
  /// Counted in blocks of ``PiecePool/blockSize`` bytes, one at least for a segment.
  var bufferedPerFlow = 1 << 20
  /// Bytes that all flows together may have waiting, counted alike.
  var bufferedInTotal = 16 << 20
  /// A flow without a segment for so long is closed, in nanoseconds.
  var idle = 5 * Nanoseconds.minute
  /// The same for a flow whose handshake is not complete.
  var halfOpenIdle = 30 * Nanoseconds.second
  /// How long a closed flow is remembered, so that late segments do not open it again.
  var timeWait = Nanoseconds.minute
  /// A hole is given up after this time in which nothing before it came, in nanoseconds.
  var holeTime = 10 * Nanoseconds.second
  /// The same since the other side has acknowledged the bytes that are missing.
  ///
  /// Looked at when the flow's next segment comes, as are the next three.
  var acknowledgedHoleTime = Nanoseconds.second
  /// An acknowledged hole is given up when so many segments with new bytes have come since.
  ///
  /// Twice the 32 places by which a segment, and the acknowledgement, may be moved in a capture.
  var acknowledgedHoleSegments = 64
  /// An acknowledged hole is given up when the other side sends data so long after.
  var answeredHoleTime = 100 * Nanoseconds.millisecond
  /// An acknowledged hole is given up before the other side has sent more bytes than this.
  var answeredHoleBytes = 96 << 10
  /// Where the other side's segments are not captured, bytes behind a hole that end the wait.
  var holeBytes = 256 << 10
  /// The same in pieces: one for a segment of up to ``PiecePool/blockSize`` bytes.
  var holePieces = 512

  /// Bytes before and after the next expected one that a segment may lie at.
  ///
  /// The largest window that can be announced: 2^30 bytes (RFC 7323 section 2.3).
  static let window: Int64 = 1 << 30
  /// Bytes by which the first segment of a client may lie before what its server acknowledged first.
  static let earlier: Int64 = 1 << 20
  /// Bytes past what was sent that a reset may lie at, for segments the capture missed.
  static let resetSlack: Int64 = 65_535
}
