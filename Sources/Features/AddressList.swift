import CrenelModel

/// Up to `n` addresses that count as different clients, in order of first sight; 17 bytes each.
///
/// Of those that the site's profile counts as one, the first is kept as the log has it.
struct AddressList<let n: Int>: BitwiseCopyable {
  private var highs = InlineArray<n, UInt64>(repeating: 0)
  private var lows = InlineArray<n, UInt64>(repeating: 0)
  private var kinds = InlineArray<n, UInt8>(repeating: 0)
  /// How many there are.
  private(set) var count: UInt8 = 0

  /// Whether there is no room.
  var isFull: Bool { Int(count) == n }

  /// Where one stands that counts as the same client, or `nil`.
  func place(of address: ClientAddress, _ site: FeatureConfiguration) -> Int? {
    let counted = site.counted(address)
    for i in 0..<Int(count)
    where kinds[i] == address.kind.rawValue && site.counted(self[i]) == counted {
      return i
    }
    return nil
  }

  /// Adds an address without one that counts as the same; there must be room.
  mutating func append(_ address: ClientAddress) {
    let place = Int(count)
    highs[place] = address.high
    lows[place] = address.low
    kinds[place] = address.kind.rawValue
    count &+= 1
  }

  /// The address at a place below the count.
  subscript(place: Int) -> ClientAddress {
    ClientAddress(
      kind: ClientAddress.Kind(rawValue: kinds[place]) ?? .none, high: highs[place],
      low: lows[place])
  }
}

/// Where a session's latest exchanges came from, and how often it went back.
struct Itinerary: BitwiseCopyable {
  /// The first four addresses; further ones lie in the deep state.
  var first = AddressList<4>()
  /// Place of the latest address of each ``ClientAddress/Kind``; 255: none, or one not kept.
  private var latest = InlineArray<4, UInt8>(repeating: 255)
  /// How often an address was come back to.
  private(set) var returns: UInt32 = 0

  /// Whether the latest exchange of this family came from what counts as `address`, as far as the
  /// first four go.
  func isLatest(_ address: ClientAddress, _ site: FeatureConfiguration) -> Bool {
    let place = Int(latest[Int(address.kind.rawValue)])
    guard place < Int(first.count) else { return false }
    return first[place] == address || site.counted(first[place]) == site.counted(address)
  }

  /// An exchange came from the address at `place`; `nil`: from one that is not kept.
  mutating func arrive(at place: Int?, _ kind: ClientAddress.Kind, isNew: Bool) {
    let family = Int(kind.rawValue)
    let now = place.map { UInt8(truncatingIfNeeded: $0) } ?? 255
    guard now != latest[family] else { return }
    if !isNew, now != 255 { returns.bump() }
    latest[family] = now
  }
}
