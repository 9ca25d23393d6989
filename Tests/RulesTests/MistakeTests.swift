import CrenelModel
import CrenelRules
import Testing

/// A file of rules with mistakes, and all that must be said of it: `line:code`, in order of place.
private struct Mistakes: CustomTestStringConvertible, Sendable {
  var name: String
  var text: String
  var expected: [String]
  var testDescription: String { name }

  init(_ name: String, _ text: String, _ expected: [String]) {
    self.name = name
    self.text = text
    self.expected = expected
  }

  static func knobs(_ knob: String) -> String {
    """
    title: Test
    id: test
    logsource: {product: crenel, service: booking}
    detection:
      a: {session.polls|gte|expand: '%least%'}
      condition: a
    crenel:
      knobs:
        least: \(knob)
    """
  }

  static func condition(_ condition: String) -> String {
    """
    title: Test
    id: test
    logsource: {product: crenel, service: booking}
    detection:
      list: {booking.step: list}
      hold: {booking.step: hold}
      condition: \(condition)
    """
  }

  static func values(_ item: String) -> String {
    """
    title: Test
    id: test
    logsource: {product: crenel, service: booking}
    detection:
      a: {\(item)}
      condition: a
    """
  }

  static func correlation(_ lines: String) -> String {
    """
    title: Event
    name: event
    logsource: {product: crenel, service: booking}
    detection: {hit: {url.path: /hit}, condition: hit}
    ---
    title: Many
    id: many
    correlation:
    \(lines.split(separator: "\n").map { "  " + $0 }.joined(separator: "\n"))
    """
  }

