/// How often the most frequent path came, at least (Misra and Gries 1982, with 4 counters).
///
/// Exact while there are at most 4 paths; else too small by at most a fifth of all paths counted.
struct PathCandidates: BitwiseCopyable {
  private var paths = InlineArray<4, UInt32>(repeating: 0)
  private var counts = InlineArray<4, UInt32>(repeating: 0)

  /// Counts one path.
  mutating func note(_ path: UInt32) {
    var free = -1
    for i in 0..<4 {
      if counts[i] == 0 {
        free = i
      } else if paths[i] == path {
        counts[i].bump()
        return
      }
    }
    if free >= 0 {
      paths[free] = path
      counts[free] = 1
    } else {
      for i in 0..<4 { counts[i] &-= 1 }
    }
  }

  /// Lower bound of the most frequent path's count.
  var most: UInt32 { max(max(counts[0], counts[1]), max(counts[2], counts[3])) }
}
