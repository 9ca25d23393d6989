import CrenelTestKit
import Foundation
import Testing

private let shipped = SharedData.package + "rules/booking"
private let hoarder = SharedData.package + "samples/12-hoarder/traffic.log"
private let site = ["--site", "ezbooking", "--quiet"]

/// A copy of the shipped rules that a test may change.
private struct ChangedRules: ~Copyable {
  let path = FileManager.default.temporaryDirectory.path() + "crenel-rules-\(UUID().uuidString)"

  init() throws { try FileManager.default.copyItem(atPath: shipped, toPath: path) }

  deinit { try? FileManager.default.removeItem(atPath: path) }

  func replace(_ old: String, with new: String, in file: String) throws {
    let url = URL(filePath: path + "/" + file)
    let text = try String(contentsOf: url, encoding: .utf8)
    try #require(text.contains(old))
    try Data(text.replacingOccurrences(of: old, with: new).utf8).write(to: url)
  }

  func remove(_ file: String) throws {
    try FileManager.default.removeItem(atPath: path + "/" + file)
  }
}

@Suite("Tools for rules")
struct RuleToolTests {
  @Test("rules/README.md is what `rules docs` writes")
  func docs() throws {
    let run = try Command(["rules", "docs"])
    let page = try String(contentsOfFile: SharedData.package + "rules/README.md", encoding: .utf8)
    #expect(run.status == 0 && run.output == page)
  }

  @Test("a rule's text cannot add markup to the page")
  func hostileDocs() throws {
    let rules = try ChangedRules()
    try rules.replace(
      "title: Automation that declares itself", with: "title: 'a|b <script> [x](y) `c`'",
      in: "declared-automation.yml")
    let page = try Command(["rules", "docs", "--rules", rules.path]).output
    #expect(page.contains(#"a\|b &lt;script> \[x\](y) \`c\`"#), "\(page.prefix(900))")
  }

  @Test("every shipped rule has both samples, and every folder of samples a rule")
  func coverage() throws {
    let run = try Command(["rules", "coverage"])
    #expect(run.status == 0 && run.output == "12 rules, 0 without both samples\n")
  }

  @Test("coverage tells a rule without samples, and samples without a rule")
  func uncovered() throws {
    let rules = try ChangedRules()
    try rules.replace(
      "name: retry-hammer", with: "name: retry-hamer", in: "retry-hammer.yml")
    let run = try Command(
      ["rules", "coverage", "--rules", rules.path, "--cases", SharedData.package + "rules/tests"])
    #expect(run.status == 1)
    #expect(run.output.contains("retry-hamer: no fires.*, no near-miss.*\n"))
    #expect(run.output.contains("rules/tests/retry-hammer: no rule of this name\n"))
    #expect(run.output.hasSuffix("12 rules, 1 without both samples\n"))
  }

  @Test("diff of a set with itself shows nothing")
  func noDifference() throws {
    let run = try Command(
      ["rules", "diff", shipped, shipped, hoarder, "--exit-code", "--text"] + site)
    #expect(run.status == 0 && run.output == "0 alerts gained, 0 lost, 0 changed, 1 the same\n")
  }

