import CrenelModel

/// Which side of a connection sent something.
enum FlowSide: UInt8, Sendable, BitwiseCopyable {
  /// The side that opened the connection, or is taken to have when the opening was not captured.
  case client
  case server

  var other: FlowSide { self == .client ? .server : .client }

  /// 0 for the client, 1 for the server.
  var index: Int { Int(rawValue) }
}

/// A connection that the reassembler follows.
struct Flow: Sendable, BitwiseCopyable {
  /// Place in the reassembler's table; used again after the flow has closed.
  var slot: Int
  /// Number of the connection in this run, from 1; never used again.
  var id: UInt64
  var client: Endpoint
  var server: Endpoint
  /// When its first packet was captured.
  var openedAt: Timestamp
  /// Its first packet, a ``SourcedFrame``.
  var firstFrame: UInt64
  /// Place of that packet's first byte in the decompressed capture file.
  var firstOffset: UInt64 = 0
  /// Whether the opening was not captured, so that sides may be guessed.
  var isMidStream: Bool
  /// What was odd about it so far.
  var anomalies = PacketAnomalies()
}

/// The packet that made the reassembler say something.
struct PacketMark: Sendable, BitwiseCopyable {
  var at: Timestamp
  /// Its number with that of its file, a ``SourcedFrame``.
  var frame: UInt64
  /// Place of the packet's first byte in the decompressed capture file.
  var offset: UInt64 = 0
  /// The place up to which its sender had the other side's stream, as its ACK number says.
  ///
  /// -1 when that is not known; below it for a client that had not come to what is captured.
  var acknowledged: Int64 = -1
  /// Of a gap: the snap length cut the bytes off this packet.
  var isCut = false

  /// What a gap is: bytes that are not captured, or were cut off.
  var gapAnomalies: PacketAnomalies {
    var anomalies = PacketAnomalies()
    anomalies.insert(.streamGap)
    if isCut { anomalies.insert(.cutByCapture) }
    return anomalies
  }
}

extension Provenance {
  /// The place of a packet: `frame`, a ``SourcedFrame``, whose first byte is at `offset` of its file.
  init(frame: UInt64, offset: UInt64) {
    let frame = SourcedFrame(rawValue: frame)
    self.init(source: frame.source, offset: offset, length: 0, line: frame.number)
  }
}

/// Why a connection is no longer followed.
enum FlowEnd: UInt8, Sendable, BitwiseCopyable {
  /// Both sides sent FIN, and everything before it was told.
  case finished
  /// A side reset it.
  case reset
  /// Nothing came for the idle time, by event time.
  case idle
  /// The ports were used for a new connection.
  case replaced
  /// It was given up to stay within the limits.
  case evicted
  /// The input ended.
  case endOfInput
}

/// What takes reassembled streams in.
///
/// A connection is told when its first payload is seen, so that scans and floods of half-open
/// connections cost the sink nothing. Calls for one flow come in this order: `opened`, then
/// `data`, `gap` and `sideEnded` of both sides, then `closed`. `data` and `gap` of one side follow on
/// from offset 0 without overlap and are never empty; nothing of a side comes after its
/// `sideEnded`. What a server sent comes after the bytes of the client that it acknowledges, as far
/// as those are captured within the limits of holes. Of two open flows no two have the same slot.
protocol StreamSink: ~Copyable {
  /// Payload of a connection was seen for the first time.
  mutating func opened(_ flow: Flow)
  /// The next bytes of one side; `offset` counts them from the first byte after the SYN, or from
  /// the first byte seen when that was not captured.
  ///
  /// `mark` is the packet that carried the bytes, not the one that filled the hole before them.
  mutating func data(
    _ flow: Flow, _ side: FlowSide, _ bytes: Span<UInt8>, offset: UInt64, _ mark: PacketMark)
  /// `count` bytes of one side at `offset` are missing for good.
  ///
  /// `mark` is the packet that carried what comes after them, or of which they were cut.
  mutating func gap(
    _ flow: Flow, _ side: FlowSide, count: UInt64, offset: UInt64, _ mark: PacketMark)
  /// One side will send no more (its FIN was reached); `mark` is the flow's last packet so far.
  mutating func sideEnded(_ flow: Flow, _ side: FlowSide, _ mark: PacketMark)
  /// The connection is no longer followed; `mark` is its last packet.
  mutating func closed(_ flow: Flow, _ end: FlowEnd, _ mark: PacketMark)
}
