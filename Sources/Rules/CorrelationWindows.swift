/// 128 seeded bits that stand for a group or a value.
struct WindowKey: Hashable, BitwiseCopyable {
  var high: UInt64
  var low: UInt64
}
struct CorrelationWindows {
  init(_ correlations: [Correlation]) {}
  mutating func add(
    _ group: WindowKey, _ value: WindowKey, at: Int64, in place: Int, _ correlation: Correlation,
    evicted: inout UInt64
  ) -> Int { 0 }
}
