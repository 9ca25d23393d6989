import CrenelModel

/// The fields of a line that need to be made sense of, as ranges of the batch's bytes.
///
/// Texts go straight into the exchange; what is here is read by ``Finisher``.
struct LineFields: BitwiseCopyable {
  var remote = ByteRange.absent
  var peer = ByteRange.absent
  var remoteHasPort = false
  var request = ByteRange.absent
  var query = ByteRange.absent
  var time = ByteRange.absent
  var timeKind = TimeKind.none
  var elapsed = ByteRange.absent
  var elapsedUnit = ElapsedUnit.nginxSeconds
  var fraction = ByteRange.absent
  var fractionUnit = EpochUnit.milliseconds
  var parts = TimeParts()

  /// How the stamp is written.
  enum TimeKind: Hashable, BitwiseCopyable {
    case none, clf, iso
    case epoch(EpochUnit)
    case parts
  }
}

/// A civil time read piece by piece.
struct TimeParts: BitwiseCopyable {
  var civil = CivilTime(year: 0, month: 0, day: 0)
  var offset: Int64 = 0
  var hasOffset = false
}
