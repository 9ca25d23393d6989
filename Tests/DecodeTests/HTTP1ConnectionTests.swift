import CrenelModel
import CrenelTestKit
import Testing

@testable import CrenelDecode

/// A connection with what must come out of it.
struct HTTP1Case: Sendable, CustomTestStringConvertible {
  var name: String
  var events: [Event]
  var expected: [String]
  var testDescription: String { name }

  init(_ name: String, _ events: [Event], _ expected: [String]) {
    self.name = name
    self.events = events
    self.expected = expected
  }
}

private let get = "GET /a HTTP/1.1\r\nHost: h.example\r\n\r\n"
private let ok = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"

private let plain: [HTTP1Case] = [
  HTTP1Case(
    "keep-alive", [.client(get), .server(ok), .client(get), .server(ok)],
    ["GET /a 1.1 200 0/5", "GET /a 1.1 200 0/5"]),
  HTTP1Case(
    "pipelined", [.client(get + get.replacing("/a", with: "/b")), .server(ok + ok)],
    ["GET /a 1.1 200 0/5", "GET /b 1.1 200 0/5"]),
  HTTP1Case(
    "a body in both directions",
    [.client("POST /p HTTP/1.1\r\nContent-Length: 3\r\n\r\nabc"), .server(ok)],
    ["POST /p 1.1 200 3/5"]),
  HTTP1Case(
    "chunks, an extension and a trailer",
    [
      .client(get),
      .server(
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
          + "4;x=1\r\nabcd\r\n0A \r\n0123456789\r\n0\r\nX: y\r\n\r\n"), .client(get), .server(ok),
    ],
    ["GET /a 1.1 200 0/14", "GET /a 1.1 200 0/5"]),
  HTTP1Case(
    "a chunked request",
    [
      .client("POST /p HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n"),
      .server(ok),
    ],
    ["POST /p 1.1 200 3/5"]),
  HTTP1Case(
    "100-continue",
    [
      .client("POST /p HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\n"),
      .server("HTTP/1.1 100 Continue\r\n\r\n"), .client("abc"), .server(ok),
    ],
    ["POST /p 1.1 200 3/5"]),
  HTTP1Case(
    "early hints, twice, and the response",
    [
      .client(get), .server("HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n"),
      .server("HTTP/1.1 103 Early Hints\r\n\r\n" + ok),
    ],
    ["GET /a 1.1 200 0/5"]),
  HTTP1Case(
    "HEAD has no body",
    [
      .client(get.replacing("GET", with: "HEAD")),
      .server("HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n"), .client(get), .server(ok),
    ],
    ["HEAD /a 1.1 200 0/0", "GET /a 1.1 200 0/5"]),
  HTTP1Case(
    "204 and 304 have no body",
    [
      .client(get + get + get),
      .server(
        "HTTP/1.1 204 No Content\r\n\r\nHTTP/1.1 304 Not Modified\r\nContent-Length: 9\r\n\r\n"
          + ok),
    ],
    ["GET /a 1.1 204 0/0", "GET /a 1.1 304 0/0", "GET /a 1.1 200 0/5"]),
  HTTP1Case(
    "a body up to the end of the connection",
    [.client(get), .server("HTTP/1.0 200 OK\r\n\r\nabc"), .server("def"), .end(.server)],
    ["GET /a 1.1 200 0/6"]),
  HTTP1Case(
    "an upgrade ends it",
    [
      .client("GET /ws HTTP/1.1\r\nUpgrade: websocket\r\n\r\n"),
      .server("HTTP/1.1 101 Switching Protocols\r\n\r\n\u{1}\u{2}"), .client("\u{1}\u{2}\u{3}"),
    ],
    ["GET /ws 1.1 101 0/0"]),
  HTTP1Case(
    "CONNECT that is granted",
    [
      .client("CONNECT h.example:25 HTTP/1.1\r\n\r\n"), .client("early"),
      .server("HTTP/1.1 200 Established\r\n\r\n220 mail\r\n"), .client("GET / HTTP/1.1\r\n\r\n"),
    ],
    ["CONNECT h.example:25 1.1 200 0/0"]),
  HTTP1Case(
    "CONNECT that is refused",
    [
      .client("CONNECT h.example:25 HTTP/1.1\r\n\r\n" + get),
      .server("HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\n\r\nno" + ok),
    ],
    ["CONNECT h.example:25 1.1 403 0/2", "GET /a 1.1 200 0/5"]),
  HTTP1Case(
    "HTTP/0.9", [.client("GET /old\r\n"), .server("<p>old"), .end(.server)],
    ["GET /old - 0 0/6"]),
  HTTP1Case(
    "HTTP/0.9 that is refused",
    [.client("GET /old\r\n"), .server("HTTP/1.0 400 Bad Request\r\n\r\nno"), .end(.server)],
    ["GET /old - 400 0/2"]),
  HTTP1Case(
    "lines that end in LF alone",
    [.client("GET /a HTTP/1.1\nHost: h\n\n"), .server("HTTP/1.1 200 OK\nContent-Length: 2\n\nok")],
    ["GET /a 1.1 200 0/2"]),
  HTTP1Case(
    "empty lines before messages", [.client("\r\n\r\n" + get), .server("\r\n" + ok)],
    ["GET /a 1.1 200 0/5"]),
  HTTP1Case(
    "an odd method", [.client(get.replacing("GET", with: "M-SEARCH")), .server(ok)],
    ["M-SEARCH /a 1.1 200 0/5"]),
  HTTP1Case(
    "an absolute target",
    [.client("GET http://h.example/x HTTP/1.1\r\n\r\n"), .server(ok)],
    ["GET http://h.example/x 1.1 200 0/5"]),
]

