import CrenelFeatures
import CrenelModel
import CrenelYAML

/// Reads the documents of a rule set into a ``Program``; detections are in its extensions.
struct RuleBuilder {
  var program = Program()
  var names: FieldNames
  var problems = Problems()
  var header: HeaderReader
  /// Rules that are not in force, since they are for other logs.
  var passedOver: [PassedOverRule] = []

  // Of the rule being read.
  var knobs: [Knob] = []
  var usedKnobs: Set<String> = []
  var subjects: Set<UInt8> = []
  var families: Set<FeatureFamily> = []
  var selection = ""
  /// Whether it is for our log source or refers to rules, so that a name that is not known is a
  /// mistake; a rule for web logs of every kind may ask for what ours lack.
  var isOurs = true
  /// Ids and names of the rules that are read and not for our log source.
  var foreignNames: Set<String> = []

  init(names: FieldNames, overrides: [String: Double]) {
    self.names = names
    header = HeaderReader(overrides: overrides)
  }

  /// Reads one document that is no filter; `nil` when it is no rule at all.
  ///
  /// With `isSkipped` it is a correlation of rules that are left out.
  mutating func read(_ node: YAMLNode, isSkipped: Bool = false) -> RuleDraft? {
    guard let pairs = node.mapping else {
      problems.error(
        "bad-type", at: node.position, "a rule is a map with a 'title', this is \(node.kindName)")
      return nil
    }
    let isCorrelation = node["correlation"] != nil
    let own = isCorrelation ? ["correlation", "generate"] : ["logsource", "detection"]
    problems.checkKeys(
      pairs, known: RuleKeys.common + own, of: isCorrelation ? "a correlation" : "a rule")
    var draft = begin(node)
    draft.hasSubject = node["crenel"]?["subject"] != nil
    if isSkipped {
      draft.isSkipped = true
      passedOver.append(
        PassedOverRule(
          at: node["correlation"]?["rules"]?.position ?? node.position,
          "'\(shown(draft.metadata.title))' refers to a rule that is passed over: passed over too"))
    } else if isCorrelation {
      isOurs = references(in: node).allSatisfy { !foreignNames.contains($0) }
      draft.correlation = readCorrelation(node)
    } else {
      checkAbsence(node)
      readRule(node, &draft)
    }
    finish(node, &draft)
    return draft
  }

  /// What a document says of itself; what follows is read as its parts.
  mutating func begin(_ node: YAMLNode) -> RuleDraft {
    let metadata = header.read(node, &problems)
    knobs = metadata.knobs
    usedKnobs = []
    subjects = []
    families = []
    isOurs = true
    return RuleDraft(metadata: metadata)
  }

  /// Keeps what was found while the parts of a document were read.
  mutating func finish(_ node: YAMLNode, _ draft: inout RuleDraft) {
    for knob in knobs where !usedKnobs.contains(knob.name) && !draft.isSkipped {
      problems.warning(
        "unused-knob", at: node["crenel"]?["knobs"]?.position ?? node.position,
        "knob '\(knob.name)' is not used in this rule", hint: "write \"%\(knob.name)%\" as a value")
    }
    draft.subjects = subjects
    draft.families = families
  }

  private mutating func readRule(_ node: YAMLNode, _ draft: inout RuleDraft) {
    for key in ["logsource", "detection"] where node[key] == nil {
      problems.error("missing-key", at: node.position, "a rule needs a '\(key)'")
    }
    if let source = node["logsource"] {
      let isRead = readSource(source, &draft)
      isOurs = draft.source.isCrenel
      guard isRead else {
        draft.isSkipped = true
        passedOver.append(PassedOverRule(title: draft.metadata.title, source: source))
        return
      }
    }
    if let detection = node["detection"] {
      readDetection(detection, of: "a detection", &draft)
    }
  }

