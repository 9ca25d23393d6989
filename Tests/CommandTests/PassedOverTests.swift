import CrenelTestKit
import Foundation
import Testing

private let line =
  "192.0.2.7 - - [01/Mar/2021:08:00:00 +0000] \"GET /p HTTP/1.1\" 200 5 \"-\" \"x\"\n"

/// A rule for a log source; its logsource is on line 4.
private func rule(_ name: String, _ source: String) -> String {
  """
  title: \(name)
  id: \(name)
  name: \(name)
  logsource: \(source)
  detection: { a: { url.path: /p }, condition: a }
  level: low

  """
}

/// A folder with a log, rules of their names, and nothing else.
private func ruleFolder(_ rules: [String: String]) throws -> ScratchFolder {
  let scratch = try ScratchFolder()
  try FileManager.default.createDirectory(
    atPath: scratch.path + "/r", withIntermediateDirectories: true)
  for (name, text) in rules {
    try Data(text.utf8).write(to: URL(filePath: scratch.path + "/r/\(name).yml"))
  }
  try Data(line.utf8).write(to: URL(filePath: scratch.path + "/a.log"))
  return scratch
}

@Suite("Rules that are passed over")
struct PassedOverTests {
  private static let misspelt = [
    "one": rule("one", "{ product: crenl, service: booking }"),
    "two": rule("two", "{ product: crenel, service: booking }"),
  ]

  @Test(
    "a misspelt log source is told by every command that reads rules",
    arguments: [
      (
        ["replay", "--json", "--rules", "r", "a.log"],
        "1 rule passed over, for a log that Crenel does not read: r/one.yml:4 "
          + "(did you mean 'crenel'?)\n"
      ),
      (
        ["explain", "--client", "192.0.2.7", "--rules", "r", "a.log"],
        "1 rule passed over, for a log that Crenel does not read: r/one.yml:4 "
          + "(did you mean 'crenel'?)\n"
      ),
      (
        ["replay", "--lang", "fr", "--rules", "r", "a.log"],
        "1\u{a0}règle laissée de côté, pour un journal que Crenel ne lit pas\u{a0}: r/one.yml:4 "
          + "(vouliez-vous dire «\u{a0}crenel\u{a0}»\u{a0}?)\n"
      ),
      (
        ["rules", "test", "--rules", "r", "--cases", "r"],
        "1 rule passed over, for a log that Crenel does not read: r/one.yml:4"
      ),
      (["rules", "check", "r"], "r/one.yml:4:12: warning[logsource-skipped]: rule 'one' is for"),
      (["rules", "check", "r"], "1 rule, 1 warning, no error; 1 rule passed over\n"),
      (["rules", "check", "r"], "(product 'crenl', service 'booking'): passed over\n"),
      (["rules", "list", "--rules", "r"], "hint: did you mean 'crenel'?\n"),
      (["rules", "list", "--json", "--rules", "r"], "r/one.yml:4:12: warning[logsource-skipped]"),
    ] as [([String], String)])
  func told(arguments: [String], text: String) throws {
    let scratch = try ruleFolder(Self.misspelt)
    let run = try Command(arguments, in: scratch.path)
    let told = arguments[1] == "check" ? run.output : run.errors
    #expect(told.contains(text), "\(told)")
  }

  @Test("--quiet keeps it and other warnings back")
  func quiet() throws {
    let scratch = try ruleFolder(Self.misspelt)
    let arguments = ["replay", "--quiet", "--json", "--rules", "r", "a.log"]
    let run = try Command(arguments, in: scratch.path)
    #expect(run.status == 0 && run.errors.isEmpty, "\(run.errors)")
  }

  @Test(
    "the known word is named when it is near, and no other",
    arguments: [
      ("{ product: Crenel }", "crenel"), ("{ category: webservr }", "webserver"),
      ("{ category: webserver, product: ngnix }", "nginx"),
      ("{ product: nginx, service: acess }", "access"), ("{ product: windows }", nil),
      ("{ category: dns }", nil), ("{ product: linux, service: sshd }", nil),
      ("{ product: aws, service: cloudtrail }", nil),
    ] as [(String, String?)])
  func suggestion(source: String, word: String?) throws {
    let scratch = try ruleFolder(["one": rule("one", source)])
    let run = try Command(["rules", "check", "r"], in: scratch.path)
    #expect(run.status == 0 && run.output.contains("r/one.yml:4:12: warning[logsource-skipped]"))
    let hint = word.map { "hint: did you mean '\($0)'?" } ?? "hint:"
    #expect(run.output.contains(hint) == (word != nil), "\(run.output)")
  }

