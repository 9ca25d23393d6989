import CrenelBooking
import CrenelModel

extension JSONWriter {
  /// Writes `source` and the step with its outcome as members of an open object.
  ///
  /// `step` is `nil` when it is not known, since an expression of the profile gave up.
  mutating func moment(_ client: NamedClient, _ step: StepKind?, _ outcome: StepOutcome) {
    let source = mark
    beginObject("source")
    self.client(client)
    endObject(orBackTo: source)
    beginObject("booking")
    if let step {
      string("step", step.name)
      string("outcome", outcome.name)
    } else {
      bool("undecided", true)
    }
    endObject()
  }

  /// Writes `http.response.status_code` as a member of an open object.
  mutating func status(_ code: UInt16) {
    beginObject("http")
    beginObject("response")
    int("status_code", code)
    endObject()
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

extension Step {
  /// What the exchange means; `nil` when an expression of the profile gave up.
  var knownKind: StepKind? { isUndecided ? nil : kind }
}
