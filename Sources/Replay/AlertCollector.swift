import CrenelAlerts
import CrenelEngine
import CrenelModel
import CrenelRules

/// Gathers the alert records of a run in memory.
struct AlertCollector: ExchangeConsumer, ~Copyable {
  private var pipeline: Pipeline
  private var records: [AlertRecord] = []

  init(pipeline: consuming Pipeline) { self.pipeline = pipeline }

  var isDone: Bool { false }

  mutating func consume(_ batch: borrowing ExchangeBatch, _ range: Range<Int>) {
    for i in range { pipeline.process(batch, i) }
    records += pipeline.drain()
  }

  /// Rules that could not be decided for some request.
  var undecided: [UndecidedRule] { pipeline.rules.undecided }

  /// Ends the run and gives what it raised.
  mutating func finish() -> [AlertRecord] {
    pipeline.finish()
    records += pipeline.drain()
    return records
  }
}
