public import CrenelModel

/// The packet decoder by itself, for fuzzing and benchmarks.
public enum PacketProbe {
  /// What came of a batch.
  public struct Result: Hashable, Sendable {
    /// Packets that gave a TCP segment.
    public var segments = 0
    /// Captured bytes of payload in them.
    public var payload = 0
    /// Whether every payload lay within the bytes it is a range of, and every packet was counted
    /// once.
    public var isSound = true
  }

  /// Decodes the packets of a batch, fragments across packets put together.
  public static func decode(_ batch: PacketBatch) -> Result {
    var decoder = NetworkDecoder()
    var anomalies = AnomalyCounters()
    var result = Result()
    let bytes = batch.bytes.span
    for packet in batch.packets {
      guard let segment = decoder.decode(packet, bytes, &anomalies) else { continue }
      result.segments += 1
      result.payload += segment.payload.count
      let limit = segment.isAssembled ? decoder.assembled.count : bytes.count
      if segment.payload.indices.upperBound > limit || segment.missing < 0 {
        result.isSound = false
      }
    }
    decoder.finish(&anomalies)
    let tally = decoder.tally
    let sum = tally.segments + tally.fragments + tally.others + tally.unreadable
    if sum != tally.packets || tally.packets != batch.packets.count { result.isSound = false }
    return result
  }
}
