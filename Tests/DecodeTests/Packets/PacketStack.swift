import CrenelModel
import Testing

@testable import CrenelDecode

/// One way for the same segment to come.
struct PacketStack: CustomTestStringConvertible, Sendable {
  var name: String
  var link: LinkType
  var bytes: [UInt8]

  init(_ name: String, _ link: UInt16 = 1, _ bytes: [UInt8]) {
    self.name = name
    self.link = LinkType(rawValue: link)
    self.bytes = bytes
  }

  var testDescription: String { name }
}

/// A segment with its bytes, to compare.
struct FoundSegment: Hashable {
  var source: Endpoint
  var destination: Endpoint
  var sequence: UInt32
  var acknowledgement: UInt32
  var flags: UInt8
  var payload: [UInt8]
  var missing: Int

  init(_ segment: Segment, _ bytes: [UInt8]) {
    source = segment.source
    destination = segment.destination
    sequence = segment.sequence
    acknowledgement = segment.acknowledgement
    flags = segment.flags.rawValue
    payload = Array(bytes[segment.payload.indices])
    missing = segment.missing
  }
}

/// A decoder with its counters, fed packet by packet.
struct PacketBench: ~Copyable {
  var decoder: NetworkDecoder
  var anomalies = AnomalyCounters()
  private var frame: UInt64 = 0

  init(limits: FragmentLimits = FragmentLimits()) { decoder = NetworkDecoder(limits: limits) }

  /// Decodes one packet, captured `seconds` after the epoch; the first `snap` bytes of it.
  mutating func decode(
    _ bytes: [UInt8], _ link: LinkType = .ethernet, snap: Int = .max, seconds: Int64 = 0
  ) -> FoundSegment? {
    frame += 1
    // Bytes of neighbours on both sides, which must not be read.
    let room: [UInt8] = [0x45, 0x60, 0xff]
    let captured = Array(bytes.prefix(snap))
    let batch = room + captured + room
    let packet = Packet(
      at: Timestamp(nanoseconds: seconds * Nanoseconds.second),
      bytes: ByteRange(room.count..<(room.count + captured.count)),
      originalLength: UInt32(bytes.count), link: link, frame: frame, offset: 0)
    let found = decoder.decode(packet, batch.span, &anomalies)
    return found.map { FoundSegment($0, $0.isAssembled ? decoder.assembled : batch) }
  }

  /// Anomalies counted, by code.
  var counts: [String: UInt64] {
    var counts: [String: UInt64] = [:]
    for anomaly in PacketAnomaly.allCases where anomalies.count(anomaly) > 0 {
      counts[anomaly.code] = anomalies.count(anomaly)
    }
    return counts
  }
}

extension PacketStack {
  static let text = Array("GET / HTTP/1.1\r\n\r\n".utf8)
  private static let segment = Wire.tcp(text)
  private static let v4 = Wire.ip4(segment)
  private static let v6 = Wire.ip6(segment)
  private static let frame = Wire.ethernet(v4)

  private static func udp(_ payload: [UInt8], _ port: Int) -> [UInt8] {
    Wire.ethernet(Wire.tunnel(Wire.udp(payload, to: port), 17))
  }

  private static func gre(_ payload: [UInt8], _ type: Int, _ flags: Int = 0, _ fields: [UInt8] = [])
    -> [UInt8]
  {
    Wire.ethernet(Wire.tunnel(Wire.gre(payload, type, flags: flags, fields: fields), 47))
  }

  static let links: [PacketStack] = [
    .init("Ethernet", 1, frame),
    .init("Ethernet, IPv6", 1, Wire.ethernet(v6, 0x86dd)),
    .init("IPv4 options", 1, Wire.ethernet(Wire.ip4(segment, options: [1, 1, 1, 0]))),
    .init("TCP options", 1, Wire.ethernet(Wire.ip4(Wire.tcp(text, options: [1, 1, 1, 0])))),
    .init("SNAP", 1, Wire.ethernet(Wire.snap(v4), 8 + v4.count)),
    .init("LLC with IP", 1, Wire.ethernet([6, 6, 3] + v4, 3 + v4.count)),
    .init("802.1Q", 1, Wire.ethernet(Wire.tag(v4), 0x8100)),
    .init("802.1ad", 1, Wire.ethernet(Wire.tag(Wire.tag(v6, 0x86dd), 0x8100), 0x88a8)),
    .init("old QinQ", 1, Wire.ethernet(Wire.tag(Wire.tag(Wire.tag(v4), 0x8100), 0x9200), 0x9100)),
    .init("802.1Q with SNAP", 1, Wire.ethernet(Wire.tag(Wire.snap(v4), 8 + v4.count), 0x8100)),
    .init("MPLS", 1, Wire.ethernet(Wire.label(Wire.label(v4), isLast: false), 0x8847)),
    .init("MPLS, IPv6", 1, Wire.ethernet(Wire.label(v6), 0x8848)),
    .init("pseudowire", 1, Wire.ethernet(Wire.label([0, 0, 0, 0] + frame), 0x8847)),
    .init("pseudowire, no control word", 1, Wire.ethernet(Wire.label(frame), 0x8847)),
    .init("PPPoE", 1, Wire.ethernet(Wire.pppoe([0, 0x21] + v4), 0x8864)),
    .init("PPPoE, IPv6, short", 1, Wire.ethernet(Wire.pppoe([0x57] + v6), 0x8864)),
    .init("PPP", 9, [0xff, 3, 0, 0x21] + v4),
    .init("PPP, bare", 9, [0x21] + v4),
    .init("PPP, MPLS", 9, [0x02, 0x81] + Wire.label(v4)),
    .init("HDLC", 104, [0x0f, 0, 8, 0] + v4),
    .init("serial HDLC", 50, [0x0f, 0, 0x86, 0xdd] + v6),
    .init("SLL", 113, Wire.sll(v4)),
    .init("SLL, VLAN", 113, Wire.sll(Wire.tag(v6, 0x86dd), 0x8100)),
    .init("SLL2", 276, Wire.sll2(v4)),
    .init("SLL2, VLAN", 276, Wire.sll2(Wire.tag(v4), 0x8100)),
    .init("raw", 101, v4),
    .init("raw, IPv6", 101, v6),
    .init("raw, 12", 12, v4),
    .init("raw, 14", 14, v6),
    .init("IPv4", 228, v4),
    .init("IPv6", 229, v6),
    .init("null", 0, [2, 0, 0, 0] + v4),
    .init("null, big endian", 0, [0, 0, 0, 2] + v4),
    .init("loop", 108, [0, 0, 0, 24] + v6),
    .init("null, Linux", 0, [10, 0, 0, 0] + v6),
    .init("null, FreeBSD", 0, [28, 0, 0, 0] + v6),
    .init("null, Darwin", 0, [0, 0, 0, 30] + v6),
    .init("NFLOG", 239, Wire.nflog(v4)),
    .init("NFLOG, big endian", 239, Wire.nflog(v6, family: 10, isLittle: false)),
  ]

