import CrenelModel

/// What the bytes at a ``LayerCursor`` are.
enum Layer: Sendable, BitwiseCopyable {
  // Links.
  case ethernet, llc, vlan, mpls, pppoe, ppp, hdlc, sll, sll2, loopback, nflog
  // Network and what stands between it and the transport.
  case ip, ipv4, ipv6, extensionHeader, authentication, fragmentHeader
  // Transport and tunnels.
  case tcp, udp, gre, etherIP, vxlan, geneve, gtp, teredo, ayiya
}

/// What peeling one layer came to.
enum LayerStep: Sendable, BitwiseCopyable {
  /// The cursor stands on the next layer.
  case layer(Layer)
  /// The layer was TCP.
  case segment(Segment)
  /// The layer was a part of an IP datagram.
  case fragment(Fragment)
  /// The packet ends here: it holds no TCP, or cannot be read for the reason given.
  case stop(PacketAnomaly?)
}

extension Layer {
  /// The layer that packets of a link type start with; `nil` for one that is not read.
  ///
  /// Numbers from tcpdump.org/linktypes.html.
  init?(_ link: LinkType) {
    switch link.rawValue {
    case 0, 108: self = .loopback
    case 1: self = .ethernet
    case 9, 50: self = .ppp
    case 12, 14, 101: self = .ip
    case 51: self = .pppoe
    case 104: self = .hdlc
    case 113: self = .sll
    case 228: self = .ipv4
    case 229: self = .ipv6
    case 239: self = .nflog
    case 276: self = .sll2
    default: return nil
    }
  }
}

extension LayerStep {
  /// The step that an EtherType leads to (IEEE 802.3 clause 3.2.6; numbers from IANA).
  ///
  /// Numbers below 0x600 are the length of an LLC frame.
  init(etherType: UInt16) {
    switch etherType {
    case 0x0800: self = .layer(.ipv4)
    case 0x86dd: self = .layer(.ipv6)
    case 0x8100, 0x88a8, 0x9100, 0x9200: self = .layer(.vlan)
    case 0x8847, 0x8848: self = .layer(.mpls)
    case 0x8864: self = .layer(.pppoe)
    case 0x880b: self = .layer(.ppp)
    case 0x6558: self = .layer(.ethernet)
    case 0x8870, ..<0x0600: self = .layer(.llc)
    default: self = .stop(nil)
    }
  }

  /// The step that a protocol number of IPv4 or a next header of IPv6 leads to (numbers from IANA).
  init(protocolNumber: UInt8, isIPv6: Bool) {
    switch protocolNumber {
    case 6: self = .layer(.tcp)
    case 17: self = .layer(.udp)
    case 4, 94: self = .layer(.ipv4)
    case 41: self = .layer(.ipv6)
    case 47: self = .layer(.gre)
    case 51: self = .layer(.authentication)
    case 97: self = .layer(.etherIP)
    case 137: self = .layer(.mpls)
    // Hop-by-hop, routing, destination options, mobility, HIP, shim6.
    case 0 where isIPv6, 43 where isIPv6, 60 where isIPv6, 135 where isIPv6, 139 where isIPv6,
      140 where isIPv6:
      self = .layer(.extensionHeader)
    case 44 where isIPv6: self = .layer(.fragmentHeader)
    default: self = .stop(nil)
    }
  }

  /// The step that a PPP protocol number leads to (RFC 1661 section 2; numbers from IANA).
  init(pppProtocol: UInt16) {
    switch pppProtocol {
    case 0x0021: self = .layer(.ipv4)
    case 0x0057: self = .layer(.ipv6)
    case 0x0281, 0x0283: self = .layer(.mpls)
    default: self = .stop(nil)
    }
  }
}