  @Test("of many the misspelt one comes first, and all are counted")
  func many() throws {
    var rules = ["z": rule("z", "{ product: crenl }")]
    for i in 0..<5 { rules["a\(i)"] = rule("a\(i)", "{ product: windows }") }
    let scratch = try ruleFolder(rules)
    let run = try Command(["replay", "--rules", "r", "a.log"], in: scratch.path)
    let text =
      "6 rules passed over, for logs that Crenel does not read: r/z.yml:4 (did you mean 'crenel'?), "
      + "r/a0.yml:4, r/a1.yml:4 and 3 more; crenel rules check shows all\n"
    #expect(run.errors.contains(text), "\(run.errors)")
  }

  @Test("a correlation of one is passed over as well, and mistakes elsewhere do not hide it")
  func correlation() throws {
    let correlation = """
      title: Many
      id: many
      correlation:
        type: event_count
        rules: [one]
        group-by: [client]
        timespan: 1m
        condition: { gte: 2 }
      """
    let scratch = try ruleFolder(Self.misspelt.merging(["many": correlation]) { old, _ in old })
    let run = try Command(["replay", "--rules", "r", "a.log"], in: scratch.path)
    #expect(run.errors.contains("2 rules passed over"), "\(run.errors)")
    #expect(run.errors.contains("r/many.yml:5"))
    let wrong = try ruleFolder(
      Self.misspelt.merging(["bad": "title: x\nbogus: 1\n"]) { old, _ in old })
    let check = try Command(["rules", "check", "r"], in: wrong.path)
    #expect(check.status == 2 && check.output.contains("warning[logsource-skipped]"))
  }
}

@Suite("Warnings of rules and profile")
struct SetupWarningTests {
  private static func folder(methods: Int) throws -> ScratchFolder {
    let knobs = "crenel: { knobs: { spare: { value: 1, unit: count, meaning: none } } }\n"
    let scratch = try ruleFolder(["one": rule("one", "{ product: crenel }") + knobs])
    let steps = (0..<methods).map { "  - { step: list, method: GETT, path: /x\($0) }\n" }.joined()
    try Data("id: x\ntitle: x\nsteps:\n\(steps)".utf8).write(
      to: URL(filePath: scratch.path + "/s.yml"))
    return scratch
  }

  @Test("are told before the run: how many, and the first of them")
  func told() throws {
    let scratch = try Self.folder(methods: 1)
    let options = ["--site", "s.yml", "--rules", "r", "a.log"]
    for verb in [["replay"], ["explain", "--client", "192.0.2.7"]] {
      let run = try Command(verb + options, in: scratch.path)
      #expect(run.errors.contains("2 warnings on rules and site profile:\n"), "\(run.errors)")
      #expect(run.errors.contains("r/one.yml:7:") && run.errors.contains("warning[unused-knob]"))
      #expect(run.errors.contains("s.yml:4:27: warning[unknown-method]"))
      let french = try Command(verb + options + ["--lang", "fr"], in: scratch.path)
      #expect(
        french.errors.contains(
          "2\u{a0}avertissements sur les règles et le profil du site\u{a0}:\n"))
      let quiet = try Command(verb + options + ["--quiet"], in: scratch.path)
      #expect(quiet.errors.isEmpty, "\(quiet.errors)")
    }
    let features = try Command(["features", "--site", "s.yml", "a.log"], in: scratch.path)
    #expect(features.errors.contains("1 warning on rules and site profile:\n"))
  }

  @Test("of many the first three are shown")
  func many() throws {
    let scratch = try Self.folder(methods: 5)
    let run = try Command(["features", "--site", "s.yml", "a.log"], in: scratch.path)
    #expect(run.errors.contains("5 warnings on rules and site profile; the first 3:\n"))
    #expect(run.errors.components(separatedBy: "warning[unknown-method]").count == 4)
  }
}
