import CrenelDecode
import CrenelModel
import CrenelTestKit
import Testing

private let line =
  #"192.0.2.7 - frank [10/Oct/2000:13:55:36 -0700] "GET /a/b?c=d HTTP/1.1" 200 2326 "http://x.example/" "Mozilla/5.0""#

@Suite("Text formats")
struct FormatTests {
  @Test("combined gives every field, and bounds that hold for nginx and Apache alike")
  func combined() throws {
    let log = try Decoded(line + "\n", "combined")
    #expect(log.counters.exchanges == 1)
    #expect(log.text(.method) == "GET" && log.text(.path) == "/a/b" && log.text(.query) == "c=d")
    #expect(log.text(.target) == "/a/b?c=d" && log.text(.version) == "1.1")
    #expect(log.text(.user) == "frank" && log.text(.referrer) == "http://x.example/")
    #expect(log[0].status == 200 && log[0].bodyBytes == 2_326)
    #expect(log[0].client.description == "192.0.2.7")
    #expect(log[0].at.rfc3339 == "2000-10-10T20:55:36.000Z")
    #expect(log[0].resolution == Nanoseconds.second)
    #expect(log[0].start.earliest.rfc3339 == "2000-10-10T20:54:36.000Z")
    #expect(log[0].end.latest.rfc3339 == "2000-10-10T20:56:36.999Z")
  }

