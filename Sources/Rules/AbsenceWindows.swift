import CrenelModel

/// For each group of each absence, when a request of what may be absent was last possible.
///
/// One number a group is enough: whatever may have come at or after the start of a window is in
/// it. A group that is given up to make room moves the time from which its absence can be told.
struct AbsenceWindows: ~Copyable {
  /// Groups kept at once, of all absences.
  static let groupLimit = 65_536

  /// What is known of a window.
  enum Answer: Int, Comparable {
    /// There was a request in it, or there may have been one whose time overlaps it.
    case present
    /// The input does not tell.
    case open
    /// There was a request of which a rule could not be decided.
    case undecided
    /// There was none.
    case absent

    static func < (left: Answer, right: Answer) -> Bool { left.rawValue < right.rawValue }
  }

  private struct Group: BitwiseCopyable {
    var key: WindowKey
    /// The correlation it is of.
    var place: Int32
    /// The last instant that a request may be of, and one that was not decided, in nanoseconds.
    var latest = Int64.min
    var latestUndecided = Int64.min
  }

  private let groupLimit: Int
  private let timespans: [Int64]
  /// By correlation: the last instant that something forgotten, or without a group, may be of.
  private var forgotten: [Int64]
  /// By correlation: whether the input has shown a request of what may be absent, of anybody.
  private var isShown: [Bool]
  private var groups: [Group] = []
  private var index = KeyIndex()
  /// The groups in the order of last request.
  private var order = SlotLists(lists: 1, capacity: 0)

  /// `timespans` are the lengths of the windows of all correlations, in nanoseconds.
  init(timespans: [Int64], groupLimit: Int = AbsenceWindows.groupLimit) {
    self.timespans = timespans
    self.groupLimit = groupLimit
    forgotten = Array(repeating: .min, count: timespans.count)
    isShown = Array(repeating: false, count: timespans.count)
  }

  /// Groups kept.
  var count: Int { groups.count }

  /// Takes in a request of what may be absent; `key` is `nil` when its group is not known.
  mutating func note(
    _ key: WindowKey?, latest: Int64, isDecided: Bool, of place: Int, evicted: inout UInt64
  ) {
    if isDecided { isShown[place] = true }
    guard let key else {
      forgotten[place] = max(forgotten[place], latest)
      return
    }
    let group = group(of: key, place, at: latest, &evicted)
    if isDecided {
      groups[group].latest = max(groups[group].latest, latest)
    } else {
      groups[group].latestUndecided = max(groups[group].latestUndecided, latest)
    }
  }

  /// Whether any request of a group may be of `start` or later.
  func answer(_ key: WindowKey, since start: Int64, of place: Int) -> Answer {
    let group = index[key].map { groups[Int($0)] }
    if let group, group.latest >= start { return .present }
    if let group, group.latestUndecided >= start { return .undecided }
    return isShown[place] && forgotten[place] < start ? .absent : .open
  }

  // MARK: - Groups

  private mutating func group(
    of key: WindowKey, _ place: Int, at now: Int64, _ evicted: inout UInt64
  ) -> Int {
    if let known = index[key] {
      order.renew(Int(known), in: 0)
      return Int(known)
    }
    let fresh = Group(key: key, place: Int32(clamping: place))
    var slot = groups.count
    if slot < groupLimit {
      groups.append(fresh)
      order.grow(to: groups.count)
    } else {
      slot = order.first(0)
      forget(slot, at: now, &evicted)
      groups[slot] = fresh
    }
    index.insert(key, Int32(clamping: slot))
    order.append(slot, to: 0)
    return slot
  }

  private mutating func forget(_ slot: Int, at now: Int64, _ evicted: inout UInt64) {
    let group = groups[slot]
    let place = Int(group.place)
    let latest = max(group.latest, group.latestUndecided)
    forgotten[place] = max(forgotten[place], latest)
    if latest >= Self.start(of: timespans[place], before: now) { evicted &+= 1 }
    order.remove(slot, from: 0)
    index.remove(group.key)
  }

  /// `timespan` before `time`, and no less than the smallest number.
  static func start(of timespan: Int64, before time: Int64) -> Int64 {
    let (start, overflow) = time.subtractingReportingOverflow(timespan)
    return overflow ? .min : start
  }
}
