import CrenelDecode
import CrenelModel
import CrenelTestKit
import Testing

private let haproxyTail =
  #" [01/Mar/2024:08:00:00.123] f b/s 0/0/0/0/7 200 1 - - ---- 1/1/1/1/0 0/0 "GET / HTTP/1.1""#

@Suite("Clients")
struct ClientTests {
  @Test(
    "where a port always follows, IPv6 without brackets keeps its last group",
    arguments: [
      ("2001:db8::1:3331", "2001:db8::1", 3331), ("2001:db8::1:33317", "2001:db8::1", 33317),
      ("::ffff:10.0.1.2:33317", "10.0.1.2", 33317), ("[2001:db8::1]:80", "2001:db8::1", 80),
      ("1:2:3:4:5:6:7:8:9", "1:2:3:4:5:6:7:8", 9), ("192.0.2.7:1", "192.0.2.7", 1),
      ("2001:db8::7:0:0:7:443", "2001:db8::7:0:0:7", 443), ("192.0.2.7", "192.0.2.7", 0),
      ("1:2:3:4:5:6:7:8", "1:2:3:4:5:6:7:8", 0), ("unix:1", "-", 0), ("-:22222", "-", 22222),
    ] as [(String, String, UInt16)])
  func certainPort(written: String, address: String, port: UInt16) throws {
    let log = try Decoded(written + haproxyTail, "haproxy", utcConfiguration())
    #expect(log.counters.exchanges == 1, "\(log.counters.unparsed.entries)")
    #expect(log[0].client.description == address && log[0].port == port)
  }

  @Test(
    "an address and its port may stand in two fields with a colon between them",
    arguments: [
      ("$remote_addr:$remote_port [$msec] \"$request\"", "2001:db8::1:443", "2001:db8::1"),
      ("$remote_addr:$remote_port [$msec] \"$request\"", "192.0.2.7:443", "192.0.2.7"),
      ("\"$remote_addr:$remote_port\" [$msec] \"$request\"", "\"2001:db8::1:443\"", "2001:db8::1"),
      ("%a:%{remote}p [%{msec}t] \"%r\"", "::ffff:192.0.2.7:443", "192.0.2.7"),
    ])
  func twoFields(format: String, written: String, address: String) throws {
    let stamp = format.contains("$") ? "1700000000.5" : "1700000000500"
    let log = try Decoded("\(written) [\(stamp)] \"GET / HTTP/1.1\"", format)
    #expect(log.counters.exchanges == 1, "\(log.counters.unparsed.entries)")
    #expect(log[0].client.description == address && log[0].port == 443)
  }