  @Test("the fast path gives what the grammar gives", arguments: 0..<200)
  func fastPath(seed: UInt64) throws {
    var random = Seeded(seed)
    var bytes = Array(
      #"\#(["203.0.113.", "2001:db8::", "::ffff:192.0.2.", "host"][Int(random.next() % 4)])\#(random.next() % 300) - - [0\#(random.next() % 10)/May/2026:00:0\#(random.next() % 10):17 +0200] "\#(["GET", "POST", "get", "G"][Int(random.next() % 4)]) /a\#(["", "?", "?b#c", "/%20", "#x"][Int(random.next() % 5)]) HTTP/\#(["1.1", "2.0", "2"][Int(random.next() % 3)])" \#([200, 99, 404][Int(random.next() % 3)]) \#(["-", "12", "x"][Int(random.next() % 3)]) "\#(["-", "", "r"][Int(random.next() % 3)])" "agent \#(random.next())""#
        .utf8)
    if random.next() % 3 == 0 {
      bytes[Int(random.next() % UInt64(bytes.count))] = UInt8(truncatingIfNeeded: random.next())
    }
    bytes.removeAll { $0 == 0x0a || $0 == 0x0d }
    let fast = try Decoded(bytes, LogFormat.parse("combined"))
    // The same grammar without the fast path: a format string that is combined.
    let slow = try Decoded(
      bytes,
      LogFormat.parse(#"%h %l %u [%{%d/%b/%Y:%T %z}t] "%r" %>s %b "%{Referer}i" "%{User-Agent}i""#))
    guard slow.counters.exchanges == 1 else { return }
    #expect(fast.counters.exchanges == 1)
    for field in TextField.allCases { #expect(fast.text(field) == slow.text(field), "\(field)") }
    #expect(fast[0].status == slow[0].status && fast[0].bodyBytes == slow[0].bodyBytes)
    #expect(fast[0].client == slow[0].client && fast[0].at == slow[0].at)
  }

  @Test("the recommended nginx format gives milliseconds, connection, language, redirect, session")
  func nginxCrenel() throws {
    var configuration = DecoderConfiguration()
    _ = configuration.names.slot(for: "cookie.eZSESSID")
    let log = try Decoded(
      #"2001:db8::7 - - [1772438400.123] "POST /x HTTP/1.1" 302 0 "-" "UA" rt=0.050 c=77:3 host="rdv.example" lang="fr" loc="/y/2" sid="abc""#,
      "nginx-crenel", configuration)
    #expect(log[0].end.earliest.nanoseconds == 1_772_438_400_123_000_000)
    #expect(log[0].start.earliest.nanoseconds == 1_772_438_400_072_000_000)
    #expect(log[0].start.latest.nanoseconds == 1_772_438_400_074_999_999)
    #expect(log[0].connection == 77 && log[0].connectionRequest == 3)
    #expect(log.text(.location) == "/y/2" && log.text(.acceptLanguage) == "fr")
    #expect(log.batch.string(log[0].extras[0]) == "abc" && log.text(.referrer) == nil)
  }

  @Test(
    "format strings of servers are compiled as they stand",
    arguments: [
      (
        #"$remote_addr - $remote_user [$time_local] "$request" $status $body_bytes_sent "$http_referer" "$http_user_agent" $request_time"#,
        line + " 0.250"
      ),
      (
        #"log_format main '$remote_addr - $remote_user [$time_local] "$request" ' '$status $body_bytes_sent "$http_referer" "$http_user_agent"';"#,
        line
      ),
      (#"LogFormat "%h %l %u %t \"%r\" %>s %b \"%{Referer}i\" \"%{User-Agent}i\"" combined"#, line),
      (#"%h %l %u %t "%r" %>s %b "%{Referer}i" "%{User-Agent}i""#, line),
    ])
  func compiled(format: String, line: String) throws {
    let log = try Decoded(line, format)
    #expect(log.counters.exchanges == 1, "\(log.counters.unparsed.entries)")
    #expect(log.text(.userAgent) == "Mozilla/5.0" && log[0].status == 200)
    #expect(log[0].at.rfc3339 == "2000-10-10T20:55:36.000Z")
  }

  @Test("Apache's %t is the start, %D cut microseconds, %{end:…}t the end")
  func apacheTimes() throws {
    let start = try Decoded(
      "192.0.2.1 [10/Oct/2000:13:55:36 +0000] 1500000 \"GET / HTTP/1.1\"", #"%a %t %D "%r""#)
    #expect(start[0].start.latest.rfc3339 == "2000-10-10T13:55:36.999Z")
    #expect(start[0].end.earliest.rfc3339 == "2000-10-10T13:55:37.500Z")
    #expect(!start[0].flags.contains(.stampedAtEnd) && start[0].elapsed == 1_500_000_000)
    let end = try Decoded(
      "192.0.2.1 971186136.250 \"GET / HTTP/1.1\"", #"%a %{end:sec}t.%{end:msec_frac}t "%r""#)
    #expect(end[0].flags.contains(.stampedAtEnd))
    #expect(end[0].end.earliest.rfc3339 == "2000-10-10T13:55:36.250Z")
    #expect(end[0].resolution == Nanoseconds.millisecond)
  }

  @Test(
    "mistakes in a format string have their column",
    arguments: [
      ("$remote_addr$status [$time_local]", "format-adjacent", 13),
      ("$remote_addr $ [$time_local]", "format-variable", 14),
      ("$remote_addr", "format-no-time", 0),
      ("%h %t %Z", "format-directive", 7), ("%h%u %t", "format-adjacent", 3),
      ("%h %{%Q}t", "format-time", 4), ("nonsense", "unknown-format", 0),
      ("time=ts,client=a,request=r,colour=blue", "map-field", 28), ("time=ts", "map-incomplete", 0),
    ])
  func mistakes(format: String, code: String, column: Int) throws {
    let error = try #require(throws: Diagnostics.self) { try LogFormat.parse(format) }
    #expect(error.items.contains { $0.code == code && $0.position.column == column }, "\(error)")
  }

  @Test(
    "escapes are decoded once",
    arguments: [
      (#"a\x22b"#, "a\"b"), (#"a\"b"#, "a\"b"), (#"a\\b"#, #"a\b"#), (#"a\\x22"#, #"a\x22"#),
      (#"a\tb"#, "a\tb"), (#"\q"#, #"\q"#), (#"a\xC3\xA9"#, "aé"), (#"\x2"#, #"\x2"#),
    ])
  func escapes(written: String, meant: String) throws {
    let log = try Decoded(
      #"192.0.2.7 - - [10/Oct/2000:13:55:36 -0700] "GET / HTTP/1.1" 200 1 "-" "\#(written)""#,
      "combined")
    #expect(log.text(.userAgent) == meant)
  }

  @Test(
    "clients are canonical, whatever their spelling",
    arguments: [
      ("::ffff:192.0.2.7", "192.0.2.7"), ("2001:DB8::0007", "2001:db8::7"),
      ("fe80::1%eth0", "fe80::1"), ("unix:", "-"), ("-", "-"),
    ])
  func clients(written: String, canonical: String) throws {
    let log = try Decoded(
      #"\#(written) - - [10/Oct/2000:13:55:36 -0700] "GET / HTTP/1.1" 200 1"#, "common")
    #expect(log[0].client.description == canonical)
  }

  @Test("a host name stays a name, and bytes that are no UTF-8 stay bytes")
  func bytes() throws {
    let named = try Decoded(
      #"pc.example.org - - [10/Oct/2000:13:55:36 -0700] "GET / HTTP/1.1" 200 1"#, "common")
    #expect(named[0].client.kind == .name && named.text(.clientName) == "pc.example.org")
    var raw = Array(#"192.0.2.7 - - [10/Oct/2000:13:55:36 -0700] "GET /"#.utf8)
    raw += [0xff, 0x00, 0x1b] + Array(#" HTTP/1.1" 200 1"#.utf8)
    let log = try Decoded(raw, LogFormat.parse("common"))
    #expect(Array(log.batch.bytes[log[0][.path].indices]) == [0x2f, 0xff, 0x00, 0x1b])
  }

  @Test(
    "what is no exchange is counted by reason, with the place of the first",
    arguments: [
      ("garbage", RejectReason.truncated), (line + " more", .trailingText),
      (line.replacing("200", with: "999"), .badStatus),
      (line.replacing("Oct", with: "Okt"), .badTime),
      (line.replacing("2326", with: "many"), .badNumber),
    ])
  func rejects(text: String, reason: RejectReason) throws {
    let log = try Decoded(
      line + "\n\n" + text + "\n" + text, #"%h %l %u %t "%r" %>s %b "%{Referer}i" "%{User-Agent}i""#
    )
    #expect(log.counters.exchanges == 1 && log.counters.blank == 1)
    #expect(log.counters.unparsed.count(of: reason) == 2, "\(log.counters.unparsed.entries)")
    #expect(log.counters.unparsed.entries.first?.first.line == 3)
    #expect(log.counters.unparsed.entries.first?.first.offset == UInt64(line.utf8.count + 2))
  }

  @Test(
    "request lines that are none are kept and flagged",
    arguments: [#"\x16\x03\x01"#, "", "GET", "GET  HTTP/1.1", "hello world again"])
  func malformed(request: String) throws {
    let log = try Decoded(
      #"192.0.2.7 - - [10/Oct/2000:13:55:36 -0700] "\#(request)" 400 1"#, "common")
    #expect(log.counters.exchanges == 1)
    #expect(log[0].flags.contains(.malformedRequest) == (request != "hello world again"))
  }

  @Test("stamps without an offset need a zone, and the gap of spring has no time")
  func zones() throws {
    let haproxy =
      #"192.0.2.7:1 [29/Mar/2026:02:30:00.123] f b/s 0/0/0/0/7 200 1 - - ---- 1/1/1/1/0 0/0 "GET / HTTP/1.1""#
    #expect(try Decoded(haproxy, "haproxy").counters.unparsed.count(of: .noZone) == 1)
    var paris = DecoderConfiguration()
    paris.zone = ZoneRules(
      name: "Europe/Paris", initialOffset: 3_600,
      transitions: [
        .init(at: 1_774_746_000, offset: 7_200), .init(at: 1_792_890_000, offset: 3_600),
      ])
    #expect(
      try Decoded(haproxy, "haproxy", paris).counters.unparsed.count(of: .nonexistentTime) == 1)
    let autumn = haproxy.replacing("29/Mar", with: "25/Oct")
    let log = try Decoded(autumn, "haproxy", paris)
    #expect(log[0].start.latest.since(log[0].start.earliest) >= Nanoseconds.hour)
  }
}

@Suite("Forwarding")
struct ForwardingTests {
  @Test(
    "the chain is walked from the right through trusted proxies only",
    arguments: [
      ("203.0.113.9", "203.0.113.9", false), ("1.1.1.1, 203.0.113.9", "203.0.113.9", false),
      ("203.0.113.9, 10.0.0.2", "203.0.113.9", false), ("203.0.113.9:4711", "203.0.113.9", false),
      ("\"[2001:db8::9]:80\"", "10.0.0.1", true), ("[2001:db8::9]:80", "2001:db8::9", false),
      ("unknown", "10.0.0.1", true), ("10.0.0.3, 10.0.0.2", "10.0.0.3", true),
      ("203.0.113.9, unknown, 10.0.0.2", "10.0.0.2", true), ("-", "10.0.0.1", false),
    ])
  func walk(header: String, client: String, isUnclear: Bool) throws {
    var configuration = DecoderConfiguration()
    configuration.client = .forwarded
    configuration.trustedProxies = [try #require(Network("10.0.0.0/8"))]
    let log = try Decoded(
      #"10.0.0.1 1700000000.000 \#(header) "GET / HTTP/1.1""#.replacing(
        #"\#(header) ""#, with: "<\(header)> \""),
      #"$remote_addr $msec <$http_x_forwarded_for> "$request""#, configuration)
    #expect(log[0].client.description == client)
    #expect(log[0].flags.contains(.forwardingUnclear) == isUnclear)
    #expect(log[0].peer.description == "10.0.0.1")
  }

  @Test("without trust in proxies the header changes nothing")
  func untrusted() throws {
    let log = try Decoded(
      #"192.0.2.1 1700000000.000 <203.0.113.9> "GET / HTTP/1.1""#,
      #"$remote_addr $msec <$http_x_forwarded_for> "$request""#)
    #expect(log[0].client.description == "192.0.2.1" && !log[0].flags.contains(.forwarded))
  }
}

@Suite("Hostile lines")
struct HostileTests {
  /// Format strings whose fields end in every way there is.
  static let strings = [
    #"$http_x_forwarded_for $remote_user [$time_local] $msec "$request_method $request_uri $server_protocol" $status $upstream_addr "$http_user_agent $http_accept_language""#,
    "$remote_addr:$remote_port $msec $request $status", #"%a %{end:msec}t %t "%r" %T %D"#,
    "haproxy:User-Agent,Referer/Location",
    #"log_format x escape=json '{"c":"$remote_addr","t":$msec,"r":"$request"}'"#,
  ]

  @Test(
    "every line becomes an exchange or is counted, and none a trap",
    arguments: LogFormat.names + strings)
  func mutations(format: String) throws {
    var random = Seeded(77)
    let seeds = [
      line, #"{"msec":"1.5","remote_addr":"192.0.2.1","request":"GET / HTTP/1.1","status":200}"#,
      "2018-01-01 08:09:10 192.0.2.1 GET / - 80 - 192.0.2.7 UA - 200 0 0 5",
      #"192.0.2.7:1 [29/Mar/2026:02:30:00.123] f b/s 0/0/0/0/7 200 1 - - ---- 1/1/1/1/0 0/0 "GET / HTTP/1.1""#,
      #"6.6.6.6, ::1 - [10/Oct/2000:13:55:36 +0000] 1.5 "GET /a HTTP/1.1" 200 1:2, - : 3 "U fr""#,
      "2001:db8::1:443 1.5 GET /a HTTP/1.1 200",
      #"192.0.2.1 1500 [10/Oct/2000:13:55:36 +0000] "GET / HTTP/1.1" 1 1000000"#,
    ]
    for _ in 0..<400 {
      var bytes = Array(seeds[Int(random.next() % UInt64(seeds.count))].utf8)
      for _ in 0..<(random.next() % 6) {
        let place = Int(random.next() % UInt64(bytes.count))
        switch random.next() % 3 {
        case 0: bytes[place] = UInt8(truncatingIfNeeded: random.next())
        case 1: bytes.removeSubrange(place..<min(bytes.count, place + 5))
        default: bytes.insert(contentsOf: bytes.prefix(7), at: place)
        }
        if bytes.isEmpty { bytes = [0x61] }
      }
      let log = try Decoded(bytes, LogFormat.parse(format), utcConfiguration())
      let counted =
        log.counters.exchanges + log.counters.unparsed.total + log.counters.blank
        + log.counters.comments
      #expect(counted == log.counters.lines)
      #expect(log.batch.exchanges.count == Int(log.counters.exchanges))
    }
  }
  @Test(
    "a line may end anywhere, and the bytes with it",
    arguments: [
      #"2001:db8:aaaa:bbbb:cccc:dddd:eeee:ffff - - [10/Oct/2000:13:55:36 +0000] "GET /a?b HTTP/1.1" 200 2 "-" "UA""#,
      #"192.0.2.255 - - [10/Oct/2000:13:55:36 +0000] "GET /a-path-that-is-long HTTP/1.1" 200 - "" """#,
      #"255.255.255.255 - - [10/Oct/2000:13:55:36 +0000] "GET / HTTP/1.0" 404 123456789012345 "r" "u""#,
    ], LogFormat.names)
  func prefixes(line: String, format: String) throws {
    let bytes = Array(line.utf8)
    let format = try LogFormat.parse(format)
    for count in 1...bytes.count {
      let log = try Decoded(Array(bytes.prefix(count)), format, utcConfiguration())
      #expect(log.counters.lines == 1, "\(count) bytes")
    }
    #expect(try Decoded(line, "combined").counters.exchanges == 1)
  }
}
