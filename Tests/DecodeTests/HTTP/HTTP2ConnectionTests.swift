import CrenelModel
import CrenelTestKit
import Testing

@testable import CrenelDecode

private typealias Build = HTTP2Builder

@Suite("HTTP/2 connections")
struct HTTP2ConnectionTests {
  @Test("a request and its response are one exchange, as a log would have it")
  func whole() {
    let fields = Build.request(
      "/rdv?jour=3#x",
      [
        ("user-agent", "curl/8"), ("referer", "http://rdv.example/"), ("accept-language", "fr"),
        ("content-type", "a/b"), ("cookie", "a=1"), ("cookie", "b=2"),
        ("x-forwarded-for", "203.0.113.5"), ("x-request-id", "r1"),
      ])
    let request = Build.headers(1, fields, ends: true)
    let answer = Build.headers(
      1, [(":status", "302"), ("location", "/done"), ("content-type", "q")])
    let seen = SeenHTTP2([
      .client(request), .server(answer), .server(Build.data(1, 700)),
      .server(Build.data(1, 300, ends: true)),
    ])
    #expect(seen.exchanges.count == 1 && seen.early == 1)
    let expected: [(TextField, String)] = [
      (.method, "GET"), (.target, "/rdv?jour=3#x"), (.path, "/rdv"), (.query, "jour=3"),
      (.host, "rdv.example"), (.scheme, "http"), (.version, "2"), (.userAgent, "curl/8"),
      (.referrer, "http://rdv.example/"), (.acceptLanguage, "fr"), (.contentType, "a/b"),
      (.cookies, "a=1; b=2"), (.forwardedFor, "203.0.113.5"), (.requestID, "r1"),
      (.location, "/done"),
    ]
    for (field, value) in expected { #expect(seen.text(field) == value) }
    let exchange = seen.exchanges[0]
    #expect(exchange.status == 302 && exchange.bodyBytes == 1_000)
    #expect(exchange.requestBytes == Int64(request.count))
    #expect(exchange.responseBytes == Int64(answer.count + 1_018))
    #expect(exchange.connection == 42 && exchange.connectionRequest == 1)
    #expect(exchange.start == TimeBounds(exact: testMark(3).at))
    #expect(exchange.end == TimeBounds(exact: testMark(6).at) && exchange.at == testMark(6).at)
    #expect(exchange.elapsed == 3 * Nanoseconds.millisecond)
    #expect(exchange.client.description == "192.0.2.7" && exchange.port == 51_234)
    #expect(exchange.flags == [.stampedAtEnd])
    let detail = seen.detail()
    #expect(
      seen.batch.string(detail.headerNames)
        == ":method,:scheme,:authority,:path,user-agent,referer,accept-language,content-type,"
        + "cookie,cookie,x-forwarded-for,x-request-id")
    #expect(detail.requestFrames.first == 10 && detail.requestFrames.last == 10)
    #expect(detail.responseFrames.first == 11 && detail.responseFrames.last == 13)
    #expect(detail.requestStream.offset == 33)
    #expect(detail.requestStream.length == UInt64(request.count))
    #expect(detail.responseStream.offset == 9 && detail.requestBodyBytes == 0)
    #expect(detail.server.description == "198.51.100.9")
  }

  @Test("streams that run into each other are paired, each at its own end")
  func pairing() {
    let seen = SeenHTTP2([
      .client(Build.headers(1, Build.request("/a"), ends: true)),
      .client(Build.headers(3, Build.request("/b", method: "POST"))),
      .server(Build.headers(1, [(":status", "200")])),
      .client(Build.data(3, 11)), .server(Build.data(1, 5)),
      .client(Build.data(3, 12, ends: true)),
      .server(Build.headers(3, [(":status", "404")], ends: true)),
      .server(Build.data(1, 6, ends: true)),
    ])
    #expect(seen.exchanges.map(\.status) == [404, 200])
    #expect(seen.exchanges.map(\.bodyBytes) == [0, 11])
    #expect(seen.text(.path, 0) == "/b" && seen.text(.path, 1) == "/a")
    #expect(seen.exchanges.map(\.connectionRequest) == [2, 1])
    #expect(seen.detail(0).requestBodyBytes == 23 && seen.detail(1).requestBodyBytes == 0)
  }