  @Test("diff shows alerts lost, gained and changed")
  func difference() throws {
    let rules = try ChangedRules()
    try rules.remove("slot-hoarder.yml")
    let lost = try Command(["rules", "diff", shipped, rules.path, hoarder, "--text"] + site)
    #expect(lost.status == 0)
    #expect(lost.output.hasPrefix("- 2026-03-17T09:00:14.050Z  high  slot-hoarder  203.0.113.140"))
    #expect(lost.output.hasSuffix("\n0 alerts gained, 1 lost, 0 changed, 0 the same\n"))

    let gained = try Command(
      ["rules", "diff", rules.path, shipped, hoarder, "--json", "--exit-code"] + site)
    #expect(gained.status == 1)
    #expect(gained.output.hasPrefix(#"{"change":"gained","rule":{"id":"5d0a1c1e-"#))

    let weaker = try ChangedRules()
    try weaker.replace("level: high", with: "level: medium", in: "slot-hoarder.yml")
    let changed = try Command(
      ["rules", "diff", shipped, weaker.path, hoarder, "--text", "--lang", "fr"] + site)
    #expect(changed.output.contains("~ 2026-03-17T09:00:14.050Z  élevé → moyen  slot-hoarder"))
    #expect(
      changed.output.hasSuffix("0\u{a0}alerte gagnée, 0 perdue, 1 modifiée, 0 inchangée\n"))
  }

  @Test("diff tells the mistakes of both sets at once, and refuses what can be read only once")
  func mistakes() throws {
    let rules = try ChangedRules()
    try rules.replace("title:", with: "titel:", in: "retry-hammer.yml")
    let other = try ChangedRules()
    try other.replace("level: high", with: "level: hihg", in: "slot-hoarder.yml")
    let run = try Command(["rules", "diff", rules.path, other.path, "-"])
    #expect(run.status == 2)
    for code in ["unknown-key", "bad-value", "input-read-twice"] {
      #expect(run.errors.contains("error[\(code)]"), "\(run.errors)")
    }
  }

  @Test("explain of one rule shows its conditions, whether it fired or not, and no other rule")
  func explain() throws {
    let arguments = ["--client", "203.0.113.140", hoarder, "--text"] + site
    let fired = try Command(["rules", "explain", "slot-hoarder"] + arguments)
    #expect(fired.output.contains("slot-hoarder: fired 14 times"), "\(fired.output.prefix(900))")
    let other = try Command(["rules", "explain", "retry-hammer"] + arguments)
    #expect(other.output.contains("retry-hammer: did not fire"))
    #expect(!other.output.contains("slot-hoarder") && other.output.contains("✗"))
    let wrong = try Command(["rules", "explain", "retry-hamer"] + arguments)
    #expect(wrong.status == 2 && wrong.errors.contains("did you mean 'retry-hammer'?"))
  }

  @Test("explain of an absence shows what must not have come, and what it is looked for before")
  func absence() throws {
    let rules = try ChangedRules()
    let text = """
      title: Step {}
      id: {}
      name: {}
      logsource: { product: crenel, service: booking }
      detection: { step: { booking.step: {} }, condition: step }
      ---
      """
    let absence = """
      title: A hold without the list
      id: held-unseen
      name: held-unseen
      correlation:
        { type: event_count, rules: [list], group-by: [session], timespan: 30s, condition: { eq: 0 } }
      crenel: { absent_before: [hold] }
      """
    let steps = ["list", "hold"].map { text.replacingOccurrences(of: "{}", with: $0) }
    try Data((steps + [absence]).joined(separator: "\n").utf8)
      .write(to: URL(filePath: rules.path + "/absence.yml"))
    let run = try Command(
      [
        "rules", "explain", "held-unseen", "--rules", rules.path + "/absence.yml", "--client",
        "203.0.113.140", hoarder, "--json",
      ] + site)
    let page = try #require(try alerts(run.output).first, "\(run.errors)")
    let shown = (page["rules"] as? [[String: Any]])?.compactMap { $0["rule"] as? String }
    #expect(shown?.sorted() == ["held-unseen", "hold", "list"])
  }

  @Test("features --matches names the rules that were true, and the actor as alerts do")
  func matches() throws {
    let rows = try alerts(
      try Command(["features", "--matches", "--only", "session.holds", hoarder] + site).output)
    let matched = rows.compactMap { $0["crenel"] as? [String: Any] }.filter {
      ($0["matches"] as? [String])?.contains("slot-hoarder") == true
    }
    #expect(matched.count == 14)
    let raised = try alerts(try Command(["replay", "--json", hoarder] + site).output)
    let alert = try #require(raised.first?["crenel"] as? [String: Any])
    #expect((alert["matches"] as? Int) == 1)
    let actors = Set(matched.compactMap { ($0["actor"] as? [String: String])?["session"] })
    #expect(actors == [try #require(alert["actor"] as? String)])

    let csv = try Command(
      ["features", "--matches", "--csv", "--only", "session.holds", hoarder] + site
    ).output
    #expect(csv.contains(",log.line,session.holds,crenel.matches\n"))
    #expect(csv.contains(",successful-hold slot-hoarder\n"))
    let plain = try Command(["features", "--only", "session.holds", hoarder] + site).output
    #expect(!plain.contains("matches"))
  }
}
