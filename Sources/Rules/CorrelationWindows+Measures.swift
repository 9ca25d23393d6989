extension CorrelationWindows {
  /// What a correlation measures of a group, into which its last event was `value`.
  ///
  /// `scratch` is the memory that ranks are found in.
  func measure(
    _ group: Int32, _ correlation: borrowing Correlation, last value: WindowKey,
    scratch: inout [Double]
  ) -> Double {
    let state = groups[Int(group)]
    switch correlation.kind {
    case .eventCount, .valueCount, .temporal, .temporalOrdered: return Double(state.count)
    case .valueSum: return Double(state.sum) / Self.fraction
    case .valueAverage: return Double(state.sum) / Self.fraction / Double(max(1, state.count))
    case .valuePercentile:
      guard let percentile = correlation.percentile else { return share(group, of: value) }
      return rank(group, percentile, &scratch)
    }
  }

  /// The share of a group's events that have a value, in per cent.
  private func share(_ group: Int32, of value: WindowKey) -> Double {
    var same = 0
    var place = groups[Int(group)].oldest
    while place != Self.none {
      if nodes[Int(place)].value == value { same += 1 }
      place = nodes[Int(place)].after
    }
    return 100 * Double(same) / Double(max(1, groups[Int(group)].count))
  }

  /// The smallest number that at least `percentile` per cent of the group's numbers do not exceed
  /// (the nearest rank): one that was there, never one between two.
  private func rank(_ group: Int32, _ percentile: Double, _ scratch: inout [Double]) -> Double {
    scratch.removeAll(keepingCapacity: true)
    var place = groups[Int(group)].oldest
    while place != Self.none {
      scratch.append(Double(bitPattern: nodes[Int(place)].bits))
      place = nodes[Int(place)].after
    }
    guard !scratch.isEmpty else { return .nan }
    scratch.sort()
    let rank = Int((percentile / 100 * Double(scratch.count)).rounded(.up))
    return scratch[min(max(rank, 1), scratch.count) - 1]
  }
}
