import CrenelDecode
import CrenelModel
import CrenelTestKit
import Foundation
import Testing

private let nginx =
  #"{"msec":"1772438400.123","remote_addr":"192.0.2.7","request":"POST /a?b=c HTTP/1.1","status":302,"#
  + #""body_bytes_sent":7,"request_time":"0.050","http_user_agent":"UA","host":"rdv.example","#
  + #""cookie_eZSESSID":"abc","request_body":"email=m%40x.example&number=1+2","app":{"slot":"s9"}}"#

private func configuration(_ names: [String]) -> DecoderConfiguration {
  var configuration = DecoderConfiguration()
  for name in names { _ = configuration.names.slot(for: name) }
  return configuration
}

@Suite("JSON lines")
struct JSONTests {
  @Test("nginx's keys, cookies, forms and fields of the application are found")
  func fields() throws {
    let log = try Decoded(
      nginx, "nginx-json",
      configuration(["cookie.eZSESSID", "form.email", "form.number", "json.app.slot", "form.none"]))
    #expect(log[0].status == 302 && log[0].bodyBytes == 7 && log.text(.query) == "b=c")
    #expect(log[0].end.earliest.nanoseconds == 1_772_438_400_123_000_000)
    let extras = (0..<5).map { log.batch.string(log[0].extras[$0]) }
    #expect(extras == ["abc", "m@x.example", "1 2", "s9", nil])
  }

  @Test(
    "known logs are told apart, with a reason",
    arguments: [
      (nginx, "nginx-json"),
      (
        #"{"ts":1.5,"request":{"client_ip":"192.0.2.1","method":"GET","uri":"/","host":"h","headers":{"User-Agent":["a","b"]}},"status":200,"duration":0.01}"#,
        "caddy"
      ),
      (
        #"{"StartUTC":"2026-01-01T00:00:00Z","ClientHost":"192.0.2.1","RequestMethod":"GET","RequestPath":"/","DownstreamStatus":200,"Duration":12}"#,
        "traefik"
      ),
      (
        #"{"@timestamp":"2026-01-01T00:00:00Z","source":{"ip":"192.0.2.1"},"http.request.method":"GET","url":{"original":"/"},"http":{"response":{"status_code":200}}}"#,
        "ecs"
      ),
    ])
  func detection(line: String, name: String) {
    let found = FormatDetector.detect(Array(line.utf8).span)
    #expect(found.format?.name == name, "\(found.reason)")
  }

  @Test("JSON that no map reads is refused in words")
  func unknown() {
    let found = FormatDetector.detect(Array(#"{"a":1,"b":2}"#.utf8).span)
    #expect(found.format == nil && found.reason.en.contains("JSON"))
  }

  @Test("strings come out as Foundation reads them", arguments: 0..<100)
  func oracle(seed: UInt64) throws {
    var random = Seeded(seed)
    let alphabet: [Character] = [
      "a", "\"", "\\", "/", "\n", "\t", "é", "𝒳", "\u{1}", "\u{7f}", " ",
    ]
    let text = String((0..<Int(random.next() % 30)).map { _ in alphabet[Int(random.next() % 11)] })
    let object: [String: Any] = [
      "msec": "1.5", "remote_addr": "192.0.2.1", "request": "GET / HTTP/1.1", "x": text,
      "deep": ["more": [1, ["y": text]]],
    ]
    let data = try JSONSerialization.data(withJSONObject: object)
    let log = try Decoded(Array(data), LogFormat.parse("nginx-json"), configuration(["json.x"]))
    #expect(log.counters.exchanges == 1)
    #expect(log.batch.string(log[0].extras[0]) == (text.isEmpty ? nil : text))
  }

  @Test(
    "what is no JSON object is refused by reason",
    arguments: [
      ("{", RejectReason.badJSON), ("{}", .missingField), ("{\"a\":}", .badJSON),
      ("{\"a\":01}", .badJSON), ("{\"a\":1} x", .trailingText), ("{\"a\":\"\\q\"}", .badJSON),
      ("[1]", .badJSON), ("{\"a\":tru}", .badJSON), ("{'a':1}", .badJSON), ("{\"a\":1,}", .badJSON),
      ("{\"a\":\"" + "x", .badJSON),
      (
        String(repeating: "{\"a\":", count: 40) + "1" + String(repeating: "}", count: 40),
        .nestedTooDeep
      ),
      (nginx.replacing("1772438400.123", with: "soon"), .badTime),
      (nginx.replacing(":302", with: ":9999"), .badStatus),
    ])
  func refused(line: String, reason: RejectReason) throws {
    let log = try Decoded(line, "nginx-json")
    #expect(log.counters.unparsed.count(of: reason) == 1, "\(log.counters.unparsed.entries)")
  }

  @Test(
    "escapes, surrogates and raw bytes are kept",
    arguments: [
      (#"\u00e9"#, "é"), (#"\ud835\udcb3"#, "𝒳"), (#"\ud835x"#, "\u{fffd}x"), (#"a\/b"#, "a/b"),
      (#"\x41"#, "A"),
    ])
  func escapes(written: String, meant: String) throws {
    let log = try Decoded(
      nginx.replacing("\"UA\"", with: "\"\(written)\""), "nginx-json")
    #expect(log.text(.userAgent) == meant)
  }

  @Test("a field map of the user's reads any document")
  func map() throws {
    let log = try Decoded(
      #"{"when":1772438400500,"who":{"ip":"192.0.2.9"},"verb":"PUT","what":"/z","took":"25","code":"201"}"#,
      "time_ms=when,client=who.ip,method=verb,target=what,elapsed_ms=took,status=code,stamp=start")
    #expect(log[0].client.description == "192.0.2.9" && log.text(.method) == "PUT")
    #expect(log[0].start.earliest.nanoseconds == 1_772_438_400_500_000_000)
    #expect(log[0].end.earliest.nanoseconds == 1_772_438_400_525_000_000 && log[0].status == 201)
  }
}
