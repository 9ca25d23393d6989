import CrenelCapture
import CrenelDecode
import CrenelModel

/// Capture files on their way to exchanges, as one stream of packets in the order of time.
///
/// A connection that goes on from one file to the next is whole, and a packet that two of them hold
/// is sent again, no more. A file is opened when the stream comes to its first packet, so that a
/// ring keeps few open. A class for the reasons that ``LogSource`` is one.
final class CaptureSource: ExchangeReader {
  /// By number.
  private let files: [CaptureFile]
  /// Indices of ``files`` by the place of their next packet; those before ``head`` have ended.
  private var order: [Int]
  private var head = 0
  private var filter: PacketFilter?
  /// Gone, with all it holds, when the end was reached.
  private var decoder: PacketDecoder?
  private var decoded = PacketReport()
  /// Packets of a file that were taken and are still to be decoded.
  private var pending: (file: CaptureFile, range: Range<Int>)?
  /// Exchanges that began in each source, by number; counted where there are several.
  private var begun: [UInt64]

  /// Bytes that the files of one stream may ask for at a time, when all are open.
  private static let readingLimit = 16 << 20
  /// Fewest bytes asked for at a time, unless fewer are wanted.
  private static let leastChunk = 16 << 10

  /// Reads files as one stream.
  init(_ files: [CaptureFile], filter: consuming PacketFilter?, setup: Setup) {
    self.files = files.sorted { $0.number < $1.number }
    order = self.files.indices.sorted { [files = self.files] in files[$0].place < files[$1].place }
    begun = Array(repeating: 0, count: Int(self.files.last?.number ?? 0) + 1)
    self.filter = filter
    decoder = PacketDecoder(setup.decoder, seed: setup.hashSeed)
  }

  /// Bytes that each of `count` files asks for at a time, `wanted` if memory allows.
  static func chunkSize(_ wanted: Int, of count: Int) -> Int {
    min(wanted, max(leastChunk, readingLimit / max(1, count)))
  }

  func next(into batch: inout ExchangeBatch) -> Bool {
    batch.removeAll()
    guard decoder != nil else { return false }
    while takeSome(into: &batch) {}
    if head == order.count, pending == nil, decoder?.finish(into: &batch) == true {
      decoded = decoder?.report ?? decoded
      decoder = nil
    }
    count(batch)
    return true
  }

  let isOrdered = true

  /// Decodes the next packets, or reads some; `false` when what there is should be given.
  private func takeSome(into batch: inout ExchangeBatch) -> Bool {
    if let (file, range) = pending {
      var next = range.lowerBound
      decoder?.decode(file.packets, from: &next, to: range.upperBound, into: &batch)
      pending = next < range.upperBound ? (file, next..<range.upperBound) : nil
      return pending == nil && !file.isEmpty
    }
    guard head < order.count else { return false }
    let file = files[order[head]]
    if file.isEmpty {
      guard file.fill(&filter) else {
        head += 1
        return true
      }
      settle()
      return !file.isEmpty
    }
    let limit = head + 1 < order.count ? files[order[head + 1]].place : nil
    pending = (file, file.take(before: limit))
    settle()
    return true
  }

  /// Puts the file at the head where its next packet belongs.
  private func settle() {
    var place = head
    let moved = files[order[place]].place
    while place + 1 < order.count, files[order[place + 1]].place < moved {
      order.swapAt(place, place + 1)
      place += 1
    }
  }

  /// Counts exchanges for the files in which they began.
  private func count(_ batch: borrowing ExchangeBatch) {
    guard files.count > 1 else { return }
    for exchange in batch.exchanges { begun[Int(exchange.provenance.source)] &+= 1 }
  }

  var bytesRead: UInt64 { files.reduce(0) { $0 &+ $1.bytesRead } }

  private var whatBecame: PacketReport { decoder?.report ?? decoded }

  /// What was read of each file; of a single one, with what became of its packets.
  var reports: [SourceReport] {
    guard files.count == 1 else {
      return files.map { $0.report(exchanges: begun[Int($0.number)]) }
    }
    var report = files[0].report(exchanges: whatBecame.exchanges)
    report.capture?.decoded = whatBecame
    return [report]
  }

  /// What became of the packets of all files, where there are several.
  var whole: CaptureStreamReport? {
    files.count > 1 ? CaptureStreamReport(files: files.count, decoded: whatBecame) : nil
  }
}
