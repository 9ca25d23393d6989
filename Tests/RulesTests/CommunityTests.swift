import CrenelModel
import CrenelRules
import CrenelTestKit
import Foundation
import Testing

@Suite("Community rules")
struct CommunityTests {
  private func files(_ folder: String) throws -> [(name: String, text: String)] {
    let names = FileManager.default.enumerator(atPath: folder)?.compactMap { $0 as? String } ?? []
    return try names.filter { $0.hasSuffix(".yml") }.sorted().map {
      ($0, String(decoding: try SharedData.bytes(folder + "/" + $0), as: UTF8.self))
    }
  }

  @Test("every rule of the SigmaHQ web collection is read, none left out")
  func sigmaHQ() throws {
    guard let root = SharedData.root else {
      print(SharedData.skipped)
      return
    }
    let rules = try files(root + "/sigma/sigmahq-web")
    var names = FieldNames()
    let set = try RuleSet.parse(files: rules, names: &names)
    print(
      "sigmahq-web: \(rules.count) files, \(set.metadata.count) rules, \(set.passedOver.count) left out"
    )
    #expect(rules.count >= 45 && set.metadata.count == rules.count && set.passedOver.isEmpty)
  }

  /// The names that stand in the list `rules` of an example.
  private func referred(_ text: String) -> [String] {
    var names: [String] = []
    var isList = false
    for line in text.split(separator: "\n") {
      let words = line.split(separator: " ").map(String.init)
      if words.first == "rules:" {
        isList = true
      } else if isList, words.count > 1, words[0] == "-" {
        names.append(words[1])
      } else {
        isList = false
      }
    }
    return names
  }

  /// The correlations and filters of the specification name rules that its examples do not hold;
  /// here these stand for them.
  private func standIn(_ name: String, _ source: String) -> (name: String, text: String) {
    (
      "\(name).yml",
      "title: Stands for \(name)\nid: \(name)\nlogsource: \(source)\n"
        + "detection: {any: {CommandLine: x}, condition: any}"
    )
  }

  @Test(
    "every example of the specification is read; of what our logs lack, a warning tells",
    arguments: ["{product: windows}", "{category: webserver}"])
  func examples(source: String) throws {
    guard let root = SharedData.root else {
      print(SharedData.skipped)
      return
    }
    let examples = try files(root + "/sigma/spec-examples")
    #expect(examples.count >= 12)
    for file in examples {
      var names = FieldNames()
      let others = referred(file.text).map { standIn($0, source) }
      let set = try RuleSet.parse(files: [file] + others, names: &names)
      let told = set.warnings + set.passedOver.map(\.warning)
      let own = told.filter { $0.position.file == file.name }
      let isRead = source.contains("webserver") && file.name.hasPrefix("correlation/")
      #expect(own.contains { $0.code == "logsource-skipped" } != isRead, "\(file.name)")
      #expect(own.contains { $0.code == "field-never-present" } == isRead, "\(file.name)")
      #expect(
        set.metadata.count
          == (isRead ? 1 + others.count : source.contains("web") ? others.count : 0))
    }
  }

  @Test(
    "a field that no log has leaves a rule never true, which is told; a typo of ours is refused")
  func unknownFields() throws {
    let text = """
      title: Elsewhere
      id: elsewhere
      logsource: {category: webserver}
      detection:
        there: {cs-uri-stem: /x, SourceIp: 192.0.2.1}
        other: {c-uri|fieldref: EventData}
        condition: there or other
      """
    let found = try warnings(text)
    #expect(found.map(\.code) == ["never-true", "field-never-present", "field-never-present"])
    #expect(found.map(\.position.line) == [1, 5, 6])
    #expect(found[1].hint == "did you mean 'source.ip'?")
    #expect(try run(text, [.get("/x")]) == [[]])
    let ours = text.replacing("{category: webserver}", with: "{product: crenel, service: booking}")
    #expect(refusal(ours) == ["unknown-field", "unknown-field"])
  }

  /// Prints how many documents of a folder of rules fit the schemas of another folder.
  private static let schemaCheck = """
    import glob, json, sys
    try:
      import jsonschema, yaml
    except ImportError: sys.exit(77)
    class Loader(yaml.SafeLoader): pass
    Loader.yaml_implicit_resolvers = {
      first: [pair for pair in pairs if not pair[0].endswith(":timestamp")]
      for first, pairs in yaml.SafeLoader.yaml_implicit_resolvers.items()}
    names = {"detection": "detection-rule", "correlation": "correlation-rules", "filter": "filters"}
    checks = {
      key: jsonschema.Draft202012Validator(json.load(open(f"{sys.argv[1]}/sigma-{name}-schema.json")))
      for key, name in names.items()}
    count = 0
    for path in sorted(glob.glob(sys.argv[2] + "/*.yml")):
      for document in yaml.load_all(open(path), Loader):
        kind = next(key for key in ("filter", "correlation", "detection") if key in document)
        for error in checks[kind].iter_errors(document):
          sys.exit(f"{path}: {error.json_path}: {error.message}")
        count += 1
    print(count)
    """

  @Test("every shipped rule fits the JSON schemas of the specification")
  func schemas() throws {
    guard let root = SharedData.root else {
      print(SharedData.skipped)
      return
    }
    let run = try Python.run(
      Self.schemaCheck, [root + "/sigma/json-schema", SharedData.package + "rules/booking"])
    guard run.status != Python.lacksModule else {
      print("skipped: no python3-jsonschema or python3-yaml")
      return
    }
    #expect(run.status == 0)
    #expect((Int(run.output.filter(\.isNumber)) ?? 0) >= 13)
  }
}

