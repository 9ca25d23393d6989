import CrenelDecode
import CrenelModel
import CrenelTestKit
import Testing

@Suite("Format strings")
struct GrammarTests {
  @Test(
    "a quoted string may hold more than one variable",
    arguments: [
      (
        #"$remote_addr [$msec] "$request_method $request_uri $server_protocol" $status"#,
        #"192.0.2.7 [1.5] "GET /a?b HTTP/1.1" 200"#, "-"
      ),
      (
        #"%h [%{msec}t] "%m %U%q %H" %>s"#, #"192.0.2.7 [1500] "GET /a?b HTTP/1.1" 200"#, "-"
      ),
      (
        #"$remote_addr [$msec] "$request" $status "$http_user_agent $http_accept_language""#,
        #"192.0.2.7 [1.5] "GET /a?b HTTP/1.1" 200 "Mozilla (X11; Linux) 1 fr,en""#,
        "Mozilla (X11; Linux) 1|fr,en"
      ),
      (
        #"%h [%{msec}t] "%r" %>s "ua=%{User-Agent}i lang=%{Accept-Language}i""#,
        #"192.0.2.7 [1500] "GET /a?b HTTP/1.1" 200 "ua=a \"b\" lang=x lang=fr""#,
        "a \"b\" lang=x|fr"
      ),
      (
        #"$remote_addr [$msec] "$request" $status "$request_time - $http_user_agent""#,
        #"192.0.2.7 [1.5] "GET /a?b HTTP/1.1" 200 "0.010 - a - b""#, "a - b"
      ),
    ])
  func severalInQuotes(format: String, line: String, texts: String) throws {
    let log = try Decoded(line, format)
    #expect(log.counters.exchanges == 1, "\(log.counters.unparsed.entries)")
    #expect(log.text(.method) == "GET" && log.text(.path) == "/a" && log.text(.query) == "b")
    #expect(log.text(.version) == "1.1" && log[0].status == 200)
    let found = [log.text(.userAgent), log.text(.acceptLanguage)].compactMap { $0 }
    #expect(found == texts.split(separator: "|").map(String.init).filter { $0 != "-" })
  }

  private static let line =
    #"192.0.2.7 - - [10/Oct/2000:13:55:36 -0700] "GET /a HTTP/1.1" 200 5 "r" "U""#

  @Test(
    "strings may be pasted as they stand in a configuration",
    arguments: [
      #"%h %l %u %t \"%r\" %>s %b \"%{Referer}i\" \"%{User-Agent}i\""#,
      #""%h %l %u %t \"%r\" %>s %b \"%{Referer}i\" \"%{User-Agent}i\"" combined"#,
      #"LogFormat "%h %l %u %t \"%r\" %>s %b \"%{Referer}i\" \"%{User-Agent}i\"" combined"#,
      #"$remote_addr - $remote_user [$time_local] \"$request\" $status $body_bytes_sent \"$http_referer\" \"$http_user_agent\""#,
      #"log_format m "$remote_addr - $remote_user [$time_local] \"$request\" $status $body_bytes_sent \"$http_referer\" \"$http_user_agent\"";"#,
    ])
  func pasted(format: String) throws {
    let log = try Decoded(Self.line, format)
    #expect(log.counters.exchanges == 1, "\(log.counters.unparsed.entries)")
    #expect(log.text(.path) == "/a" && log.text(.userAgent) == "U" && log.text(.referrer) == "r")
  }

