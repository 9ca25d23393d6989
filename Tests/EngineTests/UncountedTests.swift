import CrenelAlerts
import CrenelBooking
import CrenelDecode
import CrenelEngine
import CrenelFeatures
import CrenelModel
import CrenelRules
import CrenelTestKit
import Testing

@Suite("Exchanges that are no requests")
struct UncountedTests {
  private static let line = Array(
    (#"192.0.2.7 - - [01/May/2026:00:00:00 +0000] "GET /booking/create/145 HTTP/1.1" 200 9 "-" "#
      + #""curl/8""#
      + "\n").utf8)

  @Test(
    "give no step, count in no feature and match no rule",
    arguments: [
      (ExchangeFlags.unknownTarget, 0), (.encrypted, 0), ([.incomplete, .unknownTarget], 0),
      (.incomplete, 1), ([], 1),
    ] as [(ExchangeFlags, UInt64)])
  func flags(flags: ExchangeFlags, counted: UInt64) throws {
    let path = SharedData.package + "rules/sites/ezbooking.yml"
    let profile = try SiteProfileParser.parse(
      String(decoding: try SharedData.bytes(path), as: UTF8.self), file: path)
    var names = profile.requestedNames
    let rules = try RuleSet.parse(files: [], names: &names)
    var pipeline = Pipeline(
      booking: try BookingStage(profile: profile, names: names, siteKey: nil),
      features: FeatureStage(FeatureConfiguration()),
      rules: RuleEngine(rules, names: names, seed: 0),
      alerts: AlertStage(AlertConfiguration(), rules: rules.metadata))
    var batch = ExchangeBatch()
    var decoder = try LogDecoder(LogFormat.parse("combined"), DecoderConfiguration())
    batch.bytes.append(contentsOf: Self.line)
    decoder.decode(&batch, lines: batch.bytes.indices, offset: 0)
    try #require(batch.exchanges.count == 1)
    batch.exchanges[0].flags.formUnion(flags)
    let hasPassed = pipeline.process(batch, 0) != nil
    let (exchanges, encrypted) = (pipeline.exchanges, pipeline.encrypted)
    #expect(hasPassed == (counted == 1))
    #expect(exchanges == counted && encrypted == (flags.contains(.encrypted) ? 1 : 0))
  }
}
