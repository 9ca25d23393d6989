import CrenelTestKit
import Foundation
import Testing

private let sniper = SharedData.package + "samples/05-drop-sniper/traffic.log"
private let citizens = SharedData.package + "samples/01-citizens/traffic.log"

@Suite("Command line")
struct CommandLineTests {
  @Test(
    "exit codes say what happened",
    arguments: [
      (["replay", "--site", "ezbooking", sniper], 0),
      (["replay", "--site", "ezbooking", "--fail-on", "high", sniper], 1),
      (["replay", "--site", "ezbooking", "--fail-on", "critical", sniper], 0),
      (["replay", "--site", "nowhere", sniper], 2), (["replay"], 2), (["frobnicate"], 2),
      (["replay", "--fail-on", "loud", sniper], 2), (["replay", "--json", "--text", sniper], 2),
      (["replay", "/nowhere.log"], 2), (["stats", "--tz", "Mars/Olympus", sniper], 2),
      (["stats", "--format", "$remote_addr$status", sniper], 2),
      (["stats", "--lateness", "soon", sniper], 2),
      (["replay", "--set", "max_form=fast", sniper], 2),
      (["replay", "--set", "no_such_knob=1", sniper], 2),
      (["explain", sniper], 2), (["explain", "--client", "192.0.2.99", sniper], 2),
      (["features", "--only", "session.nonsense", sniper], 2),
      (["rules", "check", SharedData.package + "rules/sites"], 2), (["doctor"], 0),
      (["--version"], 0),
      (["replay", "--help"], 0), (["rules", "test"], 0),
      (["rules", "test", "--cases", "/nowhere"], 2), (["rules", "test", "--cases", ""], 2),
      (["rules", "test", "--cases", citizens], 2), (["rules", "check", ""], 2),
      (["completions", "bash"], 0),
      (["completions", "tcsh"], 2), (["stats", SharedData.package + "LICENSE"], 3),
    ] as [([String], Int32)])
  func exitCodes(arguments: [String], status: Int32) throws {
    let run = try Command(arguments)
    #expect(run.status == status, "\(arguments): \(run.errors)")
    if status == 2 { #expect(!run.errors.isEmpty || !run.output.isEmpty) }
  }

  @Test(
    "every verb shows an example in its help",
    arguments: ["replay", "exchanges", "features", "stats", "explain", "doctor", "completions"])
  func help(verb: String) throws {
    let run = try Command([verb, "--help"])
    #expect(run.output.contains("EXAMPLE") && run.output.contains("crenel \(verb)"))
  }

  @Test("what cannot be used is told with place and remedy, all at once")
  func mistakes() throws {
    let run = try Command([
      "replay", "--site", "nowhere", "--tz", "Mars/Olympus", "--lateness", "soon",
      "--trusted-proxy", "elsewhere", sniper,
    ])
    for code in ["unknown-site", "unknown-zone", "bad-duration", "bad-network"] {
      #expect(run.errors.contains("error[\(code)]"), "\(run.errors)")
    }
    #expect(run.errors.contains("hint: ") && run.output.isEmpty)
  }

  @Test("an empty name is told as one, and samples that are not there with the rules' mistakes")
  func emptyNames() throws {
    let check = try Command(["rules", "check", ""])
    #expect(check.output.hasPrefix("'': error[no-rules]: an empty name was given"))
    #expect(check.output.contains("hint: name one, or leave it out for the shipped rules"))
    let test = try Command(["rules", "test", "--cases", "/nowhere", "--rules", "/nobody"])
    #expect(test.errors.contains("/nowhere: error[no-samples]: there is no such folder"))
    #expect(test.errors.contains("/nobody: error[no-rules]") && test.output.isEmpty)
  }

  @Test("lines that are not understood are counted, shown with their place, and strict fails")
  func unparsed() throws {
    let text = String(decoding: try SharedData.bytes(citizens), as: UTF8.self)
    let lines = text.split(separator: "\n").prefix(50)
    let damaged = (lines.prefix(20) + ["what is this"] + lines.suffix(30)).joined(separator: "\n")
    let run = try Command(["stats", "--json", "-"], input: Array(damaged.utf8))
    #expect(run.status == 0 && run.output.contains(#""unparsed":1"#))
    #expect(run.output.contains(#""first_line":21"#))
    let strict = try Command(["replay", "--strict", "-"], input: Array(damaged.utf8))
    #expect(strict.status == 3 && strict.errors.contains("-:21:"))
  }

  @Test("what an alert says of missing lines does not depend on the size of chunks")
  func completeness() throws {
    let text = String(decoding: try SharedData.bytes(sniper), as: UTF8.self)
    let lines = text.split(separator: "\n")
    let damaged = lines.enumerated().map { $0.offset % 90 == 7 ? "garbage" : String($0.element) }
    let input = Array(damaged.joined(separator: "\n").utf8)
    let small = try Command(
      ["replay", "--site", "ezbooking", "--chunk-size", "50", "-"], input: input)
    let large = try Command(["replay", "--site", "ezbooking", "-"], input: input)
    #expect(small.output == large.output)
    #expect(large.output.contains(#""completeness":{"unparsed":6,"late":0"#))
  }

  @Test("a reader that goes away is success")
  func brokenPipe() throws {
    let process = Process()
    process.executableURL = URL(filePath: "/bin/bash")
    process.arguments = [
      "-c", "set -o pipefail; \"$0\" exchanges --quiet \"$1\" | head -n 1 > /dev/null",
      Command.path,
      citizens,
    ]
    try process.run()
    process.waitUntilExit()
    #expect(process.terminationStatus == 0)
  }

  @Test("features are JSON lines or comma-separated, with the columns asked for")
  func features() throws {
    let only = "session.polls,session.form_ms.max"
    let csv = try Command([
      "features", "--quiet", "--csv", "--steps", "--site", "ezbooking", "--only", only, sniper,
    ])
    let rows = csv.output.split(separator: "\n")
    #expect(
      rows[0]
        == "@timestamp,source.ip,source.address,booking.step,log.line,"
        + only)
    #expect(rows.allSatisfy { $0.filter { $0 == "," }.count == 6 } && rows.count > 500)
    let json = try Command(["features", "--quiet", "--site", "ezbooking", "--only", only, sniper])
    let fast = try alerts(json.output).contains { row in
      let features = (row["crenel"] as? [String: Any])?["features"] as? [String: Any]
      return features?["session.form_ms.max"] as? Double ?? 9e9 < 200
    }
    #expect(fast)
  }

