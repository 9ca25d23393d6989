public import CrenelModel

/// What the merger saw of the order of one source.
public struct SourceOrderReport: Hashable, Sendable {
  /// Exchanges pushed.
  public var exchanges: UInt64 = 0
  /// Exchanges that came later than the lateness bound; their place on the event clock was moved.
  public var late: UInt64 = 0
  /// Where the first late exchange was read.
  public var firstLate: Provenance?
  /// The most that a late exchange was behind the latest before it, in nanoseconds.
  public var largestLateness: Int64 = 0
  /// Times that the clock went back, from one line to the next, by more than the lateness bound.
  public var backwardSteps: UInt64 = 0
  /// Where the first backward step was read: the line after it.
  public var firstBackwardStep: Provenance?
  /// The largest backward step, in nanoseconds.
  public var largestBackwardStep: Int64 = 0
  /// Exchanges given before the lateness bound allowed it, because the hold was full.
  public var reorderOverflow: UInt64 = 0
  /// The earliest event time, as logged.
  public var earliest: Timestamp?
  /// The latest event time, as logged.
  public var latest: Timestamp?

  /// Creates a report of a source of which nothing was seen.
  public init() {}
}

/// Exchanges of one batch that may be given, in order.
struct ReadyRun: BitwiseCopyable {
  var slot: UInt32
  var lower: UInt32
  var upper: UInt32
}

/// An exchange held back, and where it lies.
struct PendingExchange: BitwiseCopyable {
  var at: Timestamp
  /// Arrival number in the source: the order of offsets.
  var sequence: UInt64
  var slot: UInt32
  var index: UInt32
  /// Bytes of the line.
  var length: UInt32

  static func isBefore(_ left: PendingExchange, _ right: PendingExchange) -> Bool {
    left.at == right.at ? left.sequence < right.sequence : left.at < right.at
  }
}

/// The order within one source: what is held back, and what may be given.
///
/// Exchanges that come in order wait in a queue; those that come out of order wait in a heap; the
/// lesser of the two heads is released first, so order costs nothing where there is order.
struct SourceOrder {
  /// Batches that compaction fills hold about this many bytes each.
  static let compactedBatchBytes = 4 << 20
  /// Compaction is not considered while a source's batches are smaller than this, in bytes.
  private static let compactionFloor = 16 << 20

  private var lateness: Int64
  let limits: EventMerger.Limits
  var report = SourceOrderReport()
  private(set) var isEnded = false
  /// Nothing that comes from now on is given before this time.
  private(set) var floor: Timestamp
  /// When the source gives its next exchange, or the earliest time at which it could.
  var head: Timestamp
  /// Bytes of the batches that this source keeps in use.
  var heldBytes = 0
  private(set) var ready = Ring(filler: ReadyRun(slot: 0, lower: 0, upper: 0))

  private var previous: Timestamp?
  private var latest = Timestamp.distantPast
  private var sequence: UInt64 = 0
  private var queue: Ring<PendingExchange>
  private var heap = PendingHeap()
  private var pendingBytes = 0
  private var compactAt = SourceOrder.compactionFloor

  init(lateness: Int64, limits: EventMerger.Limits, floor: Timestamp) {
    self.lateness = lateness
    self.limits = limits
    self.floor = floor
    head = floor
    queue = Ring(
      filler: PendingExchange(at: floor, sequence: 0, slot: 0, index: 0, length: 0))
  }

  /// Takes the exchanges of a batch that will be in `slot`, marking and moving the late ones.
  mutating func admit(_ exchanges: inout [Exchange], slot: Int) {
    var items = exchanges.mutableSpan
    for index in items.indices {
      let logged = items[index].at
      note(logged, items[index].provenance)
      var at = logged
      if at < floor {
        late(logged, items[index].provenance)
        at = floor
        items[index].at = at
        items[index].flags.insert(.late)
      }
      if at <= floor, queue.isEmpty, heap.isEmpty {
        appendReady(slot: UInt32(truncatingIfNeeded: slot), UInt32(truncatingIfNeeded: index))
        sequence &+= 1
        continue
      }
      hold(
        PendingExchange(
          at: at, sequence: sequence, slot: UInt32(truncatingIfNeeded: slot),
          index: UInt32(truncatingIfNeeded: index), length: items[index].provenance.length))
      sequence &+= 1
    }
  }

  /// Holds nothing back from now on: what comes is in order.
  mutating func trust() { lateness = 0 }

