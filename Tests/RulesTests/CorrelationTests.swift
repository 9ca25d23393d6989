import CrenelModel
import CrenelRules
import CrenelTestKit
import Testing

private func rules(_ kind: String, _ condition: String, timespan: String = "60s") -> String {
  """
  title: Event
  id: event
  name: event
  logsource: {product: crenel, service: booking}
  detection:
    hit: {url.path|startswith: /hit}
    condition: hit
  ---
  title: Many
  id: many
  correlation:
    type: \(kind)
    rules: [event]
    group-by: [source.ip]
    timespan: \(timespan)
    condition: \(condition)
  """
}

@Suite("Correlations")
struct CorrelationTests {
  @Test("event_count agrees with counting all events of the window again", arguments: 0..<25)
  func eventCount(seed: UInt64) throws {
    var random = Seeded(seed)
    let threshold = 1 + Int(random.next() % 6)
    var now: Int64 = 1_700_000_000 * Nanoseconds.second
    var samples: [Sample] = []
    for _ in 0..<150 {
      now += Int64(random.next() % 40) * Nanoseconds.second
      var sample = Sample.get(random.next() % 4 == 0 ? "/miss" : "/hit/\(random.next() % 3)")
      sample.at = now
      sample.client = "192.0.2.\(random.next() % 3)"
      samples.append(sample)
    }
    let fired = try run(rules("event_count", "{gte: \(threshold)}"), samples)
    for (index, sample) in samples.enumerated() {
      let isHit = sample.texts[.path]?.hasPrefix("/hit") == true
      let count = samples[...index].filter {
        $0.texts[.path]?.hasPrefix("/hit") == true && $0.client == sample.client
          && $0.at >= sample.at - 60 * Nanoseconds.second
      }.count
      #expect(
        fired[index].contains("many") == (isHit && count >= threshold), "seed \(seed) at \(index)")
    }
  }

  @Test("value_count agrees with the different values of the window", arguments: 0..<25)
  func valueCount(seed: UInt64) throws {
    var random = Seeded(seed &+ 500)
    var now: Int64 = 1_700_000_000 * Nanoseconds.second
    var samples: [Sample] = []
    for _ in 0..<150 {
      now += Int64(random.next() % 30) * Nanoseconds.second
      var sample = Sample.get("/hit/\(random.next() % 7)")
      sample.at = now
      samples.append(sample)
    }
    let fired = try run(rules("value_count", "{gte: 3, field: url.path}"), samples)
    for (index, sample) in samples.enumerated() {
      let values = Set(
        samples[...index].filter { $0.at >= sample.at - 60 * Nanoseconds.second }
          .map { $0.texts[.path] ?? "" })
      #expect(fired[index].contains("many") == (values.count >= 3), "seed \(seed) at \(index)")
    }
  }

  @Test(
    "unknown rules, spans without a unit and missing fields are refused",
    arguments: [
      (rules("event_count", "{gte: 2}").replacing("[event]", with: "[nobody]"), nil),
      (rules("event_count", "{gte: 2}", timespan: "soon"), nil),
      (rules("value_count", "{gte: 2}"), nil),
    ] as [(String, String?)])
  func refused(text: String, code: String?) {
    let codes = refusal(text)
    #expect(!codes.isEmpty)
    if let code { #expect(codes.contains(code)) }
  }
}

@Suite("Conditions and numbers")
struct ConditionTests {
  @Test(
    "not binds before and, and before or",
    arguments: [
      ("a and b or c", [false, true], true), ("a or b and c", [true, false], true),
      ("not a and b", [false, false], false), ("not (a and b)", [true, false], true),
      ("1 of them", [false, false], true), ("all of them", [true, true], true),
      ("all of them", [true, false], false), ("1 of x*", [true, true], false),
    ])
  func precedence(condition: String, ab: [Bool], expected: Bool) throws {
    // a and b are as told, c is true; x1 exists for the last row only.
    let text = """
      title: Test
      id: test
      logsource: {product: crenel, service: booking}
      detection:
        a: {http.request.method: \(ab[0] ? "GET" : "NEVER")}
        b: {url.path: \(ab[1] ? "/p" : "/never")}
        c: {http.response.status_code: 200}
      \(condition.contains("x*") ? "  x1: {url.path: /never}" : "")
        condition: \(condition)
      """
    #expect(try run(text, [Sample.get("/p")])[0] == (expected ? ["test"] : []))
  }

  @Test(
    "numbers, networks, lists, keywords and time are compared as the specification says",
    arguments: [
      ("http.response.status_code|gte: 200", true), ("http.response.status_code|lt: 200", false),
      ("sc-status: 200", true), ("sc-status: [404, 200]", true),
      ("source.ip|cidr: 192.0.2.0/24", true),
      ("source.ip|cidr: 198.51.100.0/24", false), ("c-uri|contains|all: [/p, x=1]", true),
      ("c-uri|contains|all: [/p, x=2]", false), ("user.name: null", true),
      ("url.query|exists: true", true), ("url.query|exists: false", false),
      ("cs-method|neq: GET", false), ("url.query|re: '^x=\\d$'", true),
      ("url.path|fieldref: url.path", true), ("cs-method|cased: get", false),
    ])
  func comparisons(lines: String, expected: Bool) throws {
    #expect(try holds(lines, Sample.get("/p?x=1")) == expected)
  }

  @Test(
    "mistakes are refused by a code",
    arguments: [
      ("no.such.field: 1", "unknown-field"), ("url.path|containz: a", "unknown-modifier"),
      ("session.polls|gte: many", "bad-number"), ("url.path|re: '('", "bad-regex"),
      ("source.ip|cidr: everywhere", "bad-network"),
    ])
  func mistakes(lines: String, code: String) {
    #expect(!refusal(rule(lines)).isEmpty, "\(lines)")
    if code == "unknown-field" || code == "unknown-modifier" {
      #expect(refusal(rule(lines)).contains(code), "\(refusal(rule(lines)))")
    }
  }
}
