import CrenelCapture
import CrenelDecode
import CrenelModel

/// Live interfaces on their way to exchanges.
///
/// A class for the reasons that ``LogSource`` is one.
final class LiveSource: ExchangeReader {
  private var capture: LiveCapture
  private var decoder: PacketDecoder
  private var packets = PacketBatch()
  private var isEnded = false
  private var told = LiveDrops()
  private var toldAt = ContinuousClock.now

  /// Captures from interfaces that are open; they filter for themselves.
  init(_ capture: consuming LiveCapture, setup: Setup) {
    self.capture = capture
    decoder = PacketDecoder(setup.decoder, seed: setup.hashSeed)
  }

  func next(into batch: inout ExchangeBatch) -> Bool {
    batch.removeAll()
    guard !isEnded else { return false }
    let isMore = capture.fill(&packets, timeout: 250)
    tellDrops()
    guard isMore else {
      isEnded = true
      decoder.finish(into: &batch)
      return true
    }
    decoder.decode(packets, into: &batch)
    return true
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
      "lost \(lost.droppedByKernel) packets in the kernel and \(lost.droppedByInterface) in the "
        + "interface, of \(lost.received)\n")
  }

  var bytesRead: UInt64 { 0 }

  var reports: [SourceReport] {
    var report = SourceReport(format: "live capture", reason: "as asked")
    var live = CaptureReport()
    live.decoded = decoder.report
    live.exchanges = decoder.report.exchanges
    live.drops = capture.drops()
    report.capture = live
    report.problems = capture.problems
    return [report]
  }
}
