import ArgumentParser
import CrenelModel
import CrenelReplay
import Glibc

/// The command `crenel`: arguments in, one driver called, an exit code out.
@main
struct Crenel: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "crenel",
    abstract: "Tells robotic booking of public appointment slots from people, with reasons.",
    discussion: """
      Reads HTTP access logs, computes each client's timing, and writes explained alerts.

      EXAMPLES
        crenel replay /var/log/nginx/access.log
        crenel replay --site ezbooking access.log.*.gz access.log
        crenel explain --client 192.0.2.7 access.log
        crenel rules test

      EXIT STATUS  0 done · 1 findings, where asked (--fail-on) · 2 wrong usage or configuration
        3 input not read whole (cut off, damaged, unknown), with --strict also lines not understood
          and requests for which a rule or booking step could not be decided
        4 integrity failure
      """,
    version: CrenelVersion.text,
    subcommands: [
      ReplayCommand.self, ExchangesCommand.self, FeaturesCommand.self, StatsCommand.self,
      ExplainCommand.self, RulesCommand.self, SiteCommand.self, DoctorCommand.self,
      CompletionsCommand.self,
    ])

  /// Runs the command; wrong usage exits with 2, as the other tools of the field do.
  static func main() {
    var verb: any ParsableCommand.Type = Crenel.self
    let words = Array(CommandLine.arguments.dropFirst())
    if let (mistake, command) = CommandNames.mistake(in: words, of: verb) {
      fail(Diagnostics([mistake]), command)
    }
    do {
      var command = try parseAsRoot()
      verb = type(of: command)
      try command.run()
    } catch let status as ExitStatus {
      Glibc.exit(status.rawValue)
    } catch let error as Diagnostics {
      fail(error, verb)
    } catch let error as Diagnostic {
      fail(Diagnostics([error]), verb)
    } catch {
      let text = fullMessage(for: error)
      let lines = text + (text.hasSuffix("\n") ? "" : "\n")
      guard exitCode(for: error) == .success else {
        StandardError.write(lines)
        Glibc.exit(ExitStatus.usage.rawValue)
      }
      show(lines)
    }
  }

  /// Writes a help, a version or a script that was asked for.
  private static func show(_ text: String) {
    var output = OutputStream.standardOutput()
    output.write(text)
    do {
      try output.finish()
    } catch {
      fail(error, Crenel.self)
    }
  }

  /// Ends with 2, all mistakes told; where words are missing or too many, how the verb is used.
  private static func fail(_ error: Diagnostics, _ verb: any ParsableCommand.Type) -> Never {
    var text = error.description + "\n"
    if error.items.contains(where: \.isUsage) {
      let usage = usageString(for: verb)
      // The words before the first that is to be filled in.
      let words = usage.split(separator: " ").prefix { $0.allSatisfy(\.isLetter) }
      text += "Usage: \(usage)\n"
      text += "  See '\(words.joined(separator: " ")) --help' for more information.\n"
    }
    StandardError.write(text)
    Glibc.exit(ExitStatus.usage.rawValue)
  }
}

/// How the command ends (DESIGN 9).
enum ExitStatus: Int32, Error {
  /// Findings at or above the level of `--fail-on`, or a rule whose samples fail.
  case findings = 1
  /// Wrong usage or configuration.
  case usage = 2
  /// Input that could not be read whole.
  case incomplete = 3
}