  @Test("padding, priority, continuations, informational responses and trailers")
  func shapes() {
    let block = Build.block(Build.request("/p", method: "POST"))
    let answer = Build.block([(":status", "200"), ("server", "x")])
    let seen = SeenHTTP2([
      .client(Build.frame(1, 0x28, 1, [3, 0, 0, 0, 0, 9] + block.prefix(10) + [0, 0, 0])),
      .client(Build.frame(9, 0, 1, Array(block[10..<20]))), .client(Build.frame(9, 0, 1, [])),
      .client(Build.frame(9, 4, 1, Array(block[20...]))),
      .server(Build.headers(1, [(":status", "100")])),
      .client(Build.frame(0, 0x08, 1, [2, 7, 7, 7, 0, 0])), .client(Build.frame(0, 0x08, 1, [0])),
      .client(Build.headers(1, [("trailer", "t")], ends: true)),
      .server(Build.frame(1, 0, 1, answer)), .server(Build.frame(9, 4, 1, [])),
      .server(Build.data(1, 0)), .server(Build.data(1, 9)),
      .server(Build.headers(1, [("grpc-status", "0")], ends: true)),
    ])
    #expect(seen.exchanges.count == 1)
    #expect(seen.text(.method) == "POST" && seen.text(.path) == "/p")
    #expect(seen.exchanges[0].status == 200 && seen.exchanges[0].bodyBytes == 9)
    #expect(seen.detail().requestBodyBytes == 3)
    #expect(seen.exchanges[0].flags == [.stampedAtEnd])
    #expect(seen.counters.count(.badHTTP2) == 0 && seen.counters.count(.badMessage) == 0)
  }

  @Test("frames about the connection, and unknown ones, are passed")
  func control() {
    let seen = SeenHTTP2([
      .client(Build.frame(4, 0, 0, [0, 1, 0, 0, 16, 0, 0, 5, 0, 1, 0, 0])),
      .server(Build.frame(4, 1, 0, [])), .client(Build.frame(8, 0, 0, [0, 1, 0, 0])),
      .client(Build.frame(2, 0, 3, [0, 0, 0, 0, 1])),
      .client(Build.frame(6, 0, 0, [1, 2, 3, 4, 5, 6, 7, 8])),
      .client(Build.frame(0xee, 0xff, 9, [1, 2, 3])),
      .client(Build.headers(1, Build.request("/a"), ends: true)),
      .server(Build.frame(7, 0, 0, [0, 0, 0, 1, 0, 0, 0, 0])),
      .server(Build.headers(1, [(":status", "204")], ends: true)),
    ])
    #expect(seen.lines.count == 1 && seen.exchanges[0].status == 204)
    #expect(seen.counters.count(.badHTTP2) == 0)
  }

  @Test("a push is not told, and its header block keeps the table right")
  func push() {
    let seen = SeenHTTP2([
      .client(Build.headers(1, Build.request("/a"), ends: true)),
      .server(
        Build.frame(5, 4, 1, [0, 0, 0, 2] + Build.block([(":method", "GET"), ("location", "/x")]))),
      .server(Build.frame(1, 4, 1, Build.block([(":status", "303")], indexed: false) + [0xbe])),
      .server(Build.headers(2, [(":status", "200")], ends: true)),
      .server(Build.data(1, 1, ends: true)),
    ])
    #expect(seen.exchanges.count == 1 && seen.text(.location) == "/x")
  }

  @Test("a reset ends a stream, and what was answered is told")
  func reset() {
    let seen = SeenHTTP2([
      .client(Build.headers(1, Build.request("/a"), ends: true)),
      .client(Build.headers(3, Build.request("/b"), ends: true)),
      .client(Build.frame(3, 0, 1, [0, 0, 0, 8])),
      .server(Build.headers(3, [(":status", "200")])),
      .server(Build.frame(3, 0, 3, [0, 0, 0, 2])), .server(Build.data(3, 4, ends: true)),
    ])
    #expect(seen.exchanges.map(\.status) == [0, 200])
    #expect(seen.exchanges.map(\.bodyBytes) == [-1, 0])
    #expect(seen.exchanges.allSatisfy { $0.flags.contains(.incomplete) })
    #expect(seen.early == 2)
  }

