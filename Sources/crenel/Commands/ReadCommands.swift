import ArgumentParser
import CrenelModel
import CrenelReplay

/// `crenel exchanges INPUT…`.
struct ExchangesCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "exchanges",
    abstract: "Write what was decoded, one JSON line a request, in event order.",
    discussion: """
      Names are those of the Elastic Common Schema, nested as in alerts (docs/captures.md).
      Cookies and form fields are withheld: only that they are there, and how long they are.

      EXAMPLES
        crenel exchanges access.log | jq -r '.source.ip' | sort | uniq -c
        crenel exchanges --format haproxy haproxy.log
        crenel exchanges capture.pcap | jq -r '.tls.client.ja4 // empty' | sort | uniq -c
      """)

  @OptionGroup var input: InputOptions
  @OptionGroup var live: LiveCommandOptions

  @Flag(help: "Accepted for symmetry: exchanges are always JSON lines.")
  var json = false

  func run() throws {
    var options = input.runOptions(label: "exchanges")
    live.apply(to: &options)
    let report = try Exchanges.run(options, isQuiet: input.quiet)
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
        crenel features access.log | jq '.crenel.features["client.requests_1m"]' | sort -n
        crenel features access.log --matches | jq -c '[.log.line] + .crenel.matches'
      """)

  @OptionGroup var input: InputOptions

  @Flag(help: "List all features with unit, family and exact meaning.")
  var list = false

  @Flag(
    help: ArgumentHelp(
      "Comma-separated values with a header.",
      discussion: "A client that is no address is in source.address, where source.ip is empty."))
  var csv = false

  @Flag(help: "JSON lines (the default).")
  var json = false

  @Option(
    help: ArgumentHelp("Only these features, separated by commas.", valueName: "names"))
  var only: String?

  @Flag(help: "Only requests that are a booking step.")
  var steps = false

  @Flag(help: "Also the names of the rules that were true for the request, in crenel.matches.")
  var matches = false

  @OptionGroup var rules: RuleOptions

  func run() throws {
    var mistakes = Diagnostic.excluding(["--csv", "--json"], isWrong: csv && json)
    if list {
      mistakes += Diagnostic.excluding(["--list", "--csv"], isWrong: csv)
      mistakes += Diagnostic.excluding(["--list", "inputs"], isWrong: !input.inputs.isEmpty)
      guard mistakes.isEmpty else { throw Diagnostics(mistakes) }
      return try FeatureList.write(isJSON: json)
    }
    var options = input.runOptions(label: "features")
    if input.inputs.isEmpty { options.mistakes.append(.noInput(or: "--list")) }
    options.mistakes += mistakes
    if matches { rules.apply(to: &options) }
    let report = try FeatureRows.run(
      options,
      FeatureRowOptions(
        isCSV: csv, only: only?.split(separator: ",").map(String.init), stepsOnly: steps,
        showsMatches: matches),
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
    usage: "crenel stats [<options>] <input> ...",
    discussion: """
      Inputs are counted one after the other, not merged by time: late lines and steps of a
      clock are told by replay.

      EXAMPLES
        crenel stats access.log
        crenel stats --json /var/log/nginx/
      """)

  @OptionGroup var input: InputOptions
  @OptionGroup var output: OutputOptions

  func run() throws {
    var options = input.runOptions(label: "stats", needsInput: true)
    options.mistakes += output.mistakes
    let report = try Stats.run(options, isJSON: output.isJSON, language: output.lang)
    try input.check(report)
  }
}

/// `crenel explain INPUT…`.
struct ExplainCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "explain",
    abstract: "Show why a client was, or was not, flagged.",
    usage: "crenel explain [<options>] (--client <address> | --alert <id>) <input> ...",
    discussion: """
      For each rule: every condition, its value and threshold at the moment when most of them
      held, fired or not; then the client's steps in time.

      EXAMPLES
        crenel explain --client 192.0.2.7 access.log
        crenel explain --alert 9f0c51a7 --site ezbooking access.log
      """)

  @OptionGroup var input: InputOptions
  @OptionGroup var rules: RuleOptions
  @OptionGroup var output: OutputOptions

  @Option(help: .client)
  var client: String?

  @Option(help: ArgumentHelp("The id of an alert, or its first letters.", valueName: "id"))
  var alert: String?

  private static let nobody = Diagnostic(
    code: "nobody-named", at: SourcePosition(file: "--client"), "nobody is named whom to explain",
    hint: "give --client with an address or a host name, or --alert with the id of an alert")

  func run() throws {
    var options = input.runOptions(label: "explain", needsInput: true)
    options.mistakes += output.mistakes
    options.mistakes += Diagnostic.excluding(
      ["--client", "--alert"], isWrong: client != nil && alert != nil)
    if client == nil, alert == nil { options.mistakes.append(Self.nobody) }
    rules.apply(to: &options)
    let report = try Explain.run(
      options, client: client, alert: alert, isJSON: output.isJSON, language: output.lang)
    try input.check(report)
  }
}
