/// How far two words are apart, for "did you mean".
public enum Spelling {
  /// Insertions, deletions and replacements from one word to the other (Levenshtein).
  public static func distance(_ left: String, _ right: String) -> Int {
    let a = Array(left.utf8)
    let b = Array(right.utf8)
    guard a.count <= 64, b.count <= 64 else { return .max }
    var row = Array(0...b.count)
    for i in a.indices {
      var diagonal = row[0]
      row[0] = i + 1
      for j in b.indices {
        let above = row[j + 1]
        row[j + 1] = min(above + 1, row[j] + 1, diagonal + (a[i] == b[j] ? 0 : 1))
        diagonal = above
      }
    }
    return row[b.count]
  }

  /// The closest of `known` to `word`, when it is at most two changes away.
  public static func nearest(to word: String, in known: [String]) -> String? {
    let near = known.min { distance($0, word) < distance($1, word) }
    return near.flatMap { distance($0, word) <= 2 ? $0 : nil }
  }
}
