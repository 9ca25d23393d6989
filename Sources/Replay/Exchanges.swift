public import CrenelModel

/// `crenel exchanges`: what was decoded.
public enum Exchanges {
  /// Writes one JSON line an exchange to standard output, in event order.
  public static func run(_ options: RunOptions, isQuiet: Bool) throws(Diagnostics) -> InputReport {
    let setup = try Setup(options)
    let inputs = try ReplayInputs(options, setup)
    var consumer = Consumer(
      encoder: ExchangeEncoder(names: setup.names, sources: inputs.names),
      output: OutputStream.standardOutput())
    try inputs.start()
    inputs.run(&consumer)
    try consumer.output.finish()
    inputs.report.tell(isQuiet: isQuiet)
    return inputs.report
  }

  private struct Consumer: ExchangeConsumer, ~Copyable {
    var encoder: ExchangeEncoder
    var output: OutputStream

    var isDone: Bool { output.isDone }

    mutating func flush() { output.flush() }

    mutating func consume(_ batch: borrowing ExchangeBatch, _ range: Range<Int>) {
      for i in range { output.write(encoder.line(batch.exchanges[i], in: batch)) }
    }
  }
}
