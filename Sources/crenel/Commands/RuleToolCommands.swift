import ArgumentParser
import CrenelModel
import CrenelReplay

extension RulesCommand {
  /// `crenel rules docs`.
  struct Docs: ParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "docs",
      abstract: "Write a page of Markdown about the rules, from what they say of themselves.",
      discussion: """
        EXAMPLE
          crenel rules docs > rules/README.md
        """)

    @OptionGroup var rules: RuleOptions

    func run() throws { try RuleDocs.run(rules.paths, knobs: rules.knobs) }
  }

  /// `crenel rules coverage`.
  struct Coverage: ParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "coverage",
      abstract: "Show rules without a firing or a near-miss sample; ends with 1 if any.",
      discussion: """
        A folder of samples that has no rule's name is shown as well.

        EXAMPLE
          crenel rules coverage --rules my-rules --cases my-rules/tests
        """)

    @OptionGroup var rules: RuleOptions
    @OptionGroup var samples: SampleOptions

    @Flag(help: "One JSON line a rule.")
    var json = false

    func run() throws {
      let isCovered = try RuleCoverage.run(
        rules.paths, knobs: rules.knobs, folder: samples.cases, isJSON: json)
      guard isCovered else { throw ExitStatus.findings }
    }
  }

  /// `crenel rules diff`.
  struct Diff: ParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "diff",
      abstract: "Show which alerts a change of rules would have gained, lost or changed.",
      discussion: """
        Reads the input with the rules of the first file or folder, then with those of the second.
        Alerts belong together when rule id and actor are the same and their times overlap; they
        are changed when level, number of matches or time differ.

        EXAMPLE
          crenel rules diff /usr/local/share/crenel/rules/booking my-rules access.log
        """)

    @Argument(help: "Rules as they are: a file or a folder.")
    var before: String

    @Argument(help: "Rules as they would be.")
    var after: String

    @OptionGroup var input: InputOptions
    @OptionGroup var output: OutputOptions

    @Option(
      name: .customLong("set"),
      help: ArgumentHelp(
        "A threshold for both: knob=value, or rule-id.knob=value; may be repeated.",
        valueName: "knob=value"))
    var knobs: [String] = []

    @Flag(help: "End with 1 when an alert is gained, lost or changed.")
    var exitCode = false

    func run() throws {
      var options = input.runOptions(label: "rules diff", needsInput: true)
      options.mistakes += output.mistakes
      options.needsRules = true
      options.knobs = knobs
      let (report, differs) = try RuleDiff.run(
        options, before: before, after: after, isJSON: output.isJSON, language: output.lang)
      try input.check(report)
      guard !exitCode || !differs else { throw ExitStatus.findings }
    }
  }

  /// `crenel rules explain`.
  struct Explain: ParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "explain",
      abstract: "Show one rule's conditions for a client: value and threshold, fired or not.",
      discussion: """
        EXAMPLE
          crenel rules explain retry-hammer --client 192.0.2.7 access.log
        """)

    @Argument(help: "The rule's name or id.")
    var rule: String

    @OptionGroup var input: InputOptions
    @OptionGroup var rules: RuleOptions
    @OptionGroup var output: OutputOptions

    @Option(help: .client)
    var client: String

    func run() throws {
      var options = input.runOptions(label: "rules explain", needsInput: true)
      options.mistakes += output.mistakes
      rules.apply(to: &options)
      let report = try CrenelReplay.Explain.run(
        options, client: client, alert: nil, rule: rule, isJSON: output.isJSON,
        language: output.lang)
      try input.check(report)
    }
  }
}
