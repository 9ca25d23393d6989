import CrenelTestKit
import Foundation
import Testing

private let sniper = SharedData.package + "samples/05-drop-sniper/traffic.log"

/// A folder with a rule whose expression gives up on padded queries, its samples, and a log.
private struct PaddedRule: ~Copyable {
  let path = FileManager.default.temporaryDirectory.path() + "crenel-pad-\(UUID().uuidString)"
  var rule: String { path + "/padded.yml" }
  var log: String { path + "/a.log" }

  /// `queries` are those of the log; the rule wants one of letters a only.
  init(_ queries: [String]) throws {
    try FileManager.default.createDirectory(
      atPath: path + "/tests/padded", withIntermediateDirectories: true)
    try write(
      """
      title: Padded
      id: padded
      name: padded
      logsource: { product: crenel, service: booking }
      detection:
        slow: { url.query|re: '^(a+)+$' }
        condition: slow
      level: low
      """, "/padded.yml")
    for name in ["/a.log", "/tests/padded/fires.log"] { try write(Self.lines(queries), name) }
    try write(Self.lines(["x"]), "/tests/padded/near-miss.log")
  }

  deinit { try? FileManager.default.removeItem(atPath: path) }

  private func write(_ text: String, _ name: String) throws {
    try Data(text.utf8).write(to: URL(filePath: path + name))
  }

  private static func lines(_ queries: [String]) -> String {
    queries.enumerated().map { place, query in
      "192.0.2.7 - - [01/Mar/2021:08:00:0\(place) +0000] \"GET /p?\(query) HTTP/1.1\" 200 5 \"-\" \"x\"\n"
    }.joined()
  }

  static let padding = String(repeating: "a", count: 40) + "b"
}

@Suite("What was not decided is told")
struct HonestyTests {
  @Test(
    "a query padded past the step limit is told at the end with rule, count and line",
    arguments: [["--json"], ["--quiet"], ["--text"], ["--lang", "fr"]])
  func replay(options: [String]) throws {
    let padded = try PaddedRule(["x", PaddedRule.padding, PaddedRule.padding])
    let run = try Command(["replay", "--rules", padded.rule, padded.log] + options)
    let isFrench = options == ["--lang", "fr"]
    let words =
      isFrench
      ? ":2\u{a0}: règle «\u{a0}padded\u{a0}» indécidable pour 2\u{a0}requêtes"
      : ":2: rule 'padded' could not be decided for 2 requests"
    #expect(run.status == 0 && run.errors.contains(padded.log + words), "\(run.errors)")
  }

  @Test("an alert counts what was not decided before it")
  func alert() throws {
    let padded = try PaddedRule([PaddedRule.padding, "aaa"])
    let run = try Command(["replay", "--json", "--rules", padded.rule, padded.log])
    #expect(run.output.contains(#""evicted":0,"undecided":1,"gaps":[]"#), "\(run.output)")
  }

  @Test("explain says for how many requests, and marks the condition")
  func explain() throws {
    let padded = try PaddedRule([PaddedRule.padding, PaddedRule.padding])
    let arguments = ["explain", "--client", "192.0.2.7", "--rules", padded.rule, padded.log]
    let text = try Command(arguments + ["--text"]).output
    #expect(text.contains("padded: did not fire") && text.contains("    ? slow"))
    #expect(text.contains("could not be decided for 2 requests"))
    #expect(text.contains("    not decided: slow\n"))
    let json = try Command(arguments + ["--json"]).output
    #expect(json.contains(#""fired":0,"undecided":2"#))
    #expect(json.contains(#""holds":false,"undecided":true"#))
    #expect(json.contains(#""selections":[{"name":"slow","holds":false,"undecided":true}]"#))
  }

