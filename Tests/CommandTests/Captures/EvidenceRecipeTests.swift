import CrenelTestKit
import Foundation
import Testing

/// The recipe of docs/captures.md that cuts the packets of an alert's evidence.
private enum Recipe {
  static let tools = ["bash", "jq", "editcap", "mergecap", "tshark", "xxd", "sha256sum"]
  static let obstacle: String? = Tool.missing(tools).map { "skipped: no \($0)" }

  static func text() throws -> String {
    let page = String(
      decoding: try SharedData.bytes(SharedData.package + "docs/captures.md"), as: UTF8.self)
    let lines = page.split(separator: "\n", omittingEmptySubsequences: false)
    let start = try #require(lines.firstIndex { $0.hasPrefix("e=$(jq") })
    let end = try #require(lines[start...].firstIndex { $0 == "```" })
    return lines[start..<end].joined(separator: "\n")
  }
}

@Suite("Evidence of captures", .enabled(if: Recipe.obstacle == nil, "\(Recipe.obstacle ?? "")"))
struct EvidenceRecipeTests {
  /// Frames of the request and the response that the first alert names last: 1338 to 1340.
  @Test(
    "the recipe of the page finds the packets and the digest, over a border of files too",
    arguments: [
      ([], 3), ([900], 3), ([1_337], 3), ([1_338], 3), ([1_339], 3), ([1_340], 3),
      ([1_338, 1_339], 2),  // one is the whole of the file between
    ])
  func recipe(cuts: [Int], packets: Int) throws {
    let scratch = try ScratchFolder()
    _ = try Self.replay(cuts, in: scratch)
    let bash = try #require(Tool.find("bash"))
    let script = try "cd \(scratch.path)\n" + Recipe.text() + "\ncapinfos -Mc cut.pcap"
    let cut = try Running.run([bash, "-c", script], within: 120)
    let digests = cut.output.split(separator: "\n").map { $0.prefix(64) }
    #expect(digests.count >= 2 && digests[0] == digests[1], "\(cut.output) \(cut.errors)")
    #expect(cut.output.contains("Number of packets:   \(packets)\n"), "\(cut.output) \(cut.errors)")
  }

  @Test("it cuts the packets of every piece of evidence", arguments: [[], [1_300]])
  func all(cuts: [Int]) throws {
    let scratch = try ScratchFolder()
    let opened = try #require(
      alerts(Self.replay(cuts, in: scratch)).first {
        ($0["event"] as? [String: Any])?["action"] as? String == "opened"
      })
    let evidence = try #require(
      (opened["crenel"] as? [String: Any])?["evidence"] as? [[String: Any]])
    #expect(evidence.count > 5)
    let recipe = try Recipe.text()
    let end = try #require(recipe.range(of: "mergecap -w all.pcap"))
    let bash = try #require(Tool.find("bash"))
    var found: Set<[UInt8]> = []
    for (index, place) in evidence.enumerated() {
      let script =
        "cd \(scratch.path); rm -f cut.pcap\n"
        + recipe[..<end.lowerBound].replacing("evidence[-1]", with: "evidence[\(index)]")
      let run = try Running.run([bash, "-c", script], within: 60)
      let bytes = try SharedData.bytes(scratch.path + "/cut.pcap")
      let length = try #require(place["length"] as? Int)
      let hasHead = bytes.indices.dropLast(length).contains { start in
        let head = bytes[start..<start + length]
        return (head.starts(with: "GET ".utf8) || head.starts(with: "POST ".utf8))
          && head.suffix(4).elementsEqual("\r\n\r\n".utf8)
      }
      let hasAnswer = bytes.indices.contains { bytes[$0...].starts(with: "HTTP/1.1 ".utf8) }
      #expect(hasHead && hasAnswer, "\(place) \(run.errors)")
      found.insert(bytes)
    }
    #expect(found.count == evidence.count)
  }

  /// The alerts of the sample, its capture cut into files behind these frames.
  private static func replay(_ cuts: [Int], in scratch: ScratchFolder) throws -> String {
    let folder = SharedData.package + "samples/13-library-bot-capture/"
    let editcap = try #require(Tool.find("editcap"))
    for (place, first) in ([0] + cuts).enumerated() {
      let last = place < cuts.count ? cuts[place] : 0
      let run = try Running.run(
        [
          editcap, "-F", "pcap", "-r", folder + "traffic.pcapng.gz",
          "\(scratch.path)/site_\(place).pcap", "\(first + 1)-\(last)",
        ], within: 60)
      #expect(run.status == 0, "\(run.errors)")
    }
    let options = String(decoding: try SharedData.bytes(folder + "replay.args"), as: UTF8.self)
    let run = try Command(
      ["replay", "--json", "--quiet"] + options.split(separator: "\n").map(String.init)
        + ["site_*.pcap"], in: scratch.path)
    try run.output.write(toFile: scratch.path + "/alerts.ndjson", atomically: true, encoding: .utf8)
    return run.output
  }
}
