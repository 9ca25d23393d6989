import CrenelBooking
import CrenelModel
import CrenelTestKit
import Foundation
import Testing

@Suite("Profiles")
struct SiteProfileParserTests {
  @Test("every mistake is told with its place, at once")
  func mistakes() throws {
    let text = """
      id: x
      titel: y
      client: { address: elsewhere, ipv6_prefix: 200, trusted_proxies: [10.0.0.0/99] }
      hold: { ttl: soon }
      steps:
        - { step: lst, path: "/a" }
        - { step: list, path: "~(" }
        - { step: list, path: "a{b" }
        - { step: list }
        - { step: list, path: "/x", status: 9xx, outcome: maybe }
      fields: { mailbox: [mail] }
      staff: [nobody]
      """
    let error = try #require(throws: Diagnostics.self) {
      try SiteProfileParser.parse(text, file: "s.yml")
    }
    let found = error.items.map { "\($0.position.line) \($0.code)" }
    #expect(
      found.sorted()
        == [
          "1 missing-key", "10 bad-status", "10 unknown-outcome", "11 bad-field", "12 bad-network",
          "2 unknown-key", "3 bad-address-origin", "3 bad-network", "3 bad-prefix",
          "4 bad-duration",
          "6 unknown-step", "7 bad-regex", "8 bad-template", "9 rule-matches-all",
        ].sorted(), "\(error)")
    #expect(error.items.first { $0.code == "unknown-step" }?.hint?.contains("'list'") == true)
    #expect(error.items.allSatisfy { $0.position.file == "s.yml" })
  }

  @Test(
    "a mistake in a step rule hides no other of that rule",
    arguments: [
      (
        #"step: hodl, method: GETT, path: "booking/{a", status: 7xx, outcome: foo"#,
        ["bad-status", "bad-template", "unknown-method", "unknown-outcome", "unknown-step"]
      ),
      (#"path: "a", status: 7xx"#, ["bad-status", "bad-template", "no-step"]),
      (#"step: list, path: "/x", words: [a]"#, ["path-and-words"]),
      (#"step: list, query: "a={""#, ["bad-parameter"]),
      (#"step: list, query: "a={}""#, ["bad-parameter"]),
      (#"step: list, query: "=b""#, ["bad-parameter"]),
      (#"step: list, query: "&""#, ["bad-parameter", "bad-parameter"]),
      (#"step: list, form: "a=x{slot}""#, ["bad-parameter"]),
      (#"step: list, form: "~a=1""#, ["form-regex"]),
      (#"step: list, form: "~(", status: 7xx"#, ["bad-status", "form-regex"]),
      ("step: list, form: 5, location: 7", ["not-a-text", "not-a-text"]),
      ("step: list, query: ~", ["not-a-text"]),
      (#"step: list, path: "/x", method: [GET, P UT]"#, ["bad-method"]),
      (#"step: list, path: "/a?b=c""#, ["query-in-path"]),
      ("step: list, words: [a, a-b]", ["bad-word"]), ("step: list, words: réserver", ["bad-word"]),
      ("step: list, words: []", ["empty-list"]), (#"step: list, words: [""]"#, ["empty-text"]),
      (#"step: list, path: """#, ["empty-text"]),
      (#"step: list, path: "/x", location: """#, ["empty-text"]),
    ])
  func stepRules(rule: String, codes: [String]) throws {
    let error = try #require(throws: Diagnostics.self) {
      try SiteProfileParser.parse("id: x\ntitle: x\nsteps: [{ \(rule) }]", file: "s.yml")
    }
    #expect(error.items.map(\.code).sorted() == codes, "\(error)")
    #expect(error.items.allSatisfy { $0.position.line == 3 && $0.position.column > 0 })
  }

  @Test(
    "a method that no registry has is a warning with the nearest name",
    arguments: [("GETT", "did you mean 'GET'?"), ("XQZZY", "leave it"), ("PROPFIND", nil)]
      as [(String, String?)])
  func methods(name: String, hint: String?) throws {
    let warnings = try SiteProfileParser.parse(
      "id: x\ntitle: x\nsteps: [{ step: list, method: \(name), path: \"/x\" }]", file: "s.yml"
    ).warnings
    #expect(warnings.map(\.code) == (hint == nil ? [] : ["unknown-method"]))
    #expect(warnings.allSatisfy { $0.position.line == 3 && $0.severity == .warning })
    if let hint { #expect(warnings.first?.hint?.contains(hint) == true, "\(warnings)") }
  }

  @Test(
    "a line that can never work as written is a warning with its place and what may be meant",
    arguments: [
      ("fields: { slot: [path.slott] }", "unknown-part 1:18", "did you mean 'slot'?"),
      ("fields: { service: path.other }", "unknown-part 1:20", "one of: service, servlce, slot"),
      ("fields: { mailbox: path.slot }", "bad-part 1:20", "form.NAME"),
      ("session: { cookie: [] }", "empty-list 1:20", "leave it out"),
      ("session: { cookie: SES*ION }", "star-in-cookie 1:20", "such as SES*"),
    ])
  func idleLines(line: String, place: String, hint: String) throws {
    let warnings = try SiteProfileParser.parse(
      "\(line)\nid: x\ntitle: x\nsteps:\n"
        + #"- { step: list, path: "/x/{service}", query: "a={slot}&b={servlce}" }"#, file: "s.yml"
    ).warnings.filter { $0.code != "unused-part" }
    #expect(
      warnings.map { "\($0.code) \($0.position.line):\($0.position.column)" } == [place],
      "\(warnings)")
    #expect(warnings.allSatisfy { $0.severity == .warning && $0.hint?.contains(hint) == true })
  }

  @Test(
    "a part that nothing asks for is a warning: any group, and braces near a name that is asked for",
    arguments: [
      (#"path: "~^/(?<servce>a)""#, "servce", "did you mean 'service'?"),
      (#"path: "~^/(?<xqzzy>a)""#, "xqzzy", "path.xqzzy"),
      (#"path: "~^/(?<twice>a)\\k<twice>""#, nil, ""), (#"path: "/{slt}""#, "slt", "'slot'"),
      (#"path: "/{anything}""#, nil, ""), (#"path: "~^/(?<day>a)""#, nil, ""),
      (#"path: "/x", query: "a={servise}""#, "servise", "'service'"),
    ] as [(String, String?, String)])
  func unusedParts(rule: String, name: String?, hint: String) throws {
    let warnings = try SiteProfileParser.parse(
      "id: x\ntitle: x\nfields: { slot: path.day }\nsteps:\n- { step: hold, path: \"/{day}\" }\n"
        + "- { step: list, \(rule) }", file: "s.yml"
    ).warnings
    #expect(warnings.map(\.code) == (name == nil ? [] : ["unused-part"]), "\(warnings)")
    #expect(warnings.allSatisfy { $0.position.line == 6 && $0.hint?.contains(hint) == true })
    #expect(warnings.allSatisfy { $0.message.contains("'\(name ?? "")'") })
  }

  @Test(
    "shipped profiles give no warning",
    arguments: [
      "easyappointments", "ezbooking", "generic", "icpplus", "lutece-appointment",
      "rdv-service-public", "rdvpref", "zms-citizen",
    ])
  func clean(name: String) throws {
    #expect(try shipped(name).warnings.isEmpty)
  }

  @Test(
    "an empty text is told as one, and a step rule that is no map as one mistake",
    arguments: [
      (#"session: { cookie: "" }"#, ["empty-text"]), (#"title: """#, ["empty-text"]),
      (#"declared: { user_agents: "" }"#, ["empty-text"]), ("timezone: [1]", ["not-a-text"]),
      ("steps: [[1]]", ["not-a-map"]), ("steps: [5, x]", ["not-a-map", "not-a-map"]),
    ])
  func emptyTexts(line: String, codes: [String]) throws {
    let rest = ["title: x", #"steps: [{ step: list, path: "/x" }]"#]
      .filter { $0.prefix(5) != line.prefix(5) }
    let text = ([line, "id: x"] + rest).joined(separator: "\n")
    let error = try #require(throws: Diagnostics.self) {
      try SiteProfileParser.parse(text, file: "s.yml")
    }
    #expect(error.items.map(\.code) == codes, "\(error)")
    #expect(
      error.items.allSatisfy {
        $0.position.line == 1 && $0.message != "a text is expected, not text"
      })
  }

  @Test("an unknown time zone is told with its place, among the other mistakes")
  func zones() throws {
    let error = try #require(throws: Diagnostics.self) {
      try SiteProfileParser.parse(
        "id: x\ntimezone: Mars/X\nsteps: [{ step: lst, path: \"/x\" }]", file: "s.yml"
      ) { $0 == "Europe/Paris" }
    }
    #expect(error.items.map(\.code) == ["missing-key", "unknown-zone", "unknown-step"])
    #expect(error.items[1].position == SourcePosition(file: "s.yml", line: 2, column: 11))
  }

  @Test(
    "a step rule may ask for fields of the form, and take the service and slot from them",
    arguments: [
      ([("form.do", "book"), ("form.s", "14500"), ("form.t", "T9")], StepKind.hold),
      ([("form.do", "look"), ("form.s", "14500"), ("form.t", "T9")], .other),
      ([("form.do", "book"), ("form.s", "14500")], .other), ([], .other),
    ])
  func forms(fields: [(String, String)], kind: StepKind) throws {
    let profile = try SiteProfileParser.parse(
      """
      id: x
      title: x
      steps: [{ step: hold, form: "do=b*k&s={service}&t={slot}" }]
      """, file: "s.yml")
    let names = profile.requestedNames
    var request = Request(method: "POST")
    request.extras = try fields.map { (try #require(names.slot(of: $0.0)), $0.1) }
    let (steps, batch) = try steps([request], profile)
    #expect(steps[0].kind == kind)
    guard kind == .hold else { return }
    #expect(batch.string(steps[0].service) == "14500" && batch.string(steps[0].slot) == "T9")
  }

  @Test("any text is a profile or refused, never a trap")
  func hostile() throws {
    var random = Seeded(12)
    let base = Array(
      String(
        decoding: try SharedData.bytes(SharedData.package + "rules/sites/ezbooking.yml"),
        as: UTF8.self))
    for _ in 0..<150 {
      var text = base
      for _ in 0..<(1 + random.next() % 5) {
        let place = Int(random.next() % UInt64(text.count))
        text[place] = Array("{}[]:,~*\"'\n a1")[Int(random.next() % 14)]
      }
      _ = try? SiteProfileParser.parse(String(text), file: "m")
    }
    #expect(try SiteProfileParser.parse(String(base), file: "m").id == "ezbooking")
  }
}
