import CrenelModel
import CrenelTestKit
import Testing

@testable import CrenelDecode

/// What is read here without LibHTP, LibHTP reads in the same way.
@Suite("Heads read and heads judged")
struct HeadJudgeTests {
  private static let fields = [
    "Host: h.example", "Content-Length: 0", "Content-Length: 17", "content-length:  5 ",
    "Content-Length: +5", "Content-Length: 5, 5", "Content-Length: 999999999999999999999",
    "Transfer-Encoding: chunked", "transfer-encoding: Chunked", "Transfer-Encoding: gzip, chunked",
    "Transfer-Encoding: identity", "X: a\u{b}b", "X : y", " folded", "X:", ": x", "nothing",
    "Cookie: a=1", "Content-Type: text/html",
  ]

  private static func head(_ first: String, _ random: inout Seeded) -> [UInt8] {
    var text = first + "\r\n"
    for _ in 0..<Int.random(in: 0...4, using: &random) {
      text += fields[Int.random(in: fields.indices, using: &random)]
      text += Int.random(in: 0..<20, using: &random) == 0 ? "\n" : "\r\n"
    }
    return Array((text + "\r\n").utf8)
  }

  @Test("agree on requests", arguments: 0..<40 as Range<UInt64>)
  func requests(_ seed: UInt64) {
    var random = Seeded(seed)
    let judge = HeadJudge(HTTP1Limits())
    var plain = 0
    for _ in 0..<50 {
      let lines = ["GET / HTTP/1.1", "POST /a?b HTTP/1.0", "QUERY * HTTP/1.1", "HEAD /x HTTP/1.1"]
      let line = lines[Int.random(in: lines.indices, using: &random)]
      let bytes = Self.head(line, &random)
      var head = MessageHead()
      head.read(bytes.span, bytes.indices, limit: 256)
      guard let verdict = PlainHead.request(head, bytes.span) else { continue }
      plain += 1
      #expect(
        judge.request(bytes.span).framing == verdict.framing,
        "\(String(decoding: bytes, as: UTF8.self))")
    }
    #expect(plain > 5)
  }

  @Test("agree on responses", arguments: 0..<40 as Range<UInt64>)
  func responses(_ seed: UInt64) {
    var random = Seeded(seed)
    let judge = HeadJudge(HTTP1Limits())
    var plain = 0
    for _ in 0..<50 {
      let status =
        [101, 200, 204, 206, 301, 304, 404, 407, 500, 599].randomElement(using: &random) ?? 200
      let kind = [RequestKind.other, .head, .connect].randomElement(using: &random) ?? .other
      let minor = Int.random(in: 0...1, using: &random)
      let bytes = Self.head("HTTP/1.\(minor) \(status) Some reason", &random)
      var head = MessageHead()
      head.read(bytes.span, bytes.indices, limit: 256)
      guard let verdict = PlainHead.response(head, bytes.span, to: kind) else { continue }
      plain += 1
      let judged = judge.response(bytes.span, to: kind)
      let text = String(decoding: bytes, as: UTF8.self)
      #expect(judged.framing == verdict.framing, "\(kind) \(text)")
      #expect(judged.status == verdict.status, "\(kind) \(text)")
    }
    #expect(plain > 5)
  }

  @Test(
    "judge what is not plain",
    arguments: [
      ("Transfer-Encoding:\r\n chunked", BodyFraming.chunked),
      ("Transfer-Encoding : chunked", .chunked),
      ("Content-Length: 4\r\nContent-Length: 4", .length(4)),
      ("Content-Length: 4\r\nTransfer-Encoding: chunked", .chunked),
      ("Content-Length: x", .none), ("Transfer-Encoding: identity", .none),
    ])
  func judged(_ fields: String, _ framing: BodyFraming) {
    let bytes = Array("POST / HTTP/1.1\r\nHost: h\r\n\(fields)\r\n\r\n".utf8)
    var head = MessageHead()
    head.read(bytes.span, bytes.indices, limit: 256)
    #expect(PlainHead.request(head, bytes.span) == nil)
    #expect(HeadJudge(HTTP1Limits()).request(bytes.span).framing == framing)
  }
}
