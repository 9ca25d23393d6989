import CrenelCapture
import CrenelTestKit
import Foundation
import Testing

/// A tool that makes archives, and a log to give it.
struct Packing: CustomTestStringConvertible, Sendable {
  var tool: String
  var lines: Int
  var testDescription: String { "\(tool) of \(lines) lines" }

  static let all = ["gzip", "xz", "zstd", "bzip2"].flatMap { tool in
    [100, 20_000].map { Packing(tool: tool, lines: $0) }
  }

  /// Lines as of a log: alike, but not the same.
  var log: [UInt8] { Self.logs[lines] ?? [] }

  private static let logs = Dictionary(
    uniqueKeysWithValues: [100, 20_000].map { lines in
      var random = Seeded(UInt64(lines))
      var bytes: [UInt8] = []
      for number in 0..<lines {
        let path = String(random.next() % 1_000_000, radix: 36)
        let size = random.next() % 9_000
        bytes += Array("192.0.2.\(number % 251) [\(number)] \"GET /b/\(path)\" 200 \(size)\n".utf8)
      }
      return (lines, bytes)
    })

  /// A chunk size that does not make the test slow.
  var smallChunk: Int { lines > 1_000 ? 4_001 : 7 }
}

/// The bytes up to the last line feed.
private func wholeLines(_ bytes: [UInt8]) -> [UInt8] {
  Array(bytes[..<(bytes.lastIndex(of: 0x0a).map { $0 + 1 } ?? 0)])
}

/// Whether `bytes` begins with `part`; quick without optimisation.
private func begins(_ bytes: [UInt8], with part: [UInt8]) -> Bool {
  bytes.count >= part.count && Array(bytes[..<part.count]) == part
}

@Suite("Archives")
struct ArchiveTests {
  @Test(
    "compressed logs are known by their content, whatever their name, and may have many members",
    arguments: Packing.all)
  func whole(packing: Packing) throws {
    let scratch = try Scratch()
    let log = packing.log
    let once = try scratch.packed(packing.tool, log)
    let empty = try scratch.packed(packing.tool, [])
    #expect(!once.isEmpty && once.count < log.count)
    let zeros = [UInt8](repeating: 0, count: 512)
    let small = packing.smallChunk
    for (stored, expected) in [
      (once, log), (once + once, log + log), (empty + once + empty, log), (once + zeros, log),
      (once + zeros + once, log + log), (empty, []),
    ] {
      for chunk in [small, 1 << 20] {
        let result = try read(scratch.file("a.log", stored), chunk: chunk)
        #expect(result.bytes == expected && result.problems.isEmpty, "\(result.messages)")
      }
    }
  }

  @Test("members of all tools may follow each other")
  func mixed() throws {
    let scratch = try Scratch()
    let skipped: [UInt8] = [0x53, 0x2a, 0x4d, 0x18, 3, 0, 0, 0, 1, 2, 3]
    let packed = try ["gzip", "xz", "zstd", "bzip2"].map { try scratch.packed($0, [0x61, 0x0a]) }
    let all = skipped + packed.joined() + skipped + packed.joined()
    let result = try read(scratch.file("all", all), chunk: 100)
    #expect(result.problems.isEmpty, "\(result.messages)")
    #expect(result.bytes == Array(String(repeating: "a\n", count: 8).utf8))
  }

  @Test(
    "a truncated archive gives the whole lines that its tool finds in it, and says so",
    arguments: Packing.all)
  func truncated(packing: Packing) throws {
    let scratch = try Scratch()
    let log = packing.log
    let once = try scratch.packed(packing.tool, log)
    let twice = once + once
    var cuts = [12, once.count + 1, once.count + 12, twice.count - 40, twice.count - 1]
    cuts += [1, 3, 5, 7].map { $0 * twice.count / 8 }
    for cut in cuts {
      let stored = Array(twice[..<cut])
      let source = try scratch.file("cut", stored)
      let result = try read(source, chunk: 65_536)
      #expect(result.problems == ["truncated-archive"], "cut \(cut): \(result.messages)")
      #expect(result.messages.allSatisfy { $0.contains("ends after \(cut) bytes") })
      let tool = wholeLines(try scratch.unpacked(packing.tool, stored))
      #expect(begins(log + log, with: result.bytes), "cut \(cut)")
      #expect(result.bytes.count >= tool.count, "cut \(cut)")
      #expect(result.bytes.isEmpty || result.bytes.last == 0x0a, "cut \(cut)")
      #expect(try read(source, chunk: packing.smallChunk) == result, "cut \(cut)")
    }
  }

  @Test("100 lines of a gzip member that is cut off are not lost")
  func truncatedTiny() throws {
    let scratch = try Scratch()
    let packing = Packing(tool: "gzip", lines: 100)
    let once = try scratch.packed("gzip", packing.log)
    let result = try read(scratch.file("tr.gz", (once + once).dropLast(40)), chunk: 65_536)
    #expect(result.lines.count >= 190, "\(result.lines.count)")
  }

