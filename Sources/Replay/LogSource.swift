import CrenelCapture
import CrenelDecode
import CrenelModel

/// One log on its way to exchanges: its format found, then decoded.
///
/// A class because it owns an open file and is referred to by number from several places; it is
/// used by one thread.
final class LogSource: ExchangeReader {
  private let name: String
  /// What became of its lines so far.
  private(set) var counters = LineCounters()
  /// The format taken, and why; `nil` before the first bytes.
  private(set) var detection: Detection?
  /// What kept it from being read whole.
  private(set) var problems: [Diagnostic] = []
  /// Bytes taken from the stored file so far.
  private(set) var bytesRead: UInt64 = 0
  let isOrdered = false

  private let format: LogFormat?
  private var configuration: DecoderConfiguration
  private var reader: LogReader?
  private var decoder: LogDecoder?
  private var isEnded = false

  /// Bytes from which a format is found, when they hold ``sampleLines`` lines; the same whatever the
  /// chunk size.
  static let sampleSize = 64 * 1_024
  /// Lines from which a format is found, as far as they are not more than ``sampleLimit`` bytes.
  static let sampleLines = 20
  /// Most bytes from which a format is found: some of the longest lines.
  static let sampleLimit = 4 * (LogReader.lineLimit + 1)

  init(_ opened: consuming OpenedInput, name: String, number: Int, setup: Setup, chunkSize: Int) {
    self.name = name
    reader = LogReader(opened, chunkSize: chunkSize)
    format = setup.format
    configuration = setup.decoder
    configuration.source = UInt32(number)
  }

  /// Fills `batch` with the next exchanges; `false` at the end.
  ///
  /// A batch may be empty while there is more to come.
  func next(into batch: inout ExchangeBatch) -> Bool {
    batch.removeAll()
    guard !isEnded else { return false }
    if decoder == nil { return start(&batch) }
    fill(&batch)
    return true
  }

  var reports: [SourceReport] { [report] }

  private var report: SourceReport {
    var report = SourceReport(
      format: detection?.format?.name, reason: detection?.reason ?? SourceReport.nothing)
    report.counters = counters
    report.problems = problems
    return report
  }

  /// Gathers a sample, finds the format in it, and decodes what was gathered.
  private func start(_ batch: inout ExchangeBatch) -> Bool {
    let runs = gather(&batch.bytes)
    let found = detect(batch.bytes)
    detection = found
    makeDecoder(found, bytes: batch.bytes.count)
    guard decoder != nil else {
      countWithoutDecoder(runs, batch.bytes)
      isEnded = true
      if batch.bytes.isEmpty, counters.lines == 0, reader?.problems.isEmpty == false {
        detection?.reason = LocalizedText(
          en: "nothing of it could be read", fr: "rien n’a pu en être lu")
      }
      note()
      return false
    }
    for run in runs {
      for offset in run.skipped { decoder?.skip(tooLongAt: offset) }
      decoder?.decode(&batch, lines: run.lines, offset: run.offset)
    }
    note()
    return true
  }

  /// Lines of the sample that follow each other in the source.
  private struct Run {
    /// Where lines began that came before and were too long.
    var skipped: [UInt64]
    var lines: Range<Int>
    var offset: UInt64
  }

  /// Appends lines until they are a sample, or all; they come in runs, for those too long between.
  private func gather(_ bytes: inout [UInt8]) -> [Run] {
    var runs: [Run] = []
    var chunk: [UInt8] = []
    while !isEnded, sample(bytes) == nil {
      let filled = read(&chunk)
      let start = bytes.count
      bytes.append(contentsOf: chunk[filled.lines])
      runs.append(
        Run(
          skipped: reader?.takeOversized() ?? [], lines: start..<bytes.count,
          offset: filled.offset))
    }
    return runs
  }

