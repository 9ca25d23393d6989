import CrenelCapture
import CrenelModel

/// Something that gives the exchanges of one input, batch after batch.
protocol ExchangeReader: AnyObject {
  /// Fills `batch` with the next exchanges; `false` at the end.
  ///
  /// A batch may be empty while there is more to come.
  func next(into batch: inout ExchangeBatch) -> Bool
  /// Whether the times of its exchanges never go back.
  var isOrdered: Bool { get }
  /// Bytes taken from the stored file so far.
  var bytesRead: UInt64 { get }
  /// What was read so far, but for the order of events.
  var report: SourceReport { get }
}

/// One input: opened when first asked, then read as what its first bytes say it is.
final class ReplaySource {
  /// What it reads.
  let input: InputSource

  private let number: Int
  private let setup: Setup
  private let chunkSize: Int
  private var reader: (any ExchangeReader)?
  private var problem: Diagnostic?

  init(_ input: InputSource, number: Int, setup: Setup, chunkSize: Int) {
    self.input = input
    self.number = number
    self.setup = setup
    self.chunkSize = chunkSize
  }

  /// A source that is open already.
  init(_ reader: any ExchangeReader, named name: String, setup: Setup) {
    input = InputSource(name: name, path: nil, size: nil)
    number = 0
    self.setup = setup
    chunkSize = 0
    self.reader = reader
  }

  /// Fills `batch` with the next exchanges; `false` at the end.
  ///
  /// A batch may be empty while there is more to come.
  func next(into batch: inout ExchangeBatch) -> Bool {
    if reader == nil, problem == nil { open() }
    return reader?.next(into: &batch) ?? false
  }

  /// The earliest event among the first exchanges; `nil` when there is none.
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

  var bytesRead: UInt64 { reader?.bytesRead ?? 0 }

  /// Whether the times of its exchanges never go back; known once it was asked for some.
  var isOrdered: Bool { reader?.isOrdered ?? false }

  /// What was read so far.
  var report: SourceReport {
    var report = reader?.report ?? SourceReport(format: nil, reason: SourceReport.nothing)
    report.name = input.name
    if let problem { report.problems.append(problem) }
    return report
  }

  private func open() {
    do {
      let opened = try OpenedInput(input)
      switch opened.kind {
      case .capture:
        reader = try CaptureSource(opened, number: number, setup: setup, chunkSize: chunkSize)
      case .log:
        reader = LogSource(
          opened, name: input.name, number: number, setup: setup, chunkSize: chunkSize)
      }
    } catch {
      problem = error
    }
  }
}
