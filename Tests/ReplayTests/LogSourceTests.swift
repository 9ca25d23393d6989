import CrenelCapture
import CrenelDecode
import CrenelModel
import CrenelTestKit
import Foundation
import Testing

@testable import CrenelReplay

/// A folder of its own for one test.
private struct Scratch: ~Copyable {
  let path = FileManager.default.temporaryDirectory.path() + "crenel-replay-\(UUID().uuidString)"

  init() throws {
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
  }

  deinit { try? FileManager.default.removeItem(atPath: path) }

  func source(_ bytes: [UInt8], chunk: Int, format: String = "auto") throws -> LogSource {
    let file = path + "/" + UUID().uuidString
    try Data(bytes).write(to: URL(filePath: file))
    var options = RunOptions(inputs: [file], label: "test")
    options.format = format
    let input = InputSource(name: "log", path: file, size: UInt64(bytes.count))
    return LogSource(
      try OpenedInput(input), name: "log", number: 0, setup: try Setup(options), chunkSize: chunk)
  }
}

private struct Place: Hashable {
  var offset: UInt64
  var line: UInt64
}

/// What a source gave.
private struct Result: Equatable {
  var exchanges: [Place] = []
  var tooLong: UInt64 = 0
  var firstTooLong: Place?
  var lines: UInt64 = 0

  init() {}

  init(_ source: LogSource) {
    var batch = ExchangeBatch()
    while source.next(into: &batch) {
      exchanges += batch.exchanges.map {
        Place(offset: $0.provenance.offset, line: $0.provenance.line)
      }
    }
    lines = source.counters.lines
    tooLong = source.counters.unparsed.count(of: .lineTooLong)
    firstTooLong = source.counters.unparsed.entries.first { $0.reason == .lineTooLong }
      .map { Place(offset: $0.first.offset, line: $0.first.line) }
  }

  /// The same, found slowly: the log is split at line feeds, nothing else.
  static func oracle(_ log: [UInt8]) -> Result {
    var result = Result()
    var start = 0
    while start < log.count {
      let end = log[start...].firstIndex(of: 0x0a) ?? log.count
      result.lines += 1
      let place = Place(offset: UInt64(start), line: result.lines)
      if end - start > LogReader.lineLimit {
        result.tooLong += 1
        result.firstTooLong = result.firstTooLong ?? place
      } else {
        result.exchanges.append(place)
      }
      start = end + 1
    }
    return result
  }
}

private func line(_ number: Int, agent: Int = 10) -> [UInt8] {
  Array(
    #"192.0.2.\#(number % 250) - - [01/Mar/2021:08:00:00 +0100] "GET /\#(number) HTTP/1.1" 200 5 "-" "#
      .utf8) + [0x22] + [UInt8](repeating: 0x61, count: agent) + [0x22, 0x0a]
}

private let giant = [UInt8](repeating: 0x78, count: 3 << 20) + [0x0a]

@Suite("One log on its way to exchanges")
struct LogSourceTests {
  @Test(
    "a line that is too long shifts no offset and no line number, wherever it stands",
    arguments: 0...5)
  func tooLongInTheSample(position: Int) throws {
    let scratch = try Scratch()
    var lines = (0..<5).map { line($0) }
    lines.insert(giant, at: position)
    let log = lines.reduce([], +)
    let expected = Result.oracle(log)
    #expect(expected.exchanges.count == 5 && expected.tooLong == 1)
    for chunk in [997, 65_536, 1 << 22] {
      #expect(Result(try scratch.source(log, chunk: chunk)) == expected, "chunk \(chunk)")
    }
  }

  @Test(
    "places are those of the log split at line feeds, whatever its lines and the chunk size",
    arguments: 0..<4 as Range<UInt64>)
  func places(seed: UInt64) throws {
    let scratch = try Scratch()
    var random = Seeded(seed)
    var log: [UInt8] = []
    for number in 0..<Int.random(in: 1...60, using: &random) {
      switch Int.random(in: 0..<12, using: &random) {
      case 0: log += giant
      case 1:  // just within the limit, or just beyond it
        let fixed = line(number, agent: 0).count - 1
        let length = LogReader.lineLimit + Int.random(in: -1...1, using: &random)
        log += line(number, agent: length - fixed)
      case 2: log += line(number, agent: Int.random(in: 1...200_000, using: &random))
      default: log += line(number, agent: Int.random(in: 1...300, using: &random))
      }
    }
    if Bool.random(using: &random) { log.removeLast() }
    let expected = Result.oracle(log)
    for chunk in [4_093, 65_536, Int.random(in: 50_000...3_000_000, using: &random)] {
      // Finding the format takes long without optimisation; what is gathered for it is the same.
      let format = seed == 0 ? "auto" : "combined"
      let got = Result(try scratch.source(log, chunk: chunk, format: format))
      #expect(got == expected, "seed \(seed), chunk \(chunk)")
    }
  }

  @Test("in auto, long first lines refuse nothing", arguments: [65_600, 300_000, 1_048_000])
  func longFirstLine(length: Int) throws {
    let scratch = try Scratch()
    let log = line(0, agent: length) + (1...100).flatMap { line($0) }
    let source = try scratch.source(log, chunk: 10_007)
    #expect(Result(source) == Result.oracle(log))
    #expect(source.problems.isEmpty && source.detection?.format?.name == "combined")
    let garbled = [UInt8](repeating: 0x78, count: length) + [0x0a] + log
    let other = try scratch.source(garbled, chunk: 65_536)
    #expect(Result(other).exchanges.count == 101, "\(other.problems)")
  }

  @Test(
    "a log of nothing but lines that are too long is not empty", arguments: ["auto", "combined"])
  func onlyTooLong(format: String) throws {
    let scratch = try Scratch()
    let source = try scratch.source(giant + giant, chunk: 65_536, format: format)
    let result = Result(source)
    #expect(result.lines == 2 && result.tooLong == 2)
    #expect(result.firstTooLong == Place(offset: 0, line: 1))
  }

  @Test("what is wrong with an archive is told even when no line of it could be read")
  func emptyArchive() throws {
    let scratch = try Scratch()
    let header: [UInt8] = [0x1f, 0x8b, 0x08, 0, 0, 0, 0, 0, 0, 0x03]
    let source = try scratch.source(header, chunk: 65_536)
    #expect(Result(source).lines == 0)
    #expect(source.problems.map(\.code) == ["truncated-archive"])
  }
}
