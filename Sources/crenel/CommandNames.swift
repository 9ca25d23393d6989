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
    let letters = Array(word.utf8.prefix(64))
    let distances = names.map { (name: $0, slips: NearMiss.distance(letters, Array($0.utf8))) }
    return distances.filter { $0.slips <= 2 && $0.slips < letters.count }
      .min { $0.slips < $1.slips }?.name
  }
}