  @Test("identities and cookies appear in no output")
  func secrets() throws {
    let folder = SharedData.package + "samples/09-alias-farm/"
    for verb in ["replay", "exchanges", "features", "stats"] {
      let run = try Command([verb, "--site", "ezbooking", folder + "traffic.jsonl"])
      for secret in ["gmail", "yopmail", "dupon", "s0000000alias", "9400000001"] {
        #expect(!run.output.contains(secret) && !run.errors.contains(secret), "\(verb): \(secret)")
      }
    }
  }

  @Test("tokens of mailboxes are written with a site key only")
  func tokens() throws {
    let log = SharedData.package + "samples/09-alias-farm/traffic.jsonl"
    let key = FileManager.default.temporaryDirectory.path() + "crenel-key-\(UUID().uuidString)"
    try Data(String(repeating: "k", count: 40).utf8).write(to: URL(filePath: key))
    defer { try? FileManager.default.removeItem(atPath: key) }
    let keyed = try Command(["replay", "--site", "ezbooking", "--site-key", key, log])
    #expect(keyed.output.contains(#""user":["mbx:"#))
    #expect(try !Command(["replay", "--site", "ezbooking", log]).output.contains("mbx:"))
    try Data("short".utf8).write(to: URL(filePath: key))
    #expect(try Command(["replay", "--site-key", key, log]).status == 2)
  }

  @Test("explain finds an alert by the first letters of its id, and a client that was not flagged")
  func explain() throws {
    let replay = try Command(["replay", "--site", "ezbooking", sniper])
    let id = try #require(
      (try alerts(replay.output).first?["event"] as? [String: Any])?["id"] as? String)
    let found = try Command([
      "explain", "--site", "ezbooking", "--alert", String(id.prefix(8)), sniper,
    ])
    #expect(found.status == 0 && found.output.contains(id))
    let person = try Command([
      "explain", "--site", "ezbooking", "--text", "--client", "198.51.100.11", sniper,
    ])
    #expect(person.output.contains("did not fire") && person.output.contains("✗"))
  }

  @Test("a rotated set, split and compressed, gives the alerts of the whole log")
  func splits() throws {
    let scratch =
      FileManager.default.temporaryDirectory.path() + "crenel-split-\(UUID().uuidString)"
    try FileManager.default.createDirectory(atPath: scratch, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(atPath: scratch) }
    let bytes = try SharedData.bytes(sniper)
    let lines = String(decoding: bytes, as: UTF8.self).split(separator: "\n").map { $0 + "\n" }
    // Two front ends share the traffic, and one of them rotates.
    let even = lines.enumerated().filter { $0.offset % 2 == 0 }.map(\.element)
    let odd = lines.enumerated().filter { $0.offset % 2 == 1 }.map(\.element)
    for (name, part) in [
      ("a.log.1", even.prefix(200)), ("a.log", even.dropFirst(200)), ("b.log", odd[...]),
    ] {
      try Data(part.joined().utf8).write(to: URL(filePath: scratch + "/" + name))
    }
    func facts(_ output: String) throws -> [String] {
      try alerts(output).map {
        let event = $0["event"] as? [String: Any] ?? [:]
        let rule = $0["rule"] as? [String: Any] ?? [:]
        return
          "\(event["id"] ?? "") \(event["action"] ?? "") \(rule["level"] ?? "") \($0["@timestamp"] ?? "")"
      }
    }
    let whole = try Command(["replay", "--site", "ezbooking", sniper])
    let split = try Command(["replay", "--site", "ezbooking", scratch])
    #expect(try facts(split.output) == facts(whole.output))
  }
}