  @Test(
    "a port is taken off a plain client",
    arguments: [
      ("192.0.2.1:80", "192.0.2.1", 80), ("[2001:db8::1]:80", "2001:db8::1", 80),
      ("192.0.2.1", "192.0.2.1", 0), ("[2001:db8::1]", "2001:db8::1", 0),
    ] as [(String, String, UInt16)],
    [
      (#"$remote_addr [$msec] "$request""#, #"C [1.5] "GET / HTTP/1.1""#),
      (#"%h [%{msec}t] "%r""#, #"C [1500] "GET / HTTP/1.1""#),
      ("client=c,time_s=t,request=r", #"{"c":"C","t":1.5,"r":"GET / HTTP/1.1"}"#),
    ])
  func likelyPort(
    client: (written: String, address: String, port: UInt16), log: (format: String, line: String)
  ) throws {
    let log = try Decoded(
      log.line.replacing("C", with: client.written, maxReplacements: 1), log.format)
    #expect(log[0].client.description == client.address && log[0].port == client.port)
  }

  @Test(
    "what is neither address nor name is refused, not kept as a client",
    arguments: [
      ("haproxy", "<134>1 nonsense 192.0.2.2:33311" + haproxyTail),
      ("haproxy", "a b 192.0.2.2:33311" + haproxyTail),
      ("client=c,time_s=t,request=r", #"{"c":"a <b>","t":1.5,"r":"GET / HTTP/1.1"}"#),
    ])
  func noName(format: String, line: String) throws {
    let log = try Decoded(line, format, utcConfiguration())
    #expect(log.counters.exchanges == 0 && log.counters.unparsed.total == 1)
  }

  @Test(
    "the address of the connection never overrides the client",
    arguments: ["%a %{c}a", "%a %{c}h", "%{c}h %a", "%h %a"])
  func connection(format: String) throws {
    let written = format.replacing("%{c}a", with: "10.0.0.1").replacing("%{c}h", with: "10.0.0.1")
      .replacing("%a", with: "192.0.2.7").replacing("%h", with: "pc.example.org")
    let log = try Decoded("\(written) 1500 \"GET / HTTP/1.1\"", format + #" %{msec}t "%r""#)
    #expect(log[0].client.description == "192.0.2.7")
  }

  @Test("without another client, the address of the connection is the client")
  func onlyConnection() throws {
    let log = try Decoded("192.0.2.7 1500 \"GET / HTTP/1.1\"", #"%{c}a %{msec}t "%r""#)
    #expect(log[0].client.description == "192.0.2.7")
  }

  @Test(
    "X-Forwarded-For without quotes is read whole: a client cannot choose who it is",
    arguments: [
      "6.6.6.6, 192.0.2.7", "192.0.2.7", "6.6.6.6,192.0.2.7", "6.6.6.6, 7.7.7.7, 192.0.2.7:81",
    ],
    [
      (#"%{X-Forwarded-For}i %l %u %t "%r" %>s %b"#, "C - - "),
      (
        #"$http_x_forwarded_for - $remote_user [$time_local] "$request" $status $bytes_sent"#,
        "C - - "
      ),
      (#"%{X-Forwarded-For}i %u %t "%r" %>s %b"#, "C - "),
    ])
  func bareChain(written: String, log: (format: String, start: String)) throws {
    let line =
      log.start.replacing("C", with: written)
      + #"[10/Oct/2000:13:55:36 +0000] "GET / HTTP/1.1" 200 5"#
    let log = try Decoded(line, log.format)
    #expect(log.counters.exchanges == 1, "\(log.counters.unparsed.entries)")
    #expect(log[0].client.description == "192.0.2.7")
  }

  @Test(
    "fields that a client wrote into X-Forwarded-For or a user's name never make it another",
    arguments: [
      "6.6.6.6 - b, 192.0.2.7 - -", "6.6.6.6 a b, 192.0.2.7 - -", "6.6.6.6 - -, 192.0.2.7 - -",
      "6.6.6.6 - - [10/Oct/2000:13:55:36 +0000], 192.0.2.7 - -", "6.6.6.6 a, 192.0.2.7 - -",
      "192.0.2.7 - 6.6.6.6 a b", "192.0.2.7 - x, 6.6.6.6 - -", "h 6.6.6.6 a b, 192.0.2.7 - -",
    ],
    [
      #"%{X-Forwarded-For}i %l %u %t "%r" %>s %b"#,
      #"$http_x_forwarded_for - $remote_user [$time_local] "$request" $status $bytes_sent"#,
    ])
  func forged(start: String, format: String) throws {
    let line = start + #" [10/Oct/2000:13:55:36 +0000] "GET / HTTP/1.1" 200 5"#
    let log = try Decoded(line, format)
    #expect(log.counters.lines == 1)
    for exchange in log.batch.exchanges { #expect(exchange.client.description == "192.0.2.7") }
  }

  @Test(
    "in combined logs a user's name is never read as the client, nor as more of a list",
    arguments: [
      "192.0.2.7 - 6.6.6.6 a b", "192.0.2.7 - x, 6.6.6.6 - -", "7.7.7.7, 192.0.2.7 - -",
      "7.7.7.7, 6.6.6.6 - b, 192.0.2.7 - -", "h 7.7.7.7, 6.6.6.6 - b, 192.0.2.7 - -",
    ])
  func forgedCombined(start: String) throws {
    let line = start + #" [10/Oct/2000:13:55:36 +0000] "GET / HTTP/1.1" 200 5 "r" "U""#
    for exchange in try Decoded(line, "combined").batch.exchanges {
      #expect(exchange.client.description == "192.0.2.7")
    }
  }

  @Test("a header of another program is only one at the start of the line")
  func headerInText() throws {
    let forged =
      #"[2026-03-01T08:00:00.000Z] "GET / HTTP/1.1" 200 - 0 0 1 - "192.0.2.7" "#
      + #""U stdout F [2026-03-01T08:00:00.000Z] "GET / HTTP/1.1" 200 - 0 0 1 - "6.6.6.6" "U" "#
      + #""id" "host" "10.0.0.1:80""#
    for exchange in try Decoded(forged, "envoy").batch.exchanges {
      #expect(exchange.client.description != "6.6.6.6")
    }
  }
}

@Suite("HAProxy")
struct HAProxyTests {
  static let message = "192.0.2.2:33311" + haproxyTail

  @Test(
    "headers of syslog are read past",
    arguments: [
      "", "<134>1 2024-03-01T08:00:01Z h haproxy 1 - - ",
      "<134>1 2024-03-01T08:00:01Z h haproxy 1 - [a@1 k=\"]\\\"\"][b] ", "<134>haproxy[3]: ",
      "<134>1 2024-03-01T08:00:01Z h haproxy 1 ID - \u{feff}", "Mar  1 08:00:01 haproxy: ",
      "<134>Mar  1 08:00:01 host haproxy[12]: ", "Mar  1 08:00:01 192.0.2.99 haproxy[12]: ",
      "2024-03-01T08:00:01.123456+01:00 host haproxy[12]: ",
    ])
  func headers(header: String) throws {
    let log = try Decoded(header + Self.message, "haproxy", utcConfiguration())
    #expect(log.counters.exchanges == 1, "\(log.counters.unparsed.entries)")
    #expect(log[0].client.description == "192.0.2.2" && log[0].port == 33311)
  }

  private static func captured(_ groups: String) -> String {
    message.replacing(" \"GET", with: " \(groups) \"GET").replacing("1 - - ", with: "1 sid=xyz - ")
  }

  @Test(
    "captures are read by the names that they are given",
    arguments: [
      ("haproxy:User-Agent,Referer", "{Mozilla/5.0 (X11)|https://r.example/#22}"),
      ("haproxy:User-Agent,Referer/Location", "{Mozilla/5.0 (X11)|https://r.example/#22} {/y}"),
      (
        "haproxy:Host,Referer,X-A,User-Agent",
        "{h.example:8|https://r.example/#22||Mozilla/5.0 (X11)}"
      ),
    ])
  func captures(format: String, groups: String) throws {
    let log = try Decoded(Self.captured(groups), format, utcConfiguration())
    #expect(log.counters.exchanges == 1, "\(log.counters.unparsed.entries)")
    #expect(log.text(.userAgent) == "Mozilla/5.0 (X11)" && log.text(.cookies) == "sid=xyz")
    #expect(log.text(.referrer) == "https://r.example/\"")
    #expect(log.text(.location) == (groups.contains("/y") ? "/y" : nil))
    #expect(log.text(.host) == (groups.contains("h.example") ? "h.example" : nil))
  }

  @Test("captures that nobody named are not guessed, and empty ones are absent")
  func unnamed() throws {
    let plain = try Decoded(Self.captured("{Mozilla/5.0|r}"), "haproxy", utcConfiguration())
    #expect(plain.counters.exchanges == 1 && plain.text(.userAgent) == nil)
    let empty = try Decoded(
      Self.captured("{|}"), "haproxy:User-Agent,Referer", utcConfiguration())
    #expect(empty.text(.userAgent) == nil && empty.text(.referrer) == nil)
  }

  @Test(
    "what names no captures, and a log-format string, are refused in words",
    arguments: [
      ("haproxy:", "format-captures"), ("haproxy:a,,b", "format-captures"),
      ("haproxy:a/b/c", "format-captures"), ("haproxy:a b", "format-captures"),
      ("%ci:%cp [%tr] %ft %b/%s %ST %{+Q}r", "format-haproxy"),
      ("log-format \"%[src] %ST\"", "format-haproxy"),
    ])
  func refused(format: String, code: String) throws {
    let error = try #require(throws: Diagnostics.self) { try LogFormat.parse(format) }
    #expect(error.items.map(\.code) == [code])
  }
}