  @Test(
    "targets of every form",
    arguments: [
      (
        [(":method", "CONNECT"), (":authority", "a.example:443")], "a.example:443", nil, "a.example"
      ),
      ([(":method", "OPTIONS"), (":path", "*"), (":scheme", "http")], "*", "*", nil),
      (
        [(":method", "GET"), (":path", "/x"), ("host", "h.example:1")], "/x", "/x", "h.example"
      ),
    ] as [([(String, String)], String, String?, String?)])
  func targets(fields: [(String, String)], target: String, path: String?, host: String?) {
    let seen = SeenHTTP2([.client(Build.headers(1, fields, ends: true))])
    #expect(seen.text(.target) == target && seen.text(.path) == path && seen.text(.host) == host)
    #expect(!seen.exchanges[0].flags.contains(.malformedRequest))
  }

  @Test("a block that is no message is counted and flagged")
  func malformed() {
    let seen = SeenHTTP2([
      .client(Build.headers(1, [(":method", "GET")], ends: true)),
      .server(Build.headers(1, [(":status", "abc")], ends: true)),
    ])
    #expect(seen.exchanges[0].flags.contains(.malformedRequest))
    #expect(seen.exchanges[0].flags.contains(.incomplete))
    #expect(seen.counters.count(.badMessage) == 2)
    #expect(seen.detail().anomalies.contains(.badMessage))
  }

  @Test("headers and cookies asked for by name, and the client behind trusted proxies")
  func asked() {
    var configuration = DecoderConfiguration()
    for name in ["cookie.eZSESSID", "header.sec_fetch_mode", "json.x", "header.X-Odd"] {
      _ = configuration.names.slot(for: name)
    }
    configuration.client = .forwarded
    configuration.trustedProxies = [Network("192.0.2.0/24")].compactMap { $0 }
    let fields = Build.request(
      "/",
      [
        ("cookie", "x=1; eZSESSID=abc"), ("sec-fetch-mode", "cors"), ("x-odd", "o"),
        ("x-forwarded-for", "203.0.113.5"), ("x-forwarded-for", "192.0.2.66"),
      ])
    let seen = SeenHTTP2([.client(Build.headers(1, fields, ends: true))], configuration)
    let extras = (0..<4).map { seen.batch.string(seen.exchanges[0].extras[$0]) }
    #expect(extras == ["abc", "cors", nil, "o"])
    #expect(seen.exchanges[0].client.description == "203.0.113.5")
    #expect(seen.exchanges[0].peer.description == "192.0.2.7")
    #expect(seen.exchanges[0].flags.contains(.forwarded))
    #expect(seen.text(.forwardedFor) == "203.0.113.5, 192.0.2.66")
  }

  @Test("an upgraded request is stream 1")
  func upgrade() {
    var batch = ExchangeBatch()
    batch.bytes = Array("..GET /old".utf8)
    var request = Exchange(
      at: testMark(0).at, provenance: Provenance(source: 0, offset: 0, length: 0, line: 1))
    request[.method] = ByteRange(2..<5)
    request[.path] = ByteRange(6..<10)
    request.requestBytes = 80
    let seen = SeenHTTP2(
      [
        .server(Build.headers(1, [(":status", "200")], ends: true)),
        .client(Build.headers(3, Build.request("/new"), ends: true)),
        .server(Build.headers(3, [(":status", "200")], ends: true)),
      ], upgrading: (request, batch))
    #expect(seen.text(.path, 0) == "/old" && seen.text(.method, 0) == "GET")
    #expect(seen.text(.path, 1) == "/new")
    #expect(seen.exchanges.map(\.connectionRequest) == [1, 2])
    #expect(seen.exchanges[0].requestBytes == 80 && seen.exchanges[0].status == 200)
    #expect(!seen.exchanges[0].flags.contains(.incomplete))
    #expect(seen.exchanges[0].start.earliest == testMark(0).at)
  }
}

