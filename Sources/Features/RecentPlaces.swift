/// The places of the last 12 exchanges that are no assets, for evidence; 200 bytes.
struct RecentPlaces: BitwiseCopyable {
  /// Places kept.
  static let capacity = 12

  private var ring = InlineArray<12, PackedPlace>(repeating: PackedPlace())
  private var next: UInt8 = 0
  private var count: UInt8 = 0

  /// Adds a place and gives the oldest, whose room it takes; that of nothing while there is room.
  mutating func append(_ place: PackedPlace) -> PackedPlace {
    let oldest = ring[Int(next)]
    ring[Int(next)] = place
    next = Int(next) &+ 1 == Self.capacity ? 0 : next &+ 1
    if Int(count) < Self.capacity { count &+= 1 }
    return oldest
  }

  /// The latest places, oldest first, at most `limit`.
  func latest(_ limit: Int) -> [PackedPlace] {
    let wanted = min(max(0, limit), Int(count))
    return (0..<wanted).map { ring[(Int(next) + Self.capacity - wanted + $0) % Self.capacity] }
  }

  /// Gives back what the places hold of a pool.
  func release(to pool: inout PacketPool) {
    for i in 0..<Int(count) { pool.release(ring[i]) }
  }
}
