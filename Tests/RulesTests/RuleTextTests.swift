import CrenelFeatures
import CrenelModel
import CrenelRules
import Testing

@Suite("What rules say of themselves")
struct RuleTextTests {
  private static func rule(_ crenel: String, _ detection: String = "booking.step: list") -> String {
    """
    title: Test rule
    logsource: { product: crenel, service: booking }
    detection:
      a: { \(detection) }
      condition: a
    level: high
    crenel:
      \(crenel)
    """
  }

  private static func problems(_ rule: String) -> [Diagnostic] {
    var names = FieldNames()
    do throws(Diagnostics) {
      _ = try RuleSet.parse(files: [("booking/t.yml", rule)], names: &names)
      return []
    } catch {
      return error.items
    }
  }

  @Test(
    "typos are errors, with their place and the nearest known name",
    arguments: [
      ("benign: [autorefresh]", "bad-value", "auto_refresh"),
      ("benign: nobody", "bad-value", ""),
      ("finding: { en: '{session.nope} times', fr: x }", "bad-finding", ""),
      ("finding: { en: x, fr: '{session.pols} fois' }", "bad-finding", "session.polls"),
      ("finding: { en: '{treshold}', fr: x }", "bad-finding", "threshold"),
      ("finding: { en: '{threshold', fr: x }", "bad-finding", ""),
      ("family: graph", "family-not-given", ""), ("family: tming", "bad-value", "timing"),
    ] as [(String, String, String)])
  func typos(crenel: String, code: String, hint: String) throws {
    let problem = try #require(Self.problems(Self.rule(crenel)).first)
    #expect(problem.code == code && problem.position.file == "booking/t.yml")
    #expect(problem.position.line >= 1)
    #expect(hint.isEmpty || problem.hint?.contains(hint) == true, "\(problem)")
  }

  @Test(
    "known names are taken",
    arguments: [
      "benign: [auto_refresh, relay_egress]", "family: timing", "title_fr: Règle d’essai",
      "finding: { en: '{session.polls} of {threshold}', fr: '{session.polls} sur {threshold}' }",
    ])
  func known(crenel: String) {
    #expect(Self.problems(Self.rule(crenel, "session.polls|gte: 3")).isEmpty)
  }

  @Test(
    "a correlation's count is timing only where it asks for more than a person does",
    arguments: [
      ("60s", "gte: 5", false), ("10s", "gte: 4", true), ("2s", "gte: 2", false),
      ("10s", "lte: 4", false), ("10s", "gt: 3", true), ("1h", "gte: 900", false),
    ] as [(String, String, Bool)])
  func rapid(timespan: String, condition: String, isRapid: Bool) throws {
    let text = """
      title: Input
      name: input
      logsource: { product: crenel, service: booking }
      detection: { a: { booking.step: hold }, condition: a }
      ---
      title: Count
      name: count
      correlation:
        type: event_count
        rules: [input]
        group-by: [session]
        timespan: \(timespan)
        condition: { \(condition) }
      """
    var names = FieldNames()
    let set = try RuleSet.parse(files: [("booking/t.yml", text)], names: &names)
    #expect(set.metadata.first { $0.name == "count" }?.countsRapidly == isRapid)
  }
}