  @Test(
    "one wrong byte is found, and what comes before it is given",
    arguments: Packing.all)
  func corrupt(packing: Packing) throws {
    let scratch = try Scratch()
    let once = try scratch.packed(packing.tool, packing.log)
    for eighth in [1, 4, 7] {
      let place = 20 + eighth * (once.count - 40) / 8
      var stored = once
      stored[place] ^= 0x10
      let source = try scratch.file("bad", stored)
      let result = try read(source, chunk: 65_536)
      #expect(result.problems.count == 1, "\(eighth): \(result.messages)")
      #expect(["corrupt-archive", "truncated-archive"].contains(result.problems.first))
      let before = try read(scratch.file("cut", Array(stored[..<place])), chunk: 65_536)
      #expect(begins(result.bytes, with: before.bytes), "\(eighth)")
      let tool = wholeLines(try scratch.unpacked(packing.tool, stored))
      // gzip goes on, with zeros, where a distance leads before the beginning; zlib stops.
      let isAlike = packing.tool == "gzip" && begins(tool, with: result.bytes)
      #expect(isAlike || begins(result.bytes, with: tool), "\(eighth)")
      #expect(try read(source, chunk: packing.smallChunk) == result, "\(eighth)")
    }
  }

  @Test("a wrong checksum is found, and no line is lost", arguments: Packing.all)
  func checksum(packing: Packing) throws {
    let scratch = try Scratch()
    let log = packing.log
    let once = try scratch.packed(packing.tool, log)
    // gzip ends with CRC and length; the others with a checksum or a footer that has one.
    for back in packing.tool == "gzip" ? [8, 5, 4, 1] : [3] {
      var stored = once
      stored[once.count - back] ^= 0x20
      let result = try read(scratch.file("sum", stored), chunk: 65_536)
      #expect(result.problems == ["corrupt-archive"], "\(back): \(result.messages)")
      #expect(result.bytes == log)
    }
  }

  @Test("bytes behind the last member are counted and placed", arguments: Packing.all)
  func garbage(packing: Packing) throws {
    let scratch = try Scratch()
    let log = packing.log
    let once = try scratch.packed(packing.tool, log)
    let open = try scratch.packed(packing.tool, Array("no line feed".utf8))
    let broken = [UInt8(0xff)] + once.dropFirst()  // a member with a broken header
    for (kept, text) in [(once, log), (once + open, log + Array("no line feed".utf8))] {
      for (junk, gap) in [(Array("junk\n".utf8), 0), (broken, 0), (broken, 64)] {
        let stored = kept + [UInt8](repeating: 0, count: gap) + junk
        let result = try read(scratch.file("junk", stored), chunk: 65_536)
        #expect(result.problems == ["trailing-garbage"] && result.bytes == text)
        let place = "\(junk.count) bytes from byte offset \(kept.count + gap) on"
        #expect(result.messages.first?.hasPrefix(place) == true, "\(result.messages)")
      }
    }
  }

  @Test("a gzip member of an unknown method is a corrupt archive, not the end")
  func unknownMethod() throws {
    let scratch = try Scratch()
    let once = try scratch.packed("gzip", [0x61, 0x0a])
    let stored = once + once[..<2] + [0x07] + once[3...]
    let result = try read(scratch.file("method", stored), chunk: 100)
    #expect(result.problems == ["corrupt-archive"] && result.bytes == [0x61, 0x0a])
  }

  @Test("a window over the memory limit is refused by name")
  func memory() throws {
    let scratch = try Scratch()
    let packed = try scratch.packed("zstd -q --long=28", Packing(tool: "zstd", lines: 100).log)
    let result = try read(scratch.file("long", packed), chunk: 4_096)
    #expect(result.problems == ["archive-needs-memory"], "\(result.messages)")
  }

  @Test("a line that is cut off is left out, and its place is told")
  func cutLine() throws {
    let scratch = try Scratch()
    let once = try scratch.packed("gzip -1", Array("whole\n".utf8) + Packing.all[0].log)
    let result = try read(scratch.file("cut", Array(once[..<(once.count / 2)])), chunk: 4_096)
    let place = "from byte offset \(result.bytes.count) of the log on, is cut off"
    #expect(result.messages.first?.contains(place) == true, "\(result.messages)")
  }

  @Test("a log that begins like an archive is a log", arguments: ["BZh1 is no block", "BZ", "PK"])
  func plain(text: String) throws {
    let scratch = try Scratch()
    let result = try read(scratch.file("plain", Array(text.utf8)), chunk: 3)
    #expect(result.bytes == Array(text.utf8) && result.problems.isEmpty)
  }
}