  static let tunnels: [PacketStack] = [
    .init("hop-by-hop", 101, Wire.ip6(Wire.extend(segment), 0)),
    .init(
      "many extension headers", 101,
      Wire.ip6(Wire.extend(Wire.extend(Wire.extend(segment, more: 2), 60), 43), 0)),
    .init("AH", 101, Wire.ip6(Wire.authentication(segment), 51)),
    .init("AH, IPv4", 101, Wire.ip4(Wire.authentication(segment), 51)),
    .init("atomic fragment", 101, Wire.ip6(Wire.fragment6(segment, offset: 0, isLast: true), 44)),
    .init("IP in IP", 101, Wire.tunnel(v4, 4)),
    .init("6in4", 101, Wire.tunnel(v6, 41)),
    .init("IPv6 in IPv6", 101, Wire.ip6(v6, 41)),
    .init("IPv4 in IPv6", 101, Wire.ip6(v4, 4)),
    .init("EtherIP", 101, Wire.tunnel([0x30, 0] + frame, 97)),
    .init("MPLS in IP", 101, Wire.tunnel(Wire.label(v4), 137)),
    .init("GRE", 1, gre(v4, 0x0800)),
    .init("GRE, all fields", 1, gre(v6, 0x86dd, 0xb000, [UInt8](repeating: 3, count: 12))),
    .init("GRE, frames", 1, gre(frame, 0x6558, 0x2000, [0, 0, 0, 1])),
    .init(
      "PPTP", 1,
      gre(
        [0xff, 3, 0x21] + v4, 0x880b, 0x3081,
        Wire.be16(3 + v4.count) + [0, 1] + [0, 0, 0, 1, 0, 0, 0, 0])),
    .init("ERSPAN I", 1, gre(frame, 0x88be)),
    .init("ERSPAN II", 1, gre([0x10, 0, 0, 1, 0, 0, 0, 0] + frame, 0x88be, 0x1000, [0, 0, 0, 1])),
    .init(
      "ERSPAN III", 1,
      gre([0x20] + [UInt8](repeating: 0, count: 11) + frame, 0x22eb, 0x1000, [0, 0, 0, 1])),
    .init(
      "ERSPAN III, sub-header", 1,
      gre(
        [0x20] + [UInt8](repeating: 0, count: 10) + [1] + [UInt8](repeating: 0, count: 8) + frame,
        0x22eb, 0x1000, [0, 0, 0, 1])),
    .init("VXLAN", 1, udp(Wire.vxlan(frame), 4_789)),
    .init(
      "VXLAN, Linux, VLAN", 1, udp(Wire.vxlan(Wire.ethernet(Wire.tag(v6, 0x86dd), 0x8100)), 8_472)),
    .init("Geneve", 1, udp(Wire.geneve(frame, 0x6558, options: [1, 2, 3, 0]), 6_081)),
    .init("Geneve, IP", 1, udp(Wire.geneve(v6, 0x86dd), 6_081)),
    .init("GTP-U", 1, udp(Wire.gtp(v4), 2_152)),
    .init("GTP-U, sequence", 1, udp(Wire.gtp(v6, flags: 0x32, fields: [0, 1, 0, 0]), 2_152)),
    .init(
      "GTP-U, extensions", 1,
      udp(
        Wire.gtp(
          v4, flags: 0x34,
          fields: [0, 0, 0, 0x85, 1, 0, 0, 0x40, 2, 0, 0, 0, 0, 0, 0, 0]), 2_152)),
    .init("Teredo", 1, udp(v6, 3_544)),
    .init(
      "Teredo, authentication and origin", 1,
      udp([0, 1, 0, 0] + [UInt8](repeating: 5, count: 9) + [0, 0, 1, 2, 3, 4, 5, 6] + v6, 3_544)),
    .init("AYIYA", 1, udp(Wire.ayiya(v6), 5_072)),
    .init(
      "VXLAN over IPv6 in MPLS in QinQ", 1,
      Wire.ethernet(
        Wire.tag(
          Wire.tag(Wire.label(Wire.ip6(Wire.udp(Wire.vxlan(frame), to: 4_789), 17)), 0x8847),
          0x8100),
        0x88a8)),
  ]

  static let all = links + tunnels
}
