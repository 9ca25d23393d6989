// The targets that read captures: files, layers, and the whole way to exchanges.

import CrenelCapture
import CrenelDecode
import CrenelModel

/// What a capture gives, read some bytes at a time; `nil` for what is no capture.
private func packets(
  _ bytes: [UInt8], chunk: Int
) -> (packets: [[UInt64]], data: [UInt8], counters: PacketCounters, problems: [Diagnostic])? {
  let input = OpenedInput(bytes: bytes, name: "fuzz")
  guard var reader = try? PacketReader(input, chunkSize: chunk) else { return nil }
  var batch = PacketBatch()
  var rows: [[UInt64]] = []
  var data: [UInt8] = []
  while reader.fill(&batch) {
    precondition(!batch.packets.isEmpty)
    for packet in batch.packets {
      let captured = batch.bytes[packet.bytes.indices]
      precondition(bytes[Int(packet.offset)...].starts(with: captured))
      rows.append([
        UInt64(bitPattern: packet.at.nanoseconds), UInt64(packet.originalLength),
        UInt64(packet.link.rawValue), packet.frame, packet.offset, UInt64(captured.count),
      ])
      data += captured
    }
  }
  precondition(UInt64(rows.count) == reader.counters.packets)
  return (rows, data, reader.counters, reader.problems)
}

/// Reads a capture whole and in small pieces, and compares.
func fuzzPcap(_ bytes: [UInt8]) {
  guard let whole = packets(bytes, chunk: 1 << 20) else { return }
  for chunk in [1, 13] {
    guard let pieces = packets(bytes, chunk: chunk) else { preconditionFailure("no capture now") }
    precondition(pieces == whole)
  }
}

/// Decodes the input as packets: a byte for the link type, then each packet after its length.
func fuzzLayers(_ bytes: [UInt8]) {
  let links: [UInt16] = [1, 0, 9, 12, 50, 51, 101, 104, 108, 113, 228, 229, 239, 276]
  guard let first = bytes.first else { return }
  var batch = PacketBatch()
  batch.bytes = bytes
  var at = 1
  while at + 2 <= bytes.count {
    let captured = min(Int(bytes[at]), bytes.count - at - 2)
    batch.packets.append(
      Packet(
        at: Timestamp(nanoseconds: Int64(at) * Nanoseconds.second),
        bytes: ByteRange((at + 2)..<(at + 2 + captured)),
        originalLength: UInt32(captured) + UInt32(bytes[at + 1]),
        link: LinkType(rawValue: links[Int(first) % links.count]),
        frame: UInt64(batch.packets.count + 1), offset: UInt64(at)))
    at += 2 + captured
  }
  precondition(PacketProbe.decode(batch).isSound)
}

/// Decodes a capture whole and in small pieces, and compares what comes out.
func fuzzPackets(_ bytes: [UInt8]) {
  func run(_ chunk: Int) -> [[String?]]? {
    let input = OpenedInput(bytes: bytes, name: "fuzz")
    guard var reader = try? PacketReader(input, chunkSize: chunk) else { return nil }
    var decoder = PacketDecoder(DecoderConfiguration(), seed: 1)
    var packets = PacketBatch()
    var batch = ExchangeBatch()
    while reader.fill(&packets) {
      var next = 0
      while next < packets.packets.count { decoder.decode(packets, from: &next, into: &batch) }
    }
    while !decoder.finish(into: &batch) {}
    var before = Timestamp.distantPast
    return batch.exchanges.map { exchange in
      precondition(exchange.at >= before && Int(exchange.detail) < batch.details.count)
      before = exchange.at
      return TextField.allCases.map { batch.string(exchange[$0]) } + ["\(exchange.status)"]
    }
  }
  precondition(run(1 << 20) == run(61))
}
