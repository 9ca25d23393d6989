/// The offsets of one time zone as a value: made elsewhere from the zone database, or fixed.
///
/// Both ways: a log that stamps local time without an offset, and the hour of the day at a site.
public struct ZoneRules: Sendable, Hashable {
  /// A change of offset.
  public struct Transition: Sendable, Hashable, BitwiseCopyable {
    /// When it takes effect, in seconds since the epoch (UTC).
    public var at: Int64
    /// Seconds east of UTC from then on.
    public var offset: Int64

    /// Creates a change.
    public init(at: Int64, offset: Int64) {
      self.at = at
      self.offset = offset
    }
  }

  /// What a local time stands for.
  public enum Resolution: Sendable, Equatable {
    /// One instant, in seconds since the epoch.
    case unique(Int64)
    /// Two instants: the clocks went back over it.
    case ambiguous(earlier: Int64, later: Int64)
    /// None: the clocks went forward over it.
    case nonexistent
  }

  /// The name for people: `Europe/Paris`, `+02:00`.
  public let name: String
  /// Offset before the first transition, in seconds east of UTC.
  public let initialOffset: Int64
  /// The changes, by time, strictly rising.
  public let transitions: [Transition]

  /// UTC.
  public static let utc = ZoneRules(name: "UTC", offset: 0)

  /// Creates a zone of one fixed offset, in seconds east of UTC, within a day.
  public init(name: String, offset: Int64) {
    self.init(name: name, initialOffset: offset, transitions: [])
  }

  /// Creates a zone; transitions are put in order, and of two at one time the last one stays.
  ///
  /// Offsets are clamped to a day either way, and transitions that do not change the offset are
  /// dropped.
  public init(name: String, initialOffset: Int64, transitions: [Transition]) {
    self.name = name
    self.initialOffset = min(max(initialOffset, -86_400), 86_400)
    var kept: [Transition] = []
    let sorted = transitions.enumerated().sorted {
      ($0.element.at, $0.offset) < ($1.element.at, $1.offset)
    }
    for change in sorted.map(\.element) {
      let clamped = Transition(
        at: min(max(change.at, -1 << 40), 1 << 40), offset: min(max(change.offset, -86_400), 86_400)
      )
      if kept.last?.at == clamped.at { kept.removeLast() }
      guard (kept.last?.offset ?? self.initialOffset) != clamped.offset else { continue }
      kept.append(clamped)
    }
    self.transitions = kept
  }

  /// The offset in force at an instant, in seconds east of UTC; `seconds` since the epoch.
  public func offset(at seconds: Int64) -> Int64 {
    var low = 0
    var high = transitions.count
    while low < high {
      let middle = (low + high) / 2
      if transitions[middle].at <= seconds { low = middle + 1 } else { high = middle }
    }
    return low == 0 ? initialOffset : transitions[low - 1].offset
  }

  /// What a local time, in seconds since the epoch as if it were UTC, stands for.
  ///
  /// An instant `u` shows local time `local` when `u + offset(u) == local`. Offsets change by less
  /// than two days, so only the periods that can touch `local` within that reach are tried.
  public func instants(local: Int64) -> Resolution {
    var low = 0
    var high = transitions.count
    while low < high {
      let middle = (low + high) / 2
      if transitions[middle].at <= local - 2 * 86_400 { low = middle + 1 } else { high = middle }
    }
    var earlier: Int64?
    var period = low  // the period before transition `period`
    while true {
      let offset = period == 0 ? initialOffset : transitions[period - 1].offset
      let instant = local - offset
      let startsBefore = period == 0 || transitions[period - 1].at <= instant
      let endsAfter = period == transitions.count || instant < transitions[period].at
      if startsBefore, endsAfter {
        guard let first = earlier else {
          earlier = instant
          period += 1
          guard period <= transitions.count else { break }
          continue
        }
        return .ambiguous(earlier: first, later: instant)
      }
      if period == transitions.count || transitions[period].at > local + 2 * 86_400 { break }
      period += 1
    }
    guard let earlier else { return .nonexistent }
    return .unique(earlier)
  }
}
