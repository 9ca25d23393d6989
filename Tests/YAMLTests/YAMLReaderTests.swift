import CrenelModel
import CrenelTestKit
import CrenelYAML
import Testing

@Suite("YAML")
struct YAMLReaderTests {
  @Test("values keep their kind and their place")
  func values() throws {
    let text = "a: 1\nb: \"1\"\nlist:\n  - true\n  - yes\n  - ~\n  - 1.5\n---\nsecond: x\n"
    let documents = try YAMLReader.documents(in: text, file: "f.yml")
    #expect(documents.count == 2)
    let first = documents[0]
    #expect(first["a"]?.int == 1 && first["b"]?.int == nil && first["b"]?.text == "1")
    let list = try #require(first["list"]?.sequence)
    #expect(list[0].bool == true && list[1].bool == nil && list[1].text == "yes")
    #expect(list[2].isNull && list[3].double == 1.5)
    #expect(list[3].position == SourcePosition(file: "f.yml", line: 7, column: 5))
    #expect(first.mapping?.map(\.key) == ["a", "b", "list"])
  }

  @Test(
    "what cannot be read is refused with its place",
    arguments: [
      ("a: [1\nb: 2", "yaml-syntax", 2), ("a: 1\na: 2", "yaml-repeated-key", 1),
      ("a: &x 1\nb: *x", "yaml-alias", 2), ("? [1]\n: 2", "yaml-key", 1),
      ("a: \t- 1", "yaml-syntax", 1),
    ])
  func refused(text: String, code: String, line: Int) throws {
    let error = try #require(throws: Diagnostics.self) {
      try YAMLReader.documents(in: text, file: "f.yml")
    }
    #expect(error.items.first?.code == code)
    #expect((error.items.first?.position.line ?? 0) >= line)
  }

  @Test(
    "what is missing at the end is told at the end, not behind it",
    arguments: [
      ("a: [1", 1, 6), ("a: [1\n\n", 1, 6), ("é: [1\r\n# x\n", 2, 4), ("a: \"x\n---\nb: 1", 1, 6),
    ])
  func insideFile(text: String, line: Int, column: Int) throws {
    let problems = YAMLReader.contents(of: text, file: "f.yml").problems
    #expect(
      problems.first?.position == SourcePosition(file: "f.yml", line: line, column: column),
      "\(problems)")
  }

  @Test("a mistake in one document does not hide the others")
  func independent() {
    let text =
      "a: 1\na: 2\n---\nb: 3\n--- # third\nc: [\n---\nd: &x 1\ne:\n  - *x\n---\n|\n text\n---\nf: 4"
    let contents = YAMLReader.contents(of: text, file: "f.yml")
    #expect(contents.documents.compactMap { $0["b"]?.int ?? $0["f"]?.int } == [3, 4])
    #expect(contents.documents[0].position.line == 4)
    #expect(contents.documents.last?.position.line == 15)
    #expect(
      contents.problems.map(\.code) == ["yaml-repeated-key", "yaml-syntax", "yaml-alias"])
    #expect(contents.problems[2].position == SourcePosition(file: "f.yml", line: 10, column: 5))
  }

  @Test("a text cut at its document marks reads as the parser reads the whole")
  func directives() throws {
    let text = "# comment\n%YAML 1.2\n---\na: 1\n...\n---\n# nothing\n---\nb: |\n  ---\n  x\n"
    let documents = try YAMLReader.documents(in: text, file: "f.yml")
    #expect(documents.count == 2 && documents[1]["b"]?.text == "---\nx\n")
  }

  @Test("depth, size and number of values are limited")
  func limits() {
    let deep = String(repeating: "[", count: 100) + String(repeating: "]", count: 100)
    let large = "a: " + String(repeating: "x", count: 2 << 20)
    for text in [deep, large] {
      #expect(throws: Diagnostics.self) { try YAMLReader.documents(in: text, file: "f.yml") }
    }
  }

  @Test("any text is read or refused, never a trap")
  func hostile() {
    var random = Seeded(21)
    let alphabet = Array("a:-[]{},&*!|>'\"#%@ \n\t?~1")
    var read = 0
    for _ in 0..<3_000 {
      let count = Int.random(in: 0...40, using: &random)
      let text = String(
        (0..<count).map { _ in alphabet[Int(random.next() % UInt64(alphabet.count))] })
      if (try? YAMLReader.documents(in: text, file: "f")) != nil { read += 1 }
    }
    #expect(read > 0 && read < 3_000)
  }
}
