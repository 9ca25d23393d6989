import CrenelCapture
import CrenelModel
import Testing

private func batch(_ packets: [([UInt8], LinkType)]) -> PacketBatch {
  var batch = PacketBatch()
  for (i, (bytes, link)) in packets.enumerated() {
    let start = batch.bytes.count
    batch.bytes += bytes
    batch.packets.append(
      Packet(
        at: Timestamp(nanoseconds: 0), bytes: ByteRange(start..<batch.bytes.count),
        originalLength: UInt32(bytes.count), link: link, frame: UInt64(i + 1), offset: 0))
  }
  return batch
}

/// Three packets as Ethernet, then the same three as bare IP under both its numbers.
private let mixed: [([UInt8], LinkType)] = {
  let kinds: [(UInt8, UInt16, UInt16)] = [(6, 50_000, 80), (17, 50_000, 53), (6, 443, 50_001)]
  return kinds.map { (PacketBuilder.ethernet(protocol: $0.0, from: $0.1, to: $0.2), .ethernet) }
    + kinds.map { (PacketBuilder.ipv4(protocol: $0.0, from: $0.1, to: $0.2), .raw) }
    + kinds.map { (PacketBuilder.ipv4(protocol: $0.0, from: $0.1, to: $0.2), .dltRaw) }
}()

@Suite("Choosing packets by an expression")
struct PacketFilterTests {
  @Test(
    "an expression chooses the same packets under any link type",
    arguments: [
      ("tcp port 80", [1, 4, 7]), ("udp", [2, 5, 8]), ("src port 443", [3, 6, 9]),
      ("", [1, 2, 3, 4, 5, 6, 7, 8, 9]), ("host 203.0.113.9", []),
      ("tcp and dst host 198.51.100.2 and not port 443", [1, 4, 7]),
    ] as [(String, [UInt64])])
  func chooses(expression: String, frames: [UInt64]) throws {
    var filter = try PacketFilter(expression)
    var packets = batch(mixed)
    filter.apply(to: &packets)
    #expect(packets.packets.map(\.frame) == frames)
    #expect(filter.inapplicable == 0)
  }

  @Test("an expression that has no meaning for a link type chooses none of it, and counts them")
  func inapplicable() throws {
    var filter = try PacketFilter("ether src 02:02:02:02:02:02")
    var packets = batch(mixed)
    filter.apply(to: &packets)
    #expect(packets.packets.map(\.frame) == [1, 2, 3])
    #expect(filter.inapplicable == 6)
  }

  @Test("a packet cut inside its headers is not chosen, and nothing is read behind it")
  func cut() throws {
    var filter = try PacketFilter("tcp port 80")
    var packets = batch([(Array(mixed[0].0.prefix(35)), .ethernet), mixed[0]])
    filter.apply(to: &packets)
    #expect(packets.packets.map(\.frame) == [2])
  }

  @Test(
    "a wrong expression is told with what is wrong",
    arguments: ["prot 80", "tcp port", "host 256.1.1.1", "ip broadcast", "\u{1}"])
  func wrong(expression: String) {
    let error = #expect(throws: Diagnostic.self) { _ = try PacketFilter(expression) }
    #expect(error?.code == "bad-bpf")
    #expect(error?.message.hasPrefix("'\(expression)': ") == true && error?.hint != nil)
  }
}