  /// How many bytes are the sample; `nil` when they are too few.
  ///
  /// What it says of more bytes is the same, so that the chunk size does not matter.
  private func sample(_ bytes: [UInt8]) -> Int? {
    let head = bytes.prefix(Self.sampleLimit)
    guard head.count >= Self.sampleSize else { return nil }
    var lines = 0
    for (index, byte) in head.enumerated() where byte == 0x0a {
      lines += 1
      if lines == Self.sampleLines { return max(Self.sampleSize, index + 1) }
    }
    return head.count == Self.sampleLimit ? head.count : nil
  }

  /// Creates the decoder of the format found, or says why there is none.
  private func makeDecoder(_ found: Detection, bytes count: Int) {
    guard let format = found.format else {
      if count > 0 { problems.append(unknownFormat(found, bytes: count)) }
      return
    }
    do {
      decoder = try LogDecoder(format, configuration)
    } catch {
      problems += error.items
    }
  }

  /// Counts the lines that were looked at of a log that has no format, or only lines too long.
  private func countWithoutDecoder(_ runs: [Run], _ bytes: [UInt8]) {
    if bytes.isEmpty, runs.contains(where: { !$0.skipped.isEmpty }) {
      detection?.reason = LocalizedText(
        en: "every line is longer than \(LogReader.lineLimit) bytes",
        fr: "chaque ligne dépasse \(LogReader.lineLimit) octets")
    }
    for run in runs {
      for offset in run.skipped { count(.lineTooLong, offset: offset, length: .max) }
      for line in bytes[run.lines].split(separator: 0x0a, omittingEmptySubsequences: false) {
        if line.startIndex == run.lines.upperBound { break }  // nothing follows the last line feed
        if line.allSatisfy({ $0 <= 0x20 }) {
          counters.lines &+= 1
          counters.blank &+= 1
        } else {
          let offset = run.offset &+ UInt64(line.startIndex - run.lines.lowerBound)
          count(.notDecoded, offset: offset, length: UInt32(clamping: line.count))
        }
      }
    }
  }

  private func count(_ reason: RejectReason, offset: UInt64, length: UInt32) {
    counters.lines &+= 1
    counters.unparsed.record(
      reason,
      at: Provenance(
        source: configuration.source, offset: offset, length: length, line: counters.lines),
      column: 1)
  }

  private func fill(_ batch: inout ExchangeBatch) {
    let filled = read(&batch.bytes)
    for offset in reader?.takeOversized() ?? [] { decoder?.skip(tooLongAt: offset) }
    decoder?.decode(&batch, lines: filled.lines, offset: filled.offset)
    note()
  }

  /// The next bytes, with what kept more from being read noted.
  private func read(_ bytes: inout [UInt8]) -> LogReader.Fill {
    guard let filled = reader?.fill(&bytes) else {
      isEnded = true
      bytes.removeAll(keepingCapacity: true)
      return LogReader.Fill(lines: 0..<0, offset: 0, isEnd: true)
    }
    isEnded = filled.isEnd
    return filled
  }

  /// Copies counters that others read, and closes what is at its end.
  private func note() {
    counters = decoder?.counters ?? counters
    bytesRead = reader?.bytesRead ?? bytesRead
    guard isEnded else { return }
    problems += reader?.problems ?? []
    reader = nil
  }

  private func detect(_ bytes: [UInt8]) -> Detection {
    if let format { return Detection(format: format, reason: SourceReport.asAsked) }
    return FormatDetector.detect(bytes.span.extracting(first: sample(bytes) ?? bytes.count))
  }

  private func unknownFormat(_ found: Detection, bytes count: Int) -> Diagnostic {
    guard count > 3 else {
      return Diagnostic(
        code: "unknown-format", at: SourcePosition(file: name, line: 1),
        "it ends after \(count) bytes, too few for a line of a log or the beginning of a capture",
        hint: "if it should hold more, copy it again")
    }
    return Diagnostic(
      code: "unknown-format", at: SourcePosition(file: name, line: 1),
      "the format of this log was not recognised: \(found.reason.en)"
        + (isEnded ? "" : "; what follows was not read"),
      hint: "name it with --format: a name, the server's log_format or LogFormat string, or"
        + " field=path,… for JSON lines; docs/log-formats.md lists what is known")
  }
}
