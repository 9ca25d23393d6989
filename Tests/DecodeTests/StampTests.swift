import CrenelDecode
import CrenelModel
import CrenelTestKit
import Testing

@Suite("Stamps and durations")
struct StampTests {
  @Test(
    "of several stamps the finest wins, whatever the order",
    arguments: [
      (
        #"$remote_addr $msec [$time_local] "$request""#,
        "1700000000.123 [14/Nov/2023:22:13:20 +0000]"
      ),
      (
        #"$remote_addr [$time_local] $msec "$request""#,
        "[14/Nov/2023:22:13:20 +0000] 1700000000.123"
      ),
      (#"$remote_addr $time_iso8601 $msec "$request""#, "2023-11-14T22:13:20+00:00 1700000000.123"),
      (#"%a %t %{msec}t "%r""#, "[14/Nov/2023:22:13:20 +0000] 1700000000123"),
      (#"%a %{msec}t %t "%r""#, "1700000000123 [14/Nov/2023:22:13:20 +0000]"),
      (#"%a %{sec}t.%{msec_frac}t %t "%r""#, "1700000000.123 [14/Nov/2023:22:13:20 +0000]"),
      (#"%a %t %{sec}t.%{msec_frac}t "%r""#, "[14/Nov/2023:22:13:20 +0000] 1700000000.123"),
      (#"%a %{msec}t %{msec_frac}t "%r""#, "1700000000123 123"),
      (#"%a %{%H:%M}t %{msec}t "%r""#, "22:13 1700000000123"),
    ])
  func finest(format: String, stamps: String) throws {
    let log = try Decoded("192.0.2.7 \(stamps) \"GET / HTTP/1.1\"", format)
    #expect(log.counters.exchanges == 1, "\(log.counters.unparsed.entries)")
    #expect(log[0].at.nanoseconds == 1_700_000_000_123_000_000)
    #expect(log[0].resolution == Nanoseconds.millisecond)
  }

  @Test(
    "a stamp of the start and one of the end are each what they are",
    arguments: [
      (#"%a %{end:msec}t %t "%r""#, "1700000001500 [14/Nov/2023:22:13:20 +0000]"),
      (#"%a %t %{end:msec}t "%r""#, "[14/Nov/2023:22:13:20 +0000] 1700000001500"),
      (
        #"%a %{begin:%Y-%m-%dT%T%z}t %{end:sec}t.%{end:msec_frac}t "%r""#,
        "2023-11-14T22:13:20+0000 1700000001.500"
      ),
    ])
  func bothEnds(format: String, stamps: String) throws {
    let log = try Decoded("192.0.2.7 \(stamps) \"GET / HTTP/1.1\"", format)
    #expect(log.counters.exchanges == 1, "\(log.counters.unparsed.entries)")
    #expect(log[0].end.earliest.nanoseconds == 1_700_000_001_500_000_000)
    #expect(log[0].end.latest.nanoseconds == 1_700_000_001_500_999_999)
    #expect(log[0].start.earliest.nanoseconds == 1_700_000_000_000_000_000)
    #expect(log[0].start.latest.nanoseconds == 1_700_000_000_999_999_999)
    #expect(log[0].flags.contains(.stampedAtEnd))
  }

  @Test("with a duration, each end of an exchange has the narrower of its two intervals")
  func bothEndsAndDuration() throws {
    let log = try Decoded(
      "192.0.2.7 1700000001500 [14/Nov/2023:22:13:20 +0000] 700000 \"GET / HTTP/1.1\"",
      #"%a %{end:msec}t %t %D "%r""#)
    #expect(log[0].end.earliest.nanoseconds == 1_700_000_001_500_000_000)
    #expect(log[0].start.earliest.nanoseconds == 1_700_000_000_799_999_001)
    #expect(log[0].start.latest.nanoseconds == 1_700_000_000_800_999_999)
  }

  @Test(
    "of several durations the finest wins, whatever the order",
    arguments: [
      ("%D %T", "1500000 1"), ("%T %D", "1 1500000"), ("%{ms}T %D", "1500 1500000"),
      ("%D %{ms}T", "1500000 1500"), ("%{us}T %T %{ms}T", "1500000 1 1500"), ("%T %D", "- 1500000"),
    ])
  func durations(format: String, written: String) throws {
    let log = try Decoded(
      "192.0.2.7 1700000000000 \(written) \"GET / HTTP/1.1\"", #"%a %{msec}t \#(format) "%r""#)
    #expect(log.counters.exchanges == 1, "\(log.counters.unparsed.entries)")
    #expect(log[0].elapsed == 1_500_000_000)
    #expect(log[0].end.latest.since(log[0].end.earliest) < 2 * Nanoseconds.millisecond)
  }

  @Test("a stamp in pieces in the hour that comes twice keeps both instants, with a fraction too")
  func ambiguousPieces() throws {
    var paris = DecoderConfiguration()
    paris.zone = ZoneRules(
      name: "Europe/Paris", initialOffset: 7_200,
      transitions: [.init(at: 1_792_890_000, offset: 3_600)])
    let log = try Decoded(
      "192.0.2.7 25/Oct/2026:02:30:00.250 \"GET / HTTP/1.1\"",
      #"%a %{%d/%b/%Y:%T}t.%{msec_frac}t "%r""#, paris)
    #expect(log.counters.exchanges == 1, "\(log.counters.unparsed.entries)")
    #expect(log[0].start.latest.since(log[0].start.earliest) >= Nanoseconds.hour)
    #expect(log[0].start.earliest.nanoseconds % Nanoseconds.second == 250_000_000)
  }

  private static func caddy(_ stamp: String) -> String {
    #"{"ts":\#(stamp),"request":{"client_ip":"192.0.2.1","method":"GET","uri":"/"},"status":200,"duration":1e-3,"size":1e3}"#
  }

  @Test(
    "Caddy's ways to write a time are all read, and numbers with exponents",
    arguments: [
      ("1709280001.123", 1_000_000), ("\"2024-03-01T08:00:01.123Z\"", 1_000_000),
      ("\"2024-03-01T09:00:01.123+0100\"", 1_000_000), ("1709280001123.0", 100_000),
      ("1709280001123000000", 1), ("1.709280001123E9", 1_000_000),
      ("1.709280001123e+12", 1_000_000),
      ("\"2024/03/01 08:00:01.123\"", 1_000_000),
      ("\"01/Mar/2024:08:00:01 +0000\"", 1_000_000_000),
    ] as [(String, Int64)])
  func caddyTimes(stamp: String, resolution: Int64) throws {
    let line = Self.caddy(stamp)
    let log = try Decoded(line, "caddy", utcConfiguration())
    #expect(log.counters.exchanges == 1, "\(log.counters.unparsed.entries)")
    let second = log[0].at.nanoseconds.floorDivided(by: Nanoseconds.second)
    #expect(second == 1_709_280_001 && log[0].resolution == resolution)
    #expect(log[0].elapsed == Nanoseconds.millisecond && log[0].bodyBytes == 1_000)
    #expect(FormatDetector.detect(Array(line.utf8).span).format?.name == "caddy")
  }

  @Test("digits that an exponent leaves out are not taken for zeros")
  func coarseExponent() throws {
    let log = try Decoded(Self.caddy("1.709e9"), "caddy")
    #expect(log[0].at.nanoseconds == 1_709_000_000_000_000_000)
    #expect(log[0].resolution == 1_000_000 * Nanoseconds.second)
  }

  @Test(
    "numbers past all bounds are refused, and none traps",
    arguments: ["1e99", "1e40", "99999999999999999999", "1e", "1.e3", "0e-999999999999999999999"])
  func hostile(number: String) throws {
    let log = try Decoded(Self.caddy(number), "caddy")
    #expect(log.counters.exchanges == 0 && log.counters.lines == 1)
  }

  @Test(
    "an IIS log that does not log a time, a client or a path is refused by name",
    arguments: ["time", "date", "c-ip", "cs-uri-stem"])
  func iisColumns(column: String) throws {
    let fields = [
      ("date", "2024-03-01"), ("time", "08:00:00"), ("c-ip", "192.0.2.7"), ("cs-method", "GET"),
      ("cs-uri-stem", "/"), ("sc-status", "200"),
    ]
    func text(_ fields: [(String, String)]) -> String {
      "#Fields: \(fields.map(\.0).joined(separator: " "))\n"
        + fields.map(\.1).joined(separator: " ")
    }
    #expect(try Decoded(text(fields), "iis").counters.exchanges == 1)
    let log = try Decoded(text(fields.filter { $0.0 != column }), "iis")
    #expect(log.counters.exchanges == 0 && log.counters.unparsed.count(of: .missingColumn) == 1)
    #expect(RejectReason.missingColumn.remedy?.en.contains(column) == true)
  }

  @Test("JSON of which few lines are readable is refused with their number")
  func fewLines() {
    let lines =
      [Self.caddy("1.5"), "{\"a\":1}", "{\"a\":2}", "{\"a\":3}"].joined(separator: "\n") + "\n"
    let found = FormatDetector.detect(Array(lines.utf8).span)
    #expect(found.format == nil && found.reason.en.contains("1 of 4 lines"), "\(found.reason)")
  }
}
