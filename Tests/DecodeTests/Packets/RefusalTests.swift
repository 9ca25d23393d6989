import CrenelModel
import Testing

@testable import CrenelDecode

/// A packet that gives no segment, and the anomaly it counts, if any.
private struct Refusal: CustomTestStringConvertible, Sendable {
  var name: String
  var link: UInt16
  var bytes: [UInt8]
  var anomaly: String?

  init(_ name: String, _ anomaly: String?, _ link: UInt16 = 101, _ bytes: [UInt8]) {
    (self.name, self.anomaly, self.link, self.bytes) = (name, anomaly, link, bytes)
  }

  var testDescription: String { name }
}

private let segment = Wire.tcp(PacketStack.text)
private let v4 = Wire.ip4(segment)
private let v6 = Wire.ip6(segment)

/// A TCP header that says it has `words` words.
private func words(_ words: UInt8) -> [UInt8] {
  var bytes = Wire.tcp([])
  bytes[12] = words << 4
  return bytes
}

private let refusals: [Refusal] = [
  .init("a link type that is not read", "unknown-link", 147, v4),
  .init("no bytes", "bad-header", 1, []),
  .init("ARP", nil, 1, Wire.ethernet([UInt8](repeating: 0, count: 28), 0x0806)),
  .init("spanning tree", nil, 1, Wire.ethernet([0x42, 0x42, 3, 0, 0], 5)),
  .init("another vendor's SNAP", nil, 1, Wire.ethernet([0xaa, 0xaa, 3, 0, 0, 12, 32, 0], 8)),
  .init(
    "PPPoE of another version", "bad-header", 1,
    Wire.ethernet([0x21, 0, 0, 5, 0, 2, 0, 0x21], 0x8864)),
  .init("PPPoE, terminated", nil, 1, Wire.ethernet([0x11, 0xa7, 0, 5, 0, 0], 0x8864)),
  .init("PPP, link control", nil, 9, [0xff, 3, 0xc0, 0x21, 1, 1, 0, 4]),
  .init("netlink", nil, 113, [0, 4, 3, 0x38] + [UInt8](repeating: 0, count: 12) + v4),
  .init("another family", nil, 0, [7, 0, 0, 0] + v4),
  .init("NFLOG without a packet", nil, 239, [2, 0, 0, 5, 5, 0, 10, 0, 0x61, 0, 0, 0]),
  .init("NFLOG attribute of no length", "bad-header", 239, [2, 0, 0, 5, 0, 0, 10, 0]),
  .init("an ACH under MPLS", nil, 1, Wire.ethernet(Wire.label([0x10, 0, 0, 7]), 0x8847)),
  .init("IP of version 5", nil, 101, [0x55] + v4.dropFirst()),
  .init("IPv6 where IPv4 was promised", "bad-header", 228, v6),
  .init("IPv4 header of four words", "bad-header", 101, [0x44] + v4.dropFirst()),
  .init("IPv4 total length within the header", "bad-header", 101, Wire.ip4(segment, total: 19)),
  .init("ICMP", nil, 101, Wire.ip4([3, 3, 0, 0, 0, 0, 0, 0] + v4, 1)),
  .init("ESP", nil, 101, Wire.ip4(segment, 50)),
  .init("an IPv6 option header under IPv4", nil, 101, Wire.ip4(Wire.extend(segment), 60)),
  .init("no next header", nil, 101, Wire.ip6(segment, 59)),
  .init("TCP header of 19 bytes", "bad-tcp-header", 101, Wire.ip4(Array(segment.prefix(19)))),
  .init("TCP header of four words", "bad-tcp-header", 101, Wire.ip4(words(4))),
  .init("TCP header past the packet", "bad-tcp-header", 101, Wire.ip4(words(6))),
  .init("GRE with source routes", nil, 101, Wire.tunnel(Wire.gre(v4, 0x0800, flags: 0x4000), 47)),
  .init("GRE of version 2", nil, 101, Wire.tunnel(Wire.gre(v4, 0x0800, flags: 2), 47)),
  .init(
    "PPTP acknowledgement", nil, 101,
    Wire.tunnel(Wire.gre([], 0x880b, flags: 0x2081, fields: [0, 0, 0, 1, 0, 0, 0, 1]), 47)),
  .init("UDP", nil, 101, Wire.tunnel(Wire.udp(segment, to: 53), 17)),
  .init("UDP of 7 bytes", "bad-header", 101, Wire.tunnel([0, 53, 0, 53, 0, 7, 0, 0], 17)),
  .init(
    "VXLAN without a network", nil, 101,
    guessed([0] + Wire.vxlan(Wire.ethernet(v4)).dropFirst(), 4_789)),
  .init(
    "VXLAN port, frame of no IP", nil, 101, guessed(Wire.vxlan(Wire.ethernet(segment, 6)), 4_789)),
  .init(
    "VXLAN port, type and version differ", nil, 101, guessed(Wire.vxlan(Wire.ethernet(v6)), 4_789)),
  .init(
    "Geneve of another version", nil, 101,
    guessed([0x40] + Wire.geneve(v4, 0x0800).dropFirst(), 6_081)),
  .init(
    "GTP-U that is no user data", nil, 101, guessed([0x30, 1] + Wire.gtp(v4).dropFirst(2), 2_152)),
  .init(
    "GTP-U with an extension of no length", nil, 101,
    guessed(Wire.gtp([0, 0, 0, 0x85, 0, 0, 0, 0] + v4, flags: 0x34), 2_152)),
  .init("Teredo port, IPv4", nil, 101, guessed(v4, 3_544)),
  .init(
    "Teredo port, lengths beyond the datagram", nil, 101,
    guessed(Wire.ip6(segment, length: 900), 3_544)),
  .init(
    "AYIYA that forwards nothing", nil, 101,
    guessed([0x42, 0x52, 0x10] + Wire.ayiya(v6).dropFirst(3), 5_072)),
  .init(
    "deeper than the limit", "too-deep", 101,
    (0..<30).reduce(v4) { bytes, _ in Wire.tunnel(bytes, 4) }),
  .init(
    "an endless label stack", "too-deep", 1,
    Wire.ethernet([UInt8](repeating: 0, count: 400), 0x8847)),
]

