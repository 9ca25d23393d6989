import CrenelTestKit
import Foundation
import Testing

/// The built command, run as a user runs it.
struct Command {
  var output: String
  var errors: String
  var status: Int32

  /// The command of this build.
  static let path: String = {
    // The test bundle and the command are built into one folder.
    let bundle = CommandLine.arguments[0]
    var folder = URL(filePath: bundle).deletingLastPathComponent()
    for _ in 0..<4 {
      let candidate = folder.appending(path: "crenel").path()
      if FileManager.default.isExecutableFile(atPath: candidate) { return candidate }
      folder.deleteLastPathComponent()
    }
    return SharedData.package + ".build/debug/crenel"
  }()

  /// Runs it in `folder` with `arguments`, `environment` added to ours, and `input` on stdin.
  @discardableResult
  init(
    _ arguments: [String], in folder: String = SharedData.package,
    environment: [String: String] = [:], input: [UInt8] = []
  ) throws {
    let process = Process()
    process.executableURL = URL(filePath: Self.path)
    process.arguments = arguments
    process.currentDirectoryURL = URL(filePath: folder)
    process.environment = ProcessInfo.processInfo.environment.merging(
      ["CRENEL_HOME": SharedData.package]
    ) { $1 }.merging(environment) { $1 }
    let scratch = FileManager.default.temporaryDirectory.path() + "crenel-test-\(UUID().uuidString)"
    try FileManager.default.createDirectory(atPath: scratch, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(atPath: scratch) }
    try Data(input).write(to: URL(filePath: scratch + "/in"))
    for name in ["/out", "/err"] { try Data().write(to: URL(filePath: scratch + name)) }
    process.standardInput = try FileHandle(forReadingFrom: URL(filePath: scratch + "/in"))
    process.standardOutput = try FileHandle(forWritingTo: URL(filePath: scratch + "/out"))
    process.standardError = try FileHandle(forWritingTo: URL(filePath: scratch + "/err"))
    try process.run()
    process.waitUntilExit()
    output = String(decoding: try SharedData.bytes(scratch + "/out"), as: UTF8.self)
    errors = String(decoding: try SharedData.bytes(scratch + "/err"), as: UTF8.self)
    status = process.terminationStatus
  }
}

/// A folder of samples/.
struct Sample: CustomTestStringConvertible, Sendable {
  var name: String
  var folder: String { SharedData.package + "samples/" + name }
  var testDescription: String { name }

  static let all: [Sample] = {
    let names =
      (try? FileManager.default.contentsOfDirectory(atPath: SharedData.package + "samples")) ?? []
    return names.filter { !$0.hasPrefix(".") }.sorted().map { Sample(name: $0) }
  }()

  /// Arguments of `crenel replay` for this sample, run in its folder.
  func arguments() throws -> [String] {
    let text = String(decoding: try SharedData.bytes(folder + "/replay.args"), as: UTF8.self)
    return ["replay", "--json", "--quiet"] + text.split(separator: "\n").map(String.init)
      + (try files())
  }

  func files() throws -> [String] {
    try FileManager.default.contentsOfDirectory(atPath: folder).filter { $0.hasPrefix("traffic.") }
      .sorted()
  }

  /// Clients that the labels call robots, and all others.
  func labels() throws -> (robots: Set<String>, people: Set<String>) {
    let lines = String(decoding: try SharedData.bytes(folder + "/labels.jsonl"), as: UTF8.self)
    var robots: Set<String> = []
    var people: Set<String> = []
    for line in lines.split(separator: "\n") {
      let label = try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any]
      guard let client = label?["client"] as? String, let robot = label?["robot"] as? Bool
      else { continue }
      if robot { robots.insert(client) } else { people.insert(client) }
    }
    return (robots, people.subtracting(robots))
  }
}

/// The alerts of a replay.
func alerts(_ output: String) throws -> [[String: Any]] {
  try output.split(separator: "\n").compactMap {
    try JSONSerialization.jsonObject(with: Data($0.utf8)) as? [String: Any]
  }
}

