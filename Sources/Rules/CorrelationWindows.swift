import CrenelModel

/// The windows of all correlations: per group the latest events, or the values last seen, each in
/// the order of time.
///
/// A window is `[t - timespan, t]`, both ends in it, for each event's time `t`. Of one group no
/// more is kept than decides its condition (``Correlation/capacity``). Groups whose window is over
/// are dropped; when there is no room, the group longest without an event goes, and is counted.
struct CorrelationWindows {
  /// Groups kept at once, of all correlations.
  static let groupLimit = 65_536
  /// Events or values kept at once; far more than the largest capacity of one group.
  static let nodeLimit = 262_144
  private static let none: Int32 = -1

  /// One event, or one value with when it was last seen.
  private struct Node: BitwiseCopyable {
    var at: Int64
    var value: WindowKey
    var before: Int32
    var after: Int32
  }

  /// One group of one correlation.
  private struct Group: BitwiseCopyable {
    var key: WindowKey
    var oldest: Int32
    var newest: Int32
    var count: Int32
    var at: Int64
    var timespan: Int64
    var countsValues: Bool
    // Neighbours in the order of last event.
    var staler: Int32
    var fresher: Int32
  }

  private let groupLimit: Int
  private let nodeLimit: Int
  private var groups: [Group] = []
  private var freeGroups: [Int32] = []
  private var nodes: [Node] = []
  private var freeNodes: [Int32] = []
  private var groupIndex = KeyIndex()
  private var valueIndex = KeyIndex()
  private var stalest = none
  private var freshest = none
  private var now = Int64.min

  init(
    groupLimit: Int = CorrelationWindows.groupLimit, nodeLimit: Int = CorrelationWindows.nodeLimit
  ) {
    self.groupLimit = groupLimit
    self.nodeLimit = nodeLimit
  }

  /// Groups with a window that may not be over.
  var groupCount: Int { groups.count - freeGroups.count }

  /// Adds an event at `at` (a time before the last one is taken as the last one) and gives the
  /// group's count, which stops at the correlation's capacity.
  mutating func add(
    _ key: WindowKey, _ value: WindowKey, at: Int64, timespan: Int64, capacity: Int,
    countsValues: Bool, evicted: inout UInt64
  ) -> Int {
    now = max(now, at)
    dropOver()
    let group = group(of: key, timespan, countsValues, evicted: &evicted)
    touch(group)
    expire(group, before: now.subtractingReportingOverflow(timespan))
    let mixed = countsValues ? mix(key, value) : value
    if countsValues, let known = valueIndex[mixed] {
      unlink(known, of: group)
      append(known, to: group)
    } else {
      append(newNode(mixed, evicted: &evicted), to: group)
      if countsValues { valueIndex.insert(mixed, groups[Int(group)].newest) }
    }
    if Int(groups[Int(group)].count) > capacity { dropOldest(of: group) }
    return Int(groups[Int(group)].count)
  }

  private func mix(_ key: WindowKey, _ value: WindowKey) -> WindowKey {
    WindowKey(
      high: Hash64.of(key.high, value.high, seed: 0), low: Hash64.of(key.low, value.low, seed: 1))
  }

  // MARK: - Groups

  private mutating func group(
    of key: WindowKey, _ timespan: Int64, _ countsValues: Bool, evicted: inout UInt64
  ) -> Int32 {
    if let known = groupIndex[key] { return known }
    if freeGroups.isEmpty, groups.count >= groupLimit { evictStalest(&evicted) }
    let fresh = Group(
      key: key, oldest: Self.none, newest: Self.none, count: 0, at: now, timespan: timespan,
      countsValues: countsValues, staler: Self.none, fresher: Self.none)
    let place: Int32
    if let free = freeGroups.popLast() {
      place = free
      groups[Int(free)] = fresh
    } else {
      place = Int32(groups.count)
      groups.append(fresh)
    }
    groupIndex.insert(key, place)
    linkFreshest(place)
    return place
  }

