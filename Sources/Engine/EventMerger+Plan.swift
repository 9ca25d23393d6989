public import CrenelModel

/// The order of sources for ties, and when each must be opened.
///
/// Sources are ranked by (first event time, path), so the order in which a user or a shell names
/// files changes nothing. A source is needed only once the merged order reaches its first event
/// less the lateness bound: a rotated set keeps one or two files open, front ends that overlap
/// stay open together.
public struct MergePlan: Hashable, Sendable {
  /// What is known of a source before it is read.
  public struct Source: Hashable, Sendable {
    /// `at` of its first exchange; `nil` when none was found where the caller looked.
    public var first: Timestamp?
    /// Its name; compared byte by byte.
    public var path: String

    /// Creates a description.
    public init(first: Timestamp?, path: String) {
      self.first = first
      self.path = path
    }
  }

  /// Index into the sources as given, for each rank; rank is the source number of ties.
  public let order: [Int]
  /// First event time for each rank, as ``EventMerger/init(lateness:firsts:limits:)`` takes it.
  public let firsts: [Timestamp?]

  /// Ranks sources; those with no known first event come first, as they must be read at once.
  public init(_ sources: [Source]) {
    let order = sources.indices.sorted { left, right in
      Self.isBefore(sources[left], sources[right], or: left < right)
    }
    self.order = order
    firsts = order.map { sources[$0].first }
  }

  /// The rank of each source, in the order in which the sources were given.
  public var ranks: [Int] {
    var ranks = Array(repeating: 0, count: order.count)
    for (rank, source) in order.enumerated() { ranks[source] = rank }
    return ranks
  }

  private static func isBefore(_ left: Source, _ right: Source, or tie: Bool) -> Bool {
    guard left.first == right.first else {
      guard let before = left.first else { return true }
      guard let after = right.first else { return false }
      return before < after
    }
    guard left.path != right.path else { return tie }
    return left.path.utf8.lexicographicallyPrecedes(right.path.utf8)
  }
}
