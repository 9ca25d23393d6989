import CrenelCapture
import CrenelModel

/// Everything a packet reader gives.
struct CaptureResult: Equatable {
  var packets: [ReadPacket] = []
  var problems: [String] = []
  var counters = PacketCounters()

  /// Reads all that is left in a reader.
  init(_ reader: consuming PacketReader) {
    var batch = PacketBatch()
    while reader.fill(&batch) {
      precondition(!batch.packets.isEmpty)
      for packet in batch.packets { packets.append(ReadPacket(packet, in: batch)) }
    }
    precondition(batch.packets.isEmpty && batch.bytes.isEmpty)
    problems = reader.problems.map(\.code)
    counters = reader.counters
  }

  /// Reads bytes in memory.
  init(_ bytes: [UInt8], chunk: Int = 1 << 20) throws {
    self.init(try PacketReader(OpenedInput(bytes: bytes, name: "memory"), chunkSize: chunk))
  }
}

/// Where `part` first lies in `bytes`; tests use parts that are there.
func place(of part: [UInt8], in bytes: [UInt8]) -> UInt64 {
  let last = bytes.count - part.count
  return UInt64(last < 0 ? 0 : (0...last).first { bytes[$0...].starts(with: part) } ?? 0)
}
