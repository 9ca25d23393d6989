import CrenelBooking
import CrenelModel
import CrenelTestKit
import Testing

@testable import CrenelRules

@Suite("Rules on the page about rules")
struct DocumentedRulesTests {
  /// The block of the page that begins with a title.
  private func block(_ title: String) throws -> String {
    let page = String(
      decoding: try SharedData.bytes(SharedData.package + "docs/rules.md"), as: UTF8.self)
    let blocks = page.split(separator: "```yaml\n").dropFirst()
      .compactMap { $0.split(separator: "```", omittingEmptySubsequences: false).first }
    return String(try #require(blocks.first { $0.hasPrefix("title: \(title)") }))
  }

  private func request(
    _ step: StepKind, _ method: String, _ second: Int64, client: String
  ) -> Sample {
    var sample = Sample.get("/page")
    sample.texts[.method] = method
    sample.step = step
    sample.at += second * Nanoseconds.second
    sample.start = TimeBounds(exact: Timestamp(nanoseconds: sample.at))
    sample.end = sample.start
    sample.client = client
    sample.session = Hash64.of(UInt64(client.utf8.count), UInt64(client.utf8.last ?? 0), seed: 1)
    return sample
  }

  @Test("the filter drops the owner's monitor, and nobody else, from the rule of the page")
  func filter() throws {
    let rule = try block("Slot list asked for at a fixed interval")
    let text = rule + "---\n" + (try block("The owner's monitor"))
    #expect(try warnings(text).isEmpty)
    let samples = (0..<30).flatMap { round in
      ["192.0.2.80", "192.0.2.8"].map {
        request(.list, "GET", Int64(round) * 10, client: $0)
      }
    }
    let before = try judge(rule, samples)
    let after = try judge(text, samples)
    #expect(before.fired.suffix(2).map(\.count) == [1, 1])
    #expect(after.fired.suffix(2).map(\.count) == [0, 1])
    #expect(after.traces.suffix(2).map { $0[0].filters.map(\.suppresses) } == [[true], [false]])
  }

  @Test("the absence fires for a form without its page, and not for one with it")
  func absence() throws {
    let text = try block("Identity page")
    #expect(try warnings(text).isEmpty)
    let samples = [
      request(.identity, "GET", 0, client: "192.0.2.1"),
      request(.identity, "POST", 4_000, client: "192.0.2.22"),
      request(.identity, "GET", 4_100, client: "192.0.2.22"),
      request(.identity, "POST", 4_300, client: "192.0.2.22"),
    ]
    #expect(
      try judge(text, samples).fired == [[], ["identity-without-page"], [], []])
  }
}
