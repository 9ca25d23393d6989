// The merger puts the exchanges of several sources into one order: event time, then source, then
// place in the source. Decoded batches come in, runs of the same batches come out; exchanges are
// never copied on the way, but where a sparse batch would hold memory for few of them. What comes
// out depends on the exchanges alone, never on how they were cut into batches or when each was fed.

public import CrenelModel

/// Exchanges that follow one another in the merged order and lie side by side in one batch.
public struct MergeRun: Hashable, Sendable {
  /// Index into ``EventMerger/batches``.
  public var batch: Int
  /// Indices into the exchanges of that batch; never empty.
  public var exchanges: Range<Int>
  /// The source they were read from.
  public var source: Int

  /// Creates a run.
  public init(batch: Int, exchanges: Range<Int>, source: Int) {
    self.batch = batch
    self.exchanges = exchanges
    self.source = source
  }
}

/// What the owner of an ``EventMerger`` must do next.
public enum MergeStep: Hashable, Sendable {
  /// Consume these exchanges; they stay where they are until the next call of `next` or `push`.
  case run(MergeRun)
  /// Open the source if it is not open, then push its next batch, or say that it ended.
  case needs(source: Int)
  /// Every source ended and everything was given.
  case finished
}

/// Merges the exchanges of several sources by (event time, source, offset) in bounded memory.
///
/// Within a source, let M be the latest `at` so far. An exchange older than M - lateness is late:
/// it is flagged, its `at` becomes M - lateness (its `start` and `end` stay), and it is counted.
/// Any other is put in its place. An exchange is given once nothing can come before it any more,
/// so `at` never goes back in what comes out, whatever comes in.
///
/// ```swift
/// loop: while true {
///   switch merger.next() {
///   case .run(let run): engine.push(merger.batches[run.batch], run.exchanges)
///   case .needs(let source):
///     if decode(source, into: &batch) { merger.push(&batch, source: source) }
///     else { merger.end(source: source) }
///   case .finished: break loop
///   }
/// }
/// ```
public struct EventMerger: ~Copyable {
  /// Bounds on what one source may hold back to reorder; beyond them the oldest is given early.
  public struct Limits: Hashable, Sendable {
    /// Exchanges held back per source, at least 1.
    public var exchanges: Int
    /// Bytes of lines held back per source; at most 256 MiB.
    public var bytes: Int

    /// Creates bounds; the defaults are 65,536 exchanges and 64 MiB of lines a source.
    public init(exchanges: Int = 65_536, bytes: Int = 64 << 20) {
      self.exchanges = min(max(1, exchanges), 1 << 30)
      self.bytes = min(max(0, bytes), 256 << 20)
    }
  }

  /// The batches that runs point into; read only those that the last run names.
  public private(set) var batches: [ExchangeBatch] = []

  private var slots: [Slot] = []
  private var free: [Int] = []
  private var sources: [SourceOrder]
  /// Sources that can still give something, in order of rank.
  private var open: [Int]
  private var given: MergeRun?

  /// A batch in use: whose it is, how many of its exchanges were not given, and what it costs.
  private struct Slot {
    var source: Int
    var remaining: Int
    var bytes: Int
  }

  /// Creates a merger of `sourceCount` sources about whose times nothing is known.
  ///
  /// `lateness` is in nanoseconds, 0 or more; sources are numbered in the order of ties.
  public init(lateness: Int64, sourceCount: Int, limits: Limits = Limits()) {
    self.init(
      lateness: lateness, firsts: Array(repeating: nil, count: max(0, sourceCount)), limits: limits)
  }

  /// Creates a merger that asks for a source only when the merged order comes near its first event.
  ///
  /// `firsts` has the `at` of the first exchange of each source, `nil` where it is not known (then
  /// the source is asked for at once); see ``MergePlan``. A source that gives older exchanges than
  /// it promised has them counted as late.
  public init(lateness: Int64, firsts: [Timestamp?], limits: Limits = Limits()) {
    let lateness = max(0, lateness)
    sources = firsts.map { first in
      SourceOrder(
        lateness: lateness, limits: limits,
        floor: first?.adding(-lateness) ?? .distantPast)
    }
    open = Array(sources.indices)
  }

  /// What was seen of a source: late exchanges, backward steps, overflows, first and last time.
  public func report(source: Int) -> SourceOrderReport { sources[source].report }

  /// Exchanges in the merger's hands: held back, or ready and not yet given.
  public var count: Int {
    var sum = 0
    for slot in slots { sum += slot.remaining }
    return sum
  }

  /// Bytes of memory that the batches in use fill; what recycled ones keep is not counted.
  public var bytes: Int {
    var sum = 0
    for order in sources { sum += order.heldBytes }
    return sum
  }

  /// Takes the exchanges of `batch`, which becomes empty and gets a recycled batch's memory.
  ///
  /// A source's batches must be pushed in the order of its bytes, and only when `next` asked for
  /// them: what is pushed unasked is kept without bound. Ends the run given last.
  public mutating func push(_ batch: inout ExchangeBatch, source: Int) {
    precondition(!sources[source].isEnded, "a source was pushed after its end")
    retire()
    let count = batch.exchanges.count
    guard count > 0 else {
      batch.removeAll()
      return
    }
    if sources[source].isSparse { compact(source: source) }
    let size = Self.size(of: batch)
    let slot = takeSlot(Slot(source: source, remaining: count, bytes: size))
    sources[source].admit(&batch.exchanges, slot: slot)
    sources[source].heldBytes += size
    swap(&batches[slot], &batch)
    batch.removeAll()
    findHead(of: source)
  }