@Suite("Shipped rules")
struct ShippedRulesTests {
  @Test("each has an id, a finding in both languages, a version and named benign causes")
  func complete() throws {
    let folder = SharedData.package + "rules/booking/"
    let names = try FileManager.default.contentsOfDirectory(atPath: folder).sorted()
    var fields = FieldNames()
    let set = try RuleSet.parse(
      files: try names.map {
        ("booking/" + $0, String(decoding: try SharedData.bytes(folder + $0), as: UTF8.self))
      }, names: &fields)
    let rules = set.metadata.filter(\.alerts)
    #expect(rules.count >= 10 && set.warnings.isEmpty)
    #expect(Set(set.metadata.map(\.id)).count == set.metadata.count)
    for rule in rules {
      #expect(!rule.finding.en.isEmpty && !rule.finding.fr.isEmpty, "\(rule.title)")
      #expect(rule.verdict != nil && rule.name != nil && rule.ruleset == "booking")
      #expect(rule.confidence > 0 && rule.confidence < 1)
    }
  }

  @Test(
    "damaged rules are read or refused, never a trap",
    arguments: ["rules/booking/form-faster-than-typing.yml", "docs/rules.md"])
  func hostile(file: String) throws {
    let text = String(decoding: try SharedData.bytes(SharedData.package + file), as: UTF8.self)
    let blocks = text.split(separator: "```yaml\n").dropFirst()
      .compactMap { $0.split(separator: "```").first }.filter { $0.hasPrefix("title:") }
    let base = Array(blocks.isEmpty ? text : blocks.joined(separator: "---\n"))
    var random = Seeded(31)
    var refused = 0
    for _ in 0..<200 {
      var text = base
      for _ in 0..<(1 + random.next() % 4) {
        let place = Int(random.next() % UInt64(text.count))
        text[place] = Array("{}[]:,|*\"'%\n a1(")[Int(random.next() % 16)]
      }
      var names = FieldNames()
      if (try? RuleSet.parse(files: [("m.yml", String(text))], names: &names)) == nil {
        refused += 1
      }
    }
    #expect(refused > 20)
  }
}