  @Test("a sample in which the limit was reached fails, and says so")
  func samples() throws {
    let padded = try PaddedRule(["aaa", PaddedRule.padding])
    let run = try Command([
      "rules", "test", "--rules", padded.rule, "--cases", padded.path + "/tests",
    ])
    #expect(run.status == 1)
    #expect(
      run.output.contains("FAIL  padded  fires: 1 alert, not decided for 1 request: a regular"))
    #expect(run.output.contains("ok    padded  near-miss"))
  }

  @Test("an expression of the site's profile that gives up is told with its place")
  func profile() throws {
    let padded = try PaddedRule([PaddedRule.padding])
    let site = padded.path + "/site.yml"
    try Data(
      """
      id: site
      title: Site
      timezone: UTC
      steps:
        - { step: list, method: GET, path: "/p", query: "~^(a+)+$" }
      """.utf8
    ).write(to: URL(filePath: site))
    let run = try Command(["replay", "--site", site, "--rules", padded.rule, padded.log])
    #expect(run.errors.contains("\(site):5"), "\(run.errors)")
    #expect(run.errors.contains("\(padded.log):1: the booking step of 1 request, of which this"))
  }

  /// Runs a verb over a log of padded queries, with a profile whose expression gives up on them
  /// and a rule that asks for another step.
  private static func unknownStep(_ verb: [String]) throws -> Command {
    let padded = try PaddedRule(["x", PaddedRule.padding, PaddedRule.padding])
    let site = padded.path + "/site.yml"
    try Data(
      """
      id: site
      title: Site
      timezone: UTC
      steps:
        - { step: hold, method: GET, path: "/p", query: "~^(a+)+$" }
        - { step: list, method: GET, path: "/p" }
      """.utf8
    ).write(to: URL(filePath: site))
    let rule = padded.path + "/nothold.yml"
    try Data(
      """
      title: No hold
      id: nothold
      name: nothold
      logsource: { product: crenel, service: booking }
      detection:
        hold: { booking.step: hold }
        first: { url.query: x }
        condition: not hold and not first
      level: low
      """.utf8
    ).write(to: URL(filePath: rule))
    let words = ["SITE": site, "RULE": rule, "LOG": padded.log, "CASES": padded.path + "/cases"]
    if verb.contains("CASES") {
      let cases = padded.path + "/cases/nothold"
      try FileManager.default.createDirectory(atPath: cases, withIntermediateDirectories: true)
      try FileManager.default.copyItem(atPath: padded.log, toPath: cases + "/near-miss.log")
      try Data("site: \(site)\n".utf8).write(to: URL(filePath: cases + "/case.yml"))
    }
    return try Command(verb.map { words[$0] ?? $0 })
  }

  @Test(
    "a step that is not known accuses nobody, and every command that looks at steps tells it",
    arguments: [
      (
        ["replay", "--json", "--site", "SITE", "--rules", "RULE", "LOG"], "",
        ":2: rule 'nothold' could not be decided for 2 requests"
      ),
      (
        ["replay", "--json", "--quiet", "--site", "SITE", "--rules", "RULE", "LOG"], "",
        ":2: the booking step of 2 requests, of which this is the first"
      ),
      (
        ["site", "check", "SITE", "LOG"], "not decided         2",
        ":2: the booking step of 2 requests"
      ),
      (
        ["site", "check", "--json", "SITE", "LOG"],
        #""undecided":2,"steps":{"list":1}"#, ":2: the booking step of 2 requests"
      ),
      (
        ["features", "--quiet", "--site", "SITE", "LOG"],
        #""booking":{"undecided":true}"#, ":2: the booking step of 2 requests"
      ),
      (
        ["features", "--csv", "--site", "SITE", "LOG"], "08:00:01.000Z,192.0.2.7,,,2,",
        ":2: the booking step of 2 requests"
      ),
      (
        ["explain", "--text", "--client", "192.0.2.7", "--site", "SITE", "--rules", "RULE", "LOG"],
        "could not be decided for 2 requests", ""
      ),
      (
        ["rules", "test", "--rules", "RULE", "--cases", "CASES"],
        "FAIL  nothold  near-miss: 0 alerts, not decided for 2 requests", ""
      ),
    ] as [([String], String, String)])
  func unknownStep(verb: [String], output: String, errors: String) throws {
    let run = try Self.unknownStep(verb)
    #expect(output.isEmpty ? run.output.isEmpty : run.output.contains(output), "\(run.output)")
    #expect(errors.isEmpty || run.errors.contains(errors), "\(run.errors)")
  }

  @Test(
    "with --strict what was not decided ends with 3, and the reason is told",
    arguments: [
      ["replay", "--site", "SITE", "--rules", "RULE", "LOG"],
      ["features", "--site", "SITE", "LOG"], ["site", "check", "SITE", "LOG"],
      ["explain", "--client", "192.0.2.7", "--site", "SITE", "--rules", "RULE", "LOG"],
    ])
  func strict(verb: [String]) throws {
    let plain = try Self.unknownStep(verb)
    #expect(plain.status == 0, "\(plain.errors)")
    for more in [["--strict"], ["--strict", "--quiet"]] {
      let run = try Self.unknownStep(verb + more)
      #expect(run.status == 3 && run.errors.contains("the booking step of 2 requests"))
    }
  }

  @Test("with --strict a rule that could not be decided ends with 3; one that could, with 0")
  func strictRule() throws {
    let padded = try PaddedRule(["x", PaddedRule.padding])
    let run = try Command(["replay", "--strict", "--rules", padded.rule, padded.log])
    #expect(run.status == 3 && run.errors.contains("could not be decided for 1 request"))
    let plain = try PaddedRule(["x", "aaa"])
    #expect(try Command(["replay", "--strict", "--rules", plain.rule, plain.log]).status == 0)
  }

  @Test(
    "the profile's expression is named where a rule hangs on it, and the rule's where it has one",
    arguments: [
      ("replay", "en", "of which this is the first: the regular expression at PLACE reached its"),
      ("replay", "fr", "dont voici la première\u{a0}: l’expression régulière de PLACE a atteint"),
      ("explain", "en", "for 2 requests: the regular expression at PLACE reached its step limit"),
      ("explain", "fr", "pour 2\u{a0}requêtes\u{a0}: l’expression régulière de PLACE a atteint"),
    ])
  func named(verb: String, language: String, words: String) throws {
    let client = verb == "explain" ? ["--client", "192.0.2.7"] : []
    let run = try Self.unknownStep(
      [verb, "--text", "--lang", language] + client + ["--site", "SITE", "--rules", "RULE", "LOG"])
    let (before, after) = (words.prefix { $0 != "P" }, words.drop { $0 != "P" }.dropFirst(5))
    let line = (run.output + run.errors).split(separator: "\n").first {
      $0.contains(before) && $0.contains("site.yml:5:51") && $0.contains(after)
    }
    #expect(line != nil, "\(run.output) \(run.errors)")
  }

  /// A profile whose expression gives up on long paths, before these further steps.
  private static func site(_ steps: [String], at path: String) throws {
    let lines = [
      #"step: list, path: "/slots""#, #"step: select, path: "~^(?:/(?:\\w+[.-]?)+)+/$""#,
    ]
    try Data(
      ("id: site\ntitle: Site\ntimezone: UTC\nsteps:\n"
        + (lines + steps).map { "  - { \($0) }\n" }.joined()).utf8
    ).write(to: URL(filePath: path))
  }

  @Test(
    "what may be a style of the page clears a person who has the list reloaded",
    arguments: [
      ("static/application_3f9b0c2d77ae41bb90aa1c.bundle.css", false),
      ("static/application_3f9b0c2d77ae41bb90aa1c.bundle.htm", true),
    ])
  func style(path: String, isAccused: Bool) throws {
    let padded = try PaddedRule([])
    try Self.site([], at: padded.path + "/site.yml")
    func line(_ second: Int, _ client: String, _ path: String) -> String {
      "\(client) - - [\(1_772_780_400 + second).000] \"GET /\(path) HTTP/1.1\" 200 5 \"-\" \"x\" rt=0.050"
        + " c=1:1 host=\"rdv.example\" lang=\"fr\" loc=\"-\" sid=\"-\""
    }
    var lines = [line(0, "192.0.2.9", "a.css")]
    for poll in 0..<40 {
      lines.append(line(poll * 30, "192.0.2.7", "slots"))
      if poll % 8 == 1 { lines.append(line(poll * 30 + 10, "192.0.2.7", path)) }
    }
    let run = try Command(
      ["replay", "--text", "--site", padded.path + "/site.yml", "-"],
      input: Array((lines.joined(separator: "\n") + "\n").utf8))
    #expect(run.output.contains("at a fixed interval") == isAccused, "\(run.output) \(run.errors)")
    #expect(run.errors.contains("the booking step of 5 requests"), "\(run.errors)")
  }

  @Test(
    "what may be a page of the staff makes no alert, whichever expression gave up",
    arguments: [
      ([#"step: staff, path: "/admin/**""#], true),
      ([#"step: staff, path: "~^/admin(?:/(?:\\w+[.-]?)+)+/$""#], true),
      ([#"step: list, path: "/admin/**""#, #"step: staff, path: "/admin/**""#], false),
      ([], false),
    ])
  func staff(steps: [String], isStaff: Bool) throws {
    let padded = try PaddedRule([])
    try Self.site(steps, at: padded.path + "/site.yml")
    let line =
      "192.0.2.7 - - [01/Mar/2021:08:00:00 +0000] \"GET /admin/report_of_the_appointments_of_the"
      + "_year/export_everything?aaa HTTP/1.1\" 200 5 \"-\" \"x\"\n"
    let run = try Command(
      ["replay", "--json", "--site", padded.path + "/site.yml", "--rules", padded.rule, "-"],
      input: Array(line.utf8))
    #expect(run.output.isEmpty == isStaff, "\(run.output)")
    #expect(run.errors.contains("which make no alert: 1") == isStaff, "\(run.errors)")
    #expect(run.errors.contains("the booking step of 1 request"), "\(run.errors)")
  }

  @Test("matches of staff, and events that a correlation cannot group, are told")
  func notes() throws {
    let padded = try PaddedRule(["aaa"])
    let site = padded.path + "/site.yml"
    try Data(
      """
      id: site
      title: Site
      timezone: UTC
      steps: [{ step: list, method: GET, path: "/p" }]
      staff: ["192.0.2.0/24"]
      """.utf8
    ).write(to: URL(filePath: site))
    let many = padded.path + "/many.yml"
    try Data(
      """
      title: Many
      id: many
      correlation:
        type: event_count
        rules: [padded]
        group-by: [user.name]
        timespan: 1m
        condition: { gte: 2 }
        generate: true
      """.utf8
    ).write(to: URL(filePath: many))
    let run = try Command([
      "replay", "--site", site, "--rules", padded.rule, "--rules", many, padded.log,
    ])
    #expect(run.errors.contains("which make no alert: 1"), "\(run.errors)")
    #expect(run.errors.contains("a field they group by or count: 1"), "\(run.errors)")
  }
}

@Suite("Clients that are no address")
struct NamedClientTests {
  /// The sample's log with every client replaced.
  private static func log(_ client: String) throws -> [UInt8] {
    let text = String(decoding: try SharedData.bytes(sniper), as: UTF8.self)
    let lines = text.split(separator: "\n").map { line in
      client + line[(line.firstIndex(of: " ") ?? line.startIndex)...]
    }
    return Array((lines.joined(separator: "\n") + "\n").utf8)
  }

  /// Whether a value of an ip field is an IP address.
  private static func isAddress(_ value: Any?) -> Bool {
    (value as? String)?.contains { $0 != "." && $0 != ":" && !$0.isHexDigit } == false
  }

  @Test(
    "they are in source.address, and nothing but addresses is in a field of type ip",
    arguments: [("cafe-7.example", ["cafe-7.example"]), ("unix:", []), ("-", [])])
  func alerts(client: String, hosts: [String]) throws {
    let arguments = ["replay", "--json", "--site", "ezbooking", "-"]
    let run = try Command(arguments, input: Self.log(client))
    let found = try jsonLines(run.output)
    #expect(!found.isEmpty && !run.output.contains("name:"))
    for alert in found {
      let source = alert["source"] as? [String: Any]
      #expect(source?["ip"] == nil)
      #expect(source?["address"] as? String == (client == "-" ? nil : client))
      let related = alert["related"] as? [String: Any]
      #expect(related?["ip"] == nil && related?["hosts"] as? [String] ?? [] == hosts)
    }
  }

  @Test("a reason about the client gives the name, not what stands for it")
  func reasons() throws {
    let scratch = try ScratchFolder()
    let rule = """
      title: Test
      id: 00000000-0000-4000-8000-000000000077
      level: low
      logsource: { product: crenel, service: booking }
      detection:
        who: { source.address|contains: cafe }
        condition: who
      """
    try Data(rule.utf8).write(to: URL(filePath: scratch.path + "/rule.yml"))
    let run = try Command(
      ["replay", "--json", "--site", "ezbooking", "--rules", scratch.path + "/rule.yml", "-"],
      input: Self.log("cafe-7.example"))
    let crenel = try #require(try jsonLines(run.output).first?["crenel"] as? [String: Any])
    let reason = try #require((crenel["reasons"] as? [[String: Any]])?.first)
    #expect(reason["value"] as? String == "cafe-7.example", "\(run.errors)")
  }

  @Test("so in exchanges, features and explain", arguments: ["cafe-7.example", "unix:", "-"])
  func rows(client: String) throws {
    for verb in ["exchanges", "features"] {
      let run = try Command([verb, "--quiet", "-"], input: Self.log(client))
      let rows = try exchangeRows(run.output)
      #expect(!rows.isEmpty)
      for row in rows {
        #expect(row["source.ip"] == nil && row["network.peer.ip"] == nil)
        #expect(row["source.address"] as? String == (client == "-" ? nil : client))
      }
    }
    let csv = try Command(["features", "--csv", "--quiet", "-"], input: Self.log(client))
    let cell = client == "-" ? "" : client
    #expect(
      csv.output.split(separator: "\n").dropFirst().allSatisfy { $0.contains("Z,,\(cell),") })
  }

  @Test("explain takes them as alerts name them", arguments: ["cafe-7.example", "unix:"])
  func explained(client: String) throws {
    let arguments = ["explain", "--site", "ezbooking", "--text", "--client", client, "-"]
    let run = try Command(arguments, input: Self.log(client))
    #expect(run.status == 0 && run.output.contains("Slot taken faster"), "\(run.errors)")
    let other = try Command(arguments, input: Self.log("other.example"))
    #expect(other.errors.contains("no request of \(client) is in the input"), "\(other.errors)")
  }

  @Test(
    "a name is a cell of its own whatever stands in it",
    arguments: [
      ("unix:/run/a,b", #""unix:/run/a,b""#), (#"a"b.example"#, #""a""b.example""#),
      ("=1+1", "'=1+1"),
    ])
  func cells(client: String, cell: String) throws {
    let line = "\(client) - - [01/Mar/2021:08:00:00 +0000] \"GET /x HTTP/1.1\" 200 10\n"
    let arguments = ["features", "--csv", "--quiet", "--format", "common", "-"]
    let run = try Command(arguments, input: Array(line.utf8))
    #expect(run.output.contains("Z,,\(cell),"), "\(run.output.suffix(400)) \(run.errors)")
  }

  @Test("a session of addresses and a host name has each in its field")
  func mixed() throws {
    let text = String(decoding: try SharedData.bytes(sniper), as: UTF8.self)
    // Half of the requests of each client come under a name.
    let lines = text.split(separator: "\n").enumerated().map { place, line in
      let rest = line[(line.firstIndex(of: " ") ?? line.startIndex)...]
      return place % 2 == 0 ? String(line) : "cafe-7.example" + rest
    }
    let run = try Command(
      ["replay", "--json", "--site", "ezbooking", "-"],
      input: Array((lines.joined(separator: "\n") + "\n").utf8))
    let related = try jsonLines(run.output).compactMap {
      $0["related"] as? [String: [String]]
    }
    #expect(related.contains { $0["ip"] != nil && $0["hosts"] == ["cafe-7.example"] })
    #expect(related.allSatisfy { ($0["ip"] ?? []).allSatisfy { Self.isAddress($0) } })
  }
}

@Suite("French")
struct FrenchTests {
  @Test(
    "what is written for people is French with --lang fr",
    arguments: [
      (["stats", "--text", sniper], ["premières lignes ont cette forme", "statut 200"]),
      (["replay", "--text", "--site", "ezbooking", sniper], ["lignes, 1093\u{a0}échanges"]),
      (
        ["explain", "--text", "--site", "ezbooking", "--client", "203.0.113.51", sniper],
        ["événements de successful-hold en 10\u{a0}s", "corrélation", "  faible  "]
      ),
      (["rules", "list"], ["entrée d’une corrélation", "  élevé  sniper"]),
    ] as [([String], [String])])
  func french(arguments: [String], words: [String]) throws {
    let run = try Command(arguments + ["--lang", "fr"])
    let text = run.output + run.errors
    for word in words { #expect(text.contains(word), "\(word): \(text.prefix(2_000))") }
    let english = [
      "lines", "exchanges", "not understood", "response bytes", "malformed", "event_count of",
      "input of a", "clients, about", "could not", " high ", " medium ",
    ]
    for word in english { #expect(!text.contains(word), "\(word): \(text.prefix(2_000))") }
  }

  @Test("lines that were not understood are told in French, with the remedy")
  func unparsed() throws {
    let log = "192.0.2.7 - - [01/Mar/2021:08:00:00 +0000] \"GET / HTTP/1.1\" 200 5 \"-\" \"x\"\n"
    let run = try Command(
      ["replay", "--lang", "fr", "-"], input: Array((log + log + "what\n").utf8))
    #expect(run.errors.contains("-:3:"), "\(run.errors)")
    #expect(run.errors.contains("1\u{a0}ligne non comprise\u{a0}: "))
    #expect(run.errors.contains("voici la première (octet "))
  }
}

/// The objects of JSON lines; named apart from the tests' own `alerts`.
private func jsonLines(_ output: String) throws -> [[String: Any]] { try alerts(output) }
