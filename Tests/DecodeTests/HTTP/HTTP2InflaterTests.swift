import CrenelModel
import Testing

@testable import CrenelDecode

/// The bytes of a listing in hexadecimal.
private func bytes(_ text: String) -> [UInt8] {
  let digits = text.utf8.compactMap(HexDigit.value)
  return stride(from: 0, to: digits.count, by: 2).map { digits[$0] << 4 | digits[$0 + 1] }
}

private let request = [
  ":method: GET", ":scheme: http", ":path: /", ":authority: www.example.com",
]
private let secure = [
  ":method: GET", ":scheme: https", ":path: /index.html", ":authority: www.example.com",
]
private let date = "date: Mon, 21 Oct 2013 20:13:21 GMT"
private let place = "location: https://www.example.com"
private let answers = [
  [":status: 302", "cache-control: private", date, place],
  [":status: 307", "cache-control: private", date, place],
  [
    ":status: 200", "cache-control: private", "date: Mon, 21 Oct 2013 20:13:22 GMT", place,
    "content-encoding: gzip",
    "set-cookie: foo=ASDJKHQKBZXOQWEOPIUAXQWEOIU; max-age=3600; version=1",
  ],
]

/// Appendix C of RFC 7541: three blocks of one connection, and what they say.
private let vectors: [(String, [String], [[String]])] = [
  (
    "C.3",
    [
      "8286 8441 0f77 7777 2e65 7861 6d70 6c65 2e63 6f6d",
      "8286 84be 5808 6e6f 2d63 6163 6865",
      "8287 85bf 400a 6375 7374 6f6d 2d6b 6579 0c63 7573 746f 6d2d 7661 6c75 65",
    ],
    [request, request + ["cache-control: no-cache"], secure + ["custom-key: custom-value"]]
  ),
  (
    "C.4",
    [
      "8286 8441 8cf1 e3c2 e5f2 3a6b a0ab 90f4 ff", "8286 84be 5886 a8eb 1064 9cbf",
      "8287 85bf 4088 25a8 49e9 5ba9 7d7f 8925 a849 e95b b8e8 b4bf",
    ],
    [request, request + ["cache-control: no-cache"], secure + ["custom-key: custom-value"]]
  ),
  (
    "C.5",
    [
      """
      4803 3330 3258 0770 7269 7661 7465 611d 4d6f 6e2c 2032 3120 4f63 7420 3230 3133 2032 303a
      3133 3a32 3120 474d 546e 1768 7474 7073 3a2f 2f77 7777 2e65 7861 6d70 6c65 2e63 6f6d
      """,
      "4803 3330 37c1 c0bf",
      """
      88c1 611d 4d6f 6e2c 2032 3120 4f63 7420 3230 3133 2032 303a 3133 3a32 3220 474d 54c0 5a04
      677a 6970 7738 666f 6f3d 4153 444a 4b48 514b 425a 584f 5157 454f 5049 5541 5851 5745 4f49
      553b 206d 6178 2d61 6765 3d33 3630 303b 2076 6572 7369 6f6e 3d31
      """,
    ], answers
  ),
  (
    "C.6",
    [
      """
      4882 6402 5885 aec3 771a 4b61 96d0 7abe 9410 54d4 44a8 2005 9504 0b81 66e0 82a6 2d1b ff6e
      919d 29ad 1718 63c7 8f0b 97c8 e9ae 82ae 43d3
      """,
      "4883 640e ffc1 c0bf",
      """
      88c1 6196 d07a be94 1054 d444 a820 0595 040b 8166 e084 a62d 1bff c05a 839b d9ab 77ad 94e7
      821d d7f2 e6c7 b335 dfdf cd5b 3960 d5af 2708 7f36 72c1 ab27 0fb5 291f 9587 3160 65c0 03ed
      4ee5 b106 3d50 07
      """,
    ], answers
  ),
]

private func text(_ list: HTTP2HeaderList) -> [String] {
  list.fields.map {
    String(decoding: list.bytes[$0.name.indices], as: UTF8.self) + ": "
      + String(decoding: list.bytes[$0.value.indices], as: UTF8.self)
  }
}

@Suite("HPACK")
struct HTTP2InflaterTests {
  @Test("the examples of RFC 7541, in parts of any size", arguments: [1, 2, 3, 7, 1_000])
  func examples(size: Int) {
    for (name, blocks, expected) in vectors {
      guard var inflater = HTTP2Inflater() else {
        Issue.record("no decoder")
        return
      }
      for (block, fields) in zip(blocks, expected) {
        var list = HTTP2HeaderList()
        let whole = bytes(block)
        for start in stride(from: 0, to: whole.count, by: size) {
          let end = min(start + size, whole.count)
          let isGood = inflater.inflate(
            whole.span.extracting(start..<end), isLast: end == whole.count, into: &list)
          #expect(isGood, "\(name)")
        }
        #expect(text(list) == fields, "\(name)")
      }
    }
  }

  @Test(
    "tables grow to the limit and no further",
    arguments: [
      ("3fe1 1f", true), ("3fe1 ff03", true), ("3fe2 ff03", false), ("3fff ffff ff0f", false),
    ])
  func tables(block: String, isGood: Bool) {
    guard var inflater = HTTP2Inflater() else {
      Issue.record("no decoder")
      return
    }
    var list = HTTP2HeaderList()
    let update = bytes(block + "88")
    #expect(inflater.inflate(update.span, isLast: true, into: &list) == isGood)
    #expect(text(list) == (isGood ? [":status: 200"] : []))
  }

  @Test("a block that unfolds into far more than it holds is cut at the limit")
  func bomb() {
    guard var inflater = HTTP2Inflater() else {
      Issue.record("no decoder")
      return
    }
    var list = HTTP2HeaderList()
    let value = String(repeating: "v", count: 4_000)
    let block =
      HTTP2Builder.block([("x", value)]) + [UInt8](repeating: 0xbe, count: 16_000)
      + HTTP2Builder.block([("y", "z")])
    #expect(inflater.inflate(block.span, isLast: true, into: &list))
    #expect(list.isTooLong && list.bytes.count <= HTTP2HeaderList.limit)
    list.removeAll()
    #expect(inflater.inflate([0xbe].span, isLast: true, into: &list))
    #expect(text(list) == ["y: z"], "the table is right behind it")
  }
}
