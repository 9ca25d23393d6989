import ArgumentParser
import CrenelModel

/// The words of a command line that name commands.
enum CommandNames {
  /// What is wrong with them, and the command they had got to; `nil` when each names one.
  ///
  /// Only the words before the first option are looked at, for only they name commands.
  static func mistake(
    in words: [String], of root: any ParsableCommand.Type
  ) -> (mistake: Diagnostic, command: any ParsableCommand.Type)? {
    var command = root
    for word in words.first == "help" ? words.dropFirst() : words[...] {
      let subcommands = command.configuration.subcommands
      guard !subcommands.isEmpty, !word.hasPrefix("-") else { return nil }
      guard let next = subcommands.first(where: { $0.configuration.commandName == word }) else {
        let names = subcommands.compactMap { $0.configuration.commandName }
        return (unknown(word, names), command)
      }
      command = next
    }
    return nil
  }

  private static func unknown(_ word: String, _ names: [String]) -> Diagnostic {
    let list = "one of: " + names.joined(separator: ", ")
    let near = nearest(to: word, among: names)
    return Diagnostic(
      code: "unknown-command", at: SourcePosition(file: word), "there is no such command",
      hint: near.map { "did you mean '\($0)'? \(list)" } ?? list)
  }

  /// The name that one or two slips of the fingers make the word; `nil` when none is that near.
  private static func nearest(to word: String, among names: [String]) -> String? {
    let word = Array(word.unicodeScalars.prefix(64))
    let distances = names.map { (name: $0, slips: slips(word, Array($0.unicodeScalars))) }
    return distances.filter { $0.slips <= 2 && $0.slips < word.count }
      .min { $0.slips < $1.slips }?.name
  }

  /// Letters left out, put in, exchanged or swapped with the next (optimal string alignment).
  private static func slips(_ left: [Unicode.Scalar], _ right: [Unicode.Scalar]) -> Int {
    var rows = [Array(0...right.count)]
    for i in left.indices {
      var row = [i + 1]
      for j in right.indices {
        let isSame = left[i] == right[j]
        var best = min(rows[i][j] + (isSame ? 0 : 1), rows[i][j + 1] + 1, row[j] + 1)
        if i > 0, j > 0, left[i] == right[j - 1], left[i - 1] == right[j] {
          best = min(best, rows[i - 1][j - 1] + 1)
        }
        row.append(best)
      }
      rows.append(row)
    }
    return rows[left.count][right.count]
  }
}
