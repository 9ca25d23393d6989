/// What acknowledgements tell of how a client asks, and so of which response answers which request.
struct PairingFacts: BitwiseCopyable {
  /// The client sent a request before it had all of the response to the one before.
  private(set) var isPipelined = false
  /// Requests or responses may be missing, so that counting them does not pair those that follow.
  var mayLack = false
  /// What the client had of the server's stream when it began its last request; -1 when that is not
  /// known.
  private var had: Int64 = -1
  /// The place behind the last response that was paired.
  private var answered = Int64.min

  /// Whether pairs are no more than likely.
  var isDoubtful: Bool { isPipelined && mayLack }

  /// A request begins, whose client had the server's stream up to `place`.
  mutating func asked(_ place: Int64) {
    guard place != -1 else { return }
    if had != -1, place <= had || place < answered { isPipelined = true }
    if place < 0 { mayLack = true }
    had = place
  }

  /// The response to a request ends before `end`; when the client began the next request, where that
  /// is known already, it had the stream up to `next`.
  mutating func ended(_ end: UInt64, next: Int64) {
    answered = Int64(clamping: end)
    if next != -1, next < answered { isPipelined = true }
  }
}
