import CrenelModel

/// An event of a group, as its window keeps it.
struct WindowEvent: BitwiseCopyable {
  /// The group.
  var group: WindowKey
  /// The value of its fields, or the rule that matched.
  var value = WindowKey(high: 0, low: 0)
  /// The number that is summed or ranked.
  var number = 0.0
  /// When, in nanoseconds.
  var at: Int64
}

/// How the events of a correlation are kept.
struct WindowShape: BitwiseCopyable {
  /// Length of the window in nanoseconds.
  var timespan: Int64
  /// Events or values kept of one group.
  var capacity: Int
  /// Whether a value is kept once, with when it was last seen.
  var isKeyed: Bool
}

/// The windows of all correlations: per group the latest events, or the values last seen, each in
/// the order of time.
///
/// A window is `[t - timespan, t]`, both ends in it, for each event's time `t`. Of one group no
/// more is kept than decides its condition (``Correlation/capacity``). Groups whose window is over
/// are dropped; when there is no room, the group longest without an event goes, and is counted.
struct CorrelationWindows: ~Copyable {
  /// Groups kept at once, of all correlations.
  static let groupLimit = 65_536
  /// Events or values kept at once; far more than the largest capacity of one group.
  static let nodeLimit = 262_144
  static let none: Int32 = -1
  /// Parts of a number that sums count in: sums are exact, whatever their order.
  static let fraction = 1_048_576.0

  /// One event, or one value with when it was last seen.
  struct Node: BitwiseCopyable {
    var at: Int64
    var value: WindowKey
    /// Bits of the number; of a chain of rules, when its first event was.
    var bits: UInt64
    var before: Int32
    var after: Int32
  }

  /// One group of one correlation.
  struct Group: BitwiseCopyable {
    var key: WindowKey
    /// Of the numbers, in parts of ``fraction``.
    var sum: Int128 = 0
    var oldest: Int32
    var newest: Int32
    var count: Int32
    var at: Int64
    var timespan: Int64
    var isKeyed: Bool
  }

  private let groupLimit: Int
  private let nodeLimit: Int
  private(set) var groups: [Group] = []
  private var freeGroups: [Int32] = []
  private(set) var nodes: [Node] = []
  private var freeNodes: [Int32] = []
  private var groupIndex = KeyIndex()
  private(set) var valueIndex = KeyIndex()
  /// The groups in the order of last event.
  private var order = SlotLists(lists: 1, capacity: 0)
  private var now = Int64.min

  init(
    groupLimit: Int = CorrelationWindows.groupLimit, nodeLimit: Int = CorrelationWindows.nodeLimit
  ) {
    self.groupLimit = groupLimit
    self.nodeLimit = nodeLimit
  }

  /// Groups with a window that may not be over.
  var groupCount: Int { groups.count - freeGroups.count }

  /// Adds an event (a time before the last one is taken as the last one) and gives the place of its
  /// group, which no longer holds what lies before its window.
  ///
  /// `dropped` counts events given up although their window is not over: for counts they decide
  /// nothing, for numbers they are missing.
  mutating func add(
    _ event: WindowEvent, _ shape: WindowShape, evicted: inout UInt64, dropped: inout UInt64
  ) -> Int32 {
    let group = enter(event, shape, evicted: &evicted)
    let value = shape.isKeyed ? mix(event.group, event.value) : event.value
    keep(value, event.number.bitPattern, group, &evicted)
    if Int(groups[Int(group)].count) > shape.capacity {
      dropped &+= 1
      dropOldest(of: group)
    }
    return group
  }

  /// Makes the group of an event the freshest and forgets what lies before its window.
  private mutating func enter(
    _ event: WindowEvent, _ shape: WindowShape, evicted: inout UInt64
  ) -> Int32 {
    now = max(now, event.at)
    dropOver()
    let group = group(of: event.group, shape.timespan, shape.isKeyed, evicted: &evicted)
    touch(group)
    expire(group, before: now.subtractingReportingOverflow(shape.timespan))
    return group
  }

  /// Keeps a value at the new end of a group, once where the group is keyed.
  private mutating func keep(
    _ value: WindowKey, _ bits: UInt64, _ group: Int32, _ evicted: inout UInt64
  ) {
    if groups[Int(group)].isKeyed, let known = valueIndex[value] {
      unlink(known, of: group)
      append(known, bits, to: group)
      return
    }
    append(newNode(value, evicted: &evicted), bits, to: group)
    if groups[Int(group)].isKeyed { valueIndex.insert(value, groups[Int(group)].newest) }
  }