  /// Makes everything ready.
  mutating func end() {
    isEnded = true
    while let item = takeLeast() { appendReady(slot: item.slot, item.index) }
  }

  /// Takes `count` exchanges off the first ready run.
  mutating func consume(_ count: Int) {
    guard var run = ready.first else { return }
    run.lower &+= UInt32(truncatingIfNeeded: count)
    if run.lower >= run.upper { ready.removeFirst() } else { ready.replaceFirst(run) }
  }

  // MARK: - Admission

  /// Counts an exchange and moves the clock of the source.
  private mutating func note(_ at: Timestamp, _ provenance: Provenance) {
    report.exchanges &+= 1
    if let previous, at < previous {
      let step = previous.since(at)
      if step > lateness {
        report.backwardSteps &+= 1
        report.largestBackwardStep = max(report.largestBackwardStep, step)
        if report.firstBackwardStep == nil { report.firstBackwardStep = provenance }
      }
    }
    previous = at
    if at < report.earliest ?? .distantFuture || report.earliest == nil { report.earliest = at }
    guard at > latest || report.latest == nil else { return }
    latest = at
    report.latest = at
    floor = max(floor, at.adding(-lateness))
  }

  private mutating func late(_ at: Timestamp, _ provenance: Provenance) {
    report.late &+= 1
    report.largestLateness = max(report.largestLateness, latest.since(at))
    if report.firstLate == nil { report.firstLate = provenance }
  }

  /// Holds an exchange back, then releases what the clock allows and what does not fit.
  private mutating func hold(_ item: PendingExchange) {
    pendingBytes += Int(item.length)
    if let last = queue.last, item.at < last.at { heap.insert(item) } else { queue.append(item) }
    releaseDue()
    while queue.count &+ heap.count > limits.exchanges || pendingBytes > limits.bytes {
      guard let item = takeLeast() else { return }
      report.reorderOverflow &+= 1
      floor = max(floor, item.at)
      appendReady(slot: item.slot, item.index)
      releaseDue()
    }
  }

  private mutating func releaseDue() {
    while let first = least, first.at <= floor, let item = takeLeast() {
      appendReady(slot: item.slot, item.index)
    }
  }

  private var least: PendingExchange? {
    guard let queued = queue.first else { return heap.first }
    guard let heaped = heap.first, PendingExchange.isBefore(heaped, queued) else { return queued }
    return heaped
  }

  private mutating func takeLeast() -> PendingExchange? {
    let item: PendingExchange
    if let queued = queue.first {
      if let heaped = heap.first, PendingExchange.isBefore(heaped, queued) {
        heap.removeFirst()
        item = heaped
      } else {
        queue.removeFirst()
        item = queued
      }
    } else {
      guard let heaped = heap.first else { return nil }
      heap.removeFirst()
      item = heaped
    }
    pendingBytes -= Int(item.length)
    return item
  }

  private mutating func appendReady(slot: UInt32, _ index: UInt32) {
    if var last = ready.last, last.slot == slot, last.upper == index {
      last.upper &+= 1
      ready.replaceLast(last)
    } else {
      ready.append(ReadyRun(slot: slot, lower: index, upper: index &+ 1))
    }
  }

  // MARK: - Compaction

  /// Whether the batches in use hold far more bytes than the exchanges held back need.
  var isSparse: Bool {
    guard heldBytes > compactAt else { return false }
    let live = pendingBytes + (queue.count + heap.count) * MemoryLayout<Exchange>.stride
    return heldBytes / 4 > live
  }

  /// Numbers of what is held back: the queue, then the heap.
  var pendingIndices: Range<Int> { 0..<(queue.count + heap.count) }

  /// Where a held exchange lies.
  func place(of index: Int) -> (slot: Int, index: Int) {
    let item = index < queue.count ? queue[index] : heap.items[index - queue.count]
    return (Int(item.slot), Int(item.index))
  }

  /// Notes that a held exchange was copied elsewhere.
  mutating func move(_ index: Int, to slot: Int, _ place: Int) {
    let slot = UInt32(truncatingIfNeeded: slot)
    let place = UInt32(truncatingIfNeeded: place)
    if index < queue.count {
      queue[index].slot = slot
      queue[index].index = place
    } else {
      heap.items[index - queue.count].slot = slot
      heap.items[index - queue.count].index = place
    }
  }

  /// Puts the next compaction off until the batches have grown to twice what they are.
  mutating func compacted() { compactAt = max(Self.compactionFloor, heldBytes * 2) }
}
