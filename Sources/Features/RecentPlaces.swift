import CrenelModel

/// The places of the last 12 exchanges that are no assets, for evidence; 200 bytes.
///
/// A place takes 16 bytes: 48 bits of offset and 16 of source, 40 bits of line and 24 of length.
/// One that does not fit (a source of 256 TiB, a line of 16 MiB) is left out rather than altered.
struct RecentPlaces: BitwiseCopyable {
  /// Places kept.
  static let capacity = 12

  private var ring = InlineArray<12, Place>(repeating: Place())
  private var next: UInt8 = 0
  private var count: UInt8 = 0

  private struct Place: BitwiseCopyable {
    var offset: UInt64 = 0
    var line: UInt64 = 0
  }

  /// Adds a place, in place of the oldest when there is no room.
  mutating func append(_ place: Provenance) {
    guard place.source <= 0xffff, place.length <= 0xff_ffff, place.offset >> 48 == 0,
      place.line >> 40 == 0
    else { return }
    ring[Int(next)] = Place(
      offset: place.offset << 16 | UInt64(place.source),
      line: place.line << 24 | UInt64(place.length))
    next = Int(next) &+ 1 == Self.capacity ? 0 : next &+ 1
    if Int(count) < Self.capacity { count &+= 1 }
  }

  /// The latest places, oldest first, at most `limit`.
  func latest(_ limit: Int) -> [Provenance] {
    let wanted = min(max(0, limit), Int(count))
    return (0..<wanted).map { i in
      let place = ring[(Int(next) + Self.capacity - wanted + i) % Self.capacity]
      return Provenance(
        source: UInt32(place.offset & 0xffff), offset: place.offset >> 16,
        length: UInt32(place.line & 0xff_ffff), line: place.line >> 24)
    }
  }
}