  /// Reads the log source of a document; whether it is ours or one of web requests.
  mutating func readSource(_ node: YAMLNode, _ draft: inout RuleDraft) -> Bool {
    guard let pairs = node.mapping else {
      problems.error(
        "bad-type", at: node.position, "'logsource' is \(node.kindName), expected a map")
      draft.source.product = "crenel"
      return true
    }
    problems.checkKeys(
      pairs, known: ["category", "product", "service", "definition"], of: "logsource")
    let source = LogSource(
      category: problems.text(node["category"], "category"),
      product: problems.text(node["product"], "product"),
      service: problems.text(node["service"], "service"))
    draft.source = source
    let servers: [String?] = [nil] + LogSourceWords.servers
    if source.isCrenel {
      if let service = source.service, service != "booking" {
        problems.error(
          "bad-value", at: node["service"]?.position ?? node.position,
          "'\(shown(service))' is no service of Crenel",
          hint: NearMiss.hint(service, among: ["booking"]))
      }
      return true
    }
    if let category = source.category {
      return LogSourceWords.categories.contains(category) && servers.contains(source.product)
    }
    let service = source.service
    return (source.product != nil || service != nil) && servers.contains(source.product)
      && (service == nil || servers.contains(service) || service == "access")
  }

  // MARK: - Names

  /// The field of a name; tells the person when there is none.
  ///
  /// In a rule that is not ours a name that is not known is one that our logs lack.
  mutating func field(_ name: String, at position: SourcePosition) -> Field? {
    if let feature = FeatureCatalogue.feature(named: name) {
      subjects.insert(feature.subject.rawValue)
      let descriptor = FeatureCatalogue.descriptor(of: feature.feature)
      if descriptor.isEvidence { families.insert(descriptor.family) }
      return .feature(feature)
    }
    if let field = FieldTable.field(named: name) { return field }
    if FieldTable.askedPrefixes.contains(where: { name.hasPrefix($0) && name != $0 }) {
      guard let slot = names.slot(for: name) else {
        problems.error(
          "too-many-names", at: position,
          "'\(shown(name))' would be the 17th name beside the fixed fields; there is room for 16",
          hint: "use fewer cookie., header., json. and form. names in formats, profiles and rules")
        return nil
      }
      return .extra(UInt8(clamping: slot))
    }
    guard isOurs else { return .unavailable }
    problems.error(
      "unknown-field", at: position, "'\(shown(name))' is no field or feature",
      hint: nearField(name) ?? "`crenel features --list` and docs/rules.md list the names")
    return nil
  }

  /// Tells that no log has a field, and what may have been meant by a name that is not known.
  mutating func neverPresent(_ name: String, at position: SourcePosition, _ consequence: String) {
    problems.warning(
      "field-never-present", at: position,
      "no log that Crenel reads has '\(shown(name))'; \(consequence)",
      hint: FieldTable.field(named: name) == nil ? nearField(name) : nil)
  }

  private func nearField(_ name: String) -> String? {
    NearMiss.of(name, among: Self.fieldNames).map { "did you mean '\($0)'?" }
  }

  /// The full names of all features.
  static let featureNames: [String] = FeatureCatalogue.all.flatMap { feature in
    feature.subjects.map { "\($0.name).\(feature.name)" }
  }

  /// All names for hints: features of every subject, then the fixed fields.
  private static let fieldNames: [String] = featureNames + FieldTable.entries.map(\.name)

  /// A finite number, or a knob's value for `%name%`; tells the person when it is neither.
  mutating func number(_ node: YAMLNode) -> Double? {
    guard case .scalar(let text, _) = node.content else {
      problems.error("not-a-number", at: node.position, "found \(node.kindName), expected a number")
      return nil
    }
    if text.hasPrefix("%"), text.hasSuffix("%"), text.utf8.count > 2 {
      return knob(String(text.dropFirst().dropLast()), at: node.position)
    }
    if let flag = node.bool { return flag ? 1 : 0 }
    let isNumber = text.utf8.allSatisfy { "0123456789+-.eE".utf8.contains($0) }
    guard isNumber, let value = Double(text), value.isFinite else {
      problems.error(
        "not-a-number", at: node.position, "'\(shown(text))' is no number",
        hint: "write a number, or \"%name%\" for a knob")
      return nil
    }
    return value
  }

  /// The value of a knob of this rule.
  mutating func knob(_ name: String, at position: SourcePosition) -> Double? {
    guard let knob = knobs.first(where: { $0.name == name }) else {
      problems.error(
        "unknown-placeholder", at: position, "'%\(shown(name))%' is no knob of this rule",
        hint: NearMiss.hint(name, among: knobs.map(\.name))
          ?? "add it under crenel.knobs, or write the values out")
      return nil
    }
    usedKnobs.insert(name)
    return knob.value
  }

  /// Keeps a test with what people read of it.
  mutating func add(_ test: Test, _ info: TestInfo) -> Tree {
    program.tests.append(test)
    program.infos.append(info)
    return .test(program.tests.count - 1)
  }
}
