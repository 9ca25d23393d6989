import CrenelModel

/// The fields of a line that need to be made sense of, as ranges of the batch's bytes.
///
/// Texts go straight into the exchange; what is here is read by ``Finisher``.
struct LineFields: BitwiseCopyable {
  var remote = ByteRange.absent
  var peer = ByteRange.absent
  /// The port of `peer`; 0 when not logged.
  var peerPort: UInt16 = 0
  var remoteHasPort = false
  var request = ByteRange.absent
  var query = ByteRange.absent
  /// The stamp that means what the format's stamps mean.
  var stamp = StampFields()
  /// The stamp of the end, in formats whose other stamp is another.
  var end = StampFields()
  /// Whether stamps go to `end`.
  var stampsEnd = false
  var elapsed = ByteRange.absent
  var elapsedUnit = ElapsedUnit.nginxSeconds

  /// Whether the line has a stamp.
  var hasStamp: Bool { stamp.kind != .none || end.kind != .none }

  /// Where the field stands that a line was refused for.
  func place(of reason: RejectReason) -> ByteRange {
    switch reason {
    case .badNumber: elapsed
    case .badAddress: remote
    default: stamp.kind == .none ? end.range : stamp.range
    }
  }
}

/// One stamp of a line, whole or in pieces.
struct StampFields: BitwiseCopyable {
  /// How the stamp is written.
  enum Kind: Hashable, BitwiseCopyable {
    case none, clf, iso
    case epoch(EpochUnit)
    case parts
  }

  var range = ByteRange.absent
  var kind = Kind.none
  var fraction = ByteRange.absent
  var fractionUnit = EpochUnit.milliseconds
  var parts = TimeParts()

  /// Takes a stamp; of several the finest stays, and of equally fine ones the first.
  mutating func take(_ kind: Kind, _ range: Range<Int>, _ bytes: Span<UInt8>) {
    guard self.kind == .none || Self.width(kind, range, bytes) < width(bytes) else { return }
    self.kind = kind
    self.range = ByteRange(range)
  }

  /// Takes digits behind the second; of several the finest stay.
  mutating func take(fraction unit: EpochUnit, _ range: Range<Int>) {
    guard !fraction.isPresent || unit.rawValue < fractionUnit.rawValue else { return }
    fraction = ByteRange(range)
    fractionUnit = unit
  }

  private func width(_ bytes: Span<UInt8>) -> Int64 { Self.width(kind, range.indices, bytes) }

  /// Nanoseconds that the last digit stands for; a stamp that is none counts as a second.
  private static func width(_ kind: Kind, _ range: Range<Int>, _ bytes: Span<UInt8>) -> Int64 {
    switch kind {
    case .epoch(let unit):
      return decimalTime(bytes, range, unit: unit.rawValue)?.width ?? Nanoseconds.second
    case .clf, .iso:
      var i = range.lowerBound &+ (kind == .clf ? 20 : 19)
      return StampParser.fraction(bytes, at: &i, to: range.upperBound)?.width ?? Nanoseconds.second
    case .none, .parts: return Nanoseconds.second
    }
  }
}

/// A civil time read piece by piece.
struct TimeParts: BitwiseCopyable {
  var civil = CivilTime(year: 0, month: 0, day: 0)
  var offset: Int64 = 0
  var hasOffset = false
}
