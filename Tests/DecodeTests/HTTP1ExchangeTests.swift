import CrenelModel
import CrenelTestKit
import Testing

@testable import CrenelDecode

@Suite("Exchanges from HTTP/1 packets")
struct HTTP1ExchangeTests {
  private static let request = """
    POST http://proxy.example:8080/book/7?d=1#x HTTP/1.1
    Host: h.example:8080
    User-Agent: UA/1
    referer: http://h.example/
    Accept-Language: fr
    Cookie: a=1; eZSESSID=s3cret
    Cookie: b=2
    X-Request-ID: r-1
    Content-Type: text/plain
    Content-Length: 3


    """.crlf

  private static let response =
    "HTTP/1.1 302 Found\r\nLocation: /done\r\nContent-Length: 2\r\n\r\nok"

  private func run(
    _ events: [Event], names: [String] = [], limits: HTTP1Limits = HTTP1Limits(),
    trusted: [String] = []
  ) -> HTTP1Run {
    var run = HTTP1Run(names: names, limits: limits, trusted: trusted)
    run.play(events)
    run.close()
    return run
  }

  @Test("hold the texts that a log of the request would")
  func texts() throws {
    let run = run([.client(Self.request + "abc"), .server(Self.response)])
    let exchange = try #require(run.batch.exchanges.first)
    let expected: [(TextField, String)] = [
      (.method, "POST"), (.target, "http://proxy.example:8080/book/7?d=1#x"), (.path, "/book/7"),
      (.query, "d=1"), (.host, "h.example"), (.version, "1.1"), (.userAgent, "UA/1"),
      (.referrer, "http://h.example/"), (.acceptLanguage, "fr"),
      (.cookies, "a=1; eZSESSID=s3cret; b=2"), (.requestID, "r-1"), (.contentType, "text/plain"),
      (.location, "/done"), (.scheme, "http"),
    ]
    for (field, text) in expected { #expect(run.text(exchange[field]) == text, "\(field)") }
    #expect(run.text(exchange.raw) == Self.request)
    let detail = run.batch.details[Int(exchange.detail)]
    #expect(
      run.text(detail.headerNames)
        == "Host,User-Agent,referer,Accept-Language,Cookie,Cookie,X-Request-ID,Content-Type,"
        + "Content-Length")
  }

  @Test(
    "hold the target byte for byte as it was sent",
    arguments: [
      "/a%20b?q=%C3%A9+%2f", "/A/../b//c?x=1?y#z", "http://Proxy.Example:8080/a%2Fb", "*",
      "/caf\u{e9}?\u{1}\u{7f}", "/%", "/%zz", "http://rdv.example", "//x/y", "/a b",
      "HTTP://RDV.example:080?x", "/\\..\\%5c",
    ])
  func target(_ target: String) throws {
    // One byte for each character, so that there are bytes that are no UTF-8.
    let bytes = target.unicodeScalars.map { UInt8(truncatingIfNeeded: $0.value) }
    let run = run([
      .bytes(.client, Array("GET ".utf8) + bytes + Array(" HTTP/1.1\r\nHost: h\r\n\r\n".utf8))
    ])
    let exchange = try #require(run.batch.exchanges.first)
    #expect(Array(run.batch.bytes[exchange[.target].indices]) == bytes)
    #expect(run.text(exchange[.version]) == "1.1")
  }

  @Test("hold exact times, sizes, frames and places")
  func places() throws {
    let head = Self.request.utf8.count
    let run = run([
      .client(Self.request), .client("abc"), .server("HTTP/1.1 100 Continue\r\n\r\n"),
      .server(String(Self.response.dropLast())), .server("k"), .end(.server),
    ])
    let exchange = try #require(run.batch.exchanges.first)
    let detail = run.batch.details[Int(exchange.detail)]
    #expect(exchange.start == TimeBounds(exact: Timestamp(nanoseconds: 1_001_000_000)))
    #expect(exchange.end == TimeBounds(exact: Timestamp(nanoseconds: 1_005_000_000)))
    #expect(exchange.at == exchange.end.latest)
    #expect(exchange.elapsed == 4_000_000)
    #expect(exchange.requestBytes == Int64(head + 3))
    #expect(exchange.responseBytes == Int64(25 + Self.response.utf8.count))
    #expect(exchange.bodyBytes == 2)
    #expect(detail.requestBodyBytes == 3)
    #expect((detail.requestFrames.first, detail.requestFrames.last) == (1, 2))
    #expect((detail.responseFrames.first, detail.responseFrames.last) == (3, 5))
    #expect(detail.requestStream.length == UInt64(head + 3))
    #expect(detail.responseStream.offset == 0)
    let place = Provenance(source: 3, offset: 99, length: UInt32(head), line: 1)
    #expect(exchange.provenance == place)
    #expect(exchange.port == 40_000)
    #expect(detail.serverPort == 80)
    #expect(exchange.connection == 7)
    #expect(exchange.connectionRequest == 1)
  }

