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

/// The inputs of a run: found, opened one after the other, merged by event time.
public final class ReplayInputs {
  private let setup: Setup
  private let options: RunOptions
  private var sources: [ReplaySource]
  private let leftOut: [Diagnostic]
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
        let live = try LiveInput.open(options.live, setup)
        sources = [
          ReplaySource(
            live, named: options.live.interfaces.joined(separator: "+"), setup: setup)
        ]
      } catch {
        throw Diagnostics([error])
      }
      return
    }
    guard let plan = setup.inputs else {
      leftOut = []
      sources = []
      return
    }
    leftOut = plan.leftOut
    sources = plan.sources.enumerated().map {
      ReplaySource($0.element, number: $0.offset, setup: setup, chunkSize: options.chunkSize)
    }
    do {
      // What is written would be read again, or has been emptied by the shell already.
      try files.refuse(
        descriptor: 1, named: "standard output", hint: "redirect the output to another file")
    } catch {
      throw Diagnostics([error])
    }
    rank()
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
    let firsts = sources.count > 1 ? firstEvents : [nil]
    // A live capture gives its exchanges in event order: nothing has to be held back.
    let isLive = !options.live.interfaces.isEmpty
    var merger = EventMerger(lateness: isLive ? 0 : setup.lateness, firsts: firsts)
    var progress = Progress(
      label: options.label, total: totalBytes, isWanted: options.showsProgress)
    var batch = ExchangeBatch()
    var exchanges: UInt64 = 0
    merge: while !consumer.isDone {
      switch merger.next() {
      case .run(let run):
        consumer.consume(merger.batches[run.batch], run.exchanges)
        exchanges &+= UInt64(run.exchanges.count)
      case .needs(let source):
        if isLive { consumer.flush() }  // before the next packets are waited for
        if sources[source].next(into: &batch) {
          if sources[source].isOrdered { merger.trustOrder(of: source) }
          merger.push(&batch, source: source)
        } else {
          merger.end(source: source)
        }
        progress.update(bytes: bytesRead, exchanges: exchanges)
      case .finished: break merge
      }
    }
    progress.finish()
    orders = sources.indices.map { merger.report(source: $0) }
  }

  /// Gives every exchange to `consumer`, source after source, in the order of the files.
  public func runUnordered<Consumer: ExchangeConsumer & ~Copyable>(_ consumer: inout Consumer) {
    var progress = Progress(
      label: options.label, total: totalBytes, isWanted: options.showsProgress)
    var batch = ExchangeBatch()
    var exchanges: UInt64 = 0
    for source in sources {
      while !consumer.isDone, source.next(into: &batch) {
        consumer.consume(batch, batch.exchanges.indices)
        exchanges &+= UInt64(batch.exchanges.count)
        progress.update(bytes: bytesRead, exchanges: exchanges)
      }
    }
    progress.finish()
  }

  /// The names of the sources, by number.
  public var names: [String] { sources.map(\.input.name) }

  /// The inputs as files that no output may take the place of.
  var files: FilesRead {
    options.live.interfaces.isEmpty ? FilesRead(sources.map(\.input)) : FilesRead([])
  }

  /// What was read, and what could not be.
  public var report: InputReport {
    var reports = sources.enumerated().map { number, source in
      var report = source.report
      if number < orders.count { report.order = orders[number] }
      return report
    }
    for warning in leftOut {
      var report = SourceReport(format: nil, reason: LocalizedText(en: "left out", fr: "écarté"))
      report.name = warning.position.file
      report.problems = [warning]
      reports.append(report)
    }
    return InputReport(sources: reports, warnings: unused(reports))
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
    guard sources.indices.contains(Int(source)) else { return "unknown" }
    let input = sources[Int(source)].input
    guard let path = input.path, let size = input.size else { return "stdin" }
    return SourceDigest.sha256(path: path, size: size).map { "sha256:" + $0 } ?? "unreadable"
  }

  private var totalBytes: UInt64 {
    var sum: UInt64 = 0
    for source in sources {
      guard let size = source.input.size else { return 0 }
      sum &+= size
    }
    return sum
  }

  private var bytesRead: UInt64 { sources.reduce(0) { $0 &+ $1.bytesRead } }

  private var firstEvents: [Timestamp?] = []

  /// Puts the sources into the order that ties are broken by: first event, then name.
  ///
  /// Each stored file is opened, its first lines decoded, and closed again; what has no event, and
  /// what can be read but once (standard input, pipes), comes first and is asked for at once.
  private func rank() {
    guard sources.count > 1 else { return }
    let inputs = sources.map(\.input)
    let firsts = inputs.map { input -> Timestamp? in
      guard input.size != nil else { return nil }
      let probe = ReplaySource(
        input, number: 0, setup: setup, chunkSize: LogSource.sampleSize)
      return probe.probe()
    }
    let plan = MergePlan(
      zip(firsts, inputs).map { MergePlan.Source(first: $0, path: $1.name) })
    firstEvents = plan.firsts
    sources = plan.order.enumerated().map {
      ReplaySource(
        inputs[$0.element], number: $0.offset, setup: setup, chunkSize: options.chunkSize)
    }
  }
}
