import CrenelAlerts
import CrenelModel
import CrenelRules

/// `crenel rules test`: each rule on the sample that must fire and the one that must not.
///
/// A folder of samples has the rule's `name`. It holds `fires.*` and `near-miss.*`, logs of any
/// format, and `case.yml` with `site:` and what else the run needs. The pipeline is the one that
/// `replay` runs, with all the rules, so that a sample shows what an operator would see.
public enum RuleSamples {
  /// What one sample showed.
  struct Outcome {
    var rule: String
    var sample: String
    var isGood: Bool
    var detail: String
  }

  /// Runs all samples and writes the results to standard output; whether all are as they must be.
  public static func run(
    _ paths: [String], knobs: [String], folder: String?, isJSON: Bool
  ) throws -> Bool {
    let root = try self.folder(folder)
    var rules = try rules(paths, knobs: knobs, samples: root)
    let set = try rules.set()
    SetupRemarks(passedOver: set.passedOver, warnings: set.warnings).tell(.en)
    var outcomes: [Outcome] = []
    var mistakes: [Diagnostic] = []
    for rule in set.metadata where rule.alerts {
      do {
        outcomes += try samples(of: rule, in: root, &rules)
      } catch let error as Diagnostics {
        mistakes += error.items  // each names its file; the next case may have some too
      }
    }
    guard mistakes.isEmpty else { throw Diagnostics(mistakes) }
    var output = OutputStream.standardOutput()
    write(outcomes, isJSON: isJSON, to: &output)
    try output.finish()
    return outcomes.allSatisfy(\.isGood)
  }

  /// The folder of samples: the one named, or that of the shipped rules.
  static func folder(_ named: String?) throws(Diagnostic) -> String {
    if let named { return named }
    return try Resources.home() + "/rules/tests"
  }

  /// The rules; throws their mistakes, and that there is no folder of samples.
  static func rules(
    _ paths: [String], knobs: [String], samples root: String
  ) throws -> SampledRules {
    var mistakes: [Diagnostic] = []
    if root.isEmpty || !TextFiles.isFolder(root) {
      let message =
        root.isEmpty
        ? "an empty name was given for the folder of samples"
        : TextFiles.exists(root) ? "this is no folder of samples" : "there is no such folder"
      mistakes.append(
        Diagnostic(
          code: "no-samples", at: SourcePosition(file: root), message,
          hint: "give the folder that holds a folder of samples for each rule, such as rules/tests")
      )
    }
    do {
      var rules = try SampledRules(paths, knobs: knobs)
      _ = try rules.set()
      if mistakes.isEmpty { return rules }
    } catch let error as Diagnostics {
      mistakes += error.items
    }
    throw Diagnostics(mistakes)
  }

  private static func samples(
    of rule: RuleMetadata, in root: String, _ rules: inout SampledRules
  ) throws -> [Outcome] {
    let name = rule.label
    let folder = root + "/" + name
    var outcomes: [Outcome] = []
    for (sample, mustFire) in [("fires", true), ("near-miss", false)] {
      guard let file = RuleCase.file(sample, in: folder) else {
        outcomes.append(
          Outcome(
            rule: name, sample: sample, isGood: false, detail: "no \(sample).* in \(folder)"))
        continue
      }
      var options = RunOptions(inputs: [file], label: "rules test")
      options.showsProgress = false
      options.needsRules = true
      RuleCase.apply(folder + "/case.yml", to: &options)
      let fired = try alerts(options, rule: rule.id, &rules)
      let isGood =
        (fired.count > 0) == mustFire && fired.unparsed == 0 && fired.undecided == 0
      outcomes.append(
        Outcome(
          rule: name, sample: sample, isGood: isGood, detail: fired.detail(mustFire: mustFire)))
    }
    return outcomes
  }

  /// What a run showed of one rule: alerts opened, lines not understood, requests not decided.
  private struct Fired {
    var count: Int
    var unparsed: UInt64
    var undecided: UInt64

    func detail(mustFire: Bool) -> String {
      var detail = English.counted(count, "alert")
      if mustFire != (count > 0) { detail += mustFire ? ", expected some" : ", expected none" }
      if unparsed > 0 { detail += ", \(English.counted(unparsed, "line")) not understood" }
      if undecided > 0 {
        detail +=
          ", not decided for \(English.counted(undecided, "request")): "
          + "a regular expression reached its step limit"
      }
      return detail
    }
  }

  /// Runs all the rules over a sample and looks at one of them.
  private static func alerts(
    _ options: RunOptions, rule: String, _ rules: inout SampledRules
  ) throws(Diagnostics) -> Fired {
    let setup = try Setup(options) { names throws in try rules.set(&names) }
    let inputs = try ReplayInputs(options, setup)
    var collector = AlertCollector(pipeline: try setup.pipeline(hashSeed: options.hashSeed))
    inputs.run(&collector)
    let records = collector.finish()
    let opened = records.filter {
      $0.action == .opened && setup.rules.metadata[Int($0.rule)].id == rule
    }
    let undecided = collector.undecided.first { setup.rules.metadata[Int($0.rule)].id == rule }
    return Fired(
      count: opened.count, unparsed: inputs.report.unparsed, undecided: undecided?.requests ?? 0)
  }

  private static func write(_ outcomes: [Outcome], isJSON: Bool, to output: inout OutputStream) {
    var writer = JSONWriter()
    for outcome in outcomes {
      if isJSON {
        writer.beginObject()
        writer.string("rule", outcome.rule)
        writer.string("sample", outcome.sample)
        writer.bool("ok", outcome.isGood)
        writer.string("detail", outcome.detail)
        writer.endObject()
        writer.newline()
      } else {
        output.write(
          "\(outcome.isGood ? "ok  " : "FAIL")  \(outcome.rule)  \(outcome.sample): "
            + "\(outcome.detail)\n")
      }
    }
    if isJSON {
      output.write(writer.bytes)
    } else {
      let bad = outcomes.filter { !$0.isGood }.count
      output.write("\(English.counted(outcomes.count, "sample")), \(bad) not as they must be\n")
    }
  }
}
