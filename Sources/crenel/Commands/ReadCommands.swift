import ArgumentParser
import CrenelModel
import CrenelReplay

/// `crenel exchanges INPUT…`.
struct ExchangesCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "exchanges",
    abstract: "Write what was decoded, one JSON line a request, in event order.",
    discussion: """
      EXAMPLES
        crenel exchanges access.log | jq -r '.source.ip' | sort | uniq -c
        crenel exchanges --format haproxy haproxy.log
      """)

  @OptionGroup var input: InputOptions

  @Flag(help: "Accepted for symmetry: exchanges are always JSON lines.")
  var json = false

  func run() throws {
    let report = try Exchanges.run(
      input.runOptions(label: "exchanges"), isQuiet: input.quiet)
    try input.check(report)
  }
}

/// `crenel features INPUT…`.
struct FeaturesCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "features",
    abstract: "Write the numbers that rules see, one line a request; or list what they mean.",
    discussion: """
      EXAMPLES
        crenel features --list
        crenel features --site ezbooking access.log --only session.form_ms.max,session.polls
        crenel features access.log --csv > features.csv
      """)

  @OptionGroup var input: OptionalInputOptions

  @Flag(help: "List all features with unit, family and exact meaning.")
  var list = false

  @Flag(help: "Comma-separated values with a header.")
  var csv = false

  @Flag(help: "JSON lines (the default).")
  var json = false

  @Option(
    help: ArgumentHelp("Only these features, separated by commas.", valueName: "names"))
  var only: String?

  @Flag(help: "Only requests that are a booking step.")
  var steps = false

  func run() throws {
    if list {
      try FeatureList.write(isJSON: json)
      return
    }
    guard !input.inputs.isEmpty else {
      throw ValidationError("Missing expected argument '<input> ...' (or --list)")
    }
    guard !(csv && json) else { throw ValidationError("--csv and --json exclude each other") }
    let report = try FeatureRows.run(
      input.runOptions(label: "features"),
      FeatureRowOptions(
        isCSV: csv, only: only?.split(separator: ",").map(String.init), stepsOnly: steps),
      isQuiet: input.quiet)
    try input.check(report)
  }
}

/// `crenel stats INPUT…`.
struct StatsCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "stats",
    abstract:
      "Count what was read: status, method, clients, time range, and what was not understood.",
    discussion: """
      EXAMPLES
        crenel stats access.log
        crenel stats --json /var/log/nginx/
      """)

  @OptionGroup var input: InputOptions
  @OptionGroup var output: OutputOptions

  func run() throws {
    let report = try Stats.run(
      input.runOptions(label: "stats"), isJSON: output.isJSON)
    try input.check(report)
  }
}
