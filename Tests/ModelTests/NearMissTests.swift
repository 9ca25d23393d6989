import CrenelModel
import Testing

@Suite("Words that were nearly written")
struct NearMissTests {
  @Test(
    "a word is near within two letters, when it has more than twice as many",
    arguments: [
      ("crenl", "crenel"), ("Crenel", "crenel"), ("crenle", "crenel"), ("crnl", nil),
      ("ngnxx", "nginx"), ("ii", nil), ("dns", nil), ("isi", "iis"), ("windows", nil), ("", nil),
    ] as [(String, String?)])
  func near(word: String, known: String?) {
    #expect(NearMiss.of(word, among: ["crenel", "nginx", "iis", "aws"], within: 2) == known)
  }
}
