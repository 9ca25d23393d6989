import CrenelTestKit
import Foundation
import Testing

private let log = SharedData.package + "samples/05-drop-sniper/traffic.log"

/// A folder of its own for one test, and a shell in it; `$0` is the command, `$1` a log.
private struct Shell: ~Copyable {
  let path = FileManager.default.temporaryDirectory.path() + "crenel-bad-\(UUID().uuidString)"

  init() throws {
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
  }

  deinit { try? FileManager.default.removeItem(atPath: path) }

  /// What the script writes, both streams, and its exit status.
  func run(_ script: String, home: String = SharedData.package) throws -> (String, Int32) {
    let process = Process()
    process.executableURL = URL(filePath: "/bin/bash")
    process.arguments = ["-c", "exec > .out 2>&1; " + script, Command.path, log]
    process.currentDirectoryURL = URL(filePath: path)
    process.environment = ProcessInfo.processInfo.environment.merging(["CRENEL_HOME": home]) { $1 }
    try process.run()
    process.waitUntilExit()
    let output = String(decoding: try SharedData.bytes(path + "/.out"), as: UTF8.self)
    return (output, process.terminationStatus)
  }
}

/// An archive of 200 lines of a log with something wrong, and what must be said of it.
struct BadArchive: CustomTestStringConvertible, Sendable {
  var make: String
  var code: String
  var lines: ClosedRange<Int>
  var testDescription: String { "\(make): \(code)" }

  static let all = [
    BadArchive(
      make: "(head -100 $1 | gzip; sed -n 101,200p $1 | gzip) | head -c -40",
      code: "truncated-archive", lines: 190...199),
    BadArchive(make: "gzip < l | head -c 12", code: "truncated-archive", lines: 0...0),
    BadArchive(
      make: "(gzip < l | head -c -8; printf 12345678)", code: "corrupt-archive", lines: 200...200),
    BadArchive(make: "(gzip < l; echo junk)", code: "trailing-garbage", lines: 200...200),
    BadArchive(make: "(xz < l; echo junk)", code: "trailing-garbage", lines: 200...200),
    BadArchive(make: "(zstd < l; echo junk)", code: "trailing-garbage", lines: 200...200),
    BadArchive(make: "(bzip2 < l; echo junk)", code: "trailing-garbage", lines: 200...200),
    BadArchive(make: "xz < l | head -c -20", code: "truncated-archive", lines: 200...200),
    BadArchive(make: "zstd < l | head -c -2", code: "truncated-archive", lines: 200...200),
    BadArchive(make: "bzip2 < l | head -c -2", code: "truncated-archive", lines: 200...200),
  ]
}

@Suite("Bad input")
struct BadInputTests {
  @Test(
    "what an archive holds is read, what is wrong is said, and the end is 3",
    arguments: BadArchive.all)
  func archives(archive: BadArchive) throws {
    let shell = try Shell()
    let make = "head -200 $1 > l; \(archive.make) > a; "
    for option in ["", "--strict", "--format nginx-crenel"] {
      let (output, status) = try shell.run(make + "$0 stats --json \(option) a")
      #expect(status == 3 && output.contains(archive.code), "\(option): \(output)")
      let lines = try #require(try alerts(output).first?["lines"] as? Int)
      #expect(archive.lines.contains(lines), "\(option): \(lines)")
    }
  }

  @Test("lines that are not understood are no reason to fail, but with --strict")
  func unparsed() throws {
    let shell = try Shell()
    let make = "(head -20 $1; echo what) > l; "
    #expect(try shell.run(make + "$0 stats l").1 == 0)
    #expect(try shell.run(make + "$0 stats --strict l").1 == 3)
  }

  @Test("a log with lines that are too long only is not empty")
  func onlyTooLong() throws {
    let shell = try Shell()
    let (output, status) = try shell.run(
      "head -c 3000000 /dev/zero | tr '\\0' x > l; $0 stats --text l || $0 stats --strict l")
    #expect(status == 3 && output.contains("line-too-long"), "\(output)")
  }

  @Test("a closed standard input is an error of reading, even beside a file")
  func closedStandardInput() throws {
    let shell = try Shell()
    for inputs in ["-", "$1 -"] {
      let (output, status) = try shell.run("$0 replay --json \(inputs) <&-")
      #expect(status == 3 && output.contains("error[read-error]: standard input is closed"))
    }
  }

  @Test("a file name can neither forge a line of the report nor move the cursor")
  func names() throws {
    let shell = try Shell()
    let name = "$'a\\nb.log: 1 line fine\\e[1A'"
    let (output, _) = try shell.run("(head -9 $1; echo what) > \(name); $0 replay \(name)")
    #expect(output.contains(#"a\x0ab.log: 1 line fine\x1b[1A:10:"#), "\(output)")
    #expect(!output.contains("\nb.log") && !output.contains("\u{1b}"))
    let (missing, status) = try shell.run("$0 replay $'a\\nb.log: error'")
    #expect(status == 2 && missing.hasPrefix(#"a\x0ab.log: error: error[no-such-file]"#))
  }

  @Test("circles of links and links to nowhere do not keep a folder from being read")
  func links() throws {
    let shell = try Shell()
    let make = "mkdir -p d; ln -sfn . d/x; ln -sfn . d/y; ln -sfn gone d/z; head -50 $1 > d/a.log; "
    let (output, status) = try shell.run(make + "$0 replay --json d")
    #expect(status == 0 && output.contains("d/z: warning[dangling-link]"), "\(output)")
    #expect(output.contains("d/a.log: nginx-crenel") && !output.contains("d/x/"))
    #expect(try shell.run(make + "$0 replay --strict --json d").1 == 3)
  }

  @Test("a pipe among several inputs is read once, and whole")
  func pipes() throws {
    let shell = try Shell()
    let (output, _) = try shell.run(
      "head -150 $1 > a; sed -n 151,300p $1 > b; $0 exchanges --quiet <(cat a) b | wc -l")
    #expect(output == "300\n")
  }

  @Test("that the shipped rules are missing is said once, with a remedy that every verb has")
  func home() throws {
    let shell = try Shell()
    let (output, status) = try shell.run("$0 stats $1", home: "/nowhere")
    #expect(status == 2 && output.components(separatedBy: "no-rules-folder").count == 2)
    #expect(output.contains("CRENEL_HOME") && !output.contains("--rules"))
  }
}
