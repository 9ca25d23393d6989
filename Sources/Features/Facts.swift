import CrenelBooking
import CrenelModel

/// What the subjects take from one exchange, worked out once for both of them.
struct Facts {
  /// Place on the event clock, in nanoseconds.
  let at: Int64
  /// When the request arrived.
  let start: TimeBounds
  /// When the answer was complete.
  let end: TimeBounds
  /// Width of the source's clock, in nanoseconds.
  let resolution: Int64
  /// What it means.
  let kind: StepKind
  /// Whether that is known: no regular expression of the profile gave up.
  let isStepKnown: Bool
  /// What it may mean when that is not known; empty when it is.
  let mayBe: StepKinds
  /// Which rule of the profile gave up; it matters only when the step is not known.
  let openRule: Int16
  /// What came of it.
  let outcome: StepOutcome
  /// HTTP status; 0 when not logged.
  let status: UInt16
  /// Whether its place on the clock was moved: it takes no part in timing.
  let isLate: Bool
  /// Whether the method sends something.
  let sends: Bool
  /// Whether the session is a cookie's, hence one browser's.
  let byCookie: Bool
  /// The client as counted.
  let client: ClientAddress
  /// The client as the log has it.
  let seen: ClientAddress
  /// The session's key.
  let session: UInt64
  /// The agent's hash, in 32 bits; 0 when the log had none.
  let agent: UInt32
  /// The service's hash; 0 when unknown.
  let service: UInt64
  /// The slot's hash; 0 when unknown.
  let slot: UInt64
  /// The connection's number, in 32 bits; 0 when not logged.
  let connection: UInt32
  /// Which request of its connection it was; 0 when not logged.
  let connectionRequest: UInt32
  /// What the agent says of itself.
  var agentClass = AgentClass()
  /// Hash of the path, in 32 bits; 0 for assets and where the log has none.
  var path: UInt32 = 0
  /// Whether the Referer has the request's own path; `nil` for assets, without one or no sending.
  var refersToItself: Bool?
  /// Whether Accept-Language was missing; `nil` for assets and runs that never log it.
  var languageMissing: Bool?
  /// Whether the run has shown assets of anybody.
  var assetsAreLogged = false

  init(_ exchange: Exchange, _ step: Step) {
    at = exchange.at.nanoseconds
    start = exchange.start
    end = exchange.end
    resolution = max(0, exchange.resolution)
    kind = step.kind
    isStepKnown = !step.isUndecided
    mayBe = step.mayBe
    openRule = step.rule
    outcome = step.outcome
    status = exchange.status
    isLate = exchange.flags.contains(.late)
    sends = step.flags.contains(.sends)
    byCookie = step.flags.contains(.sessionByCookie)
    client = step.client
    seen = exchange.client
    session = step.session
    agent = step.agent == 0 ? 0 : folded(step.agent)
    service = step.serviceKey
    slot = step.slotKey
    connection = exchange.connection == 0 ? 0 : folded(exchange.connection)
    connectionRequest = exchange.connectionRequest
  }

  /// Whether it is a part of a page, for certain.
  var isAsset: Bool { kind == .asset }

  /// Whether it is a part of a page, or a step that is not known and may be one.
  var mayBeAsset: Bool { isAsset || mayBe.contains(.asset) }

  /// Whether the server failed.
  var isServerError: Bool { (500...599).contains(status) }

  /// Whether the step did what was asked, as far as the log can tell.
  var isDone: Bool {
    outcome == .success || (outcome != .failure && status < 400)
  }

  /// Whether the answer put a page in front of the client: no redirect, no error.
  var showsPage: Bool {
    !sends && outcome != .failure && (status < 300 || status == 304)
  }

  /// Whether the answer to what was sent put the same page in front of the client once more, to be
  /// mended: no redirect, and no error but those that frameworks give a form with mistakes.
  var showsAgain: Bool {
    sends && ((200..<300).contains(status) || status == 400 || status == 422)
  }
}

/// 64 bits of a hash or number in 32, never 0.
func folded(_ word: UInt64) -> UInt32 {
  max(1, UInt32(truncatingIfNeeded: word ^ (word >> 32)))
}
