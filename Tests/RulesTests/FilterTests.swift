import CrenelModel
import Testing

@testable import CrenelRules

/// A rule that is true of paths that begin with `/NAME`.
private func pathRule(
  _ name: String, _ source: String = "{product: crenel, service: booking}",
  condition: String = "hit"
) -> String {
  """
  title: Rule \(name)
  id: id-\(name)
  name: \(name)
  logsource: \(source)
  detection:
    hit: {url.path|startswith: /\(name)}
    odd: {url.query: odd}
    condition: \(condition)
  """
}

/// A filter whose `office` is a user agent and whose `slow` is an expression that may give up.
private func filter(
  _ rules: String, _ condition: String, source: String = "{product: crenel, service: booking}"
) -> String {
  """
  title: Office
  name: office-filter
  logsource: \(source)
  filter:
    rules: \(rules)
    office: {user_agent.original: Office}
    night: {url.query: night}
    slow: {url.query|re: '^(a+)+$'}
    condition: \(condition)
  """
}

private func documents(_ parts: String...) -> String { parts.joined(separator: "\n---\n") }

/// The warnings, but for the search identifiers that these rules do not all use.
private func filterWarnings(_ text: String) throws -> [Diagnostic] {
  try warnings(text).filter { $0.code != "unused-selection" }
}

@Suite("Sigma filters")
struct FilterTests {
  @Test(
    "are joined by 'and' to the rules they name, by id or name, in any order of documents",
    arguments: [
      ("any", "not office", [false, true, false, true]),
      ("ANY", "not office", [false, true, false, true]),
      ("a", "not office", [false, true, true, true]),
      ("[id-b]", "not office", [true, true, false, true]),
      ("[a, id-a, b]", "not office", [false, true, false, true]),
      ("any", "office", [true, false, true, false]),
      ("any", "not (office and night)", [true, true, true, true]),
      ("any", "not 1 of them", [false, true, false, true]),
      ("any", "not 1 of off*", [false, true, false, true]),
    ] as [(String, String, [Bool])])
  func joined(rules: String, condition: String, fired: [Bool]) throws {
    let samples: [Sample] = [
      .get("/a", agent: "Office"), .get("/a"), .get("/b", agent: "Office"), .get("/b"),
    ]
    for text in [
      documents(pathRule("a"), pathRule("b"), filter(rules, condition)),
      documents(filter(rules, condition), pathRule("a"), pathRule("b")),
    ] { #expect(try run(text, samples).map { !$0.isEmpty } == fired) }
  }

  @Test("a filter in a file of its own applies to rules of other files")
  func files() throws {
    var names = FieldNames()
    let set = try RuleSet.parse(
      files: [("local/f.yml", filter("[a]", "not office")), ("booking/a.yml", pathRule("a"))],
      names: &names)
    let found = verdicts(set, [.get("/a", agent: "Office"), .get("/a")], names: names)
    #expect(found.map(\.count) == [0, 1])
    #expect(set.filters.map(\.name) == ["office-filter"] && set.metadata[0].filters == [0])
    #expect(set.filters[0].condition == "not office")
    #expect(set.filters[0].position.file == "local/f.yml")
  }

  @Test("a rule with several conditions is filtered as a whole, and by every filter")
  func whole() throws {
    let second = filter("any", "not night").replacing("office-filter", with: "night-filter")
      .replacing("title: Office", with: "title: Night")
    let text = documents(
      pathRule("a", condition: "[hit, odd]"), filter("any", "not office"), second)
    let fired = try run(
      text,
      [
        .get("/a"), .get("/x?odd"), .get("/x?odd", agent: "Office"), .get("/a?night"),
        .get("/a", agent: "Office"),
      ])
    #expect(fired.map { !$0.isEmpty } == [true, true, false, false, false])
  }

  @Test(
    "the filter's log source contains the rule's, or it does not apply",
    arguments: [
      ("{category: webserver}", "{category: webserver, product: nginx}", true),
      ("{category: webserver, product: nginx}", "{category: webserver}", false),
      ("{category: webserver, product: nginx}", "{category: webserver, product: nginx}", true),
      ("{product: crenel}", "{product: crenel, service: booking}", true),
      ("{service: booking}", "{product: crenel, service: booking}", true),
      ("{category: webserver}", "{product: crenel, service: booking}", false),
      ("{category: proxy}", "{category: webserver}", false),
    ] as [(String, String, Bool)])
  func source(filterSource: String, ruleSource: String, applies: Bool) throws {
    for rules in ["any", "[a]"] {
      let text = documents(
        pathRule("a", ruleSource), filter(rules, "not office", source: filterSource))
      #expect(try run(text, [.get("/a", agent: "Office")])[0].isEmpty == applies)
      let codes = try warnings(text).map(\.code)
      #expect(codes.contains { $0.hasPrefix("filter-") } == !applies, "\(codes)")
    }
  }

  @Test("what gives up in a filter leaves the rule undecided, unless the rule is false anyway")
  func undecided() throws {
    let padding = String(repeating: "a", count: 40) + "b"
    let text = documents(pathRule("a"), filter("any", "not slow"))
    let judged = try judge(text, [.get("/a?\(padding)"), .get("/x?\(padding)"), .get("/a?b")])
    #expect(judged.fired == [[], [], ["id-a"]])
    #expect(judged.undecided.map(\.requests) == [1])
    let traces = judged.traces.map { $0[0].filters[0] }
    #expect(traces.map(\.isUndecided) == [true, true, false])
    #expect(traces.map(\.suppresses) == [false, false, false])
  }

  @Test("which filter dropped a match is told, and what it asks for")
  func explained() throws {
    let text = documents(pathRule("a"), filter("any", "not office"))
    let judged = try judge(
      text, [.get("/a", agent: "Office"), .get("/x", agent: "Office"), .get("/a")])
    #expect(judged.traces.map { $0[0].condition } == ["hit", "hit", "hit"])
    #expect(judged.traces.map { $0[0].filters.map(\.suppresses) } == [[true], [false], [false]])
    #expect(judged.traces.map { $0[0].filters.map(\.holds) } == [[false], [false], [true]])
    let filter = judged.traces[0][0].filters[0]
    #expect(filter.name == "office-filter" && filter.condition == "not office")
    #expect(
      judged.traces[0][0].selections.map(\.name)
        == ["hit", "odd", "office-filter/office", "office-filter/night", "office-filter/slow"])
  }