private let odd: [HTTP1Case] = [
  HTTP1Case("no response", [.client(get)], ["GET /a 1.1 0 0/-1 incomplete unpaired"]),
  HTTP1Case(
    "a response that was cut",
    [.client(get), .server("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc")],
    ["GET /a 1.1 200 0/3 incomplete"]),
  HTTP1Case(
    "a response head that was cut", [.client(get), .server("HTTP/1.1 200 OK\r\nContent-Le")],
    ["GET /a 1.1 200 0/0 incomplete"]),
  HTTP1Case(
    "a request head that was cut", [.client("GET /cut HTTP/1.1\r\nHost: h\r\nCoo")],
    ["GET /cut 1.1 0 0/-1 incomplete unpaired"]),
  HTTP1Case(
    "only the server's side", [.server(ok + ok)],
    [
      "- - - 200 -1/5 incomplete unknown-target unpaired",
      "- - - 200 -1/5 incomplete unknown-target unpaired",
    ]),
  HTTP1Case(
    "a response captured before its request", [.server(ok), .client(get)],
    ["GET /a 1.1 200 0/5"]),
  HTTP1Case(
    "a negative length",
    [.client("POST /p HTTP/1.1\r\nHost: h\r\nContent-Length: -1\r\n\r\n"), .server(ok)],
    ["POST /p 1.1 200 0/5 ambiguous-length"]),
  HTTP1Case(
    "two lengths",
    [
      .client("POST /p HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\nContent-Length: 3\r\n\r\nabc"),
      .server(ok),
    ],
    ["POST /p 1.1 200 3/5 ambiguous-length"]),
  HTTP1Case(
    "a length and chunks",
    [
      .client(
        "POST /p HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n"
          + "1\r\na\r\n0\r\n\r\n"), .server(ok),
    ],
    ["POST /p 1.1 200 1/5 ambiguous-length"]),
  HTTP1Case(
    "a chunk size without end",
    [
      .client(
        "POST /p HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n"
          + "10000000000000000\r\na\r\n0\r\n\r\n"), .server(ok),
    ],
    ["POST /p 1.1 200 0/5 incomplete bad-message"]),
  HTTP1Case(
    "a folded field",
    [
      .client(
        "POST /p HTTP/1.1\r\nHost: h\r\nTransfer-Encoding:\r\n chunked\r\n\r\n1\r\na\r\n0\r\n\r\n"),
      .server(ok),
    ],
    ["POST /p 1.1 200 1/5"]),
  HTTP1Case(
    "garbage for a request", [.client("\u{16}\u{3}\u{1}garbage\n\n"), .server(ok)],
    ["- \u{16}\u{3}\u{1}garbage - 200 0/5 malformed bad-message"]),
  HTTP1Case(
    "a line without a version, and other lines behind it",
    [.client("GET /old\r\nwhat?\r\nGET /a HTTP/1.1\r\n\r\n"), .server("x"), .end(.server)],
    ["GET /old - 0 0/1", "GET /a 1.1 0 0/-1 incomplete unpaired"]),
  HTTP1Case(
    "garbage for a response, and one behind it",
    [.client(get), .server("1\r\n\r\nHTTP/\u{1}+" + ok)], ["GET /a 1.1 200 0/5 bad-message"]),
  HTTP1Case(
    "a server that speaks first", [.server("HT-220 hello\r\n"), .server("HTTP/x"), .server(ok)],
    ["- - - 200 -1/5 incomplete unknown-target unpaired"]),
  HTTP1Case(
    "an early answer",
    [.client("POST /p HTTP/1.1\r\nContent-Length: 9\r\n\r\nabc"), .server(ok), .client("def")],
    ["POST /p 1.1 200 6/5 incomplete"]),
]

