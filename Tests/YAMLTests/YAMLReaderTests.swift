import CrenelModel
import CrenelTestKit
import CrenelYAML
import Foundation
import Testing

extension YAMLReader {
  /// The documents of a text in which nothing is wrong.
  fileprivate static func documents(
    in text: String, file: String
  ) throws(Diagnostics) -> [YAMLNode] {
    let contents = contents(of: text, file: file)
    guard contents.problems.isEmpty else { throw Diagnostics(contents.problems) }
    return contents.documents
  }
}

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
      ("a: [1\nb: 2", "yaml-syntax", 2), ("a: 1\na: 2", "yaml-repeated-key", 2),
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
    #expect(
      contents.documents.compactMap { $0["a"]?.int ?? $0["b"]?.int ?? $0["f"]?.int } == [1, 3, 4])
    #expect(contents.documents[1].position.line == 4)
    #expect(contents.documents.last?.position.line == 15)
    #expect(
      contents.problems.map(\.code) == ["yaml-repeated-key", "yaml-syntax", "yaml-alias"])
    #expect(contents.problems[2].position == SourcePosition(file: "f.yml", line: 10, column: 5))
  }

  @Test(
    "each repeated key is told where it stands, with the place of the first, which stays",
    arguments: [
      ("a: 1\na: 2\n", "a=1", ["2:1 1:1"]), ("a: 1\na: 2\na: 3\n", "a=1", ["2:1 1:1", "3:1 1:1"]),
      ("{a: 1, b: 2, a: 3, b: 4}", "a=1 b=2", ["1:14 1:2", "1:20 1:8"]),
      ("\"a\": 1\n'a': 2\n", "a=1", ["2:1 1:1"]), ("1: x\n\"1\": y\n", "1=x", ["2:1 1:1"]),
      ("# é\nété: 1\nb: é\n\nété: 2\n", "été=1 b=é", ["5:1 2:1"]),
      ("b: [{é: 1, é: 2}]\na: 1\r\na: 2\n", "b= a=1", ["1:12 1:6", "3:1 2:1"]),
      ("x: 1\n---\na: 1\nb: 2\na: 3\n", "x=1 a=1 b=2", ["5:1 3:1"]),
      ("-a: 1\n-a: 2\n", "-a=1", ["2:1 1:1"]),
      ("\u{e000}: 1\na: 2\na: 3\n\u{e000}: 4", "\u{e000}=1 a=2", ["3:1 2:1", "4:1 1:1"]),
    ])
  func repeated(text: String, kept: String, places: [String]) {
    let contents = YAMLReader.contents(of: text, file: "f.yml")
    let pairs = contents.documents.flatMap { $0.mapping ?? [] }
    #expect(pairs.map { "\($0.key)=\($0.value.text ?? "")" }.joined(separator: " ") == kept)
    let told = Diagnostics(contents.problems).items
    #expect(told.allSatisfy { $0.code == "yaml-repeated-key" })
    let found = told.map { item in
      let first = item.message.components(separatedBy: "first at line ").last ?? ""
      return "\(item.position.line):\(item.position.column) "
        + first.replacing(", column ", with: ":")
    }
    #expect(found == places, "\(told)")
  }

  @Test(
    "a repeated key is told also where its map cannot be read on",
    arguments: [
      ("a: 1\na: 2\nb: [\n", ["yaml-syntax"]),
      ("x: {a: 1, a: 2}\nb: [\n", ["yaml-repeated-key", "yaml-syntax"]),
      ("'': 1\n'': 2\n", ["yaml-repeated-key"]),
      (#""\n": 1"# + "\n" + #""\n": 2"# + "\n", ["yaml-repeated-key"]),
      ("'''a': 1\n'''a': 2\n", ["yaml-repeated-key"]),
      ("!!str a: 1\n!!str a: 2\n", ["yaml-repeated-key"]),
      ("? [1]\n: 2\n? [1]\n: 3\n", ["yaml-repeated-key"]),
    ])
  func unread(text: String, codes: [String]) {
    let problems = YAMLReader.contents(of: text, file: "f.yml").problems
    #expect(problems.map(\.code) == codes, "\(problems)")
  }

  @Test("thousands of repeated keys are refused, and not read again for each")
  func manyRepeated() {
    let text = String(repeating: "key: value\n", count: 20_000)
    let problems = YAMLReader.contents(of: text, file: "f.yml").problems
    #expect((1...40).contains(problems.count))
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
