/// The documents of a YAML text as texts of their own.
enum YAMLParts {
  /// A document, with the lines that stand before it in the file.
  struct Part {
    var text: String
    var linesBefore: Int

    /// A place in the text, from 1; for one behind its last line with anything on it, that line's
    /// end: the parser sees what is missing at the end of the text only.
    func inside(line: Int, column: Int) -> (line: Int, column: Int) {
      let lines = text.utf8.split(separator: 0x0a, omittingEmptySubsequences: false)
      let last = lines.lastIndex { $0.contains { $0 > 0x20 } } ?? 0
      guard line > last + 1 else { return (line, column) }
      return (last + 1, Substring(lines[last]).unicodeScalars.count + 1)
    }
  }

  /// Cuts at lines that begin with `---`: such a line ends a document wherever it stands (YAML 1.2.2,
  /// section 9.2), in a block of text too.
  ///
  /// What holds only comments, blank lines and directives is left out.
  static func split(_ text: String) -> [Part] {
    var parts: [Part] = []
    var lines: [Substring.UTF8View] = []
    var before = 0
    var number = 0
    for line in text.utf8.split(separator: 0x0a, omittingEmptySubsequences: false) {
      if isMarker(line) {
        take(lines, before, to: &parts)
        lines = []
        before = number
      }
      lines.append(line)
      number += 1
    }
    take(lines, before, to: &parts)
    return parts
  }

  private static func isMarker(_ line: Substring.UTF8View) -> Bool {
    guard line.starts(with: [0x2d, 0x2d, 0x2d]) else { return false }
    return line.dropFirst(3).first.map { [0x20, 0x09, 0x0d].contains($0) } ?? true
  }

  private static func take(_ lines: [Substring.UTF8View], _ before: Int, to parts: inout [Part]) {
    let isEmpty = lines.allSatisfy { line in
      let first = line.first { $0 != 0x20 && $0 != 0x09 && $0 != 0x0d }
      return first == nil || first == UInt8(ascii: "#") || line.first == UInt8(ascii: "%")
    }
    guard !isEmpty else { return }
    var text = ""
    for line in lines {
      text += Substring(line)
      text += "\n"
    }
    parts.append(Part(text: text, linesBefore: before))
  }
}
