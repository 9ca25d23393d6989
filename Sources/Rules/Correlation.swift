import CrenelModel

/// What a correlation measures over its window (Sigma correlation rules, version 2.1.0).
public enum CorrelationKind: String, CaseIterable, Sendable, Hashable {
  /// How many events there were.
  case eventCount = "event_count"
  /// How many different values a field had.
  case valueCount = "value_count"
  /// How many of the rules matched, in any order.
  case temporal
  /// How many of the rules matched one after the other, in the order in which they are listed.
  case temporalOrdered = "temporal_ordered"
  /// The sum of a field's numbers.
  case valueSum = "value_sum"
  /// The mean of a field's numbers.
  case valueAverage = "value_avg"
  /// A percentile of a field's numbers; without `percentile`, what share of the events, in per
  /// cent, have the value that the event has.
  case valuePercentile = "value_percentile"

  /// Whether it reads a field of its events.
  var readsField: Bool {
    switch self {
    case .eventCount, .temporal, .temporalOrdered: false
    case .valueCount, .valueSum, .valueAverage, .valuePercentile: true
    }
  }

  /// Whether what it compares is a number of events, values or rules.
  var isCount: Bool {
    switch self {
    case .eventCount, .valueCount, .temporal, .temporalOrdered: true
    case .valueSum, .valueAverage, .valuePercentile: false
    }
  }

  /// Whether it looks at which of its rules matched.
  var isTemporal: Bool { self == .temporal || self == .temporalOrdered }
}

/// A correlation as evaluated: what counts as an event, by which key, how long, and how many.
struct Correlation {
  /// Numbers kept of one group for sums, means and percentiles; older ones are given up, counted.
  static let numberLimit = 4_096

  /// A rule whose matches are events, and the fields that make their key.
  struct Input {
    var rule: Int32
    var fields: [Field]
    /// Of an absence by session: the same with the client in place of the session, since a session
    /// begins under another cookie than its first request had, or none.
    var addressFields: [Field] = []
  }

  /// What the measure must be.
  struct Bound {
    var comparison: Comparison
    var value: Double

    /// Whether `found` meets it.
    func holds(_ found: Double) -> Bool {
      switch comparison {
      case .less: found < value
      case .lessOrEqual: found <= value
      case .greater: found > value
      case .greaterOrEqual: found >= value
      case .equal: found == value
      case .notEqual: found != value
      case .matches: false
      }
    }
  }

  var rule: Int32
  var kind: CorrelationKind
  var inputs: [Input]
  var fields: [Field]
  /// Of a percentile: which, above 0 and up to 100.
  var percentile: Double?
  /// Length of the window, both ends in it, in nanoseconds.
  var timespan: Int64
  var bounds: [Bound]
  /// Of an absence: the rules before whose matches none of `inputs` must have matched.
  var triggers: [Input] = []

  /// Whether it asks that something did not come.
  var isAbsence: Bool { !triggers.isEmpty }

  /// The rules whose matches it judges.
  var judged: [Input] { isAbsence ? triggers : inputs }

  /// Whether an ordered one must also know of chains that leave rules out.
  var allowsGaps: Bool {
    bounds.contains { $0.comparison != .greaterOrEqual || $0.value < Double(inputs.count) }
  }

  /// Events, values or numbers kept of one group.
  ///
  /// For counts one more than the largest count compared with, which decides every comparison.
  var capacity: Int {
    switch kind {
    case .eventCount, .valueCount: Int(bounds.map(\.value).max() ?? 0) + 1
    case .temporal: inputs.count
    case .temporalOrdered: inputs.count * inputs.count
    case .valueSum, .valueAverage, .valuePercentile: Self.numberLimit
    }
  }

  /// Whether it asks what share of events has a value.
  var isShare: Bool { kind == .valuePercentile && percentile == nil }

  /// How its events are kept.
  var shape: WindowShape {
    WindowShape(
      timespan: timespan, capacity: capacity,
      isKeyed: kind == .valueCount || kind.isTemporal)
  }

  /// Whether the count it asks for is one that people do not reach.
  ///
  /// That is three events or more, on average at most 3.5 s apart; such a count is timing.
  var isRapid: Bool {
    guard kind == .eventCount else { return false }
    let least =
      bounds.map { bound in
        switch bound.comparison {
        case .greaterOrEqual, .equal: Int(bound.value)
        case .greater: Int(bound.value) + 1
        default: 0
        }
      }.max() ?? 0
    return least >= 3 && timespan / Int64(least - 1) <= 7 * Nanoseconds.second / 2
  }

  /// Whether what was measured (counts stop at ``capacity``) meets every bound.
  func holds(_ found: Double) -> Bool {
    for bound in bounds where !bound.holds(found) { return false }
    return true
  }
}
