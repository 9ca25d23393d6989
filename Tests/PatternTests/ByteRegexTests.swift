import CrenelPattern
import CrenelTestKit
import Testing

@Suite("Regular expressions")
struct ByteRegexTests {
  @Test(
    "patterns match bytes anywhere unless anchored",
    arguments: [
      ("b+", "aabbcc", [], true), ("^b", "ab", [], false), ("B", "b", [.ignoreCase], true),
      ("a.c", "a\nc", [], false), ("a.c", "a\nc", [.dotMatchesAll], true),
      ("^c$", "a\nc\n", [.multiline], true), ("", "", [], true), ("^$", "", [], true),
    ] as [(String, String, ByteRegex.Options, Bool)])
  func matching(pattern: String, text: String, options: ByteRegex.Options, expected: Bool) throws {
    let regex = try ByteRegex(pattern, options: options)
    #expect(regex.match(Array(text.utf8).span) == (expected ? .matched : .unmatched))
  }

  @Test("bytes that are no UTF-8 are matched as bytes")
  func bytes() throws {
    let regex = try ByteRegex("\\xff\\x00.")
    #expect(regex.match([0x61, 0xff, 0x00, 0x80].span) == .matched)
  }

  @Test("a wrong pattern says where and why")
  func wrong() throws {
    let error = try #require(throws: ByteRegex.CompileError.self) { try ByteRegex("a(b") }
    #expect(error.offset == 3 && !error.message.isEmpty)
    #expect(throws: ByteRegex.CompileError.self) {
      try ByteRegex(String(repeating: "a", count: 5_000))
    }
  }

  @Test("a pattern that explodes stops at its limit")
  func limit() throws {
    let regex = try ByteRegex("^(a+)+$")
    let text = [UInt8](repeating: 0x61, count: 40) + [0x62]
    #expect(regex.match(text.span) == .limitExceeded)
  }
}
