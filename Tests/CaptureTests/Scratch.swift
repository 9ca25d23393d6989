import CrenelCapture
import CrenelModel
import CrenelTestKit
import Foundation

/// A folder of its own for one test.
struct Scratch: ~Copyable {
  let path = FileManager.default.temporaryDirectory.path() + "crenel-capture-\(UUID().uuidString)"

  init() throws {
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
  }

  deinit { try? FileManager.default.removeItem(atPath: path) }

  func file(_ name: String, _ bytes: [UInt8]) throws -> InputSource {
    try Data(bytes).write(to: URL(filePath: path + "/" + name))
    return InputSource(name: name, path: path + "/" + name, size: UInt64(bytes.count))
  }

  /// What a compressor makes of `bytes`; the bytes themselves for `none`.
  func packed(_ tool: String, _ bytes: [UInt8]) throws -> [UInt8] {
    tool == "none" ? bytes : try run(tool + " -c", bytes)
  }

  /// What the compressor's tool itself can read of `bytes`, whatever its exit status.
  func unpacked(_ tool: String, _ bytes: [UInt8]) throws -> [UInt8] {
    try run(tool + " -dc", bytes)
  }

  private func run(_ command: String, _ bytes: [UInt8]) throws -> [UInt8] {
    let input = path + "/raw"
    try Data(bytes).write(to: URL(filePath: input))
    let process = Process()
    process.executableURL = URL(filePath: "/bin/sh")
    process.arguments = ["-c", "cat \(input) | \(command) > \(input).out 2> /dev/null"]
    try process.run()
    process.waitUntilExit()
    return try SharedData.bytes(input + ".out")
  }
}

/// Everything a reader gives: the bytes, joined, and where they stood.
struct Reading: Equatable {
  var bytes: [UInt8] = []
  var problems: [String] = []
  var messages: [String] = []
  var oversized: UInt64 = 0
  private var fills: [Fill] = []

  private struct Fill {
    var range: Range<Int>
    var offset: UInt64
    var skippedBefore: UInt64
  }

  /// Reads a source to its end, `chunk` bytes at a time.
  init(_ source: InputSource, chunk: Int) throws {
    var reader = try LogReader(source, chunkSize: chunk)
    var buffer: [UInt8] = []
    while true {
      let fill = reader.fill(&buffer)
      oversized += UInt64(reader.takeOversized().count)
      let start = bytes.count
      bytes += buffer[fill.lines]
      fills.append(
        Fill(range: start..<bytes.count, offset: fill.offset, skippedBefore: oversized))
      if fill.isEnd { break }
    }
    problems = reader.problems.map(\.code)
    messages = reader.problems.map(\.message)
  }

  /// The number of each line, from 1, by its offset.
  var lines: [UInt64: UInt64] {
    var lines: [UInt64: UInt64] = [:]
    for fill in fills {
      var start = fill.range.lowerBound
      while start < fill.range.upperBound {
        let number = UInt64(lines.count) + fill.skippedBefore + 1
        lines[fill.offset + UInt64(start - fill.range.lowerBound)] = number
        start = (bytes[start..<fill.range.upperBound].firstIndex(of: 0x0a) ?? bytes.count) + 1
      }
    }
    return lines
  }

  static func == (left: Reading, right: Reading) -> Bool {
    left.bytes == right.bytes && left.messages == right.messages
      && left.oversized == right.oversized
  }
}

/// Reads a source to its end, `chunk` bytes at a time.
func read(_ source: InputSource, chunk: Int) throws -> Reading {
  try Reading(source, chunk: chunk)
}
