import CrenelCapture
import CrenelModel
import CrenelTestKit
import Foundation
import Testing

/// Everything a reader gives: bytes, and offset and line of each fill.
private func read(
  _ source: InputSource, chunk: Int
) throws -> (bytes: [UInt8], lines: [UInt64: UInt64], problems: [String], oversized: UInt64) {
  var reader = try LogReader(source, chunkSize: chunk)
  var all: [UInt8] = []
  var lines: [UInt64: UInt64] = [:]
  var buffer: [UInt8] = []
  var number: UInt64 = 1
  var oversized: UInt64 = 0
  while true {
    let fill = reader.fill(&buffer)
    let skipped = UInt64(reader.takeOversized().count)
    number += skipped
    oversized += skipped
    for (index, byte) in buffer[fill.lines].enumerated() {
      let offset = fill.offset + UInt64(index)
      if index == 0 || buffer[index - 1] == 0x0a {
        lines[offset] = number
        number += 1
      }
      all.append(byte)
    }
    if fill.isEnd { break }
  }
  return (all, lines, reader.problems.map(\.code), oversized)
}

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

  @Test(
    "compressed logs are known by their content, whatever their name, and may have many members",
    arguments: ["gzip", "xz", "zstd", "bzip2"])
  func compressed(tool: String) throws {
    let scratch = try Scratch()
    let once = try scratch.packed(tool, text)
    #expect(!once.isEmpty && once.count < text.count)
    let single = try read(scratch.file("a.log", once), chunk: 1_000)
    #expect(single.bytes == text && single.problems.isEmpty)
    let twice = try read(scratch.file("b.txt", once + once), chunk: 1_000)
    #expect(twice.bytes == text + text && twice.problems.isEmpty)
  }

  @Test(
    "a truncated archive gives what it holds, and says so",
    arguments: ["gzip", "xz", "zstd", "bzip2"])
  func truncated(tool: String) throws {
    let scratch = try Scratch()
    var random = Seeded(9)
    let noise = (0..<600_000).map { _ in UInt8(truncatingIfNeeded: random.next() % 64 + 10) }
    let packed = try scratch.packed(tool, noise)
    let cut = Array(packed.prefix(packed.count * 2 / 3))
    let result = try read(scratch.file("cut", cut), chunk: 65_536)
    #expect(result.problems.count == 1)
    #expect(noise.starts(with: result.bytes))
    // xz and bzip2 give whole blocks only.
    if tool == "gzip" || tool == "zstd" { #expect(result.bytes.count > noise.count / 3) }
  }

  @Test("a corrupt archive is a problem, not a crash")
  func corrupt() throws {
    let scratch = try Scratch()
    var packed = try scratch.packed("gzip", text)
    for i in 20..<60 { packed[i] ^= 0x5a }
    let result = try read(scratch.file("bad.gz", packed), chunk: 4_096)
    #expect(result.problems.count == 1)
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
      try InputPlan.resolve(inputs).map { $0.name.replacing(scratch.path + "/", with: "") }
    }
    #expect(try names([scratch.path]) == ["a.log", "b.log", "c.txt", "sub/d.log"])
    #expect(try names([scratch.path + "/*.log"]) == ["a.log", "b.log"])
    #expect(try names([scratch.path + "/b.log", scratch.path + "/*.log"]) == ["b.log", "a.log"])
    #expect(try names(["-"]) == ["-"])
  }

  @Test("all that is missing is told at once")
  func missing() throws {
    let error = try #require(throws: Diagnostics.self) {
      try InputPlan.resolve(["/nowhere/a.log", "/nowhere/*.gz", "/dev/null/x"])
    }
    #expect(error.items.count == 3)
    #expect(Set(error.items.map(\.code)) == ["no-such-file", "no-match"])
  }
}
