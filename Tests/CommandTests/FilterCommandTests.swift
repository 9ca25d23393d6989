import CrenelTestKit
import Foundation
import Testing

@Suite("Filters on the command line")
struct FilterCommandTests {
  /// The shipped rules with a filter for the poller of a sample, and what a command says of it.
  private func output(_ words: [String]) throws -> String {
    let scratch = try ScratchFolder()
    let text = """
      title: The poller of the sample
      name: known-poller
      logsource: { product: crenel, service: booking }
      filter:
        rules: [fixed-interval-poller]
        poller: { source.ip: 203.0.113.40 }
        condition: not poller
      """
    try Data(text.utf8).write(to: URL(filePath: scratch.path + "/filters.yml"))
    let rules = ["--rules", SharedData.package + "rules/booking", "--rules", "filters.yml"]
    let run = try Command(words + rules, in: scratch.path)
    try #require(run.status == 0, "\(run.errors)")
    return run.output
  }

  private static let log = SharedData.package + "samples/04-naive-poller/traffic.log"

  @Test("`rules list` shows the filters of a rule", arguments: [["--json"], [], ["--lang", "fr"]])
  func list(options: [String]) throws {
    let lines = try output(["rules", "list"] + options).split(separator: "\n")
    let found = lines.filter { $0.contains("known-poller") }
    #expect(found.count == 1)
    switch options.first {
    case nil: #expect(found[0] == "      filter known-poller: not poller  (filters.yml)")
    case "--lang": #expect(found[0].hasPrefix("      filtre known-poller\u{a0}: not poller"))
    default:
      #expect(
        found[0].contains("\"name\":\"fixed-interval-poller\"")
          && found[0].contains("\"condition\":\"not poller\""))
    }
  }

  @Test("`explain` tells which filter dropped how many matches, and nothing is an alert")
  func explain() throws {
    let page = try output([
      "explain", "--site", "ezbooking", Self.log, "--client", "203.0.113.40",
    ])
    #expect(page.contains("\"alerts\":[]"))
    #expect(
      page.contains(
        "\"filters\":[{\"name\":\"known-poller\",\"condition\":\"not poller\",\"holds\":false,"
          + "\"suppressed\":1088}]"), "\(page.prefix(2_000))")
    #expect(page.contains("{\"name\":\"known-poller/poller\",\"holds\":true}"))
  }
}
