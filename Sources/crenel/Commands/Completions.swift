import ArgumentParser
import CrenelReplay

/// `crenel completions SHELL`.
struct CompletionsCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "completions",
    abstract: "Print the completion script of a shell.",
    discussion: """
      EXAMPLE
        crenel completions bash | sudo tee /etc/bash_completion.d/crenel
      """)

  @Argument(help: "bash, zsh or fish.")
  var shell: String

  func run() throws {
    guard let shell = CompletionShell(rawValue: shell) else {
      throw ValidationError("'\(shell)' is not one of bash, zsh, fish")
    }
    var output = OutputStream.standardOutput()
    output.write(Crenel.completionScript(for: shell) + "\n")
    output.flush()
  }
}
