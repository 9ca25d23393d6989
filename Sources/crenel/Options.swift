import ArgumentParser
import CrenelModel
import CrenelReplay

/// How to take what is read; shared by all verbs that read logs.
struct ReadingOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "Log format: auto, a name, an nginx log_format or Apache LogFormat string, haproxy:HEADER,… with HAProxy's captures, or field=path,… for JSON. For logs: a warning tells when every input is a capture.",
      valueName: "format"))
  var format = "auto"

  @Option(
    help: ArgumentHelp(
      "Site profile: a shipped name or a file. Without it: generic.", valueName: "site"))
  var site = "generic"

  @Option(
    name: .customLong("tz"),
    help: ArgumentHelp(
      "Time zone of stamps that carry no offset, such as Europe/Paris.", valueName: "zone"))
  var zone: String?

  @Option(
    help: ArgumentHelp(
      "How far behind the newest line of its file a line may be: 5s, 500ms, 2m.",
      valueName: "duration"))
  var lateness = "5s"

  @Option(
    help: ArgumentHelp(
      "Whether the server stamps the start or the end of a request, when the format does not say.",
      valueName: "start|end|unknown"))
  var stamp = "unknown"

  @Option(
    name: .customLong("trusted-proxy"),
    help: ArgumentHelp(
      "A proxy whose X-Forwarded-For is believed (address or network); may be repeated.",
      valueName: "network"))
  var trustedProxies: [String] = []

  @Option(
    help: ArgumentHelp(
      "File with the secret that keys tokens of mailboxes and numbers (32 bytes or more).",
      valueName: "file"))
  var siteKey: String?

  @Option(
    help: ArgumentHelp(
      "Which packets of captures to take, in the language of tcpdump. A warning tells when no input is a capture.",
      valueName: "expression"))
  var bpf: String?

  @Flag(help: "No progress line, and no report on standard error but errors.")
  var quiet = false

  @Flag(
    help:
      "Exit with 3 also when a line was not understood, a file had gone, or a rule or booking step could not be decided."
  )
  var strict = false

  @Option(help: .hidden)
  var chunkSize = 64 * 1_024

  @Option(help: .hidden)
  var hashSeed: UInt64 = 0

  /// The settings of a run over `inputs`.
  func runOptions(_ inputs: [String], label: String) -> RunOptions {
    var options = RunOptions(inputs: inputs, label: label)
    options.format = format
    options.site = site
    options.zone = zone
    options.lateness = lateness
    options.stamp = stamp
    options.trustedProxies = trustedProxies
    options.siteKeyFile = siteKey
    options.bpf = bpf
    options.showsProgress = !quiet
    options.isQuiet = quiet
    options.chunkSize = max(1, chunkSize)
    options.hashSeed = hashSeed
    return options
  }

  /// Ends with 3 when an input could not be read whole, or with `--strict` when a line was not, or
  /// a request could not be decided.
  func check(_ report: InputReport) throws {
    if report.isUseless || report.isCut || strict && report.isIncomplete {
      throw ExitStatus.incomplete
    }
  }
}

/// What to read, and how.
struct InputOptions: ParsableArguments {
  @Argument(
    help: ArgumentHelp(
      "Logs, captures, folders or patterns; - for standard input. Compressed files are recognised.",
      valueName: "input"))
  var inputs: [String] = []

  @OptionGroup var reading: ReadingOptions

  var quiet: Bool { reading.quiet }

  /// The settings of a run; where there must be inputs, that there are none is a mistake.
  func runOptions(label: String, needsInput: Bool = false) -> RunOptions {
    var options = reading.runOptions(inputs, label: label)
    if needsInput, inputs.isEmpty { options.mistakes.append(.noInput(or: nil)) }
    return options
  }

  func check(_ report: InputReport) throws { try reading.check(report) }
}

/// In which form to write results.
struct OutputOptions: ParsableArguments {
  @Flag(help: "JSON lines, whatever the output is.")
  var json = false

  @Flag(help: "Text for people, whatever the output is.")
  var text = false

  @Option(
    help: ArgumentHelp(
      "Language of texts for people: en or fr. Errors, warnings and names stay as they are.",
      valueName: "language"))
  var lang = "en"

  /// What is wrong with them.
  var mistakes: [Diagnostic] {
    Diagnostic.excluding(["--json", "--text"], isWrong: json && text)
      + Diagnostic.unknown(language: lang)
  }

  /// JSON where asked for, or where no person watches.
  var isJSON: Bool { json || (!text && !Terminal(descriptor: 1).isTerminal) }
}

/// Which rules to run.
struct RuleOptions: ParsableArguments {
  @Option(
    name: .customLong("rules"),
    help: ArgumentHelp(
      "A rule file or folder; may be repeated. Without it: the shipped rules.", valueName: "path"))
  var paths: [String] = []

  @Option(
    name: .customLong("set"),
    help: ArgumentHelp(
      "A threshold for this run: knob=value, or rule-id.knob=value; may be repeated.",
      valueName: "knob=value"))
  var knobs: [String] = []

  /// The settings of a run with these rules.
  func apply(to options: inout RunOptions) {
    options.needsRules = true
    options.rules = paths
    options.knobs = knobs
  }
}

/// Where the samples of rules are.
struct SampleOptions: ParsableArguments {
  @Option(help: ArgumentHelp("The folder of samples.", valueName: "folder"))
  var cases: String?
}

extension ArgumentHelp {
  /// Of options that name a client.
  static let client = ArgumentHelp(
    "The client's address, or the host name that the log has in its place.", valueName: "address")
}