/// The lines of `crenel exchanges`, with the names of nested members joined by dots.
///
/// Objects that tests look into by themselves stay whole.
func exchangeRows(_ output: String) throws -> [[String: Any]] {
  let whole: Set = ["crenel.start", "crenel.end", "crenel.packets", "log"]
  func flatten(_ object: [String: Any], _ prefix: String, into row: inout [String: Any]) {
    for (key, value) in object {
      if let inner = value as? [String: Any], !whole.contains(prefix + key) {
        flatten(inner, prefix + key + ".", into: &row)
      } else {
        row[prefix + key] = value
      }
    }
  }
  return try alerts(output).map { line in
    var row: [String: Any] = [:]
    flatten(line, "", into: &row)
    return row
  }
}

@Suite("Samples")
struct SampleTests {
  @Test("there are at least eight, each with its files, and under 5 MB in all")
  func present() throws {
    #expect(Sample.all.count >= 8)
    var bytes = 0
    for sample in Sample.all {
      for name in try FileManager.default.contentsOfDirectory(atPath: sample.folder) {
        let path = sample.folder + "/" + name
        let size = try FileManager.default.attributesOfItem(atPath: path)[.size] as? Int
        bytes += size ?? 0
      }
      let readme = String(
        decoding: try SharedData.bytes(sample.folder + "/README.md"), as: UTF8.self)
      #expect(readme.hasPrefix("# "), "\(sample.name)")
    }
    #expect(bytes < 5_000_000)
  }

  @Test(
    "alerts are the recorded ones, byte for byte; CRENEL_RECORD=1 rewrites them and fails",
    arguments: Sample.all)
  func golden(sample: Sample) throws {
    let run = try Command(sample.arguments(), in: sample.folder)
    #expect(run.status == 0, "\(run.errors)")
    let path = sample.folder + "/expected-alerts.ndjson"
    if ProcessInfo.processInfo.environment["CRENEL_RECORD"] == "1" {
      try Data(run.output.utf8).write(to: URL(filePath: path))
      Issue.record("rewritten; read the difference")
      return
    }
    #expect(run.output == String(decoding: try SharedData.bytes(path), as: UTF8.self))
  }

  @Test("no person is accused, and every robot is found", arguments: Sample.all)
  func labels(sample: Sample) throws {
    let (robots, people) = try sample.labels()
    let run = try Command(sample.arguments(), in: sample.folder)
    var found: Set<String> = []
    for alert in try alerts(run.output) {
      let related = (alert["related"] as? [String: Any])?["ip"] as? [String] ?? []
      #expect(people.isDisjoint(with: related), "\(sample.name) names a person: \(related)")
      found.formUnion(related)
    }
    #expect(robots.isSubset(of: found), "\(sample.name): not found: \(robots.subtracting(found))")
  }

  @Test(
    "two replays under another zone, locale, folder, chunk size and hash seed are one",
    arguments: Sample.all.filter {
      [
        "02-f5-evening", "05-drop-sniper", "09-alias-farm", "13-library-bot-capture",
      ].contains($0.name)
    })
  func determinism(sample: Sample) throws {
    let plain = try Command(
      sample.arguments(), in: sample.folder, environment: ["TZ": "UTC", "LC_ALL": "C"])
    let absolute = try sample.files().map { sample.folder + "/" + $0 }
    let options = try sample.arguments().filter { !$0.hasPrefix("traffic.") }
    let other = try Command(
      options + absolute + ["--chunk-size", "37", "--hash-seed", "16646288086500911323"],
      in: "/",
      environment: [
        "TZ": "Asia/Kathmandu", "LC_ALL": "tr_TR.UTF-8", "SWIFT_DETERMINISTIC_HASHING": "1",
      ])
    #expect(plain.status == 0 && other.status == 0)
    #expect(plain.output == other.output)
  }
}
