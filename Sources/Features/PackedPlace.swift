import CrenelModel

/// Where a line was read, or which entry of ``PacketPool`` holds the place of a captured exchange.
///
/// It takes 16 bytes: 48 bits of offset and 16 of source, 40 bits of line and 24 of length, of which
/// the largest marks an entry. A place that does not fit (a source of 256 TiB, a line of 16 MiB) is
/// none, rather than altered.
struct PackedPlace: BitwiseCopyable {
  private var offset: UInt64 = 0
  private var line: UInt64 = 0

  private static let entryMark: UInt64 = 0xff_ffff

  /// Creates the place of nothing.
  init() {}

  /// Packs a place; `nil` when it does not fit.
  init?(_ place: Provenance) {
    guard place.source <= 0xffff, UInt64(place.length) < Self.entryMark, place.offset >> 48 == 0,
      place.line >> 40 == 0
    else { return nil }
    offset = place.offset << 16 | UInt64(place.source)
    line = place.line << 24 | UInt64(place.length)
  }

  /// Stands for an entry of the pool.
  init(entry: Int) {
    offset = UInt64(entry)
    line = Self.entryMark
  }

  /// The entry that holds it; `nil` for a place that is here.
  var entry: Int? { line == Self.entryMark ? Int(offset) : nil }

  /// The place that is here.
  var provenance: Provenance {
    Provenance(
      source: UInt32(offset & 0xffff), offset: offset >> 16, length: UInt32(line & 0xff_ffff),
      line: line >> 24)
  }
}
