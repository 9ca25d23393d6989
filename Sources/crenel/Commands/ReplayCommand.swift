import ArgumentParser
import CrenelModel
import CrenelReplay

/// `crenel replay INPUT…`.
struct ReplayCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "replay",
    abstract: "Read logs or captures and write alerts.",
    discussion: """
      Alerts are ECS JSON lines when standard output is no terminal, a readable report on one.

      EXAMPLES
        crenel replay /var/log/nginx/access.log
        crenel replay --site ezbooking --alerts alerts.ndjson access.log.*.gz access.log
        crenel replay --bpf 'tcp port 80' capture.pcapng
        zcat access.log.gz | crenel replay --fail-on high -
        crenel replay --interface eth0 --bpf 'tcp port 80' --alerts alerts.ndjson
      """)

  @OptionGroup var input: InputOptions
  @OptionGroup var live: LiveCommandOptions
  @OptionGroup var rules: RuleOptions
  @OptionGroup var output: OutputOptions

  @Option(
    help: ArgumentHelp(
      "Also write alerts as JSON lines to this file; what it held is replaced. A file that the run reads is refused.",
      valueName: "file"))
  var alerts: String?

  @Option(
    help: ArgumentHelp(
      "Exit with 1 when an alert of this level or above was raised.", valueName: "level"))
  var failOn: String?

  func run() throws {
    var options = input.runOptions(label: "replay")
    live.apply(to: &options)
    options.mistakes += output.mistakes
    rules.apply(to: &options)
    let outcome = try Replay.run(
      options,
      ReplayOutput(
        isJSON: output.isJSON, language: output.lang, alertsFile: alerts, failOn: failOn,
        isQuiet: input.quiet))
    try input.check(outcome.report)
    if outcome.hasFindings { throw ExitStatus.findings }
  }
}
