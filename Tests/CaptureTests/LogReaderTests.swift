import CrenelCapture
import CrenelModel
import CrenelTestKit
import Foundation
import Testing

private let text: [UInt8] = Array(
  (0..<400).map { "line \($0) of \(String(repeating: "x", count: $0 % 97)) é\u{0}\r\n" }.joined()
    .utf8)

@Suite("Reading logs")
struct LogReaderTests {
  @Test("chunk sizes change nothing", arguments: [1, 2, 7, 100, 4_096, 1 << 20])
  func chunks(size: Int) throws {
    let scratch = try Scratch()
    let source = try scratch.file("log", text)
    let result = try read(source, chunk: size)
    let whole = try read(source, chunk: 1 << 22)
    #expect(result.bytes == text && result.problems.isEmpty)
    #expect(result.lines == whole.lines && result.lines.count == 400)
    #expect(result.lines[0] == 1)
  }

  @Test("an empty file and a last line without an end are read")
  func ends() throws {
    let scratch = try Scratch()
    #expect(try read(scratch.file("empty", []), chunk: 10).bytes.isEmpty)
    let open = try read(scratch.file("open", Array("a\nb".utf8)), chunk: 10)
    #expect(open.bytes == Array("a\nb".utf8) && open.lines == [0: 1, 2: 2])
  }

  @Test("lines of 64 KiB are read, and one over a megabyte is skipped and counted")
  func longLines() throws {
    let scratch = try Scratch()
    let long = [UInt8](repeating: 0x61, count: 65_536) + [0x0a]
    #expect(try read(scratch.file("long", long + long), chunk: 4_096).bytes == long + long)
    let giant = [UInt8](repeating: 0x62, count: LogReader.lineLimit + 10) + [0x0a]
    let result = try read(scratch.file("giant", long + giant + long), chunk: 65_536)
    #expect(result.bytes == long + long && result.oversized == 1)
    #expect(result.lines[UInt64(long.count + giant.count)] == 3)
  }

  @Test(
    "what is too long does not depend on the chunk size",
    arguments: [4_096, 65_536, 1 << 20, 1 << 23])
  func longLinesInLargeChunks(chunk: Int) throws {
    let scratch = try Scratch()
    let limit = LogReader.lineLimit
    let lines = [limit, 3, limit + 1, limit + 1, 5, 3 * limit, limit, limit + 1].map {
      [UInt8](repeating: 0x62, count: $0) + [0x0a]
    }
    let result = try read(scratch.file("log", lines.reduce([], +)), chunk: chunk)
    #expect(result.oversized == 4)
    #expect(result.bytes == lines.filter { $0.count <= limit + 1 }.reduce([], +))
    let starts = [0, limit + 1, 3 * limit + 9, 6 * limit + 16].map(UInt64.init)
    #expect(
      result.lines.keys.sorted() == starts && starts.map { result.lines[$0] } == [1, 2, 5, 7])
  }

  @Test("a file that shrank since it was found is a problem")
  func shrank() throws {
    let scratch = try Scratch()
    var source = try scratch.file("log", text)
    source.size = UInt64(text.count + 100)
    #expect(try read(source, chunk: 1_000).problems == ["file-shrank"])
  }
}

@Suite("Finding inputs")
struct InputPlanTests {
  @Test("folders, patterns and names give each file once, by name")
  func resolve() throws {
    let scratch = try Scratch()
    for name in ["b.log", "a.log", ".hidden", "c.txt"] { _ = try scratch.file(name, [0x61]) }
    try FileManager.default.createDirectory(
      atPath: scratch.path + "/sub", withIntermediateDirectories: true)
    _ = try scratch.file("sub/d.log", [0x61])
    func names(_ inputs: [String]) throws -> [String] {
      try InputPlan(inputs).sources.map { $0.name.replacing(scratch.path + "/", with: "") }
    }
    #expect(try names([scratch.path]) == ["a.log", "b.log", "c.txt", "sub/d.log"])
    #expect(try names([scratch.path + "/*.log"]) == ["a.log", "b.log"])
    #expect(try names([scratch.path + "/b.log", scratch.path + "/*.log"]) == ["b.log", "a.log"])
    #expect(try names(["-"]) == ["-"])
  }

  @Test("all that is missing is told at once")
  func missing() throws {
    let error = try #require(throws: Diagnostics.self) {
      _ = try InputPlan(["/nowhere/a.log", "/nowhere/*.gz", "/dev/null/x"])
    }
    #expect(error.items.count == 3)
    #expect(Set(error.items.map(\.code)) == ["no-such-file", "no-match"])
  }

  @Test("folders with links in a circle are gone through once", .timeLimit(.minutes(1)))
  func loops() throws {
    let scratch = try Scratch()
    _ = try scratch.file("a.log", [0x61])
    for name in ["one", "two"] {
      try FileManager.default.createSymbolicLink(
        atPath: scratch.path + "/" + name, withDestinationPath: ".")
    }
    let plan = try InputPlan([scratch.path])
    #expect(plan.sources.map(\.name) == [scratch.path + "/a.log"] && plan.leftOut.isEmpty)
  }

  @Test("a link to nowhere in a folder is left out and told; named, it is refused")
  func dangling() throws {
    let scratch = try Scratch()
    _ = try scratch.file("a.log", [0x61])
    for (name, target) in [("gone.log", "nowhere"), ("self.log", "self.log")] {
      try FileManager.default.createSymbolicLink(
        atPath: scratch.path + "/" + name, withDestinationPath: target)
    }
    let plan = try InputPlan([scratch.path])
    #expect(plan.sources.map(\.name) == [scratch.path + "/a.log"])
    #expect(plan.leftOut.map(\.code) == ["dangling-link", "dangling-link"])
    #expect(plan.leftOut.allSatisfy { $0.severity == .warning })
    let error = try #require(throws: Diagnostics.self) {
      _ = try InputPlan([scratch.path + "/gone.log"])
    }
    #expect(error.items.map(\.code) == ["no-such-file"])
  }
}
