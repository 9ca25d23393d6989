import CrenelTestKit
import Foundation
import Testing

private let rotating = SharedData.package + "samples/11-rotating-addresses/traffic.log"
private let sniper = SharedData.package + "samples/05-drop-sniper/traffic.log"

@Suite("Whom alerts concern, and what came of them")
struct ConcernedTests {
  /// A rule that everything matches, and a profile that takes 256 addresses for one client.
  private static func related(_ subject: String, _ lines: [String]) throws -> [Set<String>] {
    let folder = FileManager.default.temporaryDirectory.path() + "crenel-ip-\(UUID().uuidString)"
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let rule = """
      title: All
      id: all
      logsource: { product: crenel, service: booking }
      detection:
        list: { booking.step: list }
        condition: list
      level: low
      crenel: { subject: \(subject) }
      """
    let site = """
      id: site
      title: Site
      timezone: UTC
      client: { ipv4_prefix: 24, ipv6_prefix: 64 }
      steps: [{ step: list, method: GET, path: "/p" }, { step: landing, method: GET, path: "/" }]
      """
    for (name, text) in [("rule.yml", rule), ("site.yml", site)] {
      try Data(text.utf8).write(to: URL(filePath: folder + "/" + name))
    }
    let run = try Command(
      ["replay", "--json", "--site", "site.yml", "--rules", "rule.yml", "-"], in: folder,
      input: Array(lines.joined(separator: "\n").utf8 + [0x0a]))
    #expect(run.status == 0, "\(run.errors)")
    return try alerts(run.output).compactMap {
      ($0["related"] as? [String: [String]])?["ip"].map { Set($0) }
    }
  }

  private static func line(_ client: String, _ second: Int, _ path: String = "/p") -> String {
    #"\#(client) - - [01/Mar/2021:08:00:0\#(second) +0000] "GET \#(path) HTTP/1.1" 200 5 "-" "x""#
  }

  @Test(
    "related.ip holds addresses of the log, and no network's that nobody used",
    arguments: ["client", "session"],
    [["192.0.2.7", "192.0.2.9"], ["2001:db8::7", "2001:db8::9"]])
  func seen(subject: String, clients: [String]) throws {
    let found = try Self.related(
      subject, clients.enumerated().map { Self.line($0.element, $0.offset) })
    #expect(found.last == Set(clients))
    #expect(found.allSatisfy { $0.isSubset(of: clients) })
  }

  @Test("an address of a session that no match came from is in related.ip as the log has it")
  func before() throws {
    let found = try Self.related(
      "session", [Self.line("2001:db8::7", 0, "/"), Self.line("2001:db8::9", 1)])
    #expect(found.last == ["2001:db8::7", "2001:db8::9"])
  }

  @Test("related.ip of the samples with IPv6 is a subset of the clients of their logs")
  func samples() throws {
    let run = try Command(["replay", "--json", "--quiet", "--site", "ezbooking", rotating])
    let log = String(decoding: try SharedData.bytes(rotating), as: UTF8.self)
    let clients = Set(log.split(separator: "\n").compactMap { $0.split(separator: " ").first })
    for alert in try alerts(run.output) {
      let related = (alert["related"] as? [String: [String]])?["ip"] ?? []
      #expect(!related.isEmpty && related.allSatisfy { clients.contains(Substring($0)) })
    }
  }

  @Test("explain shows a client the alerts that it joined after they opened")
  func joined() throws {
    for client in ["3fff:1::1", "3fff:7::7"] {
      let run = try Command([
        "explain", "--site", "ezbooking", "--text", "--client", client, rotating,
      ])
      let shown = run.output.components(separatedBy: "RULES")[0]
      #expect(shown.contains("One session") && !shown.contains("none"), "\(shown)")
    }
  }

  @Test("explain shows the highest level of an alert, and the one at its opening")
  func levels() throws {
    let arguments = ["explain", "--site", "ezbooking", "--client", "203.0.113.51", sniper]
    let text = try Command(arguments + ["--text"]).output
    #expect(text.contains("  high  Slot taken faster than a person can read  (low when it opened)"))
    #expect(text.contains("  low  Slot list asked for at a fixed interval\n"))
    let french = try Command(arguments + ["--text", "--lang", "fr"]).output
    #expect(french.contains("(faible à l’ouverture)"))
    let json = try Command(arguments + ["--json"]).output
    #expect(json.contains(#""level":"high","opening_level":"low""#))
  }
}
