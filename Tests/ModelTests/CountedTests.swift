import CrenelModel
import Testing

@Suite("Words that go with a count")
struct CountedTests {
  @Test(
    "nothing is many in English and one in French",
    arguments: [
      (0, "0 packets were", "0\u{a0}paquet perdu", "0 lines", "0\u{a0}ligne"),
      (1, "1 packet was", "1\u{a0}paquet perdu", "1 line", "1\u{a0}ligne"),
      (2, "2 packets were", "2\u{a0}paquets perdus", "2 lines", "2\u{a0}lignes"),
      (21, "21 packets were", "21\u{a0}paquets perdus", "21 lines", "21\u{a0}lignes"),
    ])
  func forms(count: Int, en: String, fr: String, lines: String, lignes: String) {
    #expect(English.counted(count, "packet was", "packets were") == en)
    #expect(French.counted(count, "paquet perdu", "paquets perdus") == fr)
    #expect(English.counted(UInt64(count), "line") == lines)
    #expect(French.counted(UInt64(count), "ligne") == lignes)
  }
}