private let holes: [HTTP1Case] = [
  HTTP1Case(
    "inside a response body",
    [
      .client(get), .server("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc"), .gap(.server, 4),
      .server("de" + ok.replacing("200", with: "500")), .client(get),
    ],
    ["GET /a 1.1 200 0/9 incomplete stream-gap", "GET /a 1.1 500 0/5"]),
  HTTP1Case(
    "inside a chunk",
    [
      .client(get), .server("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab"),
      .gap(.server, 2), .server("e\r\n0\r\n\r\n"), .client(get), .server(ok),
    ],
    ["GET /a 1.1 200 0/5 incomplete stream-gap", "GET /a 1.1 200 0/5"]),
  HTTP1Case(
    "over a chunk's end",
    [
      .client(get), .server("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab"),
      .gap(.server, 20), .server("e\r\n0\r\n\r\n"), .client(get), .server(ok),
    ],
    ["GET /a 1.1 200 0/2 incomplete stream-gap", "GET /a 1.1 200 0/5"]),
  HTTP1Case(
    "inside a response head",
    [
      .client(get), .server("HTTP/1.1 200 OK\r\nX: "), .gap(.server, 9), .server("hello"),
      .client(get), .server(ok),
    ],
    ["GET /a 1.1 200 0/0 incomplete stream-gap", "GET /a 1.1 200 0/5"]),
  HTTP1Case(
    "a whole response",
    [.client(get), .gap(.server, 60), .client(get.replacing("/a", with: "/b")), .server(ok)],
    ["GET /a 1.1 0 0/-1 incomplete stream-gap unpaired", "GET /b 1.1 200 0/5"]),
  HTTP1Case(
    "a whole response, told after the next request",
    [
      .client(get), .client(get.replacing("/a", with: "/b")), .gap(.server, 60), .server(ok),
      .client(get.replacing("/a", with: "/c")), .server(ok.replacing("200", with: "404")),
    ],
    [
      "GET /a 1.1 0 0/-1 incomplete stream-gap unpaired", "GET /b 1.1 200 0/5",
      "GET /c 1.1 404 0/5",
    ]),
  HTTP1Case(
    "two whole responses in one hole",
    [
      .client(get), .client(get.replacing("/a", with: "/b")),
      .client(get.replacing("/a", with: "/c")), .gap(.server, 120), .server(ok),
      .client(get.replacing("/a", with: "/d")), .server(ok.replacing("200", with: "404")),
    ],
    [
      "GET /a 1.1 0 0/-1 incomplete stream-gap unpaired", "GET /b 1.1 0 0/-1 incomplete unpaired",
      "GET /c 1.1 200 0/5 stream-gap", "GET /d 1.1 404 0/5",
    ]),
  HTTP1Case(
    "a whole request",
    [
      .client(get), .server(ok), .gap(.client, 40), .server(ok.replacing("200", with: "404")),
      .client(get.replacing("/a", with: "/b")), .server(ok),
    ],
    [
      "GET /a 1.1 200 0/5", "- - - 404 -1/5 incomplete unknown-target stream-gap",
      "GET /b 1.1 200 0/5",
    ]),
  HTTP1Case(
    "inside a request head",
    [
      .client("GET /a HTTP/1.1\r\nCookie: "), .gap(.client, 9), .client("x\r\n\r\n"), .server(ok),
      .client(get), .server(ok),
    ],
    ["GET /a 1.1 200 0/5 incomplete stream-gap", "GET /a 1.1 200 0/5"]),
  HTTP1Case(
    "inside a request body",
    [
      .client("POST /p HTTP/1.1\r\nContent-Length: 9\r\n\r\nabc"), .gap(.client, 4), .client("de"),
      .server(ok), .client(get), .server(ok),
    ],
    ["POST /p 1.1 200 9/5 incomplete stream-gap", "GET /a 1.1 200 0/5"]),
]

