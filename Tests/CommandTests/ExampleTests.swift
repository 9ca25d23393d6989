import CrenelTestKit
import Foundation
import Testing

/// A command line with jq in it, as a page or a help shows it.
private struct Example: CustomTestStringConvertible, Sendable {
  var place: String
  var script: String
  var testDescription: String { "\(place): \(script)" }

  static let all: [Example] = pages.flatMap(examples) + verbs.flatMap(helpExamples)

  private static let pages: [String] = {
    let docs = (try? FileManager.default.contentsOfDirectory(atPath: SharedData.package + "docs"))
    return ["README.md"] + (docs ?? []).filter { $0.hasSuffix(".md") }.sorted().map { "docs/" + $0 }
  }()

  private static let verbs = ["", "replay", "exchanges", "features", "stats", "explain"]

  /// Of each block between fences: the whole where it keeps results in variables, else its lines.
  private static func examples(page: String) -> [Example] {
    let bytes = (try? SharedData.bytes(SharedData.package + page)) ?? []
    let parts = String(decoding: bytes, as: UTF8.self).split(
      separator: "```", omittingEmptySubsequences: false)
    return parts.enumerated().filter { $0.offset % 2 == 1 }.flatMap { part in
      let block = part.element.drop { $0 != "\n" }
      let isScript = block.contains("=$(")
      return (isScript ? [block] : block.split(separator: "\n"))
        .filter { $0.contains("jq ") }.map { Example(place: page, script: String($0)) }
    }
  }

  private static func helpExamples(verb: String) -> [Example] {
    let words = verb.split(separator: " ").map(String.init) + ["--help"]
    let help = try? Command(words, environment: ["COLUMNS": "500"]).output
    return (help ?? "").split(separator: "\n").filter { $0.contains("jq ") }
      .map { Example(place: "crenel \(verb) --help", script: String($0)) }
  }

  /// Programs without which it cannot run here.
  var missing: String? {
    Tool.missing(["jq", "editcap", "tshark", "xxd"].filter { script.contains($0 + " ") })
  }
}

@Suite("Examples with jq")
struct ExampleTests {
  /// A folder with the files that examples name: a log, a capture, and the alerts of the capture.
  private static func folder(log: String = "12-hoarder") throws -> ScratchFolder {
    let scratch = try ScratchFolder()
    let samples = SharedData.package + "samples/"
    for (sample, name) in [
      (log + "/traffic.log", "access.log"),
      ("13-library-bot-capture/traffic.pcapng.gz", "capture.pcap"),
      ("13-library-bot-capture/traffic.pcapng.gz", "site_1.pcap"),
    ] {
      try FileManager.default.copyItem(
        atPath: samples + sample, toPath: scratch.path + "/" + name)
    }
    let replay = try Command(
      [
        "replay", "--quiet", "--site", "ezbooking", "--trusted-proxy", "192.0.2.10",
        "--alerts", "alerts.ndjson", "capture.pcap",
      ], in: scratch.path)
    try #require(replay.status == 0, "\(replay.errors)")
    return scratch
  }

  @Test("are found on the pages and in the helps")
  func found() {
    for place in [
      "docs/alerts.md", "docs/captures.md", "crenel exchanges --help", "crenel features --help",
    ] {
      #expect(Example.all.contains { $0.place == place }, "\(place)")
    }
  }

  @Test("run, and find what they ask for", arguments: Example.all)
  fileprivate func run(example: Example) throws {
    if let missing = example.missing { return print("skipped: no \(missing)") }
    let scratch = try Self.folder()
    let (output, errors) = try Self.run(example, in: scratch)
    let lines = output.split(separator: "\n")
    #expect(!lines.isEmpty, "\(errors)")
    #expect(!lines.contains { $0.contains("null") }, "\(output)")
    guard example.script.contains("the same") else { return }
    // The recipe for evidence ends with a digest computed from packets, and the alert's.
    #expect(
      lines.last.map { Set(lines.suffix(2).map { $0.prefix(64) }) == [$0] } == true, "\(output)")
  }

  @Test("the recipe for alerts of a level finds those that open low and rise, each once")
  func rising() throws {
    let example = try #require(
      Example.all.first {
        $0.place == "docs/alerts.md" && $0.script.contains(".event.severity>=50")
      })
    if let missing = example.missing { return print("skipped: no \(missing)") }
    let (output, errors) = try Self.run(example, in: Self.folder(log: "05-drop-sniper"))
    let found = try alerts(output)
    let ids = found.compactMap { ($0["event"] as? [String: Any])?["id"] as? String }
    #expect(ids.count == found.count && Set(ids).count == ids.count, "\(errors)")
    let snipers = found.filter {
      ($0["crenel"] as? [String: Any])?["verdict"] as? String == "sniper"
    }
    let clients = Set(snipers.compactMap { ($0["source"] as? [String: Any])?["ip"] as? String })
    #expect(clients == ["203.0.113.50", "203.0.113.51", "203.0.113.52"])
  }

  /// Runs it in a shell and gives what it wrote.
  private static func run(
    _ example: Example, in scratch: ScratchFolder
  ) throws -> (output: String, errors: String) {
    let process = Process()
    process.executableURL = URL(filePath: "/bin/bash")
    process.arguments = ["-c", "exec > out 2> err; set -eu; " + example.script]
    process.currentDirectoryURL = URL(filePath: scratch.path)
    let folder = URL(filePath: Command.path).deletingLastPathComponent().path()
    process.environment = ProcessInfo.processInfo.environment.merging([
      "CRENEL_HOME": SharedData.package, "PATH": folder + ":/usr/sbin:/usr/bin:/sbin:/bin",
    ]) { $1 }
    try process.run()
    process.waitUntilExit()
    let (output, errors) = (scratch.text("out"), scratch.text("err"))
    #expect(process.terminationStatus == 0 && !errors.contains("jq: "), "\(errors)")
    return (output, errors)
  }
}