  /// Says that `source` gives its exchanges in the order of their times, so that none of them has to
  /// be held back for others of it; to be called before its first batch is pushed.
  ///
  /// The merged order is the same.
  public mutating func trustOrder(of source: Int) { sources[source].trust() }

  /// Says that `source` has no more exchanges; what it held back becomes ready.
  public mutating func end(source: Int) {
    retire()
    sources[source].end()
    findHead(of: source)
    dropIfFinished(source)
  }

  /// The next exchanges of the merged order, or what is needed to know them.
  ///
  /// Ends the run given last: its batch may be recycled.
  public mutating func next() -> MergeStep {
    retire()
    guard let first = open.first else { return .finished }
    var least = first
    var second: Int?
    for source in open.dropFirst() {
      if isBefore(source, least) {
        second = least
        least = source
      } else if second == nil || isBefore(source, second ?? source) {
        second = source
      }
    }
    guard let ready = sources[least].ready.first else { return .needs(source: least) }
    let range = Int(ready.lower)..<end(of: ready, least, before: second)
    sources[least].consume(range.count)
    findHead(of: least)
    let run = MergeRun(batch: Int(ready.slot), exchanges: range, source: least)
    given = run
    return .run(run)
  }

  // MARK: - Order

  /// Whether what `left` gives next comes before what `right` gives next.
  private func isBefore(_ left: Int, _ right: Int) -> Bool {
    (sources[left].head, left) < (sources[right].head, right)
  }

  /// How far a ready run goes before the source that is `second` comes in between.
  private func end(of ready: ReadyRun, _ source: Int, before second: Int?) -> Int {
    let upper = Int(ready.upper)
    guard let second else { return upper }
    let limit = (sources[second].head, second)
    let slot = Int(ready.slot)
    if (batches[slot].exchanges[upper &- 1].at, source) < limit { return upper }
    var end = Int(ready.lower) &+ 1
    while end < upper, (batches[slot].exchanges[end].at, source) < limit { end &+= 1 }
    return end
  }

  /// Sets the earliest time at which `source` can give something.
  private mutating func findHead(of source: Int) {
    if let ready = sources[source].ready.first {
      sources[source].head = batches[Int(ready.slot)].exchanges[Int(ready.lower)].at
    } else {
      sources[source].head = sources[source].floor
    }
  }

  // MARK: - Memory

  /// Ends the run given last and recycles its batch when nothing of it is left.
  private mutating func retire() {
    guard let run = given else { return }
    given = nil
    release(run.exchanges.count, of: run.batch)
    dropIfFinished(run.source)
  }

  /// Forgets a source that ended and gave everything.
  private mutating func dropIfFinished(_ source: Int) {
    guard sources[source].isEnded, sources[source].ready.isEmpty else { return }
    open.removeAll { $0 == source }
  }

  /// Notes that `count` exchanges of a batch are done with.
  private mutating func release(_ count: Int, of slot: Int) {
    slots[slot].remaining -= count
    guard slots[slot].remaining == 0 else { return }
    sources[slots[slot].source].heldBytes -= slots[slot].bytes
    batches[slot].removeAll()
    free.append(slot)
  }

  private mutating func takeSlot(_ slot: Slot) -> Int {
    if let index = free.popLast() {
      slots[index] = slot
      return index
    }
    batches.append(ExchangeBatch())
    slots.append(slot)
    free.reserveCapacity(slots.count)
    return slots.count - 1
  }

  private static func size(of batch: borrowing ExchangeBatch) -> Int {
    batch.bytes.count + batch.exchanges.count * MemoryLayout<Exchange>.stride
  }

  /// Copies what a source holds back out of batches that are mostly given already.
  private mutating func compact(source: Int) {
    guard sources[source].ready.isEmpty else { return }
    var batch = ExchangeBatch()
    var slot = takeSlot(Slot(source: source, remaining: 0, bytes: 0))
    for index in sources[source].pendingIndices {
      if batch.bytes.count > SourceOrder.compactedBatchBytes {
        store(&batch, in: slot)
        slot = takeSlot(Slot(source: source, remaining: 0, bytes: 0))
      }
      let old = sources[source].place(of: index)
      let from = batches[old.slot]
      batch.append(from.exchanges[old.index], from: from)
      sources[source].move(index, to: slot, batch.exchanges.count - 1)
      release(1, of: old.slot)
    }
    store(&batch, in: slot)
    sources[source].compacted()
  }

  private mutating func store(_ batch: inout ExchangeBatch, in slot: Int) {
    slots[slot].remaining = batch.exchanges.count
    slots[slot].bytes = Self.size(of: batch)
    sources[slots[slot].source].heldBytes += slots[slot].bytes
    swap(&batches[slot], &batch)
    batch.removeAll()
    if slots[slot].remaining == 0 { free.append(slot) }
  }
}