  @Test("an empty field is there, inside the bytes")
  func emptyField() throws {
    let run = run([.client("GET / HTTP/1.1\r\nX: 1\r\nReferer:\r\n\r\n")])
    let referrer = try #require(run.batch.exchanges.first)[.referrer]
    #expect(run.text(referrer) == "")
    #expect(referrer.indices.upperBound <= run.batch.bytes.count)
  }

  @Test("an exchange without response ends when the connection does")
  func withoutResponse() throws {
    let run = run([.client(Self.request + "abc"), .end(.client)])
    let exchange = try #require(run.batch.exchanges.first)
    #expect(exchange.at == Timestamp(nanoseconds: 1_003_000_000))
    #expect(exchange.end == TimeBounds(exact: exchange.at))
    #expect(exchange.elapsed == -1)
  }

  @Test(
    "find the client behind trusted proxies",
    arguments: [
      ("X-Forwarded-For: 198.51.100.9, 203.0.113.5", "198.51.100.9, 203.0.113.5", "203.0.113.5"),
      (
        "X-Forwarded-For: 198.51.100.9\nX-Forwarded-For: 203.0.113.5", "198.51.100.9, 203.0.113.5",
        "203.0.113.5"
      ),
      ("X-Forwarded-For: 203.0.113.5, 192.0.2.200", "203.0.113.5, 192.0.2.200", "203.0.113.5"),
      ("Forwarded: for=203.0.113.5;proto=http;by=192.0.2.1", "203.0.113.5", "203.0.113.5"),
      (#"Forwarded: for="[2001:db8::17]:4711""#, "[2001:db8::17]:4711", "2001:db8::17"),
      (
        #"Forwarded: by=_x; For="203.0.113.5:80", for=192.0.2.9"#, "203.0.113.5:80, 192.0.2.9",
        "203.0.113.5"
      ),
      (
        "Forwarded: for=203.0.113.5\nForwarded: for=192.0.2.9", "203.0.113.5, 192.0.2.9",
        "203.0.113.5"
      ),
      ("Forwarded: for=_hidden, for=192.0.2.9", "_hidden, 192.0.2.9", "192.0.2.9"),
      ("Forwarded: for=203.0.113.5, proto=https", "203.0.113.5, unknown", "192.0.2.7"),
      (#"Forwarded: for="a, 203.0.113.5""#, "a__203.0.113.5", "192.0.2.7"),
      ("Forwarded: for=198.51.100.1\nX-Forwarded-For: 203.0.113.5", "203.0.113.5", "203.0.113.5"),
    ])
  func forwarded(_ fields: String, _ chain: String, _ client: String) throws {
    let head = "GET / HTTP/1.1\r\n" + (fields + "\n\n").crlf
    let run = run([.client(head)], trusted: ["192.0.2.0/24"])
    let exchange = try #require(run.batch.exchanges.first)
    #expect(run.text(exchange[.forwardedFor]) == chain)
    #expect(exchange.client == ClientAddress(parsing: Array(client.utf8).span))
    #expect(exchange.peer == ClientAddress(ipv4: 0xc000_0207))
    #expect(exchange.flags.contains(.forwarded) == (client != "192.0.2.7"))
  }

  private static let names = [
    "header.sec_fetch_mode", "cookie.eZSESSID", "form.email", "form.number", "json.a.b",
    "json.list",
  ]

  private func extras(_ type: String, _ body: [UInt8], _ more: String = "") -> [String] {
    var run = HTTP1Run(names: Self.names)
    let head =
      "POST / HTTP/1.1\nSec-Fetch-Mode: cors\nCookie: x=1; eZSESSID=s;y=2\nContent-Type: \(type)\n"
      + "\(more)Content-Length: \(body.count)\n\n"
    run.play([.bytes(.client, Array(head.crlf.utf8) + body)], pieces: 7)
    run.close()
    return Self.names.indices.map { run.text(run.batch.exchanges[0].extras[$0]) }
  }

  @Test(
    "hold the fields asked for and nothing else of a body",
    arguments: [
      (
        "application/x-www-form-urlencoded; charset=utf-8", "x=1&email=a%40b.example&number=+7",
        ["a@b.example", " 7", "-", "-"]
      ),
      (
        "application/json", #"{"a":{"b":"x\u00e9"},"list":[1,2],"email":"no"}"#,
        ["-", "-", "xé", "1"]
      ),
      ("application/vnd.api+json", #"{"a":{"b":7}"#, ["-", "-", "7", "-"]),
      ("text/plain", "email=a", ["-", "-", "-", "-"]),
      (
        "multipart/form-data; boundary=\"b-1\"",
        "--b-1\nContent-Disposition: form-data; name=\"email\"\n\nm@x.example\n--b-1\n"
          + "Content-Disposition: form-data; filename=\"name=\"; name=\"f\"\nContent-Type: image/png\n\n\u{1}--\u{2}\n"
          + "--b-1\nContent-Disposition: form-data; name=number\n\n12\n34\n--b-1--\n",
        ["m@x.example", "12\n34", "-", "-"]
      ),
    ])
  func body(_ type: String, _ body: String, _ expected: [String]) {
    let isMultipart = type.hasPrefix("multipart")
    let text = isMultipart ? body.crlf : body
    let found = extras(type, Array(text.utf8)).map { $0.replacing("\r\n", with: "\n") }
    #expect(found == ["cors", "s"] + expected)
  }

  // `email=m%40x.example&number=5`, compressed by gzip -n, by zlib, as raw deflate and by brotli.
  @Test(
    "read compressed bodies",
    arguments: [
      ("gzip", CompressedBodies.gzip), ("x-gzip", CompressedBodies.gzip),
      ("deflate", CompressedBodies.zlib), ("deflate", CompressedBodies.deflate),
      ("br", CompressedBodies.brotli),
    ])
  func compressed(_ coding: String, _ body: [UInt8]) {
    let found = extras(
      "application/x-www-form-urlencoded", body, "Content-Encoding: \(coding)\n")
    #expect(found == ["cors", "s", "m@x.example", "5", "-", "-"])
  }

  @Test(
    "count bombs and broken compression", arguments: ["gzip", "deflate", "br"])
  func bombs(_ coding: String) throws {
    var limits = HTTP1Limits()
    limits.inflatedBytes = 8
    for (body, anomaly) in [
      (CompressedBodies.of(coding), PacketAnomaly.decompressionLimit),
      ([0xff, 0xff, 0xff, 0xff, 0xff], .badCompression),
    ] {
      let head =
        "POST / HTTP/1.1\r\nContent-Type: application/x-www-form-urlencoded\r\n"
        + "Content-Encoding: \(coding)\r\nContent-Length: \(body.count)\r\n\r\n"
      let run = run(
        [.bytes(.client, Array(head.utf8) + body)], names: ["form.number"], limits: limits)
      #expect(run.context.anomalies.count(anomaly) == 1)
      #expect(!run.batch.exchanges[0].extras[0].isPresent)
    }
  }

  @Test("give up what is over a limit, and count it")
  func limits() {
    var limits = HTTP1Limits()
    limits.headBytes = 100
    limits.outstanding = 2
    let long = "GET /long HTTP/1.1\r\nX: " + String(repeating: "x", count: 200) + "\r\n\r\n"
    let get = "GET /a HTTP/1.1\r\n\r\n"
    let run = run([.client(long + get + get + get)], limits: limits)
    #expect(run.context.anomalies.count(.headerTooLong) == 1)
    #expect(run.context.anomalies.count(.overLimit) > 0)
    #expect(run.batch.exchanges.count == 4)
  }

  @Test(
    "tell requests from other bytes",
    arguments: [
      ("GET / HTTP/1.1\r\n", true), ("GE", nil), ("", nil), ("\r\nPOST /x HTTP/1.0\r\n", true),
      ("GET /old\r\n", true), ("\u{16}\u{3}\u{1}", false), ("220 mail ready\r\n", false),
      ("EHLO me\r\n", false), ("PRI * HTTP/2.0\r\n", true), ("SSH-2.0-x\r\n", false),
    ] as [(String, Bool?)])
  func requests(_ text: String, _ expected: Bool?) {
    #expect(HTTP1Connection.looksLikeRequest(Array(text.utf8).span) == expected)
  }

  @Test(
    "tell responses from other bytes",
    arguments: [
      ("HTTP/1.1 200", true), ("HT", nil), ("", nil), ("\r\nhttp/1", true), ("220 x", false),
    ] as [(String, Bool?)])
  func responses(_ text: String, _ expected: Bool?) {
    #expect(HTTP1Connection.looksLikeResponse(Array(text.utf8).span) == expected)
  }
}
