import CrenelTestKit
import Foundation
import Testing

private let sniper = SharedData.package + "samples/05-drop-sniper/traffic.log"

@Suite("Outputs and configuration folders")
struct OutputTests {
  @Test(
    "what cannot be written is told, whatever the verb",
    arguments: [
      "exchanges \(sniper)", "stats \(sniper)", "features \(sniper)", "features --list",
      "replay --site ezbooking \(sniper)", "rules list", "rules test", "doctor", "completions bash",
      "site check ezbooking \(sniper)", "explain --client 198.51.100.11 \(sniper)",
      "--help", "--version", "help replay", "site check --help",
      "--generate-completion-script bash",
    ])
  func lostOutput(arguments: String) throws {
    let process = Process()
    process.executableURL = URL(filePath: "/bin/sh")
    process.arguments = ["-c", "exec \(Command.path) \(arguments) > /dev/full"]
    let errors = Pipe()
    process.standardError = errors
    try process.run()
    let text = String(decoding: errors.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
    process.waitUntilExit()
    #expect(process.terminationStatus == 2)
    #expect(text.contains("error[write-failed]"), "\(text)")
  }

  @Test("a folder of rules may hold their samples, and a mistake in one path hides no other")
  func ruleFolders() throws {
    let scratch = FileManager.default.temporaryDirectory.path() + "crenel-rf-\(UUID().uuidString)"
    try FileManager.default.createDirectory(atPath: scratch, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(atPath: scratch) }
    for (from, to) in [("rules/booking", "booking"), ("rules/tests", "tests")] {
      try FileManager.default.copyItem(
        atPath: SharedData.package + from, toPath: scratch + "/" + to)
    }
    #expect(try Command(["rules", "check", scratch]).status == 0)
    let test = try Command(["rules", "test", "--rules", scratch, "--cases", scratch + "/tests"])
    #expect(test.status == 0, "\(test.output)")
    let broken = scratch + "/broken.yml"
    try Data("title: a\ntitle: b\n---\ntitle: c\ndetection: 5\n".utf8).write(
      to: URL(filePath: broken))
    let run = try Command(["rules", "check", scratch + "/nowhere.yml", broken])
    for expected in ["nowhere.yml: error[no-rules]", "broken.yml:1:", "broken.yml:5:"] {
      #expect(run.output.contains(expected), "\(run.output)")
    }
  }

  @Test("explain shows how conditions are joined, correlations too, and what was not measured")
  func explained() throws {
    let run = try Command([
      "explain", "--site", "ezbooking", "--text", "--client", "198.51.100.11", sniper,
    ])
    #expect(run.output.contains("asks for: list and regular and single_purpose"))
    #expect(run.output.contains("asks for: event_count of "))
    #expect(run.output.contains("(not measured yet)"))
    let json = try Command([
      "explain", "--site", "ezbooking", "--client", "198.51.100.11", sniper,
    ])
    #expect(json.output.contains(#""selections":[{"name":"list","holds":"#))
  }
}