  @Test("what a filter matches is no reason, so that it is no evidence")
  func reasons() throws {
    var names = FieldNames()
    let set = try RuleSet.parse(
      files: [("t.yml", documents(pathRule("a"), filter("any", "office")))], names: &names)
    let found = verdicts(set, [.get("/a", agent: "Office")], names: names)[0]
    #expect(found.map(\.reasonCount) == [1])
  }

  @Test("a correlation counts what the filters of its rules leave")
  func correlation() throws {
    let many = """
      title: Many
      id: many
      correlation:
        type: event_count
        rules: [a]
        group-by: [client]
        timespan: 1m
        condition: { gte: 2 }
      """
    let text = documents(pathRule("a"), many, filter("any", "not office"))
    let fired = try run(text, [.get("/a", agent: "Office"), .get("/a"), .get("/a")])
    #expect(fired == [[], [], ["many"]])
    #expect(try filterWarnings(text).isEmpty)
    let named = try filterWarnings(documents(pathRule("a"), many, filter("[many]", "not office")))
    #expect(named.map(\.code) == ["filter-not-applied"] && named[0].hint?.contains("a") == true)
  }

  @Test(
    "what is likely not meant is a warning",
    arguments: [
      (documents(pathRule("a"), filter("any", "office")), "filter-keeps-matches", 14),
      (documents(pathRule("a"), filter("any", "(1 of office)")), "filter-keeps-matches", 14),
      (
        documents(filter("any", "not office")), "filter-without-rules", 1
      ),
      (
        documents(filter("any", "not office", source: "{product: windows}"), pathRule("a")),
        "logsource-skipped", 3
      ),
    ] as [(String, String, Int)])
  func warned(text: String, code: String, line: Int) throws {
    let found = try filterWarnings(text)
    #expect(found.map(\.code) == [code])
    #expect(found.first?.position.line ?? 0 >= line)
  }

  @Test("a filter for another log is left out unread, whatever rules and fields it names")
  func foreign() throws {
    let text = documents(
      filter("[nobody]", "not office", source: "{category: dns}")
        .replacing("user_agent.original", with: "dns.question.name"), pathRule("a"))
    #expect(try run(text, [.get("/a", agent: "Office")]) == [["id-a"]])
  }

  @Test(
    "mistakes are told, with a place and a hint",
    arguments: [
      (filter("[aa]", "not office"), "unknown-rule", "did you mean 'a'?"),
      (filter("[any]", "not office"), "unknown-rule", "rules: any"),
      (filter("[]", "not office"), "bad-value", "rules: any"),
      (filter("", "not office"), "missing-key", "rules: any"),
      (filter("any", "[not office]"), "bad-type", "'and' or 'or'"),
      (filter("any", "not ofice"), "unknown-selection", "office"),
      (filter("any", "not office", source: "{}"), "bad-value", "category"),
      (filter("any", "not office") + "\ndetection: {}", "unknown-key", ""),
      (filter("any", "not office") + "\ncrenel: {verdict: farm}", "unknown-key", "knobs"),
      (filter("any", "not office").replacing("office-filter", with: "a"), "repeated-id", ""),
      ("title: T\nfilter: any\nlogsource: {product: crenel}", "bad-type", ""),
      (
        filter("any", "not office").replacing("user_agent.original", with: "user_agent.orignal"),
        "unknown-field", "user_agent.original"
      ),
    ] as [(String, String, String)])
  func mistakes(filter: String, code: String, hint: String) throws {
    var names = FieldNames()
    let text = documents(pathRule("a"), filter)
    let error = try #require(throws: Diagnostics.self) {
      _ = try RuleSet.parse(files: [("t.yml", text)], names: &names)
    }
    let found = error.items.filter { $0.severity == .error }
    #expect(found.map(\.code) == [code], "\(found)")
    #expect((found.first?.position.line ?? 0) > 8, "\(found)")
    #expect(hint.isEmpty || found.first?.hint?.contains(hint) == true, "\(found)")
  }

  @Test("a knob of a filter has a name of its own, and a site may override it")
  func knobs() throws {
    let text = documents(
      pathRule("a"),
      """
      title: Small answers
      name: small
      logsource: {product: crenel}
      filter:
        rules: any
        small: {http.response.body.bytes|lt|expand: '%least%'}
        condition: not small
      crenel:
        knobs:
          least: { value: 100, unit: bytes, meaning: smaller answers are errors }
      """)
    var sample = Sample.get("/a")
    sample.bodyBytes = 150
    #expect(try run(text, [sample]) == [["id-a"]])
    #expect(try run(text, [sample], knobs: ["small.least": 200]) == [[]])
  }

  @Test("filters and rules together are bounded")
  func bounded() {
    let rules = (0..<400).map { pathRule("r\($0)") }
    let filters = (0..<300).map {
      "title: F\($0)\nlogsource: {product: crenel}\nfilter: {rules: any, s: {url.path: /}, "
        + "condition: not s}"
    }
    #expect(refusal((rules + filters).joined(separator: "\n---\n")) == ["rule-too-large"])
  }
}
