import CrenelModel

// From a captured packet to the TCP segment in it. What comes in: packets of any link type that
// `Layer` names. What goes out: a `Segment`, whatever tunnels and fragments it came in. It never
// fails: what cannot be read is counted as an anomaly, what holds no TCP is counted as such.

/// What became of packets; the last four add up to the first.
struct PacketTally: Hashable, Sendable, BitwiseCopyable {
  /// Packets seen.
  var packets: UInt64 = 0
  /// Packets that gave a segment, completed datagrams included.
  var segments: UInt64 = 0
  /// Fragments that completed no datagram.
  var fragments: UInt64 = 0
  /// Packets that hold no TCP.
  var others: UInt64 = 0
  /// Packets that could not be read; an anomaly says why.
  var unreadable: UInt64 = 0
}

/// Peels packets down to TCP, and puts fragmented datagrams together on the way.
struct NetworkDecoder: ~Copyable {
  /// The last datagram put together: where the payload of a segment lies that `isAssembled`.
  ///
  /// Valid until the next call of ``decode(_:_:_:)``.
  private(set) var assembled: [UInt8] = []
  /// What became of the packets so far.
  private(set) var tally = PacketTally()
  private var fragments: FragmentTable

  /// Creates a decoder that has seen nothing.
  init(limits: FragmentLimits = FragmentLimits()) {
    fragments = FragmentTable(limits: limits)
  }

  /// Bytes kept of datagrams that are not complete.
  var bytesHeld: Int { fragments.bytesHeld }

  /// The segment in a packet, `bytes` being those of its batch; `nil` when it has none.
  mutating func decode(
    _ packet: Packet, _ bytes: Span<UInt8>, _ anomalies: inout AnomalyCounters
  ) -> Segment? {
    tally.packets &+= 1
    if packet.link == .ethernet, let segment = plainSegment(packet.bytes.indices, bytes) {
      tally.segments &+= 1
      return segment
    }
    return peel(packet, bytes, &anomalies)
  }

  /// Counts the datagrams whose fragments never all came, at the end of the input.
  mutating func finish(_ anomalies: inout AnomalyCounters) { fragments.finish(&anomalies) }

  private mutating func peel(
    _ packet: Packet, _ bytes: Span<UInt8>, _ anomalies: inout AnomalyCounters
  ) -> Segment? {
    let range = packet.bytes.indices
    guard let first = Layer(packet.link) else {
      return conclude(.stop(.unknownLink), false, packet.frame, &anomalies)
    }
    guard range.upperBound <= bytes.count else {
      return conclude(.stop(.badHeader), false, packet.frame, &anomalies)
    }
    var cursor = LayerCursor(range, cut: max(0, Int(packet.originalLength) &- range.count))
    var step = cursor.walk(bytes, from: first)
    var isAssembled = false
    while case .fragment(let fragment) = step {
      let mark = PacketMark(at: packet.at, frame: packet.frame)
      let complete: Int?
      if isAssembled {
        // A fragment in a datagram that was itself put together: so rare that it may allocate.
        let outer = assembled
        complete = fragments.add(fragment, outer.span, mark, &anomalies)
      } else {
        complete = fragments.add(fragment, bytes, mark, &anomalies)
      }
      guard let complete else {
        tally.fragments &+= 1
        return nil
      }
      let next = fragments.take(complete, into: &assembled)
      isAssembled = true
      (cursor.at, cursor.end) = (0, assembled.count)
      step = cursor.walk(
        assembled.span, after: LayerStep(protocolNumber: next, isIPv6: cursor.isIPv6))
    }
    return conclude(step, isAssembled, packet.frame, &anomalies)
  }

  private mutating func conclude(
    _ step: LayerStep, _ isAssembled: Bool, _ frame: UInt64, _ anomalies: inout AnomalyCounters
  ) -> Segment? {
    switch step {
    case .segment(var segment):
      segment.isAssembled = isAssembled
      if segment.missing > 0 { anomalies.record(.cutByCapture, frame: frame) }
      tally.segments &+= 1
      return segment
    case .stop(let anomaly?):
      anomalies.record(anomaly, frame: frame)
      tally.unreadable &+= 1
    case .stop(nil), .layer, .fragment:
      tally.others &+= 1
    }
    return nil
  }
}
