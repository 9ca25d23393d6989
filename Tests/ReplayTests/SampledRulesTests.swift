import CrenelModel
import CrenelRules
import Foundation
import Testing

@testable import CrenelReplay

@Suite("Rules over many samples")
struct SampledRulesTests {
  private static let text = """
    title: Asks
    id: asks
    logsource: { product: crenel, service: booking }
    detection:
      asked: { form.name: a, json.name: b }
      condition: asked
    """

  @Test("are read once, and compiled for the names of each site as if they were read anew")
  func once() throws {
    let path = FileManager.default.temporaryDirectory.path() + "\(UUID().uuidString).yml"
    try Data(Self.text.utf8).write(to: URL(filePath: path))
    var expected: [FieldNames] = []
    for site in [[], ["cookie.sid"], []] as [[String]] {
      var names = FieldNames()
      for name in site { _ = names.slot(for: name) }
      _ = try Setup.rules([path], knobs: [], names: &names)
      expected.append(names)
    }
    var rules = try SampledRules([path], knobs: [])
    try FileManager.default.removeItem(atPath: path)
    for (place, site) in ([[], ["cookie.sid"], []] as [[String]]).enumerated() {
      var names = FieldNames()
      for name in site { _ = names.slot(for: name) }
      #expect(try rules.set(&names).metadata.map(\.id) == ["asks"])
      #expect(names == expected[place])
    }
    #expect(rules.compilations == 2)
  }
}
