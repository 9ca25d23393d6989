import CrenelCapture
import CrenelModel
import CrenelTestKit
import Foundation
import Testing

private func capture() -> CaptureBuilder {
  var file = CaptureBuilder()
  file.pcapHeader()
  for i in 0..<200 as Range<UInt32> { file.record(i, i, Array("packet number \(i)".utf8)) }
  return file
}

@Suite("What an input holds")
struct OpenedInputTests {
  @Test(
    "captures are known by their first bytes",
    arguments: [
      ([0xd4, 0xc3, 0xb2, 0xa1], true), ([0xa1, 0xb2, 0x3c, 0x4d], true),
      ([0x34, 0xcd, 0xb2, 0xa1], true), ([0xa1, 0xb2, 0xc3], false), ([], false),
      ([0x0a, 0x0d, 0x0d, 0x0a], true),
      ([0x0a, 0x0d, 0x0d, 0x0a, 0, 0, 0, 28, 0x1a, 0x2b, 0x3c, 0x4d], true),
      ([0x0a, 0x0d, 0x0d, 0x0a, 28, 0, 0, 0, 0x4d, 0x3c, 0x2b, 0x1a], true),
      ([0x0a, 0x0d, 0x0d, 0x0a, 0x31, 0x39, 0x32, 0x2e, 0x30, 0x2e, 0x32, 0x2e], false),
      (Array("192.0.2.1 - -".utf8), false),
    ] as [([UInt8], Bool)])
  func magic(first: [UInt8], isCapture: Bool) {
    #expect(ContentKind.of(first.span) == (isCapture ? .capture : .log))
    #expect(OpenedInput(bytes: first, name: "m").kind == (isCapture ? .capture : .log))
  }

  @Test("compression does not hide a capture", arguments: ["gzip", "xz", "zstd", "bzip2", "none"])
  func compressed(tool: String) throws {
    let scratch = try Scratch()
    let file = capture()
    let source = try scratch.file("x", scratch.packed(tool, file.bytes))
    #expect(try OpenedInput.kind(of: source) == .capture)
    let result = CaptureResult(try PacketReader(source, chunkSize: 100))
    #expect(try result == CaptureResult(file.bytes))
    #expect(result.packets.count == 200)
    let opened = try OpenedInput(source)
    #expect(opened.kind == .capture)
    #expect(CaptureResult(try PacketReader(opened, chunkSize: 100)) == result)
  }

  @Test(
    "a compressed capture that is cut gives what it holds, and says so",
    arguments: ["gzip", "zstd"])
  func truncated(tool: String) throws {
    let scratch = try Scratch()
    var random = Seeded(4)
    var file = CaptureBuilder()
    file.pcapHeader()
    for i in 0..<3_000 as Range<UInt32> {
      file.record(i, i, (0..<100).map { _ in UInt8.random(in: 0...255, using: &random) })
    }
    let packed = try scratch.packed(tool, file.bytes)
    let source = try scratch.file("x", Array(packed.prefix(packed.count * 2 / 3)))
    let result = CaptureResult(try PacketReader(source))
    #expect(result.problems == ["truncated-archive"])
    try #require(result.packets.count > 1_000)
    let whole = try CaptureResult(file.bytes)
    let last = result.packets.count - 1
    #expect(result.packets.prefix(last) == whole.packets.prefix(last))
    #expect(CaptureResult(try PacketReader(source, chunkSize: 999)) == result)
  }

  @Test("a log that was looked at is read from its first byte", arguments: ["gzip", "none"])
  func logs(tool: String) throws {
    let scratch = try Scratch()
    let text = Array("a line\nand another\n".utf8)
    let source = try scratch.file("x", scratch.packed(tool, text))
    let opened = try OpenedInput(source)
    #expect(opened.kind == .log)
    var reader = LogReader(opened, chunkSize: 5)
    var all: [UInt8] = []
    var bytes: [UInt8] = []
    var isEnd = false
    while !isEnd {
      isEnd = reader.fill(&bytes).isEnd
      all += bytes
    }
    #expect(all == text)
    #expect(reader.bytesRead == source.size)
  }

  @Test("a pipe loses nothing by being looked at, and is not looked at twice")
  func pipe() throws {
    let scratch = try Scratch()
    let path = scratch.path + "/pipe"
    try #require(unsafe mkfifo(path, 0o600) == 0)
    let file = capture()
    let writer = Thread { try? Data(file.bytes).write(to: URL(filePath: path)) }
    let source = InputSource(name: "pipe", path: path, size: nil)
    #expect(try OpenedInput.kind(of: source) == nil)
    writer.start()
    let opened = try OpenedInput(source)
    #expect(opened.kind == .capture)
    let result = CaptureResult(try PacketReader(opened))
    #expect(try result == CaptureResult(file.bytes))
  }

  @Test("an empty file is a log, and a missing one is told")
  func edges() throws {
    let scratch = try Scratch()
    #expect(try OpenedInput.kind(of: scratch.file("x", [])) == .log)
    let error = #expect(throws: Diagnostic.self) {
      _ = try PacketReader(InputSource(name: "n", path: "/nowhere/n", size: nil))
    }
    #expect(error?.code == "unreadable-file")
  }
}
