import CrenelModel
import CrenelTestKit
import Testing

@testable import CrenelDecode

/// The address and port of the client: a carrier finds a subscriber behind a shared address by them.
@Suite("Ports")
struct PortTests {
  private static func trusting(_ networks: String...) -> DecoderConfiguration {
    var configuration = utcConfiguration()
    configuration.client = .forwarded
    configuration.trustedProxies = networks.compactMap { Network($0) }
    return configuration
  }

  private static func pair(_ exchange: Exchange) -> String {
    "\(exchange.client) \(exchange.port)"
  }

  /// X-Forwarded-For, and who came from 10.0.0.1:3331 with it.
  static let chains = [
    ("203.0.113.9", "203.0.113.9 0"), ("203.0.113.9:50123", "203.0.113.9 50123"),
    ("[2001:db8::9]:50123", "2001:db8::9 50123"), ("2001:db8::9", "2001:db8::9 0"),
    ("203.0.113.9:50123, 10.0.0.2:4444", "203.0.113.9 50123"),
    ("203.0.113.9, 10.0.0.2:4444", "203.0.113.9 0"), ("1.1.1.1:1, 203.0.113.9", "203.0.113.9 0"),
    ("203.0.113.9:0", "203.0.113.9 0"), ("203.0.113.9:99999", "10.0.0.1 3331"),
    ("unknown", "10.0.0.1 3331"), ("-", "10.0.0.1 3331"), ("10.0.0.3", "10.0.0.3 0"),
    ("10.0.0.3:33", "10.0.0.3 33"), ("unknown, 10.0.0.3:33", "10.0.0.3 33"),
    ("10.0.0.1", "10.0.0.1 0"),
  ]

  @Test(
    "go with the address that the chain gives them to, never with another's", arguments: chains,
    [
      (
        "$remote_addr:$remote_port [$msec] \"$request\" \"$http_x_forwarded_for\"",
        "10.0.0.1:3331 [1.5] \"GET / HTTP/1.1\" \"C\""
      ),
      (
        "haproxy:X-Forwarded-For",
        #"10.0.0.1:3331 [01/Mar/2024:08:00:00.123] f b/s 0/0/0/0/7 200 1 - - ---- 1/1/1/1/0 0/0 {C} "GET / HTTP/1.1""#
      ),
      (
        "client_port=c,time_s=t,request=r,forwarded_for=f",
        #"{"f":"C","c":"10.0.0.1:3331","t":1.5,"r":"GET / HTTP/1.1"}"#
      ),
      (
        "nginx-json",
        #"{"http_x_forwarded_for":"C","remote_port":"3331","remote_addr":"10.0.0.1","msec":1.5,"request":"GET / HTTP/1.1"}"#
      ),
    ])
  func chain(chain: (header: String, pair: String), log: (format: String, line: String)) throws {
    let line = log.line.replacing("C", with: chain.header, maxReplacements: 1)
    let log = try Decoded(line, log.format, Self.trusting("10.0.0.0/8"))
    try #require(log.counters.exchanges == 1, "\(log.counters.unparsed.entries)")
    #expect(Self.pair(log[0]) == chain.pair)
  }

  @Test("stay with the connection where no proxy is trusted")
  func untrusted() throws {
    let log = try Decoded(
      "192.0.2.1:3331 [1.5] \"GET / HTTP/1.1\" \"203.0.113.9:5\"",
      "$remote_addr:$remote_port [$msec] \"$request\" \"$http_x_forwarded_for\"",
      Self.trusting("10.0.0.0/8"))
    #expect(Self.pair(log[0]) == "192.0.2.1 3331")
  }

  @Test(
    "of a client written as a list are those of its last element",
    arguments: [
      ("2001:db8::1, 203.0.113.9:5", "203.0.113.9 5"),
      ("2001:db8::1, 203.0.113.9", "203.0.113.9 0"),
      ("198.51.100.1:9, 203.0.113.9", "203.0.113.9 0"), ("unknown, x:12", "- 0"),
    ])
  func list(written: String, pair: String) throws {
    let line =
      #"{"remote_addr":"\#(written)","remote_port":"3331","msec":1.5,"request":"GET / HTTP/1.1"}"#
    let log = try Decoded(line, "nginx-json")
    try #require(log.counters.exchanges == 1, "\(log.counters.unparsed.entries)")
    #expect(Self.pair(log[0]) == pair)
  }

