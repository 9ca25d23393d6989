import CrenelModel
import CrenelRules
import CrenelTestKit
import Testing

/// A correlation of three rules: paths that begin with /a, /b, /c; /ab is of the first two.
private func rules(_ type: String, _ condition: String?, listed: String = "[a, b, c]") -> String {
  let names = ["a", "b", "c"].map { name in
    """
    title: \(name)
    id: \(name)
    name: \(name)
    logsource: {product: crenel, service: booking}
    detection:
      hit: {url.path|contains: \(name)}
      condition: hit
    """
  }
  return names.joined(separator: "\n---\n") + """

    ---
    title: Together
    id: together
    correlation:
      type: \(type)
      rules: \(listed)
      group-by: [source.ip]
      timespan: 60s
    """ + (condition.map { "\n  condition: \($0)" } ?? "")
}

/// Random requests with ties in time, and some that are none of the rules'.
private func stream(_ seed: UInt64, _ count: Int = 90) -> [Sample] {
  var random = Seeded(seed)
  var now: Int64 = 1_700_000_000 * Nanoseconds.second
  return (0..<count).map { _ in
    now += Int64(random.next() % 25) * Nanoseconds.second
    let paths = ["/a", "/b", "/c", "/ab", "/bc", "/cab", "/none", "/x"]
    var sample = Sample.get(paths[Int(random.next() % 8)])
    sample.at = now
    sample.client = "192.0.2.\(random.next() % 2)"
    sample.bodyBytes = random.next() % 9 == 0 ? -1 : Int64(random.next() % 5_000)
    return sample
  }
}

/// The requests up to one that are in its window and its group.
private func window(_ samples: [Sample], _ index: Int) -> [Sample] {
  samples[...index].filter {
    $0.client == samples[index].client && $0.at >= samples[index].at - 60 * Nanoseconds.second
  }
}

private func matches(_ sample: Sample, _ rule: Character) -> Bool {
  sample.texts[.path]?.contains(rule) == true
}

