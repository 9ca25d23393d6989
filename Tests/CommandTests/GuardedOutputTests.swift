import CrenelTestKit
import Foundation
import Testing

/// A folder with a log, rules with their cases, a profile, a key, and an installed copy of all.
private struct Workplace: ~Copyable {
  let path = FileManager.default.temporaryDirectory.path() + "crenel-guard-\(UUID().uuidString)"

  init() throws {
    let files = FileManager.default
    try files.createDirectory(atPath: path, withIntermediateDirectories: true)
    for (from, to) in [
      ("rules", "home/rules"), ("rules/booking", "rules"), ("rules/tests", "rules/tests"),
      ("rules/sites/ezbooking.yml", "site.yml"),
      ("samples/05-drop-sniper/traffic.log", "traffic.log"),
    ] {
      let place = path + "/" + to
      try files.createDirectory(
        at: URL(filePath: place).deletingLastPathComponent(), withIntermediateDirectories: true)
      try files.copyItem(atPath: SharedData.package + from, toPath: place)
    }
    try Data(String(repeating: "k", count: 40).utf8).write(to: URL(filePath: path + "/key"))
  }

  deinit { try? FileManager.default.removeItem(atPath: path) }

  /// Runs a script of the shell in the folder; `crenel` is the command.
  func run(_ script: String) throws -> (status: Int32, errors: String) {
    let process = Process()
    process.executableURL = URL(filePath: "/bin/bash")
    process.arguments = [
      "-c", "crenel() { \"$0\" \"$@\"; }; exec 2> errors; \(script)", Command.path,
    ]
    process.currentDirectoryURL = URL(filePath: path)
    process.environment = ProcessInfo.processInfo.environment.merging(
      ["CRENEL_HOME": path + "/home"]
    ) { $1 }
    process.standardOutput = FileHandle.nullDevice
    try process.run()
    process.waitUntilExit()
    let errors = String(decoding: try SharedData.bytes(path + "/errors"), as: UTF8.self)
    return (process.terminationStatus, errors)
  }
}

@Suite("Files that a run reads")
struct GuardedOutputTests {
  @Test(
    "are never overwritten with alerts, under their own name or by a link",
    arguments: [
      ("traffic.log", "one of the inputs"), ("rules/retry-hammer.yml", "a file of rules"),
      ("rules/tests/retry-hammer/case.yml", "a file of rules"), ("site.yml", "the site profile"),
      ("key", "the site key"), ("home/rules/sites/ezbooking.yml", "installed with"),
      ("home/rules/data/disposable-domains.txt", "installed with"),
    ],
    ["$file", "./x/../$file", "symbolic", "hard"])
  func alerts(file: (path: String, role: String), name: String) throws {
    let place = try Workplace()
    let before = try SharedData.bytes(place.path + "/" + file.path)
    let run = try place.run(
      """
      file='\(file.path)'; mkdir x; ln -s "$PWD/$file" symbolic; ln "$file" hard
      crenel replay --site site.yml --rules rules --site-key key --alerts "\(name)" traffic.log
      """)
    #expect(run.status == 2 && run.errors.contains("error[output-is-input]"), "\(run.errors)")
    #expect(run.errors.contains(file.role) && run.errors.contains("after --alerts"))
    #expect(try SharedData.bytes(place.path + "/" + file.path) == before)
  }

  @Test(
    "are refused as outputs where redirections hide their names",
    arguments: [
      "crenel replay - --alerts traffic.log < traffic.log",
      "crenel replay --rules rules/retry-hammer.yml --alerts rules/retry-hammer.yml traffic.log",
      "crenel exchanges traffic.log >> traffic.log", "crenel stats - < traffic.log >> traffic.log",
      "crenel features . >> traffic.log",
      "crenel explain --client 192.0.2.1 traffic.log >> traffic.log",
    ])
  func redirected(script: String) throws {
    let place = try Workplace()
    let before = try ["traffic.log", "rules/retry-hammer.yml"].map {
      try SharedData.bytes(place.path + "/" + $0)
    }
    let run = try place.run(script)
    #expect(run.status == 2 && run.errors.contains("error[output-is-input]"), "\(run.errors)")
    let after = try ["traffic.log", "rules/retry-hammer.yml"].map {
      try SharedData.bytes(place.path + "/" + $0)
    }
    #expect(before == after)
  }

  @Test("leave other outputs alone: earlier alerts are replaced, devices and pipes take them")
  func allowed() throws {
    let place = try Workplace()
    let run = try place.run(
      """
      set -e; crenel replay --quiet --site ezbooking traffic.log > once
      (cat once; cat once) > alerts
      crenel replay --quiet --site ezbooking --alerts alerts traffic.log
      cmp once alerts
      crenel replay --quiet --site ezbooking --alerts /dev/null - < traffic.log
      crenel replay --quiet --alerts /dev/null - < /dev/null
      mkfifo pipe; cat pipe > piped & crenel replay --quiet --site ezbooking --alerts pipe traffic.log
      wait; cmp once piped
      """)
    #expect(run.status == 0, "\(run.errors)")
  }

  @Test("an output that cannot be opened is told with the reason")
  func unwritable() throws {
    let place = try Workplace()
    let run = try place.run("crenel replay --alerts rules traffic.log")
    #expect(run.status == 2 && run.errors.contains("error[unwritable-file]"), "\(run.errors)")
    #expect(run.errors.contains("Is a directory"))
  }
}
