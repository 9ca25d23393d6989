import CrenelModel

/// Finds the client in a chain of forwarding proxies, walking from the nearest one outwards.
///
/// A hop's word about the hop before it counts only while the hop itself is trusted. What a client
/// wrote into the header itself lies left of the first untrusted hop and is never looked at.
struct ForwardedChain {
  let trusted: [Network]

  /// The client behind `peer`, and whether the chain ended or broke before an untrusted hop.
  ///
  /// Its port is the one that the chain gives it, never that of another hop.
  func client(
    behind peer: Endpoint, _ bytes: Span<UInt8>, _ chain: Range<Int>
  ) -> (client: Endpoint, isUnclear: Bool) {
    var hop = peer
    var end = chain.upperBound
    while isTrusted(hop.address) {
      guard let element = last(bytes, chain.lowerBound, &end),
        let next = Self.hop(bytes, element)
      else { return (hop, true) }
      hop = next
    }
    return (hop, false)
  }

  /// The nearest hop that the chain names; `nil` when it cannot be read.
  func nearest(_ bytes: Span<UInt8>, _ chain: Range<Int>) -> Endpoint? {
    var end = chain.upperBound
    return last(bytes, chain.lowerBound, &end).flatMap { Self.hop(bytes, $0) }
  }

  private func isTrusted(_ address: ClientAddress) -> Bool {
    for network in trusted where network.contains(address) { return true }
    return false
  }

  /// Takes the last element off `bytes[start ..< end]`; `nil` when none is left.
  private func last(_ bytes: Span<UInt8>, _ start: Int, _ end: inout Int) -> Range<Int>? {
    guard end > start else { return nil }
    var last = end
    while last > start, Self.isBetween(bytes[last &- 1]) { last &-= 1 }
    var first = last
    while first > start, !Self.isBetween(bytes[first &- 1]) { first &-= 1 }
    end = first
    return first < last ? first..<last : nil
  }

  /// Commas, and spaces with or without them: logs join chains in either way.
  private static func isBetween(_ byte: UInt8) -> Bool {
    byte == UInt8(ascii: ",") || byte == 0x20 || byte == 0x09
  }

  /// An address with or without a port: `192.0.2.7:1234`, `[2001:db8::1]:1234`; port 0 without.
  static func hop(_ bytes: Span<UInt8>, _ range: Range<Int>) -> Endpoint? {
    guard !range.isEmpty, range.upperBound <= bytes.count else { return nil }
    if let whole = ClientAddress(parsing: bytes.extracting(range)) {
      return Endpoint(address: whole, port: 0)
    }
    let likely = HostPort.likely(bytes, range)
    guard let port = likely.port,
      let address = ClientAddress(parsing: bytes.extracting(likely.host))
    else { return nil }
    return Endpoint(address: address, port: port)
  }

  /// The address of a hop, its port left out.
  static func address(_ bytes: Span<UInt8>, _ range: Range<Int>) -> ClientAddress? {
    hop(bytes, range)?.address
  }

  /// Whether a text is a list of hops: words with commas between them, or addresses with spaces.
  func isList(_ bytes: Span<UInt8>, _ range: Range<Int>) -> Bool {
    let comma = find(UInt8(ascii: ","), in: bytes, from: range.lowerBound, to: range.upperBound)
    var end = range.upperBound
    var count = 0
    while let element = last(bytes, range.lowerBound, &end) {
      count &+= 1
      let isHop =
        comma < range.upperBound
        ? HostPort.isName(bytes, element) : Self.address(bytes, element) != nil
      guard isHop else { return false }
    }
    return count > 1 || comma < range.upperBound && count > 0
  }
}

/// Whom an exchange came from, once its addresses and its forwarding chain are read.
struct ClientFinder {
  private let chain: ForwardedChain
  private let origin: DecoderConfiguration.ClientOrigin

  init(_ configuration: DecoderConfiguration) {
    chain = ForwardedChain(trusted: configuration.trustedProxies)
    origin = configuration.client
  }

  /// Walks from the client through the proxies that are trusted, as far as the configuration asks.
  ///
  /// Where there is no client address, the nearest hop of the chain stands for it. The port goes
  /// with the address: a proxy's is never left beside the client that it names.
  func find(_ exchange: inout Exchange, _ bytes: Span<UInt8>) {
    let forwarded = exchange[.forwardedFor]
    guard forwarded.count > 0 else { return }
    if exchange.client.kind == .none {
      guard let nearest = nearest(bytes, forwarded.indices) else {
        exchange.flags.insert(.forwardingUnclear)
        return
      }
      exchange.client = nearest.address
      exchange.port = nearest.port
      exchange.flags.insert(.forwarded)
    }
    guard origin == .forwarded else { return }
    let peer = Endpoint(address: exchange.client, port: exchange.port)
    let found = chain.client(behind: peer, bytes, forwarded.indices)
    if found.isUnclear { exchange.flags.insert(.forwardingUnclear) }
    exchange.port = found.client.port
    guard found.client.address != exchange.client else { return }
    exchange.client = found.client.address
    exchange.flags.insert(.forwarded)
  }

  /// Whether a text is a list of hops.
  func isList(_ bytes: Span<UInt8>, _ range: Range<Int>) -> Bool { chain.isList(bytes, range) }

  /// The nearest hop that a chain names; `nil` when it cannot be read.
  func nearest(_ bytes: Span<UInt8>, _ range: Range<Int>) -> Endpoint? {
    chain.nearest(bytes, range)
  }
}