private func guessed(_ payload: [UInt8], _ port: Int) -> [UInt8] {
  Wire.tunnel(Wire.udp(payload, to: port), 17)
}

@Suite("Packets that are no TCP")
struct RefusalTests {
  @Test("each is counted as what it is", arguments: refusals)
  fileprivate func refused(refusal: Refusal) {
    var bench = PacketBench()
    #expect(bench.decode(refusal.bytes, LinkType(rawValue: refusal.link)) == nil)
    #expect(bench.counts == (refusal.anomaly.map { [$0: 1] } ?? [:]))
    #expect(bench.decoder.tally.others == (refusal.anomaly == nil ? 1 : 0))
  }

  @Test("a length of 0 from a segmenting network card means the rest of the packet")
  func segmented() {
    var bench = PacketBench()
    let big = [UInt8](repeating: 7, count: 70_000)
    let four = bench.decode(Wire.ethernet(Wire.ip4(Wire.tcp(big), total: 0)))
    #expect(four?.payload == big)
    let six = bench.decode(Wire.ethernet(Wire.ip6(Wire.tcp(big), length: 0), 0x86dd))
    #expect(six?.payload == big && bench.counts.isEmpty)
  }

  @Test("a frame truncated before it was mirrored says what is missing")
  func truncatedMirror() {
    var bench = PacketBench()
    let frame = Wire.ethernet(v4).dropLast(5)
    let found = bench.decode(Wire.tunnel(Wire.gre(Array(frame), 0x88be), 47), .raw)
    #expect(found?.missing == 5 && found?.payload == PacketStack.text.dropLast(5))
    #expect(bench.counts == ["cut-by-capture": 1])
  }

  @Test("a range past the batch is refused")
  func outside() {
    var decoder = NetworkDecoder()
    var anomalies = AnomalyCounters()
    for offset: UInt32 in [0, 60, .max] {
      let packet = Packet(
        at: Timestamp(nanoseconds: 0), bytes: ByteRange(offset: offset, length: 60),
        originalLength: 60, link: .ethernet, frame: 1, offset: 0)
      #expect(decoder.decode(packet, Wire.tcp([]).span, &anomalies) == nil)
    }
    #expect(decoder.tally.unreadable == 3)
  }
}