  private mutating func touch(_ place: Int32) {
    groups[Int(place)].at = now
    guard freshest != place else { return }
    unlinkGroup(place)
    linkFreshest(place)
  }

  private mutating func linkFreshest(_ place: Int32) {
    groups[Int(place)].staler = freshest
    groups[Int(place)].fresher = Self.none
    if freshest != Self.none { groups[Int(freshest)].fresher = place }
    freshest = place
    if stalest == Self.none { stalest = place }
  }

  private mutating func unlinkGroup(_ place: Int32) {
    let group = groups[Int(place)]
    if group.staler == Self.none {
      stalest = group.fresher
    } else {
      groups[Int(group.staler)].fresher = group.fresher
    }
    if group.fresher == Self.none {
      freshest = group.staler
    } else {
      groups[Int(group.fresher)].staler = group.staler
    }
  }

  /// Drops up to two groups whose window is over, so that memory follows what is alive.
  private mutating func dropOver() {
    for _ in 0..<2 {
      guard stalest != Self.none, isOver(stalest) else { return }
      remove(stalest)
    }
  }

  private func isOver(_ place: Int32) -> Bool {
    let group = groups[Int(place)]
    let (start, overflow) = now.subtractingReportingOverflow(group.timespan)
    return !overflow && group.at < start
  }

  private mutating func evictStalest(_ evicted: inout UInt64) {
    guard stalest != Self.none else { return }
    if !isOver(stalest) { evicted += 1 }
    remove(stalest)
  }

  private mutating func remove(_ place: Int32) {
    while groups[Int(place)].oldest != Self.none { dropOldest(of: place) }
    unlinkGroup(place)
    groupIndex.remove(groups[Int(place)].key)
    freeGroups.append(place)
  }

  // MARK: - Events and values

  private mutating func newNode(_ value: WindowKey, evicted: inout UInt64) -> Int32 {
    // The group being added to is the freshest, and smaller than the limit: another one goes.
    while freeNodes.isEmpty, nodes.count >= nodeLimit, stalest != freshest {
      evictStalest(&evicted)
    }
    let node = Node(at: now, value: value, before: Self.none, after: Self.none)
    guard let free = freeNodes.popLast() else {
      nodes.append(node)
      return Int32(nodes.count - 1)
    }
    nodes[Int(free)] = node
    return free
  }

  /// Puts a node at the new end, with the time of now.
  private mutating func append(_ place: Int32, to group: Int32) {
    let newest = groups[Int(group)].newest
    nodes[Int(place)].at = now
    nodes[Int(place)].before = newest
    nodes[Int(place)].after = Self.none
    if newest == Self.none {
      groups[Int(group)].oldest = place
    } else {
      nodes[Int(newest)].after = place
    }
    groups[Int(group)].newest = place
    groups[Int(group)].count += 1
  }

  private mutating func unlink(_ place: Int32, of group: Int32) {
    let node = nodes[Int(place)]
    if node.before == Self.none {
      groups[Int(group)].oldest = node.after
    } else {
      nodes[Int(node.before)].after = node.after
    }
    if node.after == Self.none {
      groups[Int(group)].newest = node.before
    } else {
      nodes[Int(node.after)].before = node.before
    }
    groups[Int(group)].count -= 1
  }

  private mutating func dropOldest(of group: Int32) {
    let place = groups[Int(group)].oldest
    if groups[Int(group)].countsValues { valueIndex.remove(nodes[Int(place)].value) }
    unlink(place, of: group)
    freeNodes.append(place)
  }

  private mutating func expire(
    _ group: Int32, before start: (partialValue: Int64, overflow: Bool)
  ) {
    guard !start.overflow else { return }
    while groups[Int(group)].oldest != Self.none,
      nodes[Int(groups[Int(group)].oldest)].at < start.partialValue
    {
      dropOldest(of: group)
    }
  }
}
