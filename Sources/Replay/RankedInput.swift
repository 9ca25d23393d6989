import CrenelCapture
import CrenelEngine
import CrenelModel

/// An input, with what could be seen of it before the run.
struct RankedInput {
  /// What is read.
  let source: InputSource
  /// What it holds; `nil` where looking would lose bytes (standard input, pipes) or fails.
  private(set) var kind: ContentKind?
  /// Its first packet, or the earliest of its first exchanges; `nil` when none was seen.
  private(set) var first: Timestamp?

  /// An input of which nothing was seen.
  init(_ source: InputSource) { self.source = source }

  /// Puts inputs into the order that ties are broken by: first event, then name.
  ///
  /// Each stored file is opened, its first lines or packets decoded, and closed again; what has no
  /// event, and what can be read but once (standard input, pipes), comes first.
  static func ranked(_ sources: [InputSource], _ setup: Setup) -> [RankedInput] {
    var inputs = sources.map { RankedInput($0) }
    guard inputs.count > 1 else { return inputs }
    for i in inputs.indices where inputs[i].source.size != nil { inputs[i].look(setup) }
    let plan = MergePlan(inputs.map { MergePlan.Source(first: $0.first, path: $0.source.name) })
    return plan.order.map { inputs[$0] }
  }

  /// Looks into a stored file; one that cannot be read is left for the run to tell.
  private mutating func look(_ setup: Setup) {
    do {
      let opened = try OpenedInput(source)
      let kind = opened.kind
      switch kind {
      case .capture: first = try CaptureFile.firstPacket(opened)
      case .log:
        let probe = ReplaySource(source, number: 0, setup: setup, chunkSize: LogSource.sampleSize)
        try probe.read(opened)
        first = probe.probe()
      }
      self.kind = kind
    } catch {
      kind = nil
    }
  }
}
