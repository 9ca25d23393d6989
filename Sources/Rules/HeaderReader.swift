import CrenelFeatures
import CrenelModel
import CrenelYAML

/// Reads what a rule says about itself.
struct HeaderReader {
  /// How long an alert stays open without news when the rule does not say.
  static let defaultCloseAfter = 30 * Nanoseconds.minute

  /// Overrides of knobs: `name` for every rule that has it, `rule.name` for one.
  let overrides: [String: Double]
  /// Overrides that some rule had.
  var used: Set<String> = []

  init(overrides: [String: Double]) { self.overrides = overrides }

  mutating func read(_ node: YAMLNode, _ problems: inout Problems) -> RuleMetadata {
    checkTexts(node, &problems)
    let title = problems.text(node["title"], "title") ?? ""
    if title.isEmpty || title.unicodeScalars.count > 256 {
      problems.error(
        "missing-key", at: node["title"]?.position ?? node.position,
        "a rule needs a 'title' of 1 to 256 characters")
    }
    let name = problems.text(node["name"], "name")
    let id = problems.text(node["id"], "id") ?? name ?? title
    let level = problems.word(node["level"], "level", of: RuleLevel.allCases.map(\.name))
    var metadata = RuleMetadata(
      id: id, name: name, title: title, titleFR: title,
      description: problems.text(node["description"], "description") ?? "", version: "1",
      level: RuleLevel.allCases.first { $0.name == level } ?? .medium,
      status: problems.word(node["status"], "status", of: RuleKeys.statuses) ?? "experimental",
      ruleset: Self.folder(of: node.position.file), tags: problems.texts(node["tags"], "tags"),
      falsePositives: problems.texts(node["falsepositives"], "falsepositives"), verdict: nil,
      family: nil, confidence: 0.5, finding: LocalizedText(en: title, fr: title), benign: [],
      subject: .client, knobs: [], closeAfter: Self.defaultCloseAfter, alerts: true,
      position: node.position)
    if let crenel = node["crenel"] { readCrenel(crenel, &metadata, &problems) }
    return metadata
  }

  private func checkTexts(_ node: YAMLNode, _ problems: inout Problems) {
    for key in ["author", "license", "date", "modified"] { _ = problems.text(node[key], key) }
    for key in ["references", "scope", "fields"] { _ = problems.texts(node[key], key) }
    _ = problems.word(node["taxonomy"], "taxonomy", of: ["sigma", "ecs", "crenel"])
    for key in ["date", "modified"] {
      guard let value = node[key], case .scalar(let text, _) = value.content else { continue }
      let parts = text.split(
        omittingEmptySubsequences: false, whereSeparator: { $0 == "-" || $0 == "/" })
      let numbers = parts.compactMap { Int($0) }
      guard parts.map(\.utf8.count) == [4, 2, 2], numbers.count == 3,
        CivilTime(year: numbers[0], month: numbers[1], day: numbers[2]).secondsSinceEpoch() != nil
      else {
        problems.error(
          "bad-date", at: value.position, "'\(shown(text))' is no date", hint: "write 2024-03-01")
        continue
      }
    }
    guard let related = node["related"], !related.isNull else { return }
    guard let list = related.sequence else {
      problems.error(
        "bad-type", at: related.position, "'related' is \(related.kindName), expected a list")
      return
    }
    let types = ["derived", "obsolete", "merged", "renamed", "similar", "obsoletes"]
    for entry in list {
      problems.checkKeys(entry.mapping ?? [], known: ["id", "type"], of: "a related rule")
      _ = problems.text(entry["id"], "id")
      _ = problems.word(entry["type"], "type", of: types)
    }
  }

  /// The folder a file stands in; `rules` for a bare name.
  private static func folder(of file: String) -> String {
    let parts = file.split(separator: "/")
    return parts.count > 1 ? String(parts[parts.count - 2]) : "rules"
  }

  // MARK: - crenel:

  private mutating func readCrenel(
    _ node: YAMLNode, _ metadata: inout RuleMetadata, _ problems: inout Problems
  ) {
    guard let pairs = node.mapping else {
      problems.error("bad-type", at: node.position, "'crenel' is \(node.kindName), expected a map")
      return
    }
    problems.checkKeys(pairs, known: RuleKeys.crenel, of: "crenel")
    if let title = problems.text(node["title_fr"], "title_fr") {
      metadata.titleFR = title
      if metadata.finding.fr == metadata.title { metadata.finding.fr = title }
    }
    if let version = problems.text(node["version"], "version") { metadata.version = version }
    let verdicts = VerdictKind.allCases.map(\.rawValue)
    metadata.verdict = problems.word(node["verdict"], "verdict", of: verdicts)
      .flatMap(VerdictKind.init(rawValue:))
    let families = FeatureFamily.allCases.map(\.name)
    let family = problems.word(node["family"], "family", of: families)
    metadata.family = FeatureFamily.allCases.first { $0.name == family }
    let subjects = SubjectKind.allCases.map(\.name)
    if let subject = problems.word(node["subject"], "subject", of: subjects) {
      metadata.subject = SubjectKind.allCases.first { $0.name == subject } ?? .client
    }
    if let confidence = node["confidence"] {
      if let value = confidence.double, (0...1).contains(value) {
        metadata.confidence = value
      } else {
        problems.error("bad-value", at: confidence.position, "'confidence' is a number from 0 to 1")
      }
    }
    metadata.benign = readBenign(node["benign"], &problems)
    if let closeAfter = problems.duration(node["close_after"], "close_after") {
      metadata.closeAfter = closeAfter
    }
    readFinding(node["finding"], &metadata, &problems)
    readKnobs(node["knobs"], &metadata, &problems)
  }