  @Test(
    "in JSON belong to the address under the same name",
    arguments: [
      (
        "caddy", #""client_ip":"203.0.113.9","remote_ip":"10.0.0.1","remote_port":"3331""#,
        "203.0.113.9 0"
      ),
      (
        "caddy", #""remote_ip":"192.0.2.1","remote_port":"3331","client_ip":"192.0.2.1""#,
        "192.0.2.1 3331"
      ),
      ("caddy", #""remote_ip":"192.0.2.1","remote_port":"3331""#, "192.0.2.1 3331"),
      ("caddy", #""client_ip":"203.0.113.9","remote_port":"3331""#, "203.0.113.9 0"),
      ("caddy", #""remote_ip":"192.0.2.1","remote_port":"70000""#, "192.0.2.1 0"),
      (
        "ecs", #""source":{"ip":"203.0.113.9","port":5},"client":{"ip":"192.0.2.1","port":6}"#,
        "203.0.113.9 5"
      ),
      (
        "ecs", #""source":{"ip":"203.0.113.9"},"client":{"ip":"192.0.2.1","port":6}"#,
        "203.0.113.9 0"
      ),
      ("ecs", #""client":{"port":6,"ip":"192.0.2.1"}"#, "192.0.2.1 6"),
      ("ecs", #""source":{"address":"203.0.113.9","port":5}"#, "203.0.113.9 5"),
      ("nginx-json", #""client_ip":"203.0.113.9","remote_port":"3331""#, "203.0.113.9 0"),
      ("nginx-json", #""remote_ip":"203.0.113.9","remote_port":"3331""#, "203.0.113.9 3331"),
      (
        "nginx-json",
        #""remote_addr":"203.0.113.9","remote_port":"3331","realip_remote_addr":"10.0.0.1""#,
        "203.0.113.9 3331"
      ),
      (
        "client=a,port=p,time_s=msec,request=r",
        #""a":"203.0.113.9","p":"3331","r":"GET / HTTP/1.1""#, "203.0.113.9 3331"
      ),
    ])
  func names(format: String, keys: String, pair: String) throws {
    let rest: [String: String] = [
      "caddy": #"{"ts":1.5,"request":{K,"method":"GET","uri":"/"},"status":200}"#,
      "ecs": #"{"@timestamp":"2026-01-01T00:00:00Z",K,"url":{"original":"/"}}"#,
    ]
    let line = rest[format] ?? #"{"msec":1.5,"request":"GET / HTTP/1.1",K}"#
    let log = try Decoded(line.replacing("K", with: keys), format)
    try #require(log.counters.exchanges == 1, "\(log.counters.unparsed.entries)")
    #expect(Self.pair(log[0]) == pair)
    let isBehind = keys.contains("10.0.0.1")
    #expect(log[0].peer.description == (isBehind ? "10.0.0.1" : log[0].client.description))
  }

  @Test(
    "in captures are those that the header gives, or none, also behind a PROXY header",
    arguments: [
      ("X-Forwarded-For: 203.0.113.9", "203.0.113.9 0"),
      ("X-Forwarded-For: 203.0.113.9:50123", "203.0.113.9 50123"),
      (#"Forwarded: for="203.0.113.9:50123""#, "203.0.113.9 50123"),
      (#"Forwarded: for="[2001:db8::17]:4711";proto=https, for=192.0.2.9"#, "2001:db8::17 4711"),
      ("Forwarded: for=_hidden", "192.0.2.7 40000"), ("Host: x", "192.0.2.7 40000"),
    ], [false, true])
  func captured(header: (field: String, pair: String), isProxied: Bool) throws {
    var run = HTTP1Run(trusted: ["192.0.2.0/24"])
    if isProxied {
      run.connection.proxied = Endpoint(address: ClientAddress(ipv4: 0xc000_0221), port: 777)
    }
    run.play([.client("GET / HTTP/1.1\r\n\(header.field)\r\n\r\n")])
    run.close()
    let exchange = try #require(run.batch.exchanges.first)
    let own = header.pair.hasPrefix("192.0.2.7 ")
    #expect(Self.pair(exchange) == (own && isProxied ? "192.0.2.33 777" : header.pair))
    #expect(exchange.peer.description == "192.0.2.7")
  }
}
