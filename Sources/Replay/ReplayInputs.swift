import CrenelCapture
import CrenelDecode
import CrenelEngine
public import CrenelModel

/// Something that takes exchanges in, run after run, in event order.
public protocol ExchangeConsumer: ~Copyable {
  /// Takes in some exchanges of a batch.
  mutating func consume(_ batch: borrowing ExchangeBatch, _ range: Range<Int>)
  /// Whether more input is of no use: the reader of the output has gone.
  var isDone: Bool { get }
  /// Writes what waits; called often where the input is live.
  mutating func flush()
}

extension ExchangeConsumer where Self: ~Copyable {
  /// Writes nothing: all is written at the end.
  public mutating func flush() {}
}

/// The inputs of a run: found, opened when their turn comes, merged by event time.
///
/// Captures are one stream of packets, whatever their number; each log is a stream of its own.
public final class ReplayInputs {
  private let setup: Setup
  private let options: RunOptions
  /// By number.
  private let inputs: [RankedInput]
  private let leftOut: [Diagnostic]
  private var filter: PacketFilter?
  private var streams = InputStreams()
  private var orders: [SourceOrderReport] = []

  /// Takes the inputs that the setup found, or opens the interfaces.
  ///
  /// Throws what libpcap refuses, and `output-is-input` where standard output is an input.
  public init(_ options: RunOptions, _ setup: Setup) throws(Diagnostics) {
    self.setup = setup
    self.options = options
    guard options.live.interfaces.isEmpty else {
      leftOut = []
      do {
        let name = options.live.interfaces.joined(separator: "+")
        inputs = [RankedInput(InputSource(name: name, path: nil, size: nil))]
        streams = InputStreams(try LiveInput.open(options.live, setup))
      } catch {
        throw Diagnostics([error])
      }
      return
    }
    guard let plan = setup.inputs else {
      leftOut = []
      inputs = []
      return
    }
    leftOut = plan.leftOut
    inputs = RankedInput.ranked(plan.sources, setup)
    do {
      filter = try setup.packetFilter()
    } catch {
      throw Diagnostics([error])
    }
    do {
      // What is written would be read again, or has been emptied by the shell already.
      try files.refuse(
        descriptor: 1, named: "standard output", hint: "redirect the output to another file")
    } catch {
      throw Diagnostics([error])
    }
  }

  /// Gives up the rights of root where interfaces needed them; to be called when outputs are open.
  func start() throws(Diagnostics) {
    guard !options.live.interfaces.isEmpty else { return }
    do {
      try LiveInput.start(options.live)
    } catch {
      throw Diagnostics([error])
    }
  }

  /// Gives every exchange to `consumer` in event order: time, then source, then place.
  public func run<Consumer: ExchangeConsumer & ~Copyable>(_ consumer: inout Consumer) {
    open()
    let isLive = !options.live.interfaces.isEmpty
    var merger = EventMerger(lateness: setup.lateness, firsts: streams.firsts)
    var progress = Progress(
      label: options.label, total: totalBytes, isWanted: options.showsProgress)
    var batch = ExchangeBatch()
    var exchanges: UInt64 = 0
    merge: while !consumer.isDone {
      switch merger.next() {
      case .run(let run):
        consumer.consume(merger.batches[run.batch], run.exchanges)
        exchanges &+= UInt64(run.exchanges.count)
      case .needs(let stream):
        if isLive { consumer.flush() }  // before the next packets are waited for
        if streams.readers[stream].next(into: &batch) {
          if streams.readers[stream].isOrdered { merger.trustOrder(of: stream) }
          merger.push(&batch, source: stream)
        } else {
          merger.end(source: stream)
        }
        progress.update(bytes: streams.bytesRead, exchanges: exchanges)
      case .finished: break merge
      }
    }
    progress.finish()
    orders = streams.readers.indices.map { merger.report(source: $0) }
  }

  /// Gives every exchange to `consumer`, stream after stream, in the order of the files.
  public func runUnordered<Consumer: ExchangeConsumer & ~Copyable>(_ consumer: inout Consumer) {
    var progress = Progress(
      label: options.label, total: totalBytes, isWanted: options.showsProgress)
    var batch = ExchangeBatch()
    var exchanges: UInt64 = 0
    open()
    for reader in streams.readers {
      while !consumer.isDone, reader.next(into: &batch) {
        consumer.consume(batch, batch.exchanges.indices)
        exchanges &+= UInt64(batch.exchanges.count)
        progress.update(bytes: streams.bytesRead, exchanges: exchanges)
      }
    }
    progress.finish()
  }

  /// The names of the sources, by number.
  public var names: [String] { inputs.map(\.source.name) }

  /// The inputs as files that no output may take the place of.
  var files: FilesRead {
    options.live.interfaces.isEmpty ? FilesRead(inputs.map(\.source)) : FilesRead([])
  }

  /// What was read, and what could not be.
  public var report: InputReport {
    var reports = inputs.map { _ in SourceReport(format: nil, reason: SourceReport.nothing) }
    for (stream, reader) in streams.readers.enumerated() {
      for (number, report) in zip(streams.members[stream], reader.reports) {
        reports[number] = report
      }
      if stream < orders.count { reports[streams.members[stream][0]].order = orders[stream] }
    }
    for number in inputs.indices { reports[number].name = inputs[number].source.name }
    for warning in leftOut {
      var report = SourceReport(format: nil, reason: LocalizedText(en: "left out", fr: "écarté"))
      report.name = warning.position.file
      report.problems = [warning]
      reports.append(report)
    }
    return InputReport(
      sources: reports, warnings: (setup.inputs?.repeated ?? []) + unused(reports),
      captures: streams.captures?.whole)
  }

  /// Options that had no effect on what was read; known only when it is.
  private func unused(_ reports: [SourceReport]) -> [Diagnostic] {
    let captures = reports.count { $0.capture != nil }
    let logs = reports.count { $0.capture == nil && $0.format != nil }
    var warnings: [Diagnostic] = []
    if options.bpf != nil, captures == 0, logs > 0 {
      warnings.append(Self.unused("--bpf", "chooses packets, and no input is a capture"))
    }
    if options.format != "auto", logs == 0, captures > 0 {
      warnings.append(Self.unused("--format", "is for logs, and every input is a capture"))
    }
    return warnings
  }

  private static func unused(_ option: String, _ why: String) -> Diagnostic {
    Diagnostic(
      .warning, code: "unused-option", at: SourcePosition(file: option),
      "it had no effect: it \(why)",
      hint: "leave it out")
  }

  /// How a source is called in evidence: `sha256:` and the digest of the stored file, or `stdin`.
  public func evidenceName(of source: UInt32) -> String {
    guard inputs.indices.contains(Int(source)) else { return "unknown" }
    let input = inputs[Int(source)].source
    guard let path = input.path, let size = input.size else { return "stdin" }
    return SourceDigest.sha256(path: path, size: size).map { "sha256:" + $0 } ?? "unreadable"
  }

  /// Makes streams of the inputs, once.
  private func open() {
    guard streams.readers.isEmpty else { return }
    streams = InputStreams(inputs, filter: filter.take(), setup, chunkSize: options.chunkSize)
  }

  private var totalBytes: UInt64 {
    var sum: UInt64 = 0
    for input in inputs {
      guard let size = input.source.size else { return 0 }
      sum &+= size
    }
    return sum
  }
}