  static let all = [
    Mistakes(
      "a knob with a bad unit has its keys",
      knobs("{ value: 3, unit: cnt, meaning: m }"), ["9:bad-value"]),
    Mistakes(
      "a knob whose value is no number has a value",
      knobs("{ value: many, unit: count, meaning: m }"), ["9:not-a-number"]),
    Mistakes(
      "a knob that lacks keys is missing them once",
      knobs("{ value: 3 }"), ["9:missing-key"]),
    Mistakes(
      "every unknown word of a condition is told",
      condition("lst and (not holt or 1 of x*)"),
      ["7:unknown-selection", "7:unknown-selection", "7:unknown-selection"]),
    Mistakes(
      "a misspelt operator is one mistake", condition("list annd hold"), ["7:bad-condition"]),
    Mistakes(
      "a word that is no name is one mistake, whatever follows",
      condition("nott list"), ["7:unknown-selection"]),
    Mistakes(
      "a count that there is not does not hide what follows",
      condition("1 of zzz* and 2 of list and all of themm"),
      ["7:unknown-selection", "7:bad-condition", "7:unknown-selection"]),
    Mistakes(
      "every network is told", values("source.ip|cidr: [1.2.3.4/33, foo, 192.0.2.0/24]"),
      ["5:bad-network", "5:bad-network"]),
    Mistakes(
      "every address is told", values("source.ip: [foo, 192.0.2.1, bar]"),
      ["5:bad-network", "5:bad-network"]),
    Mistakes(
      "every number is told", values("session.polls|gte: [few, 3, many]"),
      ["5:not-a-number", "5:not-a-number"]),
    Mistakes(
      "every expression is told", values("url.path|re: ['((', 'a', '[']"),
      ["5:bad-regex", "5:bad-regex"]),
    Mistakes(
      "every step is told", values("booking.step: [holt, list, lst]"),
      ["5:bad-value", "5:bad-value"]),
    Mistakes(
      "every field referred to is told", values("url.path|fieldref: [url.pth, url.qury]"),
      ["5:unknown-field", "5:unknown-field"]),
    Mistakes(
      "an unknown field does not hide an expression",
      values("url.originl|re: ['((', a]"), ["5:unknown-field", "5:bad-regex"]),
    Mistakes(
      "an unknown field does not hide networks, numbers and fields",
      values("sorce.ip|cidr: foo") + "\n"
        + [
          "  b: {session.pols|gte: many}",
          "  c: {url.pth|fieldref: url.qury}",
        ].joined(separator: "\n"),
      [
        "5:unknown-field", "5:bad-network", "7:unknown-field", "7:not-a-number",
        "8:unknown-field", "8:unknown-field",
      ]),
    Mistakes(
      "a wrong service of ours is told, and the detection checked",
      values("url.originl|re: '(('").replacing("service: booking", with: "service: bookng"),
      ["3:bad-value", "5:unknown-field", "5:bad-regex"]),
    Mistakes(
      "unknown words and broken grammar are both told",
      condition("lst and (hold"), ["7:unknown-selection", "7:bad-condition"]),
    Mistakes(
      "a count over its limit is no missing comparison",
      correlation(
        "type: event_count\nrules: event\ngroup-by: client\ntimespan: 1m\n"
          + "condition: {gte: 20000}"),
      ["13:bad-value"]),
    Mistakes(
      "a misspelt comparison is no missing one",
      correlation(
        "type: event_count\nrules: event\ngroup-by: client\ntimespan: 1m\ncondition: {gtee: 2}"),
      ["13:unknown-key"]),
    Mistakes(
      "a field beside the type is out of its place, and not missing",
      correlation(
        "type: value_count\nfield: url.path\nrules: event\ngroup-by: client\ntimespan: 1m\n"
          + "condition: {gte: 2}"),
      ["10:misplaced-key"]),
    Mistakes(
      "a field that is out of its place and unknown is both",
      correlation(
        "type: value_count\nfield: url.pth\nrules: event\ngroup-by: client\ntimespan: 1m\n"
          + "condition: {gte: 2}"),
      ["10:misplaced-key", "10:unknown-field"]),
    Mistakes(
      "a field that is nowhere is missing",
      correlation(
        "type: value_count\nrules: event\ngroup-by: client\ntimespan: 1m\ncondition: {gte: 2}"),
      ["13:missing-key"]),
    Mistakes(
      "an unknown rule is told beside other mistakes of the correlation",
      correlation(
        "type: event_count\nrules: [evnt, nobody]\ngroup-by: client\ntimespan: soon\n"
          + "condition: {gte: 20000}"),
      ["10:unknown-rule", "10:unknown-rule", "12:bad-duration", "13:bad-value"]),
    Mistakes(
      "an unknown rule is told beside a list that is too short",
      correlation("type: temporal\nrules: nobody\ngroup-by: client\ntimespan: 1m"),
      ["10:bad-value", "10:unknown-rule"]),
    Mistakes(
      "an alias with a wrong field is there",
      correlation(
        "type: event_count\nrules: event\ngroup-by: who\ntimespan: 1m\n"
          + "condition: {gte: 2}\naliases: {who: {event: no.field}}"),
      ["14:unknown-field"]),
  ]
}

@Suite("All mistakes at once, and no more")
struct MistakeTests {
  @Test("each mistake is told once, with its line", arguments: Mistakes.all)
  private func told(mistakes: Mistakes) {
    var names = FieldNames()
    var found: [String] = []
    do throws(Diagnostics) {
      _ = try RuleSet.parse(files: [("booking/t.yml", mistakes.text)], names: &names)
    } catch {
      found = error.items.filter { $0.severity == .error }
        .map { "\($0.position.line):\($0.code)" }
    }
    #expect(found == mistakes.expected)
  }

  @Test("where a counted field belongs is said with the version of Sigma that says so")
  func misplaced() throws {
    var names = FieldNames()
    let text = Mistakes.correlation(
      "type: value_count\nfield: url.path\nrules: event\ngroup-by: client\ntimespan: 1m\n"
        + "condition: {gte: 2}")
    let error = try #require(throws: Diagnostics.self) {
      _ = try RuleSet.parse(files: [("booking/t.yml", text)], names: &names)
    }
    #expect(error.items[0].message.contains("Sigma 2.x it belongs inside 'condition'"))
    #expect(error.items[0].hint?.contains("condition: { field:") == true)
  }
}
