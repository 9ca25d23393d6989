/// Finds what a person likely meant when a name is unknown.
public enum NearMiss {
  /// The closest of `candidates` to `word`, at most a third of its letters away; the first of equals.
  public static func of(_ word: String, among candidates: [String]) -> String? {
    let letters = Array(word.lowercased().utf8.prefix(64))
    return nearest(letters, candidates, limit: max(1, min(3, letters.count / 3)))
  }

  /// The closest of `candidates` to `word`, at most `limit` letters and less than half of them away.
  public static func of(
    _ word: String, among candidates: [String], within limit: Int
  ) -> String? {
    let letters = Array(word.lowercased().utf8.prefix(64))
    return nearest(letters, candidates, limit: min(limit, (letters.count - 1) / 2))
  }

  private static func nearest(
    _ letters: [UInt8], _ candidates: [String], limit: Int
  ) -> String? {
    guard letters.count > 1 else { return nil }
    var best: (distance: Int, word: String)?
    for candidate in candidates {
      let other = Array(candidate.lowercased().utf8.prefix(64))
      guard abs(other.count - letters.count) <= limit else { continue }
      let distance = distance(letters, other)
      guard distance <= limit, distance < (best?.distance ?? .max) else { continue }
      best = (distance, candidate)
    }
    return best?.word
  }

  /// A hint naming the closest candidate, or listing them when they are few.
  public static func hint(_ word: String, among candidates: [String]) -> String? {
    if let near = of(word, among: candidates) { return "did you mean '\(near)'?" }
    guard candidates.count <= 20, !candidates.isEmpty else { return nil }
    return "one of: " + candidates.joined(separator: ", ")
  }

  /// Letters to change, drop, add or swap with their neighbour (optimal string alignment).
  public static func distance(_ left: [UInt8], _ right: [UInt8]) -> Int {
    var before = [Int](repeating: 0, count: right.count + 1)
    var last = Array(0...right.count)
    for i in left.indices {
      var row = [Int](repeating: i + 1, count: right.count + 1)
      for j in right.indices {
        let change = left[i] == right[j] ? 0 : 1
        row[j + 1] = min(last[j + 1] + 1, row[j] + 1, last[j] + change)
        if i > 0, j > 0, left[i] == right[j - 1], left[i - 1] == right[j] {
          row[j + 1] = min(row[j + 1], before[j - 1] + 1)
        }
      }
      before = last
      last = row
    }
    return last[right.count]
  }
}
