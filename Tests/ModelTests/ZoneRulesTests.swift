import CrenelModel
import CrenelTestKit
import Testing

@Suite("Zones")
struct ZoneRulesTests {
  /// Paris in 2026: the clocks change on 29 March and 25 October at 01:00 UTC.
  static let paris = ZoneRules(
    name: "Europe/Paris", initialOffset: 3_600,
    transitions: [
      ZoneRules.Transition(at: 1_774_746_000, offset: 7_200),
      ZoneRules.Transition(at: 1_792_890_000, offset: 3_600),
    ])

  @Test(
    "the offset is that of the moment, summer time too",
    arguments: [
      (1_774_745_999, 3_600), (1_774_746_000, 7_200), (1_780_000_000, 7_200),
      (1_792_889_999, 7_200), (1_792_890_000, 3_600), (0, 3_600), (4_000_000_000, 3_600),
    ] as [(Int64, Int64)])
  func offsets(instant: Int64, offset: Int64) {
    #expect(Self.paris.offset(at: instant) == offset)
    #expect(ZoneRules.utc.offset(at: instant) == 0)
  }

  @Test(
    "what is local time at an instant stands for that instant", arguments: 0..<64 as Range<UInt64>)
  func inverse(seed: UInt64) {
    var random = Seeded(seed)
    let instant = Int64.random(in: 1_700_000_000...1_900_000_000, using: &random)
    let local = instant + Self.paris.offset(at: instant)
    switch Self.paris.instants(local: local) {
    case .unique(let found): #expect(found == instant, "seed \(seed)")
    case .ambiguous(let earlier, let later):
      #expect([earlier, later].contains(instant), "seed \(seed)")
    case .nonexistent: Issue.record("seed \(seed): \(instant) is no time")
    }
  }
}
