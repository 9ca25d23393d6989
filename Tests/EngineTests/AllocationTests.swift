import CrenelAlerts
import CrenelBooking
import CrenelDecode
import CrenelEngine
import CrenelFeatures
import CrenelModel
import CrenelRules
import CrenelTestKit
import Foundation
import Testing

/// A pipeline of shipped rules and a shipped profile.
private func pipeline(_ site: String) throws -> Pipeline {
  let path = SharedData.package + "rules/sites/\(site).yml"
  let profile = try SiteProfileParser.parse(
    String(decoding: try SharedData.bytes(path), as: UTF8.self), file: path)
  var names = profile.requestedNames
  let folder = SharedData.package + "rules/booking/"
  let rules = try RuleSet.parse(
    files: try FileManager.default.contentsOfDirectory(atPath: folder).sorted().map {
      ("booking/" + $0, String(decoding: try SharedData.bytes(folder + $0), as: UTF8.self))
    }, names: &names)
  return Pipeline(
    booking: try BookingStage(profile: profile, names: names, siteKey: nil),
    features: FeatureStage(FeatureConfiguration()),
    rules: RuleEngine(rules, names: names, seed: 0),
    alerts: AlertStage(AlertConfiguration(), rules: rules.metadata))
}

@Suite("Allocation")
struct AllocationTests {
  /// Lines of ordinary clients: pages, assets, lists of slots, errors.
  private static let text: [UInt8] = Array(
    (0..<2_000).map { i in
      let path = ["/", "/css/a.css", "/fr/rdv/creneaux?x=\(i % 7)", "/img/\(i % 90).png"][i % 4]
      let second = i / 40
      return
        "192.0.2.\(i % 200) - - [01/May/2026:00:\(second / 60 < 10 ? "0" : "")\(second / 60):"
        + "\(second % 60 < 10 ? "0" : "")\(second % 60) +0000] \"GET \(path) HTTP/1.1\" "
        + "\(i % 50 == 0 ? 502 : 200) \(i) \"-\" \"Mozilla/5.0 (agent \(i % 5))\"\n"
    }.joined().utf8)

  /// All lines through the decoder and the pipeline, or what a capture would give in their place.
  private static func round(
    _ decoder: inout LogDecoder, _ pipeline: inout Pipeline, _ batch: inout ExchangeBatch,
    isCaptured: Bool
  ) {
    batch.removeAll()
    batch.bytes.append(contentsOf: text)
    decoder.decode(&batch, lines: batch.bytes.indices, offset: 0)
    for i in 0..<batch.exchanges.count {
      if isCaptured {
        batch.exchanges[i].detail = UInt32(batch.details.count)
        batch.details.append(PacketDetail())
      }
      pipeline.process(batch, i)
    }
  }

  @Test(
    "a warm exchange of a log or a capture allocates nothing, from bytes to verdicts",
    .enabled(if: isReleaseBuild), arguments: [false, true])
  func warm(isCaptured: Bool) throws {
    var decoder = try LogDecoder(LogFormat.parse("combined"), DecoderConfiguration())
    var pipeline = try pipeline("generic")
    var batch = ExchangeBatch()
    for _ in 0..<3 { Self.round(&decoder, &pipeline, &batch, isCaptured: isCaptured) }
    let before = allocationCount()
    Self.round(&decoder, &pipeline, &batch, isCaptured: isCaptured)
    let allocations = allocationCount() - before
    #expect(decoder.counters.exchanges == 8_000)
    #expect(allocations == 0, "\(allocations) allocations in 2,000 exchanges")
  }

  @Test("the counter counts", .enabled(if: isReleaseBuild))
  func positiveControl() {
    let before = allocationCount()
    var sum = 0
    for i in 0..<100 {
      let array = Array(repeating: i, count: 100 + i)
      sum += array[i % array.count]
    }
    #expect(sum > 0 && allocationCount() - before >= 1)
  }
}
