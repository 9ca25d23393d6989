import CrenelModel

/// The places of captured exchanges that ``RecentPlaces`` keep, with the packets that carried them.
///
/// They are kept apart, so that logs do not pay for them: an entry takes 93 bytes, which the client
/// and the session of an exchange share, and is free again when neither keeps the place. Room for
/// the places of full tables is reserved with the first captured exchange, and touched only as far
/// as it was ever needed.
struct PacketPool: ~Copyable {
  private struct Entry: BitwiseCopyable {
    var place: PackedPlace
    var packets: ExchangePackets
  }

  private var entries: [Entry] = []
  /// How many subjects keep the place, by entry.
  private var holders: [UInt8] = []
  private var free: [UInt32] = []
  private let capacity: Int

  /// Creates an empty pool for this many subjects.
  init(subjects: Int) {
    // One more than they can hold: a place is added before those that it displaces are released.
    capacity = subjects &* RecentPlaces.capacity &+ 1
  }

  /// Entries ever needed at once.
  var count: Int { entries.count }

  /// Whether there never was a captured exchange.
  var isEmpty: Bool { entries.isEmpty }

  /// Stands for a place and its packets, until both of its subjects have released it.
  mutating func add(_ place: PackedPlace, _ packets: ExchangePackets) -> PackedPlace {
    let entry = Entry(place: place, packets: packets)
    if let index = free.popLast().map(Int.init) {
      entries[index] = entry
      holders[index] = 2
      return PackedPlace(entry: index)
    }
    if entries.isEmpty {
      entries.reserveCapacity(capacity)
      holders.reserveCapacity(capacity)
      free.reserveCapacity(capacity)
    }
    entries.append(entry)
    holders.append(2)
    return PackedPlace(entry: entries.count &- 1)
  }

  /// A subject keeps the place no longer.
  mutating func release(_ place: PackedPlace) {
    guard let index = place.entry else { return }
    holders[index] &-= 1
    if holders[index] == 0 { free.append(UInt32(truncatingIfNeeded: index)) }
  }

  /// The place with its packets.
  func place(_ place: PackedPlace) -> ExchangePlace {
    guard let index = place.entry else { return ExchangePlace(place.provenance, packets: nil) }
    return ExchangePlace(entries[index].place.provenance, packets: entries[index].packets)
  }
}
