import CrenelModel
import CrenelTestKit
import Foundation
import Testing

@Suite("JSON text")
struct JSONWriterTests {
  @Test("any bytes become a text that a JSON reader takes, and valid UTF-8 comes back the same")
  func anyBytes() throws {
    var random = Seeded(5)
    for _ in 0..<2_000 {
      let bytes = (0..<Int.random(in: 0...40, using: &random)).map { _ in
        UInt8(truncatingIfNeeded: random.next() >> 7)
      }
      var writer = JSONWriter()
      writer.beginArray()
      writer.string(nil, bytes: bytes.span)
      writer.endArray()
      let read = try JSONSerialization.jsonObject(with: Data(writer.bytes)) as? [String]
      #expect(read == [String(decoding: bytes, as: UTF8.self)])
      #expect(writer.bytes.allSatisfy { $0 >= 0x20 && $0 != 0x7f })
    }
  }

  @Test(
    "characters that change how a line is shown are escaped",
    arguments: [
      ("a\"b\\c", #""a\"b\\c""#), ("\u{1b}[31m", #""\u001b[31m""#), ("é", "\"é\""),
      ("\u{202e}x", #""\u202ex""#), ("\u{9b}", #""\u009b""#), ("\u{2028}", #""\u2028""#),
      ("𝒳", "\"𝒳\""), ("\n\r\t", #""\n\r\t""#),
    ])
  func escapes(text: String, expected: String) {
    var writer = JSONWriter()
    writer.string(nil, text)
    #expect(String(decoding: writer.bytes, as: UTF8.self) == expected)
  }

  @Test("commas and keys stand where they must")
  func structure() {
    var writer = JSONWriter()
    writer.beginObject()
    writer.int("a", 1)
    writer.beginArray("b")
    writer.number(nil, 1.5)
    writer.number(nil, .nan)
    writer.number(nil, 3)
    writer.bool(nil, true)
    writer.null()
    writer.endArray()
    writer.beginObject("c")
    writer.endObject()
    writer.key("d\n")
    writer.string(nil, "x")
    writer.endObject()
    #expect(
      String(decoding: writer.bytes, as: UTF8.self)
        == #"{"a":1,"b":[1.5,null,3,true,null],"c":{},"d\n":"x"}"#)
  }

  @Test("an object with nothing in it is taken back, and the comma before it")
  func emptyObjects() {
    var writer = JSONWriter()
    writer.beginObject()
    for (name, isEmpty) in [("a", true), ("b", false), ("c", true)] {
      let outer = writer.mark
      writer.key(name)
      writer.beginObject()
      let inner = writer.mark
      writer.beginObject("inner")
      if !isEmpty { writer.string("text", "{") }
      writer.endObject(orBackTo: inner)
      writer.endObject(orBackTo: outer)
    }
    writer.int("d", 1)
    writer.endObject()
    #expect(
      String(decoding: writer.bytes, as: UTF8.self) == #"{"b":{"inner":{"text":"{"}},"d":1}"#)
  }

  @Test(
    "text for a terminal holds nothing that moves it",
    arguments: [
      ("plain é", "plain é"), ("\u{1b}]8;;http://x\u{07}", #"\x1b]8;;http://x\x07"#),
      ("\u{202e}gnp", #"\u{202e}gnp"#), ("\r\n", #"\x0d\x0a"#),
    ])
  func terminal(text: String, expected: String) {
    #expect(TerminalText.escaped(text) == expected)
  }

  @Test("wrong UTF-8 is shown byte by byte, and long texts are cut")
  func terminalBytes() {
    #expect(TerminalText.escaped([0x61, 0xff, 0xc3].span) == #"a\xff\xc3"#)
    #expect(TerminalText.escaped("abcdef", limit: 3) == "abc…")
  }
}
