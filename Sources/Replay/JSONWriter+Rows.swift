import CrenelBooking
import CrenelModel

extension JSONWriter {
  /// Writes `source.ip` and the step with its outcome as members of an open object.
  mutating func moment(_ client: ClientAddress, _ step: StepKind, _ outcome: StepOutcome) {
    beginObject("source")
    address("ip", client)
    endObject()
    beginObject("booking")
    string("step", step.name)
    string("outcome", outcome.name)
    endObject()
  }

  /// Writes `log.file.path` and `log.line` as members of an open object.
  mutating func place(_ file: String, line: UInt64) {
    beginObject("log")
    beginObject("file")
    string("path", file)
    endObject()
    int("line", line)
    endObject()
  }
}