@Suite("Correlations of every type agree with looking at the whole window again")
struct CorrelationKindTests {
  @Test("temporal: all of the rules, or as many as asked", arguments: 0..<25, [nil, 2] as [Int?])
  func temporal(seed: UInt64, least: Int?) throws {
    let samples = stream(seed)
    let fired = try run(rules("temporal", least.map { "{gte: \($0)}" }), samples)
    for index in samples.indices {
      let seen = "abc".filter { rule in window(samples, index).contains { matches($0, rule) } }
      let isEvent = "abc".contains { matches(samples[index], $0) }
      #expect(
        fired[index].contains("together") == (isEvent && seen.count >= least ?? 3),
        "seed \(seed) at \(index)")
    }
  }

  /// The longest run of rules, in their order and each of a later request, that ends with the last
  /// one; by trying every choice.
  private func longest(_ samples: ArraySlice<Sample>, before rule: Int) -> Int {
    var best = 0
    for (place, sample) in zip(samples.indices, samples) {
      for (number, name) in "abc".enumerated() where number < rule && matches(sample, name) {
        best = max(best, 1 + longest(samples[..<place], before: number))
      }
    }
    return best
  }

  @Test(
    "temporal_ordered: one after the other, of different requests", arguments: 0..<25,
    [nil, 2] as [Int?])
  func ordered(seed: UInt64, least: Int?) throws {
    let samples = stream(seed, 60)
    let fired = try run(rules("temporal_ordered", least.map { "{gte: \($0)}" }), samples)
    for index in samples.indices {
      let inside = window(samples, index)
      var length = 0
      for (number, name) in "abc".enumerated() where matches(samples[index], name) {
        length = max(length, 1 + longest(inside.dropLast(), before: number))
      }
      #expect(
        fired[index].contains("together") == (length >= least ?? 3), "seed \(seed) at \(index)")
    }
  }

  @Test(
    "value_sum, value_avg and value_percentile of a number", arguments: 0..<20,
    [
      ("value_sum", "{field: http.response.body.bytes, gt: 9000}"),
      ("value_avg", "{field: http.response.body.bytes, gte: 2500.5}"),
      ("value_percentile", "{field: http.response.body.bytes, percentile: 75, lt: 3000}"),
      ("value_percentile", "{field: http.response.body.bytes, percentile: 1, gte: 500}"),
    ])
  func numbers(seed: UInt64, rule: (type: String, condition: String)) throws {
    let samples = stream(seed)
    let text = rules(rule.type, rule.condition, listed: "[a]")
    let fired = try run(text, samples)
    for index in samples.indices {
      let isEvent = matches(samples[index], "a") && samples[index].bodyBytes >= 0
      let values = window(samples, index).filter { matches($0, "a") && $0.bodyBytes >= 0 }
        .map { Double($0.bodyBytes) }
      let sum = values.reduce(0, +)
      let sorted = values.sorted()
      func rank(_ share: Double) -> Double {
        sorted.first { value in
          Double(sorted.count { $0 <= value }) >= share * Double(sorted.count)
        } ?? .nan
      }
      let expected =
        switch (rule.type, rule.condition.contains("75")) {
        case ("value_sum", _): sum > 9_000
        case ("value_avg", _): sum / Double(values.count) >= 2_500.5
        case (_, true): rank(0.75) < 3_000
        case (_, false): rank(0.01) >= 500
        }
      #expect(
        fired[index].contains("together") == (isEvent && expected), "seed \(seed) at \(index)")
    }
  }

  @Test("value_percentile without percentile: the share of the event's value", arguments: 0..<20)
  func share(seed: UInt64) throws {
    let samples = stream(seed)
    let text = rules("value_percentile", "{field: url.path, lte: 30}", listed: "[a, b]")
    let fired = try run(text, samples)
    for index in samples.indices {
      func isEvent(_ sample: Sample) -> Bool { matches(sample, "a") || matches(sample, "b") }
      let events = window(samples, index).filter(isEvent)
      let same = events.count { $0.texts[.path] == samples[index].texts[.path] }
      let isRare = 100 * Double(same) <= 30 * Double(events.count)
      #expect(
        fired[index].contains("together") == (isEvent(samples[index]) && isRare),
        "seed \(seed) at \(index)")
    }
  }

  @Test("a correlation may be the event of another")
  func chained() throws {
    let text =
      rules("event_count", "{gte: 3}", listed: "[a]")
      .replacing("title: Together\nid: together", with: "title: Many\nid: many\nname: many") + """

        ---
        title: Then
        id: then
        correlation:
          type: temporal_ordered
          rules: [many, c]
          group-by: [source.ip]
          timespan: 60s
        """
    var samples: [Sample] = []
    for (second, path) in [(0, "/c"), (1, "/a"), (2, "/a"), (3, "/c"), (4, "/a"), (5, "/c")] {
      var sample = Sample.get(path)
      sample.at += Int64(second) * Nanoseconds.second
      samples.append(sample)
    }
    let fired = try run(text, samples).map { $0.contains("then") }
    #expect(fired == [false, false, false, false, false, true])
  }

  @Test(
    "mistakes are told",
    arguments: [
      (rules("temporal", nil, listed: "[a]"), "bad-value"),
      (rules("temporal", nil, listed: "[a, b, a]"), "repeated-rule"),
      (rules("temporal", "{gte: 4}"), "bad-value"),
      (rules("temporal", "{gte: 2, field: url.path}"), "unknown-key"),
      (rules("value_sum", "{gte: 2}"), "missing-key"),
      (rules("value_sum", "{field: source.ip, gte: 2}"), "bad-value"),
      (rules("value_avg", "{field: [url.path, url.query], gte: 2}"), "bad-value"),
      (rules("value_percentile", "{field: url.path, percentile: 0, gte: 2}"), "bad-value"),
      (rules("value_sum", "{field: http.response.bytes, percentile: 5, gte: 2}"), "unknown-key"),
    ])
  func mistakes(text: String, code: String) {
    #expect(refusal(text) == [code], "\(refusal(text))")
  }
}
