import CrenelCapture
import CrenelDecode
import CrenelModel

/// One input on its way to exchanges: opened when first asked, its format found, then decoded.
///
/// A class because it owns an open file and is referred to by number from several places; it is
/// used by one thread.
final class LogSource {
  /// What it reads.
  let input: InputSource
  /// What became of its lines so far.
  private(set) var counters = LineCounters()
  /// The format taken, and why; `nil` before the first bytes.
  private(set) var detection: Detection?
  /// What kept it from being read whole.
  private(set) var problems: [Diagnostic] = []
  /// Bytes taken from the stored file so far.
  private(set) var bytesRead: UInt64 = 0

  private let chunkSize: Int
  private let format: LogFormat?
  private var configuration: DecoderConfiguration
  private var reader: LogReader?
  private var decoder: LogDecoder?
  private var isEnded = false

  /// Bytes from which a format is found; the same whatever the chunk size.
  static let sampleSize = 64 * 1_024

  init(_ input: InputSource, number: Int, setup: Setup, chunkSize: Int) {
    self.input = input
    self.chunkSize = chunkSize
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
    if reader == nil { open() }
    guard reader != nil else {
      isEnded = true
      return false
    }
    if decoder == nil { return start(&batch) }
    fill(&batch)
    return true
  }

  /// The earliest event among the first lines that are exchanges; `nil` when there is none.
  ///
  /// For planning; the source is not of use afterwards.
  func probe() -> Timestamp? {
    var batch = ExchangeBatch()
    var first: Timestamp?
    while first == nil, next(into: &batch) {
      for exchange in batch.exchanges { first = min(first ?? exchange.at, exchange.at) }
    }
    return first
  }

  private func open() {
    do {
      reader = try LogReader(input, chunkSize: chunkSize)
    } catch {
      problems.append(error)
    }
  }

  /// Gathers a sample, finds the format in it, and decodes what was gathered.
  private func start(_ batch: inout ExchangeBatch) -> Bool {
    var chunk: [UInt8] = []
    var offset: UInt64 = 0
    var isFirst = true
    while batch.bytes.count < Self.sampleSize, !isEnded {
      let filled = read(&chunk)
      if isFirst {
        offset = filled.offset
        isFirst = false
      }
      batch.bytes.append(contentsOf: chunk[filled.lines])
    }
    let found = detect(batch.bytes)
    detection = found
    guard let format = found.format else {
      if !batch.bytes.isEmpty { problems.append(unknownFormat(found)) }
      isEnded = true
      return false
    }
    do {
      decoder = try LogDecoder(format, configuration)
    } catch {
      problems += error.items
      isEnded = true
      return false
    }
    let lines = batch.bytes.indices
    skipOversized()
    decoder?.decode(&batch, lines: lines, offset: offset)
    note()
    return true
  }

  private func fill(_ batch: inout ExchangeBatch) {
    let filled = read(&batch.bytes)
    skipOversized()
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

  /// Counts the lines that the reader found too long before those it gave last.
  private func skipOversized() {
    for offset in reader?.takeOversized() ?? [] { decoder?.skip(tooLongAt: offset) }
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
    if let format { return Detection(format: format, reason: "as asked") }
    let sample = bytes.span.extracting(first: min(bytes.count, Self.sampleSize))
    return FormatDetector.detect(sample)
  }

  private func unknownFormat(_ found: Detection) -> Diagnostic {
    Diagnostic(
      code: "unknown-format", at: SourcePosition(file: input.name, line: 1),
      "the format of this log was not recognised: \(found.reason)",
      hint: "name it with --format: a name, the server's log_format or LogFormat string, or"
        + " field=path,… for JSON lines; docs/log-formats.md lists what is known")
  }
}