@Suite("HTTP/2 with holes, errors and limits")
struct HTTP2TroubleTests {
  private let ask = HTTP2Piece.client(Build.headers(1, Build.request("/a"), ends: true))

  @Test("bytes of a body that the capture lacks are counted as its bytes")
  func bodyGap() {
    let body = Build.data(1, 1_000, ends: true)
    let seen = SeenHTTP2([
      ask, .server(Build.headers(1, [(":status", "200")])), .server(Array(body[..<109])),
      .lost(.server, 900), .client(Build.headers(3, Build.request("/b"), ends: true)),
      .server(Build.headers(3, [(":status", "404")], ends: true)),
    ])
    #expect(seen.exchanges.map(\.status) == [200, 404])
    #expect(seen.exchanges[0].bodyBytes == 1_000)
    #expect(seen.exchanges[0].flags.contains(.incomplete))
    #expect(seen.detail().anomalies.contains(.streamGap))
    #expect(seen.exchanges[1].flags == [.stampedAtEnd])
  }

  @Test("a hole among the responses gives out the requests, then and later")
  func serverGap() {
    let seen = SeenHTTP2([
      ask, .lost(.server, 50), .client(Build.headers(3, Build.request("/b"), ends: true)),
      .server(Build.headers(3, [(":status", "200")], ends: true)),
    ])
    #expect(seen.early == 2 && seen.exchanges.map(\.status) == [0, 0])
    #expect(seen.text(.path, 1) == "/b")
    #expect(seen.exchanges.allSatisfy { $0.flags.contains(.incomplete) })
    #expect(seen.detail().anomalies.contains(.streamGap))
  }

  @Test("a hole among the requests gives out the responses alone")
  func clientGap() {
    let seen = SeenHTTP2([
      ask, .lost(.client, 50), .server(Build.headers(1, [(":status", "200")], ends: true)),
      .server(Build.headers(3, [(":status", "403")])), .server(Build.data(3, 7, ends: true)),
    ])
    #expect(seen.early == 2 && seen.exchanges.map(\.status) == [200, 403])
    #expect(!seen.exchanges[0].flags.contains(.incomplete))
    #expect(seen.exchanges[1].flags.contains(.incomplete))
    #expect(seen.exchanges[1].requestBytes == -1 && seen.exchanges[1].bodyBytes == 7)
    #expect(seen.counters.count(.unpaired) == 1)
  }

  @Test("a response that overtakes its request is paired with it")
  func overtaken() {
    let seen = SeenHTTP2([
      .server(Build.headers(1, [(":status", "200")], ends: true)), ask,
    ])
    #expect(seen.exchanges.count == 1 && seen.exchanges[0].status == 200)
    #expect(seen.text(.path) == "/a" && !seen.exchanges[0].flags.contains(.incomplete))
  }

  @Test(
    "frames that break the format end their side, counted once",
    arguments: [
      Build.frame(0, 0, 0, [1]), Build.frame(1, 4, 0, [0x88]), Build.frame(0, 8, 1, [9, 1]),
      Build.frame(0, 8, 1, []), Build.frame(1, 0x20, 3, [1]), Build.frame(3, 0, 1, [1]),
      Build.frame(4, 0, 0, [1]), Build.frame(4, 1, 0, [0, 1, 0, 0, 0, 0]),
      Build.frame(4, 0, 1, []), Build.frame(6, 0, 0, [1]), Build.frame(7, 0, 0, [1]),
      Build.frame(8, 0, 0, [1]), Build.frame(9, 4, 1, []), Build.frame(5, 4, 1, [0, 0, 0, 2]),
      Build.frame(1, 0, 3, [0x88]) + Build.data(1, 1), Build.frame(1, 4, 3, [0xff, 0xff]),
      Build.frame(1, 0, 3, [0x88]) + Build.frame(9, 4, 5, []), Build.frame(1, 4, 3, [0xc5]),
      Build.frame(1, 4, 3, [0x40, 5, 0x61]),
    ])
  func broken(bytes: [UInt8]) {
    let seen = SeenHTTP2([
      ask, .client(bytes), .client(Build.headers(9, Build.request("/never"), ends: true)),
      .server(Build.headers(1, [(":status", "200")], ends: true)),
    ])
    #expect(seen.counters.count(.badHTTP2) == 1)
    #expect(seen.exchanges.count == 1 && seen.exchanges[0].status == 200)
  }

