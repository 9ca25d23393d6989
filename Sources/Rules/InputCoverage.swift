import CrenelModel

/// Up to when requests may have gone unseen, so that nothing can be said to have been absent.
///
/// A source shows nothing before its first line, a line that was not understood may be any request,
/// and where one line came too late others may be missing. Of the source that was not heard of last
/// it is not known whether lines were not understood since, nor whether its next one is earlier
/// than stamps tell.
struct InputCoverage {
  /// Sources told apart; those with a higher number count as new with each exchange.
  private static let sourceLimit = 1 << 20

  /// Lines of each source that were not understood; -1 for a source that was not seen yet.
  private var unparsed: [Int64] = []
  private var source = UInt32.max
  private var now = Int64.min
  /// The last instant at which something may have gone unseen, in nanoseconds.
  private(set) var gap = Int64.min
  /// Whether the last exchange came after later ones.
  private(set) var isLate = false

  /// Takes in an exchange, in event order.
  mutating func note(_ exchange: borrowing Exchange) {
    let at = exchange.at.nanoseconds
    isLate = exchange.flags.contains(.late)
    if at < now { isLate = true }
    let lacksLines = lacksLines(exchange)
    if isLate || lacksLines { gap = max(gap, Self.written(exchange)) }
    if source != exchange.provenance.source {
      gap = max(gap, now)
      source = exchange.provenance.source
    }
    now = max(now, at)
  }

  /// Takes in an exchange that rules cannot look into.
  mutating func miss(_ exchange: borrowing Exchange) {
    note(exchange)
    gap = max(gap, Self.written(exchange))
  }

  /// The last instant that an exchange may be of.
  static func written(_ exchange: borrowing Exchange) -> Int64 {
    max(exchange.at, exchange.end.latest).nanoseconds
  }

  /// Whether lines of the exchange's source are missing before it.
  private mutating func lacksLines(_ exchange: borrowing Exchange) -> Bool {
    let place = Int(exchange.provenance.source)
    guard place < Self.sourceLimit else { return true }
    while unparsed.count <= place { unparsed.append(-1) }
    let count = Int64(exchange.unparsedBefore)
    defer { unparsed[place] = max(unparsed[place], count) }
    return count > unparsed[place]
  }
}
