import CrenelBooking
import CrenelFeatures
import CrenelModel
import CrenelRules
import Testing

@testable import CrenelAlerts

@Suite("Words of innocent explanations")
struct HypothesisTextTests {
  @Test(
    "agree with the count that stands in them",
    arguments: [
      (
        Hypothesis.sharedAddress, Feature.agentsPerAddress,
        ["0 browsers in all", "1 browser in all", "2 browsers in all"],
        ["0 navigateur en tout", "1 navigateur en tout", "2 navigateurs en tout"]
      ),
      (
        .impatientPerson, .serverErrors, ["0 errors may be", "1 error may be", "2 errors may be"],
        ["0 erreur peut être", "1 erreur peut être", "2 erreurs peuvent être"]
      ),
      (
        .relayEgress, .networks,
        ["whose the 0 networks are", "whose the network is", "whose the 2 networks are"],
        [
          "à qui appartient le réseau", "à qui appartient le réseau",
          "à qui appartiennent les 2 réseaux",
        ]
      ),
      (
        .checkAtEveryKey, .oracleCalls, ["0 calls: as", "1 call: as", "2 calls: as"],
        ["0 appel\u{a0}: autant", "1 appel\u{a0}: autant", "2 appels\u{a0}: autant"]
      ),
    ] as [(Hypothesis, Feature, [String], [String])], [0, 1, 2])
  func agreement(row: (Hypothesis, Feature, [String], [String]), count: Int) throws {
    let (hypothesis, feature, en, fr) = row
    var names = FieldNames()
    let text = """
      title: Test
      id: test
      logsource: { product: crenel, service: booking }
      detection: { list: { booking.step: list }, condition: list }
      crenel: { subject: session, benign: [\(hypothesis.rawValue)] }
      """
    var rule = try RuleSet.parse(files: [("booking/t.yml", text)], names: &names).metadata[0]
    if hypothesis == .sharedAddress { rule.subject = .client }
    var step = Step()
    step.flags = [.sessionByCookie]
    let test = HypothesisTest(
      rule, [], step, resolution: Nanoseconds.millisecond, isWithinClock: false
    ) { $1 == feature ? Double(count) : .nan }
    let finding = try #require(test.findings.first { $0.hypothesis == hypothesis })
    #expect(finding.because.en.contains(en[count]), "\(finding.because.en)")
    #expect(finding.because.fr.contains(fr[count]), "\(finding.because.fr)")
  }
}
