import CrenelModel

// A card may hand on a response before its request. The ACK number of the response says which bytes
// of the client the server had seen, and what is not told of them yet is waited for.

extension TCPReassembler {
  /// The place up to which a side that acknowledges `number` had the other one's stream.
  ///
  /// -1 where nothing of a client is captured: where its stream begins is not known then, and nothing
  /// can be waited for. That of a client lies below 0 where it had not come to what is captured of the
  /// server. A FIN counts as a byte on the wire and is none of the stream.
  func acknowledged(_ slot: Int, by side: FlowSide, _ number: UInt32) -> Int64 {
    let other = table.sides[FlowTable.place(slot, side.other)]
    guard other.isSeen || side == .client && other.hasBase, let place = other.place(of: number)
    else { return -1 }
    return min(side == .client ? place : max(place, 0), Int64(clamping: other.finish))
  }

  /// Whether bytes must not be told yet: a server sent them that had seen more of the client.
  ///
  /// Such bytes are kept as those behind a hole are, within the same limits: until the client's
  /// bytes come, or a second, 256 KiB or 512 pieces after.
  func mustWait(_ slot: Int, _ side: FlowSide, _ mark: PacketMark) -> Bool {
    guard side == .server else { return false }
    let told = max(
      table.sides[FlowTable.place(slot, .client)].next,
      table.sides[FlowTable.place(slot, .server)].waived)
    return mark.acknowledged > Int64(clamping: told)
  }

  /// Tells what the server said to bytes of the client that have just been told.
  mutating func drainAnswers<Sink: StreamSink & ~Copyable>(_ slot: Int, into sink: inout Sink) {
    guard table.sides[FlowTable.place(slot, .server)].first >= 0 else { return }
    drain(slot, .server, into: &sink)
  }
}
