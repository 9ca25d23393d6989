import CrenelCapture
import CrenelModel

/// Something that gives the exchanges of inputs, batch after batch.
protocol ExchangeReader: AnyObject {
  /// Fills `batch` with the next exchanges; `false` at the end.
  ///
  /// A batch may be empty while there is more to come.
  func next(into batch: inout ExchangeBatch) -> Bool
  /// Whether the times of its exchanges never go back; known once it was asked for some.
  var isOrdered: Bool { get }
  /// Bytes taken from what is stored so far.
  var bytesRead: UInt64 { get }
  /// What was read so far of each input, but for the order of events.
  var reports: [SourceReport] { get }
}

/// One input: opened when first asked, then read as what its first bytes say it is.
final class ReplaySource: ExchangeReader {
  private let input: InputSource
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

  var isOrdered: Bool { reader?.isOrdered ?? false }

  var reports: [SourceReport] {
    var report =
      reader?.reports.first ?? SourceReport(format: nil, reason: SourceReport.nothing)
    if let problem { report.problems.append(problem) }
    return [report]
  }

  /// Opens the input, or keeps what is in the way.
  private func open() {
    do {
      try read(OpenedInput(input))
    } catch {
      problem = error
    }
  }

  /// Opens the input now; gives the file, for others to read, when it is a capture.
  func open(chunkSize: Int) -> CaptureFile? {
    do {
      let opened = try OpenedInput(input)
      switch opened.kind {
      case .capture:
        return try CaptureFile(opened, of: input, number: number, chunkSize: chunkSize)
      case .log: try read(opened)
      }
    } catch {
      problem = error
    }
    return nil
  }

  /// Reads an input that is open already.
  func read(_ opened: consuming OpenedInput) throws(Diagnostic) {
    switch opened.kind {
    case .capture:
      let file = try CaptureFile(opened, of: input, number: number, chunkSize: chunkSize)
      reader = CaptureSource([file], filter: try setup.packetFilter(), setup: setup)
    case .log:
      reader = LogSource(
        opened, name: input.name, number: number, setup: setup, chunkSize: chunkSize)
    }
  }
}
