import CrenelDecode
import CrenelModel
import Testing

/// A line of a format with a place for the version, and how the format spells versions.
private struct Spelling: CustomTestStringConvertible, Sendable {
  var format: String
  var line: String
  var spelled: String
  var version: String?
  var testDescription: String { "\(spelled) in \(format)" }

  init(_ format: String, _ line: String, _ spelled: String, _ version: String?) {
    self.format = format
    self.line = line
    self.spelled = spelled
    self.version = version
  }

  private static let plain = #"192.0.2.7 - - [02/Mar/2026:17:00:00 +0000] "GET /a V" 200 1"#
  private static let variable =
    #"$remote_addr [$time_local] "$request_method $request_uri" $server_protocol $http2 $status"#
  private static let stamped = "192.0.2.7 [02/Mar/2026:17:00:00 +0000] "
  private static let iis =
    "#Fields: date time cs-method cs-uri-stem c-ip cs-version sc-status\n"
    + "2026-03-02 17:00:00 GET /a 192.0.2.7 V 200"
  private static let caddy =
    #"{"ts":1.5,"request":{"client_ip":"192.0.2.1","proto":"V","method":"GET","uri":"/"},"status":200}"#
  private static let traefik =
    #"{"StartUTC":"2026-01-01T00:00:00Z","ClientHost":"192.0.2.1","RequestMethod":"GET","RequestPath":"/","RequestProtocol":"V"}"#
  private static let envoy =
    #"{"start_time":"2026-01-01T00:00:00Z","downstream_remote_address":"192.0.2.1:5","method":"GET","path":"/","protocol":"V"}"#
  private static let ecs =
    #"{"@timestamp":"2026-01-01T00:00:00Z","source":{"ip":"192.0.2.1"},"url":{"original":"/"},"http":{"version":"V"}}"#
  private static let nginx =
    #"{"msec":"1.5","remote_addr":"192.0.2.1","request_uri":"/","server_protocol":"V"}"#
  private static let protocols = #"{"msec":"1.5","remote_addr":"192.0.2.1","request_uri":"/","#
  private static let map = #"{"t":"2026-01-01T00:00:00Z","c":"192.0.2.1","u":"/","v":"V"}"#

  private static let lines: [(format: String, line: String)] = [
    ("combined", plain + #" "-" "UA""#), ("common", plain), ("iis", iis), ("caddy", caddy),
    ("traefik", traefik), ("envoy-json", envoy), ("ecs", ecs), ("nginx-json", nginx),
    ("time=t,client=c,target=u,version=v", map),
  ]

  private static let usual: [(spelled: String, version: String)] = [
    ("HTTP/1.0", "1.0"), ("HTTP/1.1", "1.1"), ("HTTP/2.0", "2"), ("HTTP/2", "2"),
    ("HTTP/3.0", "3"), ("HTTP/3", "3"),
  ]

  private static let rest: [Spelling] = [
    Spelling("caddy", caddy, "h2", "2"), Spelling("caddy", caddy, "h2c", "2"),
    Spelling("caddy", caddy, "h3", "3"), Spelling("ecs", ecs, "2", "2"),
    Spelling("ecs", ecs, "2.0", "2"), Spelling("ecs", ecs, "1.1", "1.1"),
    Spelling("envoy-json", envoy, "quic", nil), Spelling("caddy", caddy, "h2000", nil),
    Spelling("nginx-json", protocols + #""http2":"V","http3":""}"#, "h2", "2"),
    Spelling("nginx-json", protocols + #""http2":"","http3":"V"}"#, "h3", "3"),
    Spelling(variable, stamped + #""GET /a" HTTP/2.0 V 200"#, "h2", "2"),
    Spelling(variable, stamped + #""GET /a" V - 200"#, "HTTP/1.1", "1.1"),
    Spelling("combined", plain + #" "-" "UA""#, "HTTP/x.0", "x.0"),
  ]

  static let all: [Spelling] =
    rest
    + usual.flatMap { word in
      lines.map { Spelling($0.format, $0.line, word.spelled, word.version) }
    }
}

@Suite("The version of HTTP")
struct HTTPVersionTests {
  @Test("is the same however a server spells it", arguments: Spelling.all)
  fileprivate func spelled(spelling: Spelling) throws {
    let line = spelling.line.replacing("V", with: spelling.spelled)
    let log = try Decoded(line + "\n", spelling.format, utcConfiguration())
    try #require(log.counters.exchanges == 1, "\(log.counters.unparsed.entries)")
    #expect(log.text(.version) == spelling.version)
  }
}
