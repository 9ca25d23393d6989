import ArgumentParser
import CrenelModel
import CrenelReplay

/// `crenel rules …`.
struct RulesCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "rules",
    abstract: "Check, list, test, compare and explain rules.",
    discussion: """
      EXAMPLES
        crenel rules list --lang fr
        crenel rules check my-rules/ && crenel rules test --rules my-rules --cases my-rules/tests
        crenel rules diff rules/booking my-rules access.log
      """,
    subcommands: [
      Check.self, List.self, Test.self, Coverage.self, Diff.self, Explain.self, Docs.self,
    ])

  /// `crenel rules check`.
  struct Check: ParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "check",
      abstract: "Read rules and show every mistake with its place.",
      discussion: """
        EXAMPLE
          crenel rules check my-rules/
          crenel rules check --json my-rules/one.yml

        In a folder, folders named tests (samples) and sites (profiles) are left out.
        """)

    @Argument(help: "Rule files or folders; without any: the shipped rules.")
    var paths: [String] = []

    @Flag(help: "One JSON line a mistake.")
    var json = false

    func run() throws {
      guard try RuleFiles.check(paths, isJSON: json) else { throw ExitStatus.usage }
    }
  }

  /// `crenel rules list`.
  struct List: ParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "list",
      abstract: "Show the rules in force, with their thresholds.",
      discussion: """
        EXAMPLE
          crenel rules list --set max_form=1200
        """)

    @OptionGroup var rules: RuleOptions

    @Flag(help: "One JSON line a rule.")
    var json = false

    @Option(help: ArgumentHelp("Language of titles and findings: en or fr.", valueName: "language"))
    var lang = "en"

    func run() throws {
      try RuleFiles.list(
        rules.paths, knobs: rules.knobs, isJSON: json, language: lang,
        mistakes: Diagnostic.unknown(language: lang))
    }
  }

  /// `crenel rules test`.
  struct Test: ParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "test",
      abstract: "Run each rule on its samples: the one that must fire, the one that must not.",
      discussion: """
        A folder of samples has the rule's name and holds case.yml, fires.* and near-miss.*.

        EXAMPLE
          crenel rules test --rules my-rules --cases my-rules/tests
        """)

    @OptionGroup var rules: RuleOptions
    @OptionGroup var samples: SampleOptions

    @Flag(help: "One JSON line a sample.")
    var json = false

    func run() throws {
      let isGood = try RuleSamples.run(
        rules.paths, knobs: rules.knobs, folder: samples.cases, isJSON: json)
      guard isGood else { throw ExitStatus.findings }
    }
  }
}

/// `crenel site …`.
struct SiteCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "site",
    abstract: "Check site profiles.",
    discussion: """
      EXAMPLE
        crenel site check my-site.yml access.log
      """,
    subcommands: [Check.self])

  /// `crenel site check`.
  struct Check: ParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "check",
      abstract: "Show how a log falls into booking steps, and what stays unknown.",
      discussion: """
        EXAMPLES
          crenel site check rules/sites/ezbooking.yml access.log
          crenel site check my-site.yml
        """)

    @Argument(help: "A profile: a file, or a shipped name.")
    var profile: String

    @OptionGroup var input: InputOptions

    @Flag(help: "JSON.")
    var json = false

    func run() throws {
      var options = input.runOptions(label: "site check")
      options.site = profile
      let report = try SiteChecking.run(options, isJSON: json, isQuiet: input.quiet)
      try input.check(report)
    }
  }
}

/// `crenel doctor`.
struct DoctorCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "doctor",
    abstract: "Check that everything is in place.",
    discussion: """
      EXAMPLE
        crenel doctor && crenel replay access.log
      """)

  @Flag(help: "One JSON line a check.")
  var json = false

  func run() throws {
    guard try Doctor.run(isJSON: json) else { throw ExitStatus.usage }
  }
}
