import CrenelModel

/// Where decoding stands in a packet, and what the layers above said.
///
/// A method for each layer reads its header at `at`, moves past it and says what comes next.
/// Nothing is read at or past `end`; no length in a header is believed without a look at it.
struct LayerCursor: Sendable, BitwiseCopyable {
  /// Layers that may lie in each other, tags, labels and extension headers counted.
  static let limit = 24

  /// The first byte of the layer.
  var at: Int
  /// The end of the layer's captured bytes.
  var end: Int
  /// Bytes of the layer, after `end`, that were not captured.
  var cut: Int
  /// Addresses of the innermost IP header so far.
  var source = ClientAddress.none
  var destination = ClientAddress.none
  /// Whether that header was IPv6.
  var isIPv6 = false
  /// Layers peeled so far.
  var depth = 0

  /// Creates a cursor at the start of a packet, or of a reassembled datagram.
  init(_ range: Range<Int>, cut: Int) {
    at = range.lowerBound
    end = range.upperBound
    self.cut = cut
  }

  /// Peels layers until TCP, a fragment or the end of what can be read.
  mutating func walk(_ bytes: Span<UInt8>, from first: Layer) -> LayerStep {
    walk(bytes, after: .layer(first))
  }

  /// Goes on after a step.
  mutating func walk(_ bytes: Span<UInt8>, after step: LayerStep) -> LayerStep {
    var step = step
    while case .layer(let layer) = step {
      guard depth < Self.limit else { return .stop(.tooDeep) }
      depth &+= 1
      step = peel(layer, bytes)
    }
    return step
  }

  private mutating func peel(_ layer: Layer, _ bytes: Span<UInt8>) -> LayerStep {
    switch layer {
    case .ethernet: ethernet(bytes)
    case .llc: llc(bytes)
    case .vlan: vlan(bytes)
    case .mpls: mpls(bytes)
    case .pppoe: pppoe(bytes)
    case .ppp: ppp(bytes)
    case .hdlc: hdlc(bytes)
    case .sll: sll(bytes)
    case .sll2: sll2(bytes)
    case .loopback: loopback(bytes)
    case .nflog: nflog(bytes)
    case .ip: ip(bytes)
    case .ipv4: ipv4(bytes)
    case .ipv6: ipv6(bytes)
    case .extensionHeader: extensionHeader(bytes)
    case .authentication: authentication(bytes)
    case .fragmentHeader: fragmentHeader(bytes)
    case .tcp: tcp(bytes)
    case .udp: udp(bytes)
    case .gre: gre(bytes)
    case .etherIP: etherIP(bytes)
    case .vxlan: vxlan(bytes)
    case .geneve: geneve(bytes)
    case .gtp: gtp(bytes)
    case .teredo: teredo(bytes)
    case .ayiya: ayiya(bytes)
    }
  }

  // MARK: - Lengths

  /// Captured bytes of the layer.
  var captured: Int { end &- at }

  /// Bytes of the layer, captured or not.
  var length: Int { end &- at &+ cut }

  /// Whether the first `count` bytes of the layer were captured.
  func has(_ count: Int) -> Bool { end &- at >= count }

  /// Why a header of `count` bytes is not there.
  func short(_ count: Int) -> LayerStep {
    .stop(count <= length ? .cutByCapture : .badHeader)
  }

  /// Bounds the layer to the length that its header gives, padding and trailers cut off.
  ///
  /// A length past the end means bytes that were not captured, even where the capture file says
  /// that nothing was cut: switches that mirror traffic truncate frames before they are sent.
  mutating func limit(to count: Int) {
    let wanted = at &+ count
    if wanted <= end {
      end = wanted
      cut = 0
    } else {
      cut = wanted &- end
    }
  }

  // MARK: - Numbers in network byte order, `offset` bytes after the cursor; 0 past the bytes

  func uint8(_ bytes: Span<UInt8>, _ offset: Int) -> UInt8 {
    let i = at &+ offset
    return i >= 0 && i < bytes.count ? bytes[i] : 0
  }

  func uint16(_ bytes: Span<UInt8>, _ offset: Int) -> UInt16 {
    load(bytes, offset, as: UInt16.self).bigEndian
  }

  func uint32(_ bytes: Span<UInt8>, _ offset: Int) -> UInt32 {
    load(bytes, offset, as: UInt32.self).bigEndian
  }

  func uint64(_ bytes: Span<UInt8>, _ offset: Int) -> UInt64 {
    load(bytes, offset, as: UInt64.self).bigEndian
  }

  private func load<Number: FixedWidthInteger & BitwiseCopyable>(
    _ bytes: Span<UInt8>, _ offset: Int, as type: Number.Type
  ) -> Number {
    let i = at &+ offset
    guard i >= 0, i <= bytes.count &- MemoryLayout<Number>.size else { return 0 }
    // The guard above is the bound of this load.
    return unsafe bytes.bytes.unsafeLoadUnaligned(fromUncheckedByteOffset: i, as: type)
  }
}