  /// The innocent explanations to test; one that nobody tests would never speak for anyone.
  private func readBenign(_ node: YAMLNode?, _ problems: inout Problems) -> [Hypothesis] {
    guard let node, !node.isNull else { return [] }
    let known = Hypothesis.allCases.map(\.rawValue)
    return (node.sequence ?? [node]).compactMap { entry in
      problems.word(entry, "benign explanation", of: known).flatMap(Hypothesis.init(rawValue:))
    }
  }

  private func readFinding(
    _ node: YAMLNode?, _ metadata: inout RuleMetadata, _ problems: inout Problems
  ) {
    guard let node else { return }
    problems.checkKeys(node.mapping ?? [], known: ["en", "fr"], of: "finding")
    guard let en = problems.text(node["en"], "en"), let fr = problems.text(node["fr"], "fr") else {
      problems.error(
        "missing-key", at: node.position, "'finding' needs a text in English (en) and French (fr)")
      return
    }
    metadata.finding = LocalizedText(en: en, fr: fr)
    checkPlaces(en, at: node["en"]?.position ?? node.position, &problems)
    checkPlaces(fr, at: node["fr"]?.position ?? node.position, &problems)
  }

  /// Refuses `{places}` that nothing fills: they are features, or `threshold`.
  private func checkPlaces(
    _ text: String, at position: SourcePosition, _ problems: inout Problems
  ) {
    for part in text.split(separator: "{", omittingEmptySubsequences: false).dropFirst() {
      let name = String(part.prefix { $0 != "}" })
      guard name.utf8.count < part.utf8.count else {
        problems.error(
          "bad-finding", at: position, "'{\(shown(name))' has no closing brace",
          hint: "write {session.form_ms.max} or {threshold}")
        continue
      }
      guard name != "threshold", FeatureCatalogue.feature(named: name) == nil else { continue }
      problems.error(
        "bad-finding", at: position, "'{\(shown(name))}' is no feature, and not {threshold}",
        hint: NearMiss.hint(name, among: RuleBuilder.featureNames + ["threshold"])
          ?? "`crenel features --list` lists the names")
    }
  }

  private mutating func readKnobs(
    _ node: YAMLNode?, _ metadata: inout RuleMetadata, _ problems: inout Problems
  ) {
    guard let node, !node.isNull else { return }
    guard let pairs = node.mapping else {
      problems.error("bad-type", at: node.position, "'knobs' is \(node.kindName), expected a map")
      return
    }
    for pair in pairs {
      problems.checkKeys(
        pair.value.mapping ?? [], known: ["value", "unit", "meaning"], of: "a knob")
      let isName = pair.key.utf8.allSatisfy {
        $0 == 0x5f || (0x30...0x39).contains($0) || ($0 | 0x20) &- 0x61 < 26
      }
      guard isName, !pair.key.isEmpty else {
        problems.error(
          "bad-value", at: pair.position,
          "'\(shown(pair.key))' is no name of a knob: letters, digits and _")
        continue
      }
      metadata.knobs.append(knob(pair, metadata, &problems))
    }
  }

  /// One knob; with its mistakes told it stands in for what was meant, so that the conditions that
  /// use it are no mistakes of their own.
  private mutating func knob(
    _ pair: YAMLPair, _ metadata: RuleMetadata, _ problems: inout Problems
  ) -> Knob {
    let missing = ["value", "unit", "meaning"].filter { pair.value[$0]?.isNull ?? true }
    if !missing.isEmpty {
      problems.error(
        "missing-key", at: pair.position,
        "knob '\(pair.key)' needs a number 'value', a 'unit' and a 'meaning'; it lacks "
          + missing.map { "'\($0)'" }.joined(separator: " and "),
        hint: "units: " + RuleKeys.units.joined(separator: ", "))
    }
    let value = pair.value["value"]?.double
    if value == nil, !missing.contains("value"), let node = pair.value["value"] {
      problems.error(
        "not-a-number", at: node.position, "the 'value' of knob '\(pair.key)' is no number")
    }
    return Knob(
      name: pair.key, value: override(pair.key, of: metadata) ?? value ?? 1,
      unit: problems.word(pair.value["unit"], "unit", of: RuleKeys.units) ?? "count",
      meaning: problems.text(pair.value["meaning"], "meaning") ?? "")
  }

  /// The value a site gives a knob; the one for this rule alone wins.
  private mutating func override(_ knob: String, of metadata: RuleMetadata) -> Double? {
    var value: Double?
    for key in [knob, "\(metadata.label).\(knob)", "\(metadata.id).\(knob)"] {
      guard let given = overrides[key] else { continue }
      used.insert(key)
      value = given
    }
    return value
  }
}
