import ArgumentParser
import CrenelReplay

/// How to take what is read; shared by all verbs that read logs.
struct ReadingOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "Log format: auto, a name, an nginx log_format or Apache LogFormat string, haproxy:HEADER,… with HAProxy's captures, or field=path,… for JSON.",
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
      "Which packets of captures to take, in the language of tcpdump.", valueName: "expression"))
  var bpf: String?

  @Flag(help: "No progress line, and no report on standard error but errors.")
  var quiet = false

  @Flag(help: "Exit with 3 also when a line was not understood, or a file had gone.")
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
    options.chunkSize = max(1, chunkSize)
    options.hashSeed = hashSeed
    return options
  }

  /// Ends with 3 when an input could not be read whole, or with `--strict` when a line was not.
  func check(_ report: InputReport) throws {
    if report.isUseless || report.isCut || strict && report.isIncomplete {
      throw ExitStatus.incomplete
    }
  }
}

/// Inputs of verbs that need some.
struct InputOptions: ParsableArguments {
  @Argument(
    help: ArgumentHelp(
      "Log files, folders or patterns; - for standard input. Compressed files are recognised.",
      valueName: "input"))
  var inputs: [String]

  @OptionGroup var reading: ReadingOptions

  var quiet: Bool { reading.quiet }

  func runOptions(label: String) -> RunOptions { reading.runOptions(inputs, label: label) }

  func check(_ report: InputReport) throws { try reading.check(report) }
}

/// Inputs of verbs that can do without.
struct OptionalInputOptions: ParsableArguments {
  @Argument(
    help: ArgumentHelp(
      "Log files, folders or patterns; - for standard input. Compressed files are recognised.",
      valueName: "input"))
  var inputs: [String] = []

  @OptionGroup var reading: ReadingOptions

  var quiet: Bool { reading.quiet }

  func runOptions(label: String) -> RunOptions { reading.runOptions(inputs, label: label) }

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

  mutating func validate() throws {
    guard !(json && text) else { throw ValidationError("--json and --text exclude each other") }
    guard ["en", "fr"].contains(lang) else {
      throw ValidationError("--lang '\(lang)' is not one of en, fr")
    }
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
      "Memory for packets not yet read, in MiB for each interface.", valueName: "MiB"))
  var bufferSize = 32

  @Option(
    help: ArgumentHelp(
      "Whom to become once the interfaces are open, when run as root.", valueName: "user"))
  var user = "nobody"

  /// Puts the settings into `options`; there must be inputs or interfaces, and not both.
  func apply(to options: inout RunOptions) throws {
    guard interfaces.isEmpty != options.inputs.isEmpty else {
      throw ValidationError(
        interfaces.isEmpty
          ? "Missing expected argument '<input> ...' (or --interface)"
          : "--interface captures live and reads no inputs: give one or the other")
    }
    guard (1...4_096).contains(bufferSize) else {
      throw ValidationError("--buffer-size '\(bufferSize)' is not between 1 and 4096 MiB")
    }
    options.live.interfaces = interfaces
    options.live.bufferMebibytes = bufferSize
    options.live.user = user
  }
}
