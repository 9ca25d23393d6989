import CrenelCapture
import CrenelDecode
import CrenelModel

/// One capture, a file or live interfaces, on its way to exchanges.
///
/// A class for the reasons that ``LogSource`` is one.
final class CaptureSource: ExchangeReader {
  /// One of the two is there.
  private var reader: PacketReader?
  private var live: LiveCapture?
  private let formatName: String
  private var filter: PacketFilter?
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

  /// Reads a capture file that is open.
  init(
    _ opened: consuming OpenedInput, number: Int, setup: Setup, chunkSize: Int
  ) throws(Diagnostic) {
    reader = try PacketReader(opened, chunkSize: chunkSize)
    formatName = "capture"
    filter = try setup.bpf.map { expression throws(Diagnostic) in try PacketFilter(expression) }
    decoder = Self.decoder(number, setup)
  }

  /// Captures from live interfaces that are open; they filter for themselves.
  init(_ live: consuming LiveCapture, number: Int, setup: Setup) {
    self.live = consume live
    formatName = "live capture"
    decoder = Self.decoder(number, setup)
  }

  private static func decoder(_ number: Int, _ setup: Setup) -> PacketDecoder {
    var configuration = setup.decoder
    configuration.source = UInt32(number)
    return PacketDecoder(configuration, seed: setup.hashSeed)
  }

  func next(into batch: inout ExchangeBatch) -> Bool {
    batch.removeAll()
    guard decoder != nil else { return false }
    if taken >= packets.packets.count, !isAtEnd {
      taken = 0
      isAtEnd = !fill()
      if live != nil, !isAtEnd {
        guard !packets.packets.isEmpty else {
          tick(&batch)
          return true
        }
        noteLate()
      }
      filter?.apply(to: &packets)
    }
    guard isAtEnd else {
      decoder?.decode(packets, from: &taken, into: &batch)
      return true
    }
    guard decoder?.finish(into: &batch) == true else { return true }
    decoded = decoder?.report ?? decoded
    decoder = nil
    packets = PacketBatch()
    return true
  }

  /// Moves event time while no packet does.
  private func tick(_ batch: inout ExchangeBatch) {
    guard let time = live?.quietTime() else { return }
    tickedTo = max(tickedTo, time)
    ticks &+= 1
    decoder?.advance(to: time, into: &batch)
  }

  /// Counts packets from before a tick: only for them can a tick have changed anything.
  private func noteLate() {
    for packet in packets.packets where packet.at < tickedTo { lateAfterTick &+= 1 }
  }

  let isOrdered = true

  /// The next packets; `false` when there are no more.
  private func fill() -> Bool {
    if let isMore = reader?.fill(&packets) { return isMore }
    let isMore = live?.fill(&packets, timeout: 250) ?? false
    tellDrops()
    return isMore
  }

  /// Says on standard error what was lost since it was said last, at most every ten seconds.
  private func tellDrops() {
    guard let drops = live?.drops() else { return }
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

  var bytesRead: UInt64 { reader?.bytesRead ?? 0 }

  var report: SourceReport {
    var report = SourceReport(
      format: formatName,
      reason: LocalizedText(en: "by its first bytes", fr: "d’après ses premiers octets"))
    var capture = CaptureReport(decoded: decoder?.report ?? decoded)
    capture.file = reader?.counters ?? PacketCounters()
    report.problems = reader?.problems ?? live?.problems ?? []
    if let drops = live?.drops() {
      capture.live = LiveReport(drops: drops, idleTicks: ticks, lateAfterTick: lateAfterTick)
      report.reason = SourceReport.asAsked
    }
    report.capture = capture
    return report
  }
}
