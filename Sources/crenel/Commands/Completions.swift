import ArgumentParser
import CrenelModel
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

  @Flag(help: "One JSON object with the script in it.")
  var json = false

  func run() throws {
    guard let shell = CompletionShell(rawValue: shell) else {
      throw Diagnostic(
        code: "unknown-shell", at: SourcePosition(file: "completions"),
        "'\(shell)' is no shell known here",
        hint: "one of: bash, zsh, fish")
    }
    var output = OutputStream.standardOutput()
    let script = Crenel.completionScript(for: shell) + "\n"
    if json {
      var writer = JSONWriter()
      writer.beginObject()
      writer.string("shell", shell.rawValue)
      writer.string("script", script)
      writer.endObject()
      writer.newline()
      output.write(writer.bytes)
    } else {
      output.write(script)
    }
    try output.finish()
  }
}
