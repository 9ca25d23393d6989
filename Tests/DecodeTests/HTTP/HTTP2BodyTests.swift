import CrenelModel
import CrenelTestKit
import Testing

@testable import CrenelDecode

private typealias Build = HTTP2Builder

/// A body with what it is said to be, and the mailbox and the number in it.
private struct BodyCase: Sendable, CustomTestStringConvertible {
  var type: String
  var coding: String?
  var body: [UInt8]
  var testDescription: String { "\(type) \(coding ?? "")" }

  init(_ type: String, _ body: [UInt8], coding: String? = nil) {
    self.type = type
    self.body = body
    self.coding = coding
  }

  static let form = "application/x-www-form-urlencoded"
  static let all = [
    BodyCase(form, Array("a=b&email=m%40x.example&number=5".utf8)),
    BodyCase("application/json", Array(#"{"email":"m@x.example","number":5}"#.utf8)),
    BodyCase(
      "multipart/form-data; boundary=B",
      Array(
        """
        --B\r
        Content-Disposition: form-data; name="email"\r
        \r
        m@x.example\r
        --B\r
        Content-Disposition: form-data; name="number"\r
        \r
        5\r
        --B--\r

        """.utf8)),
    BodyCase(form, CompressedBodies.gzip, coding: "gzip"),
    BodyCase(form, CompressedBodies.zlib, coding: "deflate"),
    BodyCase(form, CompressedBodies.brotli, coding: "br"),
  ]
}

@Suite("HTTP/2 request bodies")
struct HTTP2BodyTests {
  private static let configuration: DecoderConfiguration = {
    var configuration = DecoderConfiguration()
    for name in ["form.email", "json.email", "form.number", "json.number"] {
      _ = configuration.names.slot(for: name)
    }
    return configuration
  }()

  private static func open(
    _ stream: UInt32, _ type: String = BodyCase.form, coding: String? = nil
  ) -> [UInt8] {
    let more = coding.map { [("content-encoding", $0)] } ?? []
    return Build.headers(
      stream, Build.request("/rdv", method: "POST", [("content-type", type)] + more))
  }

  private static func answer(_ stream: UInt32) -> HTTP2Piece {
    .server(Build.headers(stream, [(":status", "200")], ends: true))
  }

  /// The mailbox and the number that were found, by whatever name they were asked for.
  private static func found(_ seen: SeenHTTP2, _ index: Int = 0) -> [String?] {
    let extras = (0..<4).map { seen.batch.string(seen.exchanges[index].extras[$0]) }
    return [extras[0] ?? extras[1], extras[2] ?? extras[3]]
  }

  @Test("give the fields asked for, however they are cut", arguments: BodyCase.all, [1, 7, 4_096])
  fileprivate func fields(row: BodyCase, size: Int) {
    let half = row.body.count / 2
    let pieces: [HTTP2Piece] = [
      .client(Self.open(1, row.type, coding: row.coding)),
      .client(Build.frame(0, 0, 1, Array(row.body[..<half]))),
      .client(Build.frame(0, 9, 1, [3] + Array(row.body[half...]) + [0, 0, 0])), Self.answer(1),
    ]
    let seen = SeenHTTP2(pieces, Self.configuration, cut: { min($0, size) })
    #expect(Self.found(seen) == ["m@x.example", "5"])
    #expect(seen.detail().requestBodyBytes == Int64(row.body.count))
    #expect(seen.exchanges[0].flags == [.stampedAtEnd])
    #expect(seen.lines == SeenHTTP2(pieces, Self.configuration).lines)
  }

  @Test("of streams that run into each other each has its own")
  func interleaved() {
    let seen = SeenHTTP2(
      [
        .client(Self.open(1) + Self.open(3)), .client(Build.frame(0, 0, 1, Array("email=a".utf8))),
        .client(Build.frame(0, 0, 3, Array("email=b".utf8))),
        .client(Build.frame(0, 1, 1, Array("1&number=1".utf8))),
        .client(Build.frame(0, 1, 3, Array("3&number=3".utf8))), Self.answer(1), Self.answer(3),
      ], Self.configuration)
    #expect(Self.found(seen, 0) == ["a1", "1"] && Self.found(seen, 1) == ["b3", "3"])
  }

  @Test("that end in trailers, in a reset or not at all give what there is of them")
  func ends() {
    let body = Array("email=a&number=7".utf8)
    let trailers = Build.headers(1, [("x", "y")], ends: true)
    for end in [trailers, Build.frame(3, 0, 1, [0, 0, 0, 8]), []] {
      let seen = SeenHTTP2(
        [.client(Self.open(1) + Build.frame(0, 0, 1, body)), .client(end)], Self.configuration)
      #expect(Self.found(seen) == ["a", "7"])
    }
  }

  @Test("with a hole give no field, and those that the snap length cut say so")
  func holes() {
    let body = Array("email=a&number=7".utf8)
    let frame = Build.frame(0, 1, 1, body)
    let seen = SeenHTTP2(
      [
        .client(Self.open(1) + frame[..<20]), .lost(.client, 2), .client(Array(frame[22...])),
        Self.answer(1),
      ], Self.configuration)
    #expect(Self.found(seen) == [nil, nil])
    #expect(seen.detail().anomalies.contains(.streamGap))
    #expect(seen.detail().requestBodyBytes == Int64(body.count))
  }

  @Test("are looked at up to the limits, and what is odd about them is noted")
  func limits() {
    let filler = [UInt8](repeating: 0x61, count: 16_000)
    var pieces: [HTTP2Piece] = [
      .client(Self.open(1) + Build.frame(0, 0, 1, Array("email=a&x=".utf8)))
    ]
    for _ in 0..<5 { pieces.append(.client(Build.frame(0, 0, 1, filler))) }
    pieces.append(.client(Build.frame(0, 1, 1, Array("&number=7".utf8))))
    let seen = SeenHTTP2(pieces + [Self.answer(1)], Self.configuration)
    #expect(Self.found(seen) == ["a", nil])
    #expect(seen.detail().requestBodyBytes == 80_019)

    let broken = SeenHTTP2(
      [
        .client(Self.open(1, coding: "br") + Build.frame(0, 1, 1, Array("email=a".utf8))),
        Self.answer(1),
      ], Self.configuration)
    #expect(broken.detail().anomalies.contains(.badCompression))
  }

  @Test("keep no more than the limit of a connection, and the streams go on")
  func connectionLimit() {
    let filler = Array("x=".utf8) + [UInt8](repeating: 0x61, count: 15_000)
    let ids = (0..<40).map { UInt32(2 * $0 + 1) }
    var pieces: [HTTP2Piece] = []
    for id in ids {
      pieces.append(.client(Self.open(id) + Build.frame(0, 0, id, Array("email=a&".utf8))))
    }
    for _ in 0..<4 { pieces += ids.map { .client(Build.frame(0, 0, $0, filler)) } }
    pieces += ids.map { .client(Build.frame(0, 1, $0, Array("&number=7".utf8))) }
    let seen = SeenHTTP2(pieces + ids.map { Self.answer($0) }, Self.configuration)
    #expect(seen.exchanges.count == 40)
    #expect(ids.indices.allSatisfy { Self.found(seen, $0)[0] == "a" })
    #expect(ids.indices.contains { Self.found(seen, $0)[1] == nil })
    #expect(seen.exchanges.allSatisfy { $0.flags == [.stampedAtEnd] })
  }

  @Test("a response whose request was not captured is no request")
  func unpaired() {
    let seen = SeenHTTP2([Self.answer(1)], Self.configuration)
    #expect(seen.exchanges.map { $0.flags.contains(.unknownTarget) } == [true])
  }
}
