public import CrenelModel

/// Decodes captured packets, of one file or of several in the order of time, to exchanges.
///
/// Layers, reassembly, then what each connection speaks. An exchange is given when it is complete,
/// and takes its place on the event clock then, as a server writes its log; when it began and ended
/// is exact. The result does not depend on how the packets were cut into batches.
///
/// What connections make it remember is bounded by ``heldLimit`` over all of them; what is told of
/// them at once, by a batch of about a megabyte and what one connection holds.
public struct PacketDecoder: ~Copyable {
  /// Bytes that open connections may hold together: heads, bodies and texts under way, what waits
  /// behind holes, tables of header compression.
  public static let heldLimit = 32 << 20

  private let limit: Int
  private var network = NetworkDecoder()
  private var reassembler: TCPReassembler
  /// Internal for tests.
  private(set) var connections: ConnectionTable
  private var layers = AnomalyCounters()
  private var clock = Timestamp.distantPast
  private var exchanges: UInt64 = 0

  /// Creates a decoder that has seen nothing.
  ///
  /// `seed` keys the table of connections; results do not depend on it.
  public init(
    _ configuration: DecoderConfiguration, seed: UInt64, heldLimit: Int = PacketDecoder.heldLimit
  ) {
    reassembler = TCPReassembler(seed: seed)
    connections = ConnectionTable(configuration)
    limit = heldLimit
  }

  /// Takes packets of a batch in, from number `next` up to `end` (all of them without one), and
  /// appends what they complete to `batch`; leaves `next` behind the last one taken.
  ///
  /// Stops early, to be called again, when `batch` holds much: a packet may end many connections.
  public mutating func decode(
    _ packets: borrowing PacketBatch, from next: inout Int, to end: Int? = nil,
    into batch: inout ExchangeBatch
  ) {
    let end = end ?? packets.packets.count
    let (before, texts) = (batch.exchanges.count, batch.bytes.count)
    swap(&batch, &connections.batch)
    let bytes = packets.bytes.span
    while next < end, !connections.hasFilled(before, texts) {
      let packet = packets.packets[next]
      guard reassembler.advanceSome(to: packet.at, into: &connections) else { continue }
      next &+= 1
      let mark = PacketMark(at: packet.at, frame: packet.frame, offset: packet.offset)
      guard let segment = network.decode(packet, bytes, &layers) else { continue }
      if segment.isAssembled {
        Self.push(segment, network, mark, &reassembler, &connections)
      } else {
        reassembler.push(
          segment, bytes.extracting(segment.payload.indices), mark, into: &connections)
      }
      if connections.held > limit &- reassembler.pool.touched { shed(mark) }
    }
    swap(&batch, &connections.batch)
    place(&batch, from: before)
  }

  /// Tells that all packets before `now` were given: an idle tick of a live capture.
  ///
  /// Closes connections that were silent for too long and appends what that completes. It gives
  /// nothing that the next packet would not give, in the same order and with the same times.
  public mutating func advance(to now: Timestamp, into batch: inout ExchangeBatch) {
    let before = batch.exchanges.count
    swap(&batch, &connections.batch)
    reassembler.advance(to: now, into: &connections)
    swap(&batch, &connections.batch)
    place(&batch, from: before)
  }

  /// Ends the input: gives what is still open, as far as it was seen.
  ///
  /// False when there is more to give than fits in `batch`: to be called again then.
  public mutating func finish(into batch: inout ExchangeBatch) -> Bool {
    let (before, texts) = (batch.exchanges.count, batch.bytes.count)
    swap(&batch, &connections.batch)
    network.finish(&layers)
    var isFinished = false
    while !isFinished, !connections.hasFilled(before, texts) {
      isFinished = reassembler.finishSome(into: &connections)
    }
    swap(&batch, &connections.batch)
    place(&batch, from: before)
    return isFinished
  }

  /// Closes the connections that have been silent longest until the rest holds no more than it may.
  private mutating func shed(_ mark: PacketMark) {
    while connections.held > limit &- reassembler.pool.touched, let slot = connections.oldest {
      reassembler.giveUp(slot, mark, into: &connections)
    }
  }

  /// What became of the packets so far.
  public var report: PacketReport {
    var report = PacketReport()
    report.packets = network.tally.packets
    report.segments = network.tally.segments
    report.fragments = network.tally.fragments
    report.others = network.tally.others
    report.unreadable = network.tally.unreadable
    report.connections = connections.count
    report.exchanges = exchanges
    report.anomalies.add(layers)
    report.anomalies.add(reassembler.anomalies)
    report.anomalies.add(connections.anomalies)
    return report
  }

  /// Hands on a segment whose payload came in fragments.
  private static func push(
    _ segment: Segment, _ network: borrowing NetworkDecoder, _ mark: PacketMark,
    _ reassembler: inout TCPReassembler, _ connections: inout ConnectionTable
  ) {
    let payload = network.assembled.span.extracting(segment.payload.indices)
    reassembler.push(segment, payload, mark, into: &connections)
  }

  /// Puts new exchanges on the event clock, which never goes back.
  ///
  /// What is given because its connection was idle for long was over before others that are known
  /// already; it takes its place now.
  private mutating func place(_ batch: inout ExchangeBatch, from first: Int) {
    for i in first..<batch.exchanges.count {
      clock = max(clock, batch.exchanges[i].at)
      batch.exchanges[i].at = clock
    }
    exchanges &+= UInt64(batch.exchanges.count - first)
  }
}

/// What became of the packets that a decoder was given.
public struct PacketReport: Sendable {
  /// Packets seen.
  public var packets: UInt64 = 0
  /// Packets that gave a TCP segment.
  public var segments: UInt64 = 0
  /// Fragments that completed no datagram.
  public var fragments: UInt64 = 0
  /// Packets that hold no TCP.
  public var others: UInt64 = 0
  /// Packets that could not be read; an anomaly says why.
  public var unreadable: UInt64 = 0
  /// Connections that carried data, by what they spoke.
  public var connections = ConnectionCounts()
  /// Exchanges given.
  public var exchanges: UInt64 = 0
  /// What was odd.
  public var anomalies = AnomalyCounters()

  /// Creates a report of nothing.
  public init() {}
}

/// Connections by what they spoke.
public struct ConnectionCounts: Hashable, Sendable, BitwiseCopyable {
  /// HTTP/1.0 and 1.1, and what is taken for it.
  public var http1: UInt64 = 0
  /// Cleartext HTTP/2.
  public var http2: UInt64 = 0
  /// TLS.
  public var tls: UInt64 = 0
  /// Anything else.
  public var others: UInt64 = 0

  /// Creates counts at zero.
  public init() {}
}
