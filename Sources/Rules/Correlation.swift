import CrenelModel

/// A correlation as evaluated: what counts as an event, by which key, how long, and how many.
struct Correlation {
  /// A rule whose matches are events, and the fields that make their key.
  struct Input {
    var rule: Int32
    var fields: [Field]
  }

  /// What the count must be.
  struct Bound {
    var comparison: Comparison
    var count: Int

    /// Whether `found` meets it.
    func holds(_ found: Int) -> Bool {
      switch comparison {
      case .less: found < count
      case .lessOrEqual: found <= count
      case .greater: found > count
      case .greaterOrEqual: found >= count
      case .equal: found == count
      case .notEqual: found != count
      case .matches: false
      }
    }
  }

  var rule: Int32
  var inputs: [Input]
  var countsValues: Bool
  var fields: [Field]
  /// Length of the window, both ends in it, in nanoseconds.
  var timespan: Int64
  var bounds: [Bound]

  /// Events or values kept of one group: one more than the largest count compared with, which
  /// decides every comparison.
  var capacity: Int { (bounds.map(\.count).max() ?? 0) + 1 }

  /// Whether the count it asks for is one that people do not reach.
  ///
  /// That is three events or more, on average at most 3.5 s apart; such a count is timing.
  var isRapid: Bool {
    guard !countsValues else { return false }
    let least =
      bounds.map { bound in
        switch bound.comparison {
        case .greaterOrEqual, .equal: bound.count
        case .greater: bound.count + 1
        default: 0
        }
      }.max() ?? 0
    return least >= 3 && timespan / Int64(least - 1) <= 7 * Nanoseconds.second / 2
  }

  /// Whether `count` (which stops at ``capacity``) meets every bound.
  func holds(_ count: Int) -> Bool {
    for bound in bounds where !bound.holds(count) { return false }
    return true
  }
}
