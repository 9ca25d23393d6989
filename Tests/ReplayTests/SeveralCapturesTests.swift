import CrenelDecode
import CrenelModel
import CrenelTestKit
import Foundation
import Testing

@testable import CrenelReplay

@Suite("Captures given together")
struct SeveralCapturesTests {
  /// Cuts `count` packets into files at random places; where each file begins, and the end.
  private static func cuts(_ count: Int, into files: Int, _ random: inout Seeded) -> [Int] {
    var places: Set<Int> = []
    while places.count < files - 1 { places.insert(Int.random(in: 1..<count, using: &random)) }
    return [0] + places.sorted() + [count]
  }

  @Test(
    "a capture cut anywhere, its files in any order, gives the exchanges of the whole",
    arguments: [(1, 65_536), (2, 997), (3, 131_072), (4, 16_384), (5, 313), (6, 65_536)])
  func cut(seed: UInt64, chunk: Int) throws {
    var random = Seeded(seed)
    let parts = try CaptureParts(
      ["14-browser-capture/traffic.pcap.gz", "13-library-bot-capture/traffic.pcapng.gz"][
        Int(seed % 2)])
    let whole = try parts.whole()
    let cuts = Self.cuts(parts.packets.count, into: Int.random(in: 2...5, using: &random), &random)
    var paths: [String] = []
    var places: [NamedFrame] = []
    for (file, begin) in cuts.dropLast().enumerated() {
      let name = "\(Int.random(in: 0..<1_000_000, using: &random))-\(file).pcap"
      paths.append(try parts.write(name, parts.pcap(begin..<cuts[file + 1])))
      places += (begin..<cuts[file + 1]).map { NamedFrame(paths[file], $0 - begin + 1) }
    }
    let together = try parts.exchanges(paths.shuffled(using: &random), chunk: chunk)
    #expect(together.content == whole.content, "seed \(seed), cut at \(cuts)")
    for (row, expected) in zip(together.rows, whole.rows) {
      #expect(
        NamedFrame.all(of: row) == NamedFrame.all(of: expected).map { places[$0.frame - 1] },
        "seed \(seed), cut at \(cuts)")
    }
    let captures = try #require(together.report.captures)
    #expect(captures.files == paths.count)
    #expect(captures.decoded.exchanges == UInt64(whole.rows.count))
    #expect(together.report.exchanges == UInt64(whole.rows.count), "each counted for one file")
  }

  @Test("a file for each packet gives the exchanges of the whole")
  func ring() throws {
    let parts = try CaptureParts()
    let paths = try parts.packets.indices.map {
      try parts.write("\($0).pcap", parts.pcap([$0]))
    }
    #expect(try parts.exchanges(paths).content == parts.whole().content)
  }

  @Test("packets dealt out to several files are put into the order of time", arguments: [2, 3, 5])
  func interleaved(files: Int) throws {
    var random = Seeded(UInt64(files))
    let parts = try CaptureParts()
    var dealt = Array(repeating: [Int](), count: files)
    for index in parts.packets.indices {
      dealt[Int.random(in: 0..<files, using: &random)].append(index)
    }
    var paths: [String] = []
    var places: [NamedFrame: Int] = [:]
    for (file, indices) in dealt.enumerated() {
      paths.append(try parts.write("tap\(file).pcap", parts.pcap(indices)))
      for (place, index) in indices.enumerated() {
        places[NamedFrame(paths[file], place + 1)] = index + 1
      }
    }
    let together = try parts.exchanges(paths.reversed(), chunk: 4_096)
    let whole = try parts.whole()
    #expect(together.content == whole.content)
    for (row, expected) in zip(together.rows, whole.rows) {
      #expect(places[NamedFrame.all(of: row)[0]] == NamedFrame.all(of: expected)[0].frame)
    }
  }

  @Test(
    "what a second tap saw of the same packets, later or not, is not counted again",
    arguments: [0, 20_000, 300_000, 50_000_000] as [Int64])
  func twice(delay: Int64) throws {
    let parts = try CaptureParts()
    let together = try parts.exchanges([
      parts.write("a.pcap", parts.pcap(parts.packets.indices)),
      parts.write("b.pcap", parts.pcap(parts.packets.indices, delay: delay)),
    ])
    #expect(try together.content == parts.whole().content)
    #expect(together.report.sources.map(\.exchanges) == [UInt64(together.rows.count), 0])
  }

  @Test("a damaged file in the middle costs its own packets, and is the one that is named")
  func damaged() throws {
    let parts = try CaptureParts()
    let (first, second, lost) = (300, 600, 500)
    // A record of 4 GiB cannot be: nothing behind it is found again.
    let broken = parts.pcap(first..<lost) + Array(repeating: 0xff, count: 40)
    let names = try [
      parts.write("a.pcap", parts.pcap(0..<first)), parts.write("b.pcap", broken),
      parts.write("c.pcap", parts.pcap(second..<parts.packets.count)),
    ]
    let together = try parts.exchanges(names)
    let kept = Array(0..<lost) + Array(second..<parts.packets.count)
    let left = try parts.exchanges([parts.write("left.pcap", parts.pcap(kept))])
    #expect(together.content == left.content && !together.rows.isEmpty)
    let report = together.report
    #expect(report.sources.map { !$0.problems.isEmpty } == [false, true, false])
    let packets = [first, lost - first, parts.packets.count - second].map { UInt64($0) }
    #expect(report.sources.compactMap(\.capture?.packets) == packets)
    let text = report.text(isBrief: true)
    #expect(text.contains("times stream-gap; the first at frame"))
    #expect(text.contains(" of \(names[2])\n"), "\(text)")
  }

  @Test("an anomaly is told once, with the file of its first frame")
  func anomaly() throws {
    let parts = try CaptureParts()
    // The SYN of the first connections is missing.
    let together = try parts.exchanges([
      parts.write("a.pcap", parts.pcap(9..<400)),
      parts.write("b.pcap", parts.pcap(400..<parts.packets.count)),
    ])
    var writer = JSONWriter()
    writer.beginObject()
    together.report.write(to: &writer)
    writer.endObject()
    let json = String(decoding: writer.bytes, as: UTF8.self)
    #expect(json.contains(#""captures":{"files":2,"#))
    #expect(json.contains(#"a.pcap","first_frame":"#))
    #expect(json.components(separatedBy: #""code":"mid-stream""#).count == 2)
  }

  @Test("logs beside captures are merged by event time, and one capture beside them reads as alone")
  func logs() throws {
    let parts = try CaptureParts()
    let whole = try parts.whole()
    let stamp = "19/Mar/2026:16:02:10 +0000"
    let line = #"192.0.2.9 - - [\#(stamp)] "GET / HTTP/1.1" 200 5 "-" "x""# + "\n"
    let log = try parts.write("access.log", Array(line.utf8))
    let cut = 500
    let files = [
      try parts.write("b.pcap", parts.pcap(cut..<parts.packets.count)), log,
      try parts.write("a.pcap", parts.pcap(0..<cut)),
    ]
    for inputs in [files, [log, try parts.write("one.pcap", parts.pcap(parts.packets.indices))]] {
      let together = try parts.exchanges(inputs)
      let times = together.rows.compactMap { $0["@timestamp"] as? String }
      #expect(together.rows.count == whole.rows.count + 1 && times == times.sorted())
      #expect(together.content.filter { !$0.contains("192.0.2.9") } == whole.content)
      #expect((together.report.captures == nil) == (inputs.count == 2))
    }
  }

  @Test("the address filter holds for each file")
  func filter() throws {
    let parts = try CaptureParts()
    let paths = try [
      parts.write("a.pcap", parts.pcap(0..<450)),
      parts.write("b.pcap", parts.pcap(450..<parts.packets.count)),
    ]
    let whole = try parts.exchanges(
      [parts.write("whole.pcap", parts.pcap(parts.packets.indices))], bpf: "port 8080")
    let together = try parts.exchanges(paths, bpf: "port 8080")
    #expect(together.content == whole.content && !whole.rows.isEmpty)
    let packets = together.report.sources.compactMap { $0.capture?.packets }
    #expect(packets.reduce(0, +) == whole.report.sources[0].capture?.packets)
  }
}
