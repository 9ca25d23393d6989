import CrenelCapture
import CrenelDecode
import CrenelModel

/// Live interfaces on their way to exchanges.
///
/// A class for the reasons that ``LogSource`` is one.
final class LiveSource: ExchangeReader {
  private var capture: LiveCapture
  /// Gone, with all it holds, when the end was reached.
  private var decoder: PacketDecoder?
  private var decoded = PacketReport()
  private var packets = PacketBatch()
  /// The packets of the batch that were taken.
  private var taken = 0
  private var isAtEnd = false
  private var told = LiveDrops()
  private var toldAt = ContinuousClock.now
  private var tickedTo = Timestamp.distantPast
  private var ticks: UInt64 = 0
  private var lateAfterTick: UInt64 = 0

  /// Captures from interfaces that are open; they filter for themselves.
  init(_ capture: consuming LiveCapture, setup: Setup) {
    self.capture = capture
    decoder = PacketDecoder(setup.decoder, seed: setup.hashSeed)
  }

  func next(into batch: inout ExchangeBatch) -> Bool {
    batch.removeAll()
    guard decoder != nil else { return false }
    if taken >= packets.packets.count, !isAtEnd {
      taken = 0
      isAtEnd = !capture.fill(&packets, timeout: 250)
      tellDrops()
      guard isAtEnd || !packets.packets.isEmpty else {
        tick(&batch)
        return true
      }
      noteLate()
    }
    guard isAtEnd else {
      decoder?.decode(packets, from: &taken, into: &batch)
      return true
    }
    guard decoder?.finish(into: &batch) == true else { return true }
    decoded = decoder?.report ?? decoded
    decoder = nil
    return true
  }

  let isOrdered = true

  /// Moves event time while no packet does.
  private func tick(_ batch: inout ExchangeBatch) {
    let time = capture.quietTime()
    tickedTo = max(tickedTo, time)
    ticks &+= 1
    decoder?.advance(to: time, into: &batch)
  }

  /// Counts packets from before a tick: only for them can a tick have changed anything.
  private func noteLate() {
    for packet in packets.packets where packet.at < tickedTo { lateAfterTick &+= 1 }
  }

  /// Says on standard error what was lost since it was said last, at most every ten seconds.
  private func tellDrops() {
    let drops = capture.drops()
    let now = ContinuousClock.now
    guard now - toldAt >= .seconds(10) else { return }
    toldAt = now
    let lost = drops.since(told)
    told = drops
    guard lost.droppedByKernel + lost.droppedByInterface > 0 else { return }
    StandardError.write(
      "lost \(English.counted(lost.droppedByKernel, "packet")) in the kernel and \(lost.droppedByInterface) in the "
        + "interface, of \(lost.received)\n")
  }

  var bytesRead: UInt64 { 0 }

  var reports: [SourceReport] {
    var report = SourceReport(format: "live capture", reason: SourceReport.asAsked)
    let became = decoder?.report ?? decoded
    var live = CaptureReport()
    live.decoded = became
    live.exchanges = became.exchanges
    live.live = LiveReport(
      drops: capture.drops(), idleTicks: ticks, lateAfterTick: lateAfterTick)
    report.capture = live
    report.problems = capture.problems
    return [report]
  }
}
