import CrenelModel

/// Runs the reassembler on programs of hostile segments, for fuzzing.
public enum ReassemblyProbe {
  /// Runs `program` with small limits; what was broken first, or `nil` when nothing was.
  ///
  /// Eight bytes make a segment: which of eight connections and which side; flags; time passed;
  /// where it lies; where it acknowledges; payload length; bytes cut off and whether the places
  /// are near or far. What is left over makes none.
  public static func firstViolation(in program: Span<UInt8>) -> String? {
    var reassembler = TCPReassembler(limits: limits, seed: UInt64(program.count))
    var contract = StreamContract()
    var now = Timestamp(nanoseconds: 0)
    let content = (0..<4_096).map { UInt8(truncatingIfNeeded: $0 &* 31 ^ $0 >> 8) }
    for step in 0..<(program.count / 8) {
      let code = program.extracting(droppingFirst: 8 * step).extracting(first: 8)
      now = now.adding(Int64(code[2]) * Int64(code[2]) * Nanoseconds.millisecond)
      let start = Int(code[3]) & 63
      let size = min(Int(code[5]) * (code[1] & 0x80 == 0 ? 1 : 16), content.count - 64)
      let mark = PacketMark(at: now, frame: UInt64(step + 1))
      reassembler.push(
        segment(code), content.span.extracting(start..<(start + size)), mark, into: &contract)
      let held = reassembler.pool.used * PiecePool.blockSize
      guard held <= limits.bufferedInTotal, reassembler.table.count <= limits.flows else {
        return "over the limits after segment \(step + 1)"
      }
      if let violation = contract.violation { return "\(violation), segment \(step + 1)" }
    }
    reassembler.finish(into: &contract)
    guard contract.openCount == 0 else { return "flows left open" }
    guard reassembler.pool.used == 0 else { return "blocks left in use" }
    return contract.violation
  }

  /// Small enough that programs of some kilobytes reach every bound.
  private static let limits: TCPLimits = {
    var limits = TCPLimits()
    limits.flows = 5
    limits.bufferedPerFlow = 8 * PiecePool.blockSize
    limits.bufferedInTotal = 20 * PiecePool.blockSize
    limits.holeBytes = 4 * PiecePool.blockSize
    limits.holePieces = 6
    return limits
  }()

  private static func segment(_ code: Span<UInt8>) -> Segment {
    let pair = UInt16(code[0] >> 1 & 7)
    let client = Endpoint(address: ClientAddress(ipv4: 0xc000_0207), port: 49_152 &+ pair)
    let server = Endpoint(address: ClientAddress(ipv4: 0xc633_6409), port: 80)
    let isClient = code[0] & 1 == 0
    // Near places are single bytes; far ones wrap around and leave the window.
    let scale: UInt32 = [1, 97, 1_500, 1 << 24][Int(code[6] >> 6)]
    let base: UInt32 = isClient ? 0xffff_ff00 : 0x7fff_ff00
    let other: UInt32 = isClient ? 0x7fff_ff00 : 0xffff_ff00
    return Segment(
      source: isClient ? client : server, destination: isClient ? server : client,
      sequence: base &+ UInt32(code[3]) &* scale,
      acknowledgement: other &+ UInt32(code[4]) &* scale,
      flags: TCPFlags(rawValue: code[1] & 0x3f), payload: ByteRange(0..<0),
      missing: code[6] & 0x20 == 0 ? 0 : Int(code[7]), isAssembled: false)
  }
}
