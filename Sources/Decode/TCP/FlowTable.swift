import CrenelModel

/// The flows that are followed, by their two ends, each phase ordered by last activity.
struct FlowTable: ~Copyable {
  /// The flows, by slot; those of free slots are stale.
  var states: [FlowState] = []
  /// Their sides, the client's and the server's of each slot; see ``place(_:_:)``.
  var sides: [SideState] = []
  /// Most flows there may be.
  let capacity: Int

  private var index: TagIndex
  private let seed: UInt64
  private var order: SlotLists
  private var free: [Int32] = []
  private var opened: UInt64 = 0

  /// Creates an empty table; the order of flows and evictions does not depend on `seed`.
  init(capacity: Int, seed: UInt64) {
    self.capacity = min(max(capacity, 1), 4_194_304)
    index = TagIndex(capacity: self.capacity)
    self.seed = seed
    order = SlotLists(lists: FlowPhase.allCases.count, capacity: self.capacity)
    states.reserveCapacity(self.capacity)
    sides.reserveCapacity(2 &* self.capacity)
    free.reserveCapacity(self.capacity)
  }

  /// Where the state of one side of a flow lies in ``sides``.
  static func place(_ slot: Int, _ side: FlowSide) -> Int { 2 &* slot &+ side.index }

  /// Number of flows, remembered ones included.
  var count: Int { states.count &- free.count }

  /// Number of flows in one phase.
  func count(_ phase: FlowPhase) -> Int { order.count(Int(phase.rawValue)) }

  /// The hash under which a connection is found.
  func tag(_ one: Endpoint, _ other: Endpoint) -> UInt32 {
    let sum = hash(one) &+ hash(other)
    return UInt32(truncatingIfNeeded: Hash64.of(sum, sum, seed: seed) >> 32)
  }

  private func hash(_ end: Endpoint) -> UInt64 {
    let address = Hash64.of(end.address.high, end.address.low, seed: seed)
    return Hash64.of(address, UInt64(end.port), seed: seed)
  }

  /// The flow between two ends, and the side that `source` is.
  func find(_ source: Endpoint, _ destination: Endpoint, tag: UInt32) -> (Int, FlowSide)? {
    var cell = index.firstCell(of: tag)
    while let slot = index.nextSlot(tag, from: &cell) {
      if states[slot].flow.client == source {
        if states[slot].flow.server == destination { return (slot, .client) }
      } else if states[slot].flow.server == source, states[slot].flow.client == destination {
        return (slot, .server)
      }
    }
    return nil
  }

  /// Adds a flow and returns its slot; there must be room.
  mutating func add(
    client: Endpoint, server: Endpoint, tag: UInt32, phase: FlowPhase, mark: PacketMark,
    clock: Timestamp
  ) -> Int {
    opened &+= 1
    let slot = free.popLast().map { Int($0) } ?? states.count
    let flow = Flow(
      slot: slot, id: opened, client: client, server: server, openedAt: mark.at,
      firstFrame: mark.frame, firstOffset: mark.offset, isMidStream: phase == .open)
    let state = FlowState(flow: flow, mark: mark, lastSeen: clock, tag: tag, phase: phase)
    if slot < states.count {
      states[slot] = state
      sides[2 &* slot] = SideState()
      sides[2 &* slot &+ 1] = SideState()
    } else {
      states.append(state)
      sides.append(SideState())
      sides.append(SideState())
      order.grow(to: states.count)
    }
    index.insert(tag: tag, slot: slot)
    order.append(slot, to: Int(phase.rawValue))
    return slot
  }

  /// Forgets a flow.
  mutating func remove(_ slot: Int) {
    index.remove(tag: states[slot].tag, slot: slot)
    order.remove(slot, from: Int(states[slot].phase.rawValue))
    free.append(Int32(truncatingIfNeeded: slot))
  }

  /// Notes a packet of a flow, which becomes the most recently active of its phase.
  mutating func touch(_ slot: Int, mark: PacketMark, clock: Timestamp) {
    order.renew(slot, in: Int(states[slot].touch(mark, clock: clock).rawValue))
  }

  /// Moves a flow to another phase, as the most recently active there.
  mutating func move(_ slot: Int, to phase: FlowPhase) {
    order.remove(slot, from: Int(states[slot].phase.rawValue))
    states[slot].phase = phase
    order.append(slot, to: Int(phase.rawValue))
  }

  /// The least recently active flow of a phase.
  func oldest(_ phase: FlowPhase) -> Int? {
    let slot = order.first(Int(phase.rawValue))
    return slot >= 0 ? slot : nil
  }

  /// The flow to give up for a new one.
  ///
  /// Of flows that sent no payload and of closed ones, the oldest of the largest kind goes, so
  /// that a flood pushes itself out; a flow with payload goes only when there are no others.
  var victim: Int? {
    var phase = FlowPhase.closed
    if count(.opening) > count(phase) { phase = .opening }
    if count(.quiet) > count(phase) { phase = .quiet }
    return oldest(phase) ?? oldest(.open)
  }
}