private let cuts: [HTTP1Case] = [
  HTTP1Case(
    "targets that the snap length cut, one after the other",
    [
      .client("GET /booking/cre"), .cut(.client, 60), .server("HTTP/1.1 200 OK\r\nDa"),
      .cut(.server, 90), .client("POST /booking/create/1"), .cut(.client, 80),
      .server("HTTP/1.1 302 Fo"), .cut(.server, 70), .client(get), .server(ok),
    ],
    [
      "GET /booking/cre - 200 0/0 incomplete unknown-target cut-by-capture stream-gap",
      "POST /booking/create/1 - 302 0/0 incomplete unknown-target cut-by-capture stream-gap",
      "GET /a 1.1 200 0/5",
    ]),
  HTTP1Case(
    "a cut target at the end, and text that is none",
    [
      .client("GET /x HTTP/1.1\r\nCoo"), .cut(.client, 9), .client("and so on\r\nGE"),
      .cut(.client, 9), .client("GET /y"),
    ],
    [
      "GET /x 1.1 0 0/-1 incomplete cut-by-capture stream-gap unpaired",
      "GET /y - 0 0/-1 incomplete unknown-target unpaired",
    ]),
  HTTP1Case(
    "a head of which the line is whole",
    [.client("GET /a HTTP/1.1\r\nHos"), .cut(.client, 20), .server(ok)],
    ["GET /a 1.1 200 0/5 incomplete cut-by-capture stream-gap"]),
  HTTP1Case(
    "inside bodies",
    [
      .client("POST /p HTTP/1.1\r\nContent-Length: 9\r\n\r\nabc"), .cut(.client, 6),
      .server("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc"), .cut(.server, 6),
    ],
    ["POST /p 1.1 200 9/9 incomplete cut-by-capture stream-gap"]),
]

@Suite("HTTP/1 connections")
struct HTTP1ConnectionTests {
  @Test("give the exchanges that were sent", arguments: plain + odd + holes + cuts)
  func table(_ row: HTTP1Case) {
    var run = HTTP1Run()
    run.play(row.events)
    run.close()
    #expect(run.lines == row.expected)
    #expect(!run.connection.hasWork)
  }

  @Test("give the same however the streams are cut", arguments: plain + odd, [1, 2, 3, 17])
  func anySplit(_ row: HTTP1Case, _ pieces: Int) {
    var whole = HTTP1Run()
    whole.play(row.events)
    whole.close()
    for seed in 0..<8 as Range<UInt64> {
      var cut = HTTP1Run()
      cut.play(row.events, pieces: pieces, seed: seed)
      cut.close()
      #expect(cut.whole == whole.whole, "seed \(seed)")
    }
  }

  @Test("never stop at hostile bytes", arguments: 0..<40 as Range<UInt64>)
  func mutations(_ seed: UInt64) {
    var random = Seeded(seed)
    for row in plain + odd + holes {
      var run = HTTP1Run(names: ["form.a", "json.b", "header.host", "cookie.c"])
      run.play(row.events.map { Self.mutated($0, &random) }, pieces: 40, seed: seed)
      run.close()
      #expect(!run.connection.hasWork)
      #expect(run.context.stalls == 0)
      for exchange in run.batch.exchanges {
        #expect(exchange.start.earliest <= exchange.end.latest)
        for field in TextField.allCases where exchange[field].isPresent {
          #expect(exchange[field].indices.upperBound <= run.batch.bytes.count)
        }
      }
    }
  }

  @Test("allocate nothing when warm", .enabled(if: isReleaseBuild))
  func allocations() {
    let context = HTTP1Context(DecoderConfiguration())
    var connection = HTTP1Connection(HTTP1Run.flow(), context)
    var batch = ExchangeBatch()
    let request = Array(get.utf8)
    let response = Array(ok.utf8)
    let mark = PacketMark(at: Timestamp(nanoseconds: 0), frame: 1)
    var before: UInt64 = 0
    for round in 0..<64 {
      if round == 32 {
        batch.removeAll()
        before = allocationCount()
      }
      let half = request.count / 2
      connection.feed(
        .client, request.span.extracting(0..<half), offset: 0, mark, into: &batch)
      connection.feed(
        .client, request.span.extracting(half..<request.count), offset: 0, mark, into: &batch)
      connection.feed(.server, response.span, offset: 0, mark, into: &batch)
    }
    let count = allocationCount() - before
    #expect(batch.exchanges.count == 32)
    #expect(count == 0)
  }

  private static func mutated(_ event: Event, _ random: inout Seeded) -> Event {
    var bytes: [UInt8]
    let side: FlowSide
    switch event {
    case .client(let text):
      bytes = Array(text.utf8)
      side = .client
    case .server(let text):
      bytes = Array(text.utf8)
      side = .server
    case .bytes, .gap, .cut, .end: return event
    }
    for _ in 0..<Int.random(in: 0...3, using: &random) where !bytes.isEmpty {
      let at = Int.random(in: bytes.indices, using: &random)
      switch Int.random(in: 0..<6, using: &random) {
      case 0: bytes[at] = UInt8.random(in: 0...255, using: &random)
      case 1: bytes.remove(at: at)
      case 2: bytes.insert(contentsOf: [0x0d, 0x0a], at: at)
      case 3: bytes.removeSubrange(at...)
      case 4: bytes.insert(contentsOf: bytes[at...], at: at)
      default: return .gap(side, UInt64(at))
      }
    }
    return .bytes(side, bytes)
  }
}