  /// Takes in that rule number `position` of an ordered correlation matched, and gives how many of
  /// its rules have now matched one after the other within the window, this one last.
  ///
  /// Kept is, for each rule and length, when the latest chain that ends with it began: of all such
  /// chains it is the one that fits longest. Without `allowsGaps` a chain leaves no rule out. Of
  /// one exchange the later rules are taken in first, so that it is in a chain once.
  mutating func advance(
    _ event: WindowEvent, _ shape: WindowShape, position: Int, allowsGaps: Bool,
    evicted: inout UInt64
  ) -> Int {
    let group = enter(event, shape, evicted: &evicted)
    let (start, overflow) = now.subtractingReportingOverflow(shape.timespan)
    let earliest = overflow ? Int64.min : start
    var longest = 0
    for length in allowsGaps ? 1...(position + 1) : (position + 1)...(position + 1) {
      var began = length == 1 ? now : Int64.min
      if length > 1 {
        for rule in (allowsGaps ? length - 2 : position - 1)..<position {
          if let known = valueIndex[mix(event.group, Self.chain(rule, length - 1))] {
            began = max(began, Int64(bitPattern: nodes[Int(known)].bits))
          }
        }
      }
      guard length == 1 || (began > Int64.min && began >= earliest) else { continue }
      let key = mix(event.group, Self.chain(position, length))
      keep(key, UInt64(bitPattern: began), group, &evicted)
      longest = length
    }
    return longest
  }

  private static func chain(_ rule: Int, _ length: Int) -> WindowKey {
    WindowKey(high: UInt64(rule), low: UInt64(length))
  }

  private func mix(_ key: WindowKey, _ value: WindowKey) -> WindowKey {
    WindowKey(
      high: Hash64.of(key.high, value.high, seed: 0), low: Hash64.of(key.low, value.low, seed: 1))
  }

  // MARK: - Groups

  private mutating func group(
    of key: WindowKey, _ timespan: Int64, _ isKeyed: Bool, evicted: inout UInt64
  ) -> Int32 {
    if let known = groupIndex[key] { return known }
    if freeGroups.isEmpty, groups.count >= groupLimit { evictStalest(&evicted) }
    let fresh = Group(
      key: key, oldest: Self.none, newest: Self.none, count: 0, at: now, timespan: timespan,
      isKeyed: isKeyed)
    let place: Int32
    if let free = freeGroups.popLast() {
      place = free
      groups[Int(free)] = fresh
    } else {
      place = Int32(groups.count)
      groups.append(fresh)
      order.grow(to: groups.count)
    }
    groupIndex.insert(key, place)
    order.append(Int(place), to: 0)
    return place
  }

  private mutating func touch(_ place: Int32) {
    groups[Int(place)].at = now
    order.renew(Int(place), in: 0)
  }

  /// Drops up to two groups whose window is over, so that memory follows what is alive.
  private mutating func dropOver() {
    for _ in 0..<2 {
      guard let stalest, isOver(stalest) else { return }
      remove(stalest)
    }
  }

  /// The group longest without an event.
  private var stalest: Int32? {
    let first = order.first(0)
    return first < 0 ? nil : Int32(truncatingIfNeeded: first)
  }

  private func isOver(_ place: Int32) -> Bool {
    let group = groups[Int(place)]
    let (start, overflow) = now.subtractingReportingOverflow(group.timespan)
    return !overflow && group.at < start
  }

  private mutating func evictStalest(_ evicted: inout UInt64) {
    guard let stalest else { return }
    if !isOver(stalest) { evicted += 1 }
    remove(stalest)
  }

  private mutating func remove(_ place: Int32) {
    while groups[Int(place)].oldest != Self.none { dropOldest(of: place) }
    order.remove(Int(place), from: 0)
    groupIndex.remove(groups[Int(place)].key)
    freeGroups.append(place)
  }

  // MARK: - Events and values

  private mutating func newNode(_ value: WindowKey, evicted: inout UInt64) -> Int32 {
    // The group being added to is the freshest, and smaller than the limit: another one goes.
    while freeNodes.isEmpty, nodes.count >= nodeLimit, order.count(0) > 1 {
      evictStalest(&evicted)
    }
    let node = Node(at: now, value: value, bits: 0, before: Self.none, after: Self.none)
    guard let free = freeNodes.popLast() else {
      nodes.append(node)
      return Int32(nodes.count - 1)
    }
    nodes[Int(free)] = node
    return free
  }

  /// Puts a node at the new end, with the time of now.
  private mutating func append(_ place: Int32, _ bits: UInt64, to group: Int32) {
    let newest = groups[Int(group)].newest
    nodes[Int(place)].at = now
    nodes[Int(place)].bits = bits
    if !groups[Int(group)].isKeyed { groups[Int(group)].sum &+= Self.parts(bits) }
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
    if !groups[Int(group)].isKeyed { groups[Int(group)].sum &-= Self.parts(node.bits) }
  }

  /// A number in parts of ``fraction``; what is larger than 2^63 counts as that.
  private static func parts(_ bits: UInt64) -> Int128 {
    let number = Double(bitPattern: bits)
    let clamped = min(max(number, -9.2e18), 9.2e18)
    return Int128((clamped * fraction).rounded())
  }

  private mutating func dropOldest(of group: Int32) {
    let place = groups[Int(group)].oldest
    if groups[Int(group)].isKeyed { valueIndex.remove(nodes[Int(place)].value) }
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
