import CrenelModel
import CrenelTestKit
import Testing

@testable import CrenelDecode

@Suite("HTTP/1 streams of any shape")
struct HTTP1CutTests {
  /// What a client may say: requests, parts of them, requests of HTTP/0.9, and no HTTP at all.
  private static let client = [
    "GET /a HTTP/1.1\r\nHost: h.example\r\n\r\n", "GET /old\r\n", "GET /old\n", "\r\n", "\n", "x",
    "POST /p HTTP/1.1\r\nContent-Length: 5\r\n\r\nhello", "GET /a HTTP/1.1\r\nHos", "t: h\r\n\r\n",
    "POST /p HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n", "a: b\n",
    "CONNECT h:25 HTTP/1.1\r\n\r\n", "HEAD / HTTP/1.1\n\n", "what?\r\n", "GET", " /x",
    "{\"a\": 1}\n",
  ]

  /// What a server may say, the beginnings of a status line among it.
  private static let server = [
    "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", "HTTP/1.1 204 No Content\r\n\r\n", "<p>",
    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n", "HTT", "\r\n",
    "P/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n", "HTTP/1.0 200 OK\r\n\r\nrest", "x\n",
    "HTTP/1.1 100 Continue\r\n\r\n", "HTTP/x", "HTTP/1.1 200 OK\r\nContent-Le", "ngth: 1\r\n\r\n1",
  ]

  /// A connection of random things, said in random order.
  private static func events(_ random: inout Seeded) -> [Event] {
    var events: [Event] = []
    for _ in 0..<Int.random(in: 2...9, using: &random) {
      let isClient = Bool.random(using: &random)
      switch Int.random(in: 0..<16, using: &random) {
      case 0: events.append(.gap(isClient ? .client : .server, .random(in: 1...60, using: &random)))
      case 1, 2:
        let count = Int.random(in: 1...4_080, using: &random)
        let first = UInt8.random(in: 0...255, using: &random)
        let isNoise = Bool.random(using: &random)
        let bytes = (0..<count).map { _ in
          isNoise ? UInt8.random(in: 0...255, using: &random) : first
        }
        events.append(.bytes(isClient ? .client : .server, bytes))
      default:
        let words = (0..<Int.random(in: 1...4, using: &random)).compactMap { _ in
          (isClient ? client : server).randomElement(using: &random)
        }
        events.append(isClient ? .client(words.joined()) : .server(words.joined()))
      }
    }
    if Bool.random(using: &random) { events.append(.end(.client)) }
    if Bool.random(using: &random) { events.append(.end(.server)) }
    return events
  }

  @Test(
    "no mixture of requests, HTTP/0.9 and garbage depends on how it was cut",
    arguments: Array(0..<160) + [339] as [UInt64])
  func mixtures(seed: UInt64) {
    var random = Seeded(seed)
    let events = Self.events(&random)
    var whole = HTTP1Run(names: ["form.a", "json.a"])
    whole.play(events)
    whole.close()
    for pieces in [1, 3, 40] {
      var cut = HTTP1Run(names: ["form.a", "json.a"])
      cut.play(events, pieces: pieces, seed: seed)
      cut.close()
      #expect(cut.whole == whole.whole, "seed \(seed), pieces of \(pieces)")
      #expect(cut.context.stalls == 0)
    }
  }

  @Test("garbage of a server that comes before an HTTP/0.9 request is its answer, however cut")
  func heldGarbage() {
    let events: [Event] = [
      .bytes(.server, Array(repeating: 0xdb, count: 4_040)), .client("GET /old\r\n"),
    ]
    for pieces in [nil, 1, 3] {
      var run = HTTP1Run()
      run.play(events, pieces: pieces)
      run.close()
      #expect(run.lines == ["GET /old - 0 0/4040 incomplete"])
    }
  }
}
