/// Where a request came from: an IPv4 or IPv6 address in one canonical form, or a name.
///
/// IPv4 is kept as `::ffff:a.b.c.d` (RFC 4291 section 2.5.5.2), so the mapped and the plain
/// spelling of one address are one client. Host names and other spellings a log may hold in
/// place of an address are kept as a 64-bit hash of their bytes, in their own space.
public struct ClientAddress: Hashable, Sendable, BitwiseCopyable {
  /// What the bits are.
  public enum Kind: UInt8, Sendable, BitwiseCopyable {
    /// The log had no address ("-", empty, `unix:`).
    case none
    /// An IPv4 address, mapped.
    case ipv4
    /// An IPv6 address, its zone dropped.
    case ipv6
    /// A host name or another word; the bits are a hash of it.
    case name
  }

  /// The first eight bytes of the address, most significant first.
  public var high: UInt64
  /// The last eight bytes of the address, most significant first.
  public var low: UInt64
  /// What the bits are.
  public var kind: Kind

  /// No address.
  public static let none = ClientAddress(kind: .none, high: 0, low: 0)

  /// Creates an address from its bits; see ``Kind`` for their meaning.
  @inlinable
  public init(kind: Kind, high: UInt64, low: UInt64) {
    self.high = high
    self.low = low
    self.kind = kind
  }

  /// Creates an IPv4 address from its 32 bits, most significant byte first.
  @inlinable
  public init(ipv4 bits: UInt32) {
    self.init(kind: .ipv4, high: 0, low: 0x0000_ffff_0000_0000 | UInt64(bits))
  }

  /// Creates an IPv6 address from its bits; a mapped one becomes IPv4.
  public init(ipv6High high: UInt64, low: UInt64) {
    let isMapped = high == 0 && low >> 32 == 0xffff
    self.init(kind: isMapped ? .ipv4 : .ipv6, high: high, low: low)
  }

  /// Creates the stand-in for a host name.
  public init(name bytes: Span<UInt8>) {
    self.init(kind: .name, high: 0, low: Hash64.of(bytes, seed: 0x6e61_6d65))
  }

  /// Whether it is an IP address, not a name and not nothing.
  public var isIP: Bool { kind == .ipv4 || kind == .ipv6 }

  /// The address with all but the first bits cleared: `ipv4` bits of 32, `ipv6` bits of 128.
  ///
  /// Widths outside the range are clamped. Names and absent addresses stay as they are.
  public func masked(ipv4 ipv4Bits: Int, ipv6 ipv6Bits: Int) -> ClientAddress {
    let kept: Int
    switch kind {
    case .none, .name: return self
    case .ipv4: kept = 96 + min(max(ipv4Bits, 0), 32)
    case .ipv6: kept = min(max(ipv6Bits, 0), 128)
    }
    var copy = self
    copy.high &= kept >= 64 ? .max : ~(UInt64.max >> UInt64(kept))
    copy.low &= kept <= 64 ? 0 : (kept >= 128 ? .max : ~(UInt64.max >> UInt64(kept - 64)))
    return copy
  }
}

/// A network in CIDR notation (RFC 4632, RFC 4291 section 2.3).
public struct Network: Hashable, Sendable, BitwiseCopyable {
  /// The first address of the network.
  public var base: ClientAddress
  /// Leading bits that an address must share: 0 to 32 for IPv4, 0 to 128 for IPv6.
  public var prefix: Int

  /// Creates a network; bits of `base` past the prefix are cleared.
  public init(base: ClientAddress, prefix: Int) {
    self.base = base.masked(ipv4: prefix, ipv6: prefix)
    self.prefix = prefix
  }

  /// Reads `192.0.2.0/24`, `2001:db8::/32` or a single address; `nil` for anything else.
  public init?(_ text: String) {
    let parts = text.split(separator: "/", omittingEmptySubsequences: false)
    guard let first = parts.first, parts.count <= 2,
      let base = ClientAddress(parsing: Array(first.utf8).span)
    else { return nil }
    let width = base.kind == .ipv4 ? 32 : 128
    var prefix = width
    if parts.count == 2 {
      let digits = parts[1]
      // A mapped network is as wide as it is written: of ::ffff:10.0.0.0/104 the first 96 bits
      // say that it is IPv4.
      let written = first.contains(":") ? 128 : width
      guard !digits.isEmpty, digits.utf8.allSatisfy({ (0x30...0x39).contains($0) }),
        let number = Int(digits), number <= written, number >= written - width
      else { return nil }
      prefix = number - (written - width)
    }
    self.init(base: base, prefix: prefix)
  }

  /// Whether `address` lies in the network; an address of the other family never does.
  public func contains(_ address: ClientAddress) -> Bool {
    address.kind == base.kind && address.masked(ipv4: prefix, ipv6: prefix) == base
  }
}