  @Test(
    "a side that begins with something else is not read",
    arguments: [
      HTTP2Piece.client(Array("PRI * HTTP/2.0\r\n\r\nSX\r\n\r\n".utf8)),
      HTTP2Piece.server(Array("HTTP/1.1 400 Bad Request\r\n\r\n".utf8)),
      HTTP2Piece.server(Build.headers(1, [(":status", "200")])),
      HTTP2Piece.client(Build.preface + Build.data(1, 1)),
    ])
  func otherwise(piece: HTTP2Piece) {
    let seen = SeenHTTP2([piece], opened: false)
    #expect(seen.counters.count(.badHTTP2) == 1 && seen.exchanges.isEmpty)
  }

  @Test("past the limit of open streams the oldest is given out")
  func manyStreams() {
    let requests = (0..<300).map { i in
      HTTP2Piece.client(Build.headers(UInt32(2 * i + 1), Build.request("/\(i)"), ends: true))
    }
    let seen = SeenHTTP2(requests)
    #expect(seen.early == 300 - HTTP2Connection.streamLimit)
    #expect(seen.counters.count(.overLimit) == 44)
    let paths = (0..<300).map { seen.text(.path, $0) }
    #expect(paths == (0..<300).map { "/\($0)" }, "in the order of opening")
  }

  @Test("held texts are bounded")
  func heldBytes() {
    let long = String(repeating: "l", count: 30_000)
    let requests = (0..<100).map { i in
      HTTP2Piece.client(
        Build.headers(
          UInt32(2 * i + 1), Build.request("/", [("user-agent", long)]), ends: true, indexed: false)
      )
    }
    let seen = SeenHTTP2(requests)
    #expect(seen.exchanges.count == 100 && seen.early > 60)
    #expect(seen.counters.count(.overLimit) == UInt64(seen.early))
  }

  @Test("a header list past its limit is cut, an endless block ends the side")
  func longHeaders() {
    let long = [("a", String(repeating: "l", count: 40_000))]
    let seen = SeenHTTP2([
      .client(Build.headers(1, Build.request("/a", long + long + long), ends: true)),
      ask, .client(Build.frame(1, 0, 3, Build.block(Build.request("/b")))),
      .client(
        (0..<40).flatMap { _ in
          Build.frame(9, 0, 3, Build.block([("x", String(repeating: "y", count: 9_000))]))
        }),
    ])
    #expect(seen.text(.path) == "/a" && seen.exchanges[0].flags.contains(.incomplete))
    #expect(seen.detail().anomalies.contains(.headerTooLong))
    #expect(seen.counters.count(.headerTooLong) == 2)
  }

  @Test(
    "the preface is told from its first bytes",
    arguments: [
      ("", .undecided), ("P", .undecided), ("PRI * HTTP/2.0\r\n\r\nSM\r\n\r", .undecided),
      ("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", .yes), ("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\nxyz", .yes),
      ("POST / HTTP/1.1", .no), ("PRI * HTTP/2.1", .no),
    ] as [(String, StreamGuess)])
  func preface(text: String, guess: StreamGuess) {
    #expect(HTTP2FrameReader.looksLikePreface(Array(text.utf8).span) == guess)
  }

  @Test(
    "a connection that begins with the preface is HTTP/2, however its first bytes are cut",
    arguments: [1, 3, 14, 15, 16, 23, 24, 25, 60, 1_000])
  func preferred(cut: Int) {
    var table = ConnectionTable(DecoderConfiguration())
    let request = Build.headers(1, Build.request("/rdv"), ends: true)
    let bytes = Build.preface + Build.settings + request
    let answer = Build.settings + Build.headers(1, [(":status", "204")], ends: true)
    var flow = testFlow()
    flow.slot = 0
    table.opened(flow)
    var at = 0
    while at < bytes.count {
      let piece = Array(bytes[at..<min(at + cut, bytes.count)])
      table.data(flow, .client, piece.span, offset: UInt64(at), testMark(0))
      at += piece.count
    }
    table.data(flow, .server, answer.span, offset: 0, testMark(1))
    table.closed(flow, .finished, testMark(2))
    #expect(table.count.http2 == 1 && table.count.http1 == 0)
    #expect(table.batch.exchanges.count == 1)
    #expect(table.batch.exchanges.first?.status == 204)
    #expect(table.anomalies.count(.badMessage) == 0)
  }
}

