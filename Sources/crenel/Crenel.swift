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
    do {
      var command = try parseAsRoot()
      try command.run()
    } catch let status as ExitStatus {
      Glibc.exit(status.rawValue)
    } catch let error as Diagnostics {
      StandardError.write(error.description + "\n")
      Glibc.exit(ExitStatus.usage.rawValue)
    } catch let error as Diagnostic {
      StandardError.write(error.description + "\n")
      Glibc.exit(ExitStatus.usage.rawValue)
    } catch {
      let code = exitCode(for: error)
      let text = fullMessage(for: error)
      if code == .success {
        var output = OutputStream.standardOutput()
        output.write(text + (text.hasSuffix("\n") ? "" : "\n"))
        try? output.finish()
        Glibc.exit(output.failure == 0 ? 0 : ExitStatus.usage.rawValue)
      }
      StandardError.write(text + (text.hasSuffix("\n") ? "" : "\n"))
      Glibc.exit(ExitStatus.usage.rawValue)
    }
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
