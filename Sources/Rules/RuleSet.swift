public import CrenelModel
import CrenelYAML

/// Rules that were read, checked and compiled; a value that engines are made of.
public struct RuleSet: Sendable {
  /// What each rule says about itself; ``Verdict/rule`` is an index of it.
  public let metadata: [RuleMetadata]
  /// What is likely not meant, though the rules can be used.
  public let warnings: [Diagnostic]
  /// Rules that are not in force because their log source is none that Crenel reads, in the order
  /// in which they were found; not among the warnings.
  public let passedOver: [PassedOverRule]
  /// The Sigma filters in force, in the order of their documents.
  public let filters: [RuleFilter]
  let program: Program

  /// Rules of one run, at most.
  static let ruleLimit = 10_000

  /// Reads the documents of all files and compiles them.
  ///
  /// `overrides` gives knobs a site's values, by `knob` or `rule-id.knob`; the latter wins. The
  /// names that rules ask for (`cookie.x`, `header.x`, `json.x`, `form.x`) take slots of `names`;
  /// `names` is left as it was when the rules are refused. Throws every mistake of every file at
  /// once, with the warnings.
  public static func parse(
    files: [(name: String, text: String)], knobs overrides: [String: Double] = [:],
    names: inout FieldNames
  ) throws(Diagnostics) -> RuleSet {
    var builder = RuleBuilder(names: names, overrides: overrides)
    var documents: [YAMLNode] = []
    for file in files {
      let contents = YAMLReader.contents(of: file.text, file: file.name)
      if contents.documents.isEmpty, contents.problems.isEmpty {
        builder.problems.warning(
          "empty-file", at: SourcePosition(file: file.name), "there is no rule in this file")
      }
      for item in contents.problems { builder.problems.add(item) }
      documents += contents.documents
    }
    let (drafts, filters) = builder.read(all: documents)
    for key in overrides.keys.sorted() where !builder.header.used.contains(key) {
      builder.problems.error(
        "unknown-knob", at: SourcePosition(file: "knob \(shown(key))"),
        "no rule has this knob", hint: "`crenel rules list` shows the knobs")
    }
    var linker = Linker(builder: builder, drafts: drafts, filters: filters)
    let set = linker.link()
    guard let set, !linker.builder.problems.hasErrors else {
      throw Diagnostics(
        linker.builder.problems.items + linker.builder.passedOver.map(\.warning))
    }
    names = linker.builder.names
    return set
  }

  /// The index of the rule with an id or name.
  public func index(of rule: String) -> Int32? {
    metadata.firstIndex { $0.id == rule || $0.name == rule }.map { Int32($0) }
  }

  /// The rule, and those that it refers to as a correlation, and so on.
  public func rules(within rule: Int32) -> Set<Int32> {
    let correlation = program.correlations.first { $0.rule == rule }
    let others = correlation.map { $0.inputs + $0.triggers } ?? []
    return others.reduce(into: [rule]) { $0.formUnion(rules(within: $1.rule)) }
  }

  init(
    metadata: [RuleMetadata], warnings: [Diagnostic], passedOver: [PassedOverRule],
    filters: [RuleFilter], program: Program
  ) {
    self.metadata = metadata
    self.warnings = warnings
    self.passedOver = passedOver
    self.filters = filters
    self.program = program
  }
}
