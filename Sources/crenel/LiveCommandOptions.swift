import ArgumentParser
import CrenelModel
import CrenelReplay

/// Live interfaces in place of inputs.
struct LiveCommandOptions: ParsableArguments {
  @Option(
    name: .customLong("interface"),
    help: ArgumentHelp(
      "Capture live from this interface instead of reading inputs; may be repeated.",
      valueName: "name"))
  var interfaces: [String] = []

  @Option(
    help: ArgumentHelp(
      "Memory for packets not yet read, in MiB for each interface; only with --interface. (default: 32)",
      valueName: "MiB"))
  var bufferSize: String?

  @Option(
    help: ArgumentHelp(
      "Whom to become once the interfaces are open, when run as root; only with --interface. (default: nobody)",
      valueName: "user"))
  var user: String?

  /// Puts the settings into `options`, with what is wrong with them.
  func apply(to options: inout RunOptions) {
    options.mistakes += mistakes(options)
    options.live.interfaces = interfaces
    if let mebibytes { options.live.bufferMebibytes = mebibytes }
    if let user { options.live.user = user }
  }

  /// `--buffer-size` as a number; `nil` when it is not given, or none.
  private var mebibytes: Int? {
    guard let size = bufferSize.flatMap({ Int($0) }), (1...4_096).contains(size) else { return nil }
    return size
  }

  /// There must be inputs or interfaces, and not both; and nothing that would have no effect.
  private func mistakes(_ options: RunOptions) -> [Diagnostic] {
    var found: [Diagnostic] = []
    if bufferSize != nil, mebibytes == nil {
      found.append(
        Diagnostic(
          code: "bad-buffer-size", at: SourcePosition(file: "--buffer-size"),
          "'\(bufferSize ?? "")' is no number of MiB", hint: "a whole number from 1 to 4096"))
    }
    guard !interfaces.isEmpty else {
      if options.inputs.isEmpty { found.append(.noInput(or: "--interface")) }
      for (option, isGiven) in [("--buffer-size", bufferSize != nil), ("--user", user != nil)]
      where isGiven {
        found.append(
          Diagnostic(
            code: "needs-interface", at: SourcePosition(file: option),
            "it is for live captures, and no --interface is given",
            hint: "leave it out, or name an interface"))
      }
      return found
    }
    if !options.inputs.isEmpty {
      found.append(
        Diagnostic(
          code: "input-and-interface", at: SourcePosition(file: "--interface"),
          "it captures live and reads no inputs, and inputs are given too",
          hint: "give one or the other"))
    }
    if options.format != "auto" {
      found.append(
        Diagnostic(
          code: "format-of-packets", at: SourcePosition(file: "--format"),
          "it is for logs, and --interface captures packets", hint: "leave it out"))
    }
    var seen: Set<String> = []
    var told: Set<String> = []
    for name in interfaces where !seen.insert(name).inserted && told.insert(name).inserted {
      found.append(
        Diagnostic(
          code: "interface-twice", at: SourcePosition(file: "--interface"),
          "'\(name)' is given more than once, and its packets would count as often",
          hint: "name each interface once"))
    }
    return found
  }
}
