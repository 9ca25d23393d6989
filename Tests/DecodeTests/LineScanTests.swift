import CrenelTestKit
import Testing

@testable import CrenelDecode

@Suite("One pass over a line")
struct LineScanTests {
  @Test("finds what a look at each byte finds, wherever a line begins and ends", arguments: 1...24)
  func sameAsByteByByte(seed: UInt64) {
    var random = Seeded(seed)
    let words = Array("ab\"\"\\#\n \u{e9}~".utf8)
    for _ in 0..<200 {
      // Signs are rare in some texts, so that whole blocks hold none.
      let rarity = Int.random(in: 1...60, using: &random)
      let bytes = (0..<Int.random(in: 0...200, using: &random)).map { _ in
        Int.random(in: 0..<rarity, using: &random) == 0
          ? words[Int.random(in: 0..<words.count, using: &random)] : UInt8(ascii: "x")
      }
      let start = Int.random(in: 0...bytes.count, using: &random)
      let end = Int.random(in: start...bytes.count, using: &random)
      let scan = LineScan(bytes.span, from: start, to: end)
      let feed = bytes[start..<end].firstIndex(of: 0x0a) ?? end
      let line = bytes[start..<feed]
      let quotes = line.indices.filter { bytes[$0] == UInt8(ascii: "\"") }
      #expect(scan.end == feed)
      #expect(scan.hasRareBytes == line.contains { $0 == UInt8(ascii: "\\") || $0 == 0x23 })
      #expect(scan.sixQuotes.map(places) == (quotes.count == 6 ? quotes : nil))
    }
  }

  private func places(_ quotes: CombinedQuotes) -> [Int] {
    [
      quotes.requestStart, quotes.requestEnd, quotes.referrerStart, quotes.referrerEnd,
      quotes.userAgentStart, quotes.userAgentEnd,
    ]
  }
}
