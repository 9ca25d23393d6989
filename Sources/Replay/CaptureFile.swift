import CrenelCapture
import CrenelModel

/// One file of a stream of packets: opened when its turn comes, closed at its end.
///
/// A class for the reasons that ``LogSource`` is one.
final class CaptureFile {
  /// Number of the source, which its frames carry.
  let number: UInt32
  /// The packets that were read last; those from ``position`` on are still to be taken.
  private(set) var packets = PacketBatch()

  private let input: InputSource
  private let chunkSize: Int
  private var reader: PacketReader?
  private var position = 0
  /// The latest time so far, or what is known of the first: no packet to come counts as earlier.
  private var latest: Timestamp
  private var isEnded = false
  private var counters = PacketCounters()
  /// Packets that the filter left.
  private var chosen: UInt64 = 0
  private var problems: [Diagnostic] = []
  private var taken: UInt64 = 0

  /// A file to be opened when the stream comes near `first`, the time of its first packet.
  init(_ input: InputSource, number: Int, first: Timestamp?, chunkSize: Int) {
    self.input = input
    self.number = UInt32(clamping: number)
    self.chunkSize = chunkSize
    latest = first ?? .distantPast
  }

  /// A file or a pipe that is open already; throws `not-a-capture`.
  convenience init(
    _ opened: consuming OpenedInput, of input: InputSource, number: Int, chunkSize: Int
  ) throws(Diagnostic) {
    self.init(input, number: number, first: nil, chunkSize: chunkSize)
    reader = try PacketReader(opened, chunkSize: chunkSize)
  }

  /// When the first packet was captured; `nil` when there is none.
  static func firstPacket(_ opened: consuming OpenedInput) throws(Diagnostic) -> Timestamp? {
    var reader = try PacketReader(opened, chunkSize: LogSource.sampleSize)
    var packets = PacketBatch()
    return reader.fill(&packets) ? packets.packets.first?.at : nil
  }

  /// Whether more must be read before anything can be taken.
  var isEmpty: Bool { position == packets.packets.count }

  /// Where the next packet stands in the stream; while that is not known, nothing before it.
  var place: StreamPlace {
    let at = isEmpty ? latest : max(latest, packets.packets[position].at)
    return StreamPlace(at: at, source: number)
  }

  /// Reads the next packets, of which a filter may leave none; `false` at the end.
  func fill(_ filter: inout PacketFilter?) -> Bool {
    guard !isEnded else { return false }
    if reader == nil { open() }
    guard reader?.fill(&packets) == true else {
      close()
      return false
    }
    filter?.apply(to: &packets)
    chosen &+= UInt64(packets.packets.count)
    position = 0
    guard number > 0 else { return true }
    for i in packets.packets.indices {
      let frame = SourcedFrame(source: number, number: packets.packets[i].frame)
      packets.packets[i].frame = frame.rawValue
    }
    return true
  }

  /// Takes the packets that stand before `limit`; all that were read when there is none.
  func take(before limit: StreamPlace?) -> Range<Int> {
    let start = position
    guard let limit else {
      position = packets.packets.count
      return start..<position
    }
    while !isEmpty, place < limit {
      latest = place.at
      position += 1
    }
    return start..<position
  }

  private func open() {
    do {
      reader = try PacketReader(input, chunkSize: chunkSize)
    } catch {
      problems.append(error)
    }
  }

  /// Gives back the file and its memory.
  private func close() {
    isEnded = true
    counters = reader?.counters ?? counters
    problems += reader?.problems ?? []
    taken = bytesRead
    reader = nil
    packets = PacketBatch()
    position = 0
  }

  /// Bytes taken from the stored file so far.
  var bytesRead: UInt64 { reader?.bytesRead ?? taken }

  /// What was read of the file so far, but for what became of its packets; `exchanges` began in it.
  func report(exchanges: UInt64) -> SourceReport {
    var report = SourceReport(
      format: "capture",
      reason: LocalizedText(en: "by its first bytes", fr: "d’après ses premiers octets"))
    var capture = CaptureReport()
    capture.file = reader?.counters ?? counters
    capture.packets = chosen
    capture.exchanges = exchanges
    report.capture = capture
    report.problems = problems + (reader?.problems ?? [])
    return report
  }
}

/// Where a packet stands among those of all files: its time, then its file.
///
/// A packet that is earlier than one before it in its file has the time of that one: the order of
/// a file is kept.
struct StreamPlace: Comparable {
  var at: Timestamp
  var source: UInt32

  static func < (left: StreamPlace, right: StreamPlace) -> Bool {
    (left.at, left.source) < (right.at, right.source)
  }
}