@Suite("HTTP/2 properties")
struct HTTP2PropertyTests {
  /// Some streams with everything in them, the pieces of both sides in a likely order.
  private func conversation(_ random: inout Seeded) -> [HTTP2Piece] {
    var pieces: [HTTP2Piece] = []
    var open: [UInt32] = []
    for number in 0..<Int.random(in: 1...8, using: &random) {
      let id = UInt32(2 * number + 1)
      let hasBody = Bool.random(using: &random)
      var fields = Build.request("/\(number)?q=\(random.next() % 100)")
      for k in 0..<Int.random(in: 0...4, using: &random) {
        fields.append((["cookie", "user-agent", "x-\(k)"][k % 3], "v\(random.next())"))
      }
      let block = Build.block(fields, indexed: Bool.random(using: &random))
      let cut = Int.random(in: 0...block.count, using: &random)
      pieces.append(
        .client(
          Build.frame(1, hasBody ? 8 : 9, id, [2] + block[..<cut] + [0, 0])
            + Build.frame(9, 4, id, Array(block[cut...]))))
      if hasBody { pieces.append(.client(Build.data(id, Int(random.next() % 900), ends: true))) }
      open.append(id)
      while !open.isEmpty, Bool.random(using: &random) {
        let answered = open.remove(at: Int(random.next() % UInt64(open.count)))
        if random.next() % 5 == 0 {
          pieces.append(.server(Build.frame(3, 0, answered, [0, 0, 0, 1])))
        } else {
          pieces.append(
            .server(Build.headers(answered, [(":status", "200"), ("a", "\(answered)")])))
          pieces.append(.server(Build.data(answered, Int(random.next() % 2_000), ends: true)))
        }
      }
      if random.next() % 3 == 0 { pieces.append(.client(Build.frame(6, 0, 0, Array(1...8)))) }
    }
    return pieces
  }

  @Test("any segmentation gives the same exchanges", arguments: 0..<80 as Range<UInt64>)
  func anySplit(seed: UInt64) {
    var random = Seeded(seed)
    let pieces = conversation(&random)
    let whole = SeenHTTP2(pieces)
    let largest = [1, 3, 20, 500][Int(seed % 4)]
    let parts = SeenHTTP2(pieces) { min($0, Int.random(in: 1...largest, using: &random)) }
    #expect(parts.lines == whole.lines, "seed \(seed)")
    #expect(whole.counters.count(.badHTTP2) == 0, "seed \(seed)")
    #expect(whole.exchanges.count == pieces.filter { $0.side == .client && $0.bytes[3] == 1 }.count)
  }

  @Test("no change of bytes and no hole traps, and texts stay inside the batch", arguments: 0..<150)
  func hostile(seed: Int) {
    var random = Seeded(UInt64(seed))
    var pieces = conversation(&random)
    for _ in 0..<Int.random(in: 1...5, using: &random) {
      let index = Int(random.next() % UInt64(pieces.count))
      let place = Int(random.next() % UInt64(pieces[index].bytes.count))
      pieces[index].bytes[place] = UInt8(random.next() & 255)
      if random.next() % 4 == 0 {
        pieces.insert(.lost(Bool.random(using: &random) ? .client : .server, 9), at: index)
      }
    }
    let seen = SeenHTTP2(pieces) { min($0, Int.random(in: 1...40, using: &random)) }
    #expect(seen.batch.details.count == seen.exchanges.count)
    for exchange in seen.exchanges {
      for field in TextField.allCases where exchange[field].isPresent {
        #expect(exchange[field].indices.upperBound <= seen.batch.bytes.count, "seed \(seed)")
      }
      #expect(exchange.start.earliest <= exchange.end.latest, "seed \(seed)")
    }
  }
}
