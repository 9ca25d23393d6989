import CrenelModel

/// A sink that checks the order of calls ``StreamSink`` promises, and passes nothing on.
///
/// For tests and fuzzing; it allocates.
struct StreamContract: StreamSink {
  private struct Progress {
    var slot: Int
    var next: InlineArray<2, UInt64> = .init(repeating: 0)
    var hasEnded: InlineArray<2, Bool> = .init(repeating: false)
  }

  private var open: [UInt64: Progress] = [:]
  private var slots: Set<Int> = []
  private var lastID: UInt64 = 0
  /// What was broken first; `nil` as long as nothing was.
  private(set) var violation: String?
  /// Flows told and not closed.
  var openCount: Int { open.count }

  mutating func opened(_ flow: Flow) {
    check(open[flow.id] == nil, "opened twice", flow)
    check(slots.insert(flow.slot).inserted, "two flows in a slot", flow)
    check(flow.id > 0, "no number", flow)
    open[flow.id] = Progress(slot: flow.slot)
  }

  mutating func data(
    _ flow: Flow, _ side: FlowSide, _ bytes: Span<UInt8>, offset: UInt64, _ mark: PacketMark
  ) {
    advance(flow, side, by: UInt64(bytes.count), at: offset)
  }

  mutating func gap(
    _ flow: Flow, _ side: FlowSide, count: UInt64, offset: UInt64, _ mark: PacketMark
  ) {
    check(flow.anomalies.contains(.streamGap), "gap not noted", flow)
    advance(flow, side, by: count, at: offset)
  }

  mutating func sideEnded(_ flow: Flow, _ side: FlowSide, _ mark: PacketMark) {
    check(open[flow.id]?.hasEnded[side.index] == false, "ended twice or unknown", flow)
    open[flow.id]?.hasEnded[side.index] = true
  }

  mutating func closed(_ flow: Flow, _ end: FlowEnd, _ mark: PacketMark) {
    guard let progress = open.removeValue(forKey: flow.id) else {
      return check(false, "closed and not open", flow)
    }
    let isFinished = progress.hasEnded[0] && progress.hasEnded[1]
    check(end != .finished || isFinished, "finished before both ends", flow)
    slots.remove(progress.slot)
  }

  private mutating func advance(_ flow: Flow, _ side: FlowSide, by count: UInt64, at offset: UInt64)
  {
    guard let progress = open[flow.id] else { return check(false, "not open", flow) }
    check(progress.slot == flow.slot, "slot changed", flow)
    check(count > 0, "empty", flow)
    check(progress.next[side.index] == offset, "not the next offset", flow)
    check(!progress.hasEnded[side.index], "after the end", flow)
    open[flow.id]?.next[side.index] = offset &+ count
  }

  private mutating func check(_ holds: Bool, _ text: String, _ flow: Flow) {
    if !holds, violation == nil { violation = "flow \(flow.id): \(text)" }
  }
}
