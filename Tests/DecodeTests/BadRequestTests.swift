import CrenelDecode
import CrenelModel
import Testing

/// What a server writes for a request that it could not read.
private struct BadRequest: CustomTestStringConvertible, Sendable {
  var format: String
  var line: String
  /// What of the client's own words is left.
  var target: String?
  var testDescription: String { "\(format): \(line)" }

  private init(_ format: String, _ line: String, _ target: String? = nil) {
    self.format = format
    self.line = line
    self.target = target
  }

  private static func clf(_ request: String, _ target: String? = nil) -> BadRequest {
    BadRequest(
      "combined", #"192.0.2.7 - - [01/Mar/2026:08:00:00 +0000] "\#(request)" 400 166 "-" "-""#,
      target)
  }

  private static func alb(_ request: String) -> BadRequest {
    BadRequest(
      "alb",
      "http 2026-03-01T08:00:00.186641Z app/my-lb/50dc 192.0.2.7:2817 - -1 -1 -1 400 - 34 366 "
        + #""\#(request)" "-" - - - "-" "-" "-" - 2026-03-01T08:00:00.100000Z "-" "-" "-" "-" "-""#)
  }

  private static func envoy(_ request: String) -> BadRequest {
    BadRequest(
      "envoy",
      #"[2026-03-01T08:00:00.000Z] "\#(request)" 400 DPE 0 11 0 - "192.0.2.7" "-" "-" "-" "-""#)
  }

  private static func haproxy(_ request: String, _ target: String? = nil) -> BadRequest {
    BadRequest(
      "haproxy",
      "192.0.2.7:1 [01/Mar/2026:08:00:00.123] f f/<NOSRV> -1/-1/-1/-1/5 400 187 - - PR-- "
        + #"1/1/0/0/0 0/0 "\#(request)""#, target)
  }

  private static let variables = #"$remote_addr [$msec] "$request_method $request_uri" $status"#
  private static let envoyJSON =
    #"{"start_time":"2026-03-01T08:00:00.000Z","downstream_remote_address":"192.0.2.7:5","#
    + #""response_code":400,"#

  static let all: [BadRequest] = [
    alb("- http://my-lb-1.elb.amazonaws.com:80- -"), alb("- https://198.51.100.1:443- -"),
    haproxy("<BADREQ>"), envoy("- - -"), envoy("- - HTTP/1.1"), envoy("-"),
    clf("-"), clf(""), clf(#"\x16\x03\x01"#, "\u{16}\u{3}\u{1}"), clf(#"\n"#, "\n"),
    clf("hello", "hello"), clf("- - -"),
    BadRequest(
      "traefik-clf",
      #"192.0.2.7 - - [01/Mar/2026:08:00:00 +0000] "- - -" 400 0 "-" "-" 1 "-" "-" 0ms"#),
    BadRequest(variables, #"192.0.2.7 [1772352000.5] "- -" 400"#),
    BadRequest(
      "nginx-proxy-manager",
      #"[01/Mar/2026:08:00:00 +0000] - - 400 - - http localhost "-" [Client 192.0.2.7] "#
        + #"[Length 154] [Gzip -] [Sent-to -] "-" "-""#),
    BadRequest(
      "nginx-json",
      #"{"msec":"1772352000.5","remote_addr":"192.0.2.7","request":"","status":400}"#),
    BadRequest(
      "nginx-json",
      #"{"msec":"1772352000.5","remote_addr":"192.0.2.7","request_uri":"","request_method":"","status":"400"}"#
    ),
    BadRequest(
      "nginx-json",
      #"{"msec":"1.5","remote_addr":"192.0.2.7","request":"\u0016\u0003","status":400}"#,
      "\u{16}\u{3}"),
    BadRequest("envoy-json", envoyJSON + #""method":null,"path":null,"protocol":null}"#),
    BadRequest("envoy-json", envoyJSON + #""method":"-","path":"-","protocol":"HTTP/1.1"}"#),
    BadRequest(
      "iis",
      "#Fields: date time cs-method cs-uri-stem cs-uri-query c-ip sc-status\n"
        + "2026-03-01 08:00:00 - - - 192.0.2.7 400"),
  ]
}

@Suite("Requests that a server could not read")
struct BadRequestTests {
  @Test("are flagged, with no method, no target and no host made up", arguments: BadRequest.all)
  fileprivate func flagged(request: BadRequest) throws {
    let log = try Decoded(request.line + "\n", request.format, utcConfiguration())
    try #require(log.counters.exchanges == 1, "\(log.counters.unparsed.entries)")
    #expect(log[0].flags.contains(.malformedRequest))
    #expect(log.text(.method) == nil && log.text(.target) == request.target)
    #expect(log.text(.host) == (request.format == "nginx-proxy-manager" ? "localhost" : nil))
    #expect(log.text(.path) == nil && log.text(.query) == nil)
    #expect(log[0].client.description == "192.0.2.7" && log[0].status == 400)
  }

  @Test(
    "are not those whose words a client chose to look like it",
    arguments: [
      ("- /booking HTTP/1.1", "-", "/booking"), ("- - /x HTTP/1.1", "-", "- /x"),
      ("GET /<BADREQ> HTTP/1.1", "GET", "/<BADREQ>"), ("GET - HTTP/1.1", "GET", "-"),
    ])
  func chosen(line: String, method: String, target: String) throws {
    let log = try Decoded(
      #"192.0.2.7 - - [01/Mar/2026:08:00:00 +0000] "\#(line)" 200 1 "-" "-""#, "combined")
    #expect(log.text(.method) == method && log.text(.target) == target)
    #expect(!log[0].flags.contains(.malformedRequest))
  }

  @Test("in JSON need a key for the request and a status: other objects are no requests")
  func noRequest() throws {
    for keys in [#""status":400"#, #""request":null"#] {
      let log = try Decoded(#"{"msec":"1.5","remote_addr":"192.0.2.7",\#(keys)}"#, "nginx-json")
      #expect(log.counters.unparsed.count(of: .missingField) == 1, "\(keys)")
    }
  }
}