  @Test(
    "lists of nginx's upstream module are read without quotes",
    arguments: [
      "0.001", "-", "0.001, 0.002", "0.001, 0.002 : 0.003",
      "10.0.0.1:80, unix:/tmp/s : 10.0.0.2:80",
    ],
    [
      (#"$remote_addr [$msec] "$request" $upstream_response_time $request_time"#, " L 0.500"),
      (#"$remote_addr [$msec] "$request" $upstream_addr|$request_time"#, " L|0.500"),
      (#"$remote_addr [$msec] "$request" u=$upstream_status rt=$request_time"#, " u=L rt=0.500"),
      (#"$remote_addr [$msec] "$request" "$upstream_addr $request_time""#, " \"L 0.500\""),
    ])
  func upstream(list: String, log: (format: String, tail: String)) throws {
    let log = try Decoded(
      #"192.0.2.7 [1.5] "GET / HTTP/1.1""# + log.tail.replacing("L", with: list), log.format)
    #expect(log.counters.exchanges == 1, "\(log.counters.unparsed.entries)")
    #expect(log[0].elapsed == 500_000_000)
  }

  @Test(
    "a request without quotes ends behind its version",
    arguments: [
      ("GET /a HTTP/1.1", "/a", false), ("GET /a b HTTP/2.0", "/a b", false), ("-", nil, true),
      ("GET /a HTTP/1.1 x HTTP/1.1", "/a HTTP/1.1 x", false),
    ] as [(String, String?, Bool)])
  func bareRequest(request: String, path: String?, isMalformed: Bool) throws {
    let log = try Decoded(
      "192.0.2.7 1.5 \(request) 200 7", "$remote_addr $msec $request $status $bytes_sent")
    guard log.counters.exchanges == 1 else {
      #expect(request.contains(" x "), "\(log.counters.unparsed.entries)")
      return
    }
    #expect(log.text(.path) == path && log[0].status == 200 && log[0].responseBytes == 7)
    #expect(log[0].flags.contains(.malformedRequest) == isMalformed)
  }

  @Test(
    "escapes are those that the directive names",
    arguments: [
      ("json", #"a\u0001\"\\b"#, "a\u{1}\"\\b"),
      ("json", #"\x22"#, "\""),
      ("default", #"a\x22b"#, "a\"b"), ("none", #"a\x22b"#, #"a\x22b"#),
    ])
  func escapes(name: String, written: String, meant: String) throws {
    let log = try Decoded(
      #"{"c":"192.0.2.7","t":1.5,"r":"GET / HTTP/1.1","u":"\#(written)","f":""}"#,
      #"log_format x escape=\#(name) '{"c":"$remote_addr","t":$msec,"#
        + #""r":"$request","u":"$http_user_agent","f":"$http_referer"}';"#)
    #expect(log.counters.exchanges == 1, "\(log.counters.unparsed.entries)")
    #expect(log.text(.userAgent) == meant)
    #expect(log.text(.referrer) == (name == "default" ? "" : nil))
  }

  @Test(
    "what no line could be read by is refused at once, with the remedy",
    arguments: [
      (#"$msec "$request""#, "format-no-client"), ("$remote_addr $msec", "format-no-request"),
      (#"%t "%r""#, "format-no-client"), ("%h %t %>s", "format-no-request"),
      (#"%h %{%H:%M}t "%r""#, "format-no-time"), (#"%h %{%Y-%m-%d %H:%M}t "%r""#, "format-no-time"),
      ("$http_x_forwarded_for $msec $request $status", "format-chain-unquoted"),
      ("$http_x_forwarded_for|$msec|\"$request\"", "format-chain-unquoted"),
      ("log_format x;", "format-directive-empty"), ("LogFormat combined", "format-directive-empty"),
      ("log_format x escape=xml '$remote_addr $msec \"$request\"'", "format-escape"),
      ("client=a,time=t,request=r,client=c", "map-twice"),
      ("client=a,time=t,request=r,stamp=middle", "map-stamp"),
    ])
  func refused(format: String, code: String) throws {
    let error = try #require(throws: Diagnostics.self) { try LogFormat.parse(format) }
    #expect(error.items.map(\.code) == [code])
    #expect(error.items.allSatisfy { $0.hint != nil })
  }

  @Test("an incomplete map is refused in plain words")
  func mapWords() throws {
    let error = try #require(throws: Diagnostics.self) { try LogFormat.parse("client=a") }
    #expect(
      error.items.map(\.message) == ["the map has no time", "the map has no request or target"])
  }

  @Test("mod_logio's first byte is read past")
  func firstByte() throws {
    let log = try Decoded(#"192.0.2.7 1500 "GET / HTTP/1.1" 12 34"#, #"%a %{msec}t "%r" %^FB %D"#)
    #expect(log[0].elapsed == 34_000)
  }

  @Test(
    "a byte order mark at the very start of a source is skipped",
    arguments: ["common", "nginx-json", "auto"])
  func byteOrderMark(format: String) throws {
    let line =
      format == "nginx-json"
      ? #"{"msec":"1.5","remote_addr":"192.0.2.7","request":"GET / HTTP/1.1","status":200}"#
      : #"192.0.2.7 - - [10/Oct/2000:13:55:36 -0700] "GET / HTTP/1.1" 200 5"#
    let bytes = [0xef, 0xbb, 0xbf] + Array(line.utf8) + [0x0a] + Array(line.utf8)
    let found =
      try format == "auto"
      ? #require(FormatDetector.detect(bytes.span).format) : LogFormat.parse(format)
    let log = try Decoded(bytes, found)
    #expect(log.counters.exchanges == 2)
    #expect(log[0].client.description == "192.0.2.7" && log[0].provenance.offset == 3)
  }
}
