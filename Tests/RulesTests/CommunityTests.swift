import CrenelModel
import CrenelRules
import CrenelTestKit
import Foundation
import Testing

@Suite("Community rules")
struct CommunityTests {
  private func files(_ folder: String) throws -> [(name: String, text: String)] {
    let names = FileManager.default.enumerator(atPath: folder)?.compactMap { $0 as? String } ?? []
    return try names.filter { $0.hasSuffix(".yml") }.sorted().map {
      ($0, String(decoding: try SharedData.bytes(folder + "/" + $0), as: UTF8.self))
    }
  }

  @Test("every rule of the SigmaHQ web collection is read, none left out")
  func sigmaHQ() throws {
    guard let root = SharedData.root else {
      print(SharedData.skipped)
      return
    }
    let rules = try files(root + "/sigma/sigmahq-web")
    var names = FieldNames()
    let set = try RuleSet.parse(files: rules, names: &names)
    print(
      "sigmahq-web: \(rules.count) files, \(set.metadata.count) rules, \(set.skippedCount) left out"
    )
    #expect(rules.count >= 45 && set.metadata.count == rules.count && set.skippedCount == 0)
  }

  @Test("every example of the specification is read or refused by a named code")
  func examples() throws {
    guard let root = SharedData.root else {
      print(SharedData.skipped)
      return
    }
    var read = 0
    var refused: [String: Int] = [:]
    for file in try files(root + "/sigma/spec-examples") {
      var names = FieldNames()
      do {
        _ = try RuleSet.parse(files: [file], names: &names)
        read += 1
      } catch {
        #expect(error.items.allSatisfy { !$0.code.isEmpty && $0.position.line > 0 })
        for item in error.items where item.severity == .error {
          refused[item.code, default: 0] += 1
        }
      }
    }
    print("spec-examples: \(read) read, refused: \(refused.sorted { $0.key < $1.key })")
    #expect(read > 0)
  }
}

@Suite("Shipped rules")
struct ShippedRulesTests {
  @Test("each has an id, a finding in both languages, a version and named benign causes")
  func complete() throws {
    let folder = SharedData.package + "rules/booking/"
    let names = try FileManager.default.contentsOfDirectory(atPath: folder).sorted()
    var fields = FieldNames()
    let set = try RuleSet.parse(
      files: try names.map {
        ("booking/" + $0, String(decoding: try SharedData.bytes(folder + $0), as: UTF8.self))
      }, names: &fields)
    let rules = set.metadata.filter(\.alerts)
    #expect(rules.count >= 10 && set.warnings.isEmpty)
    #expect(Set(set.metadata.map(\.id)).count == set.metadata.count)
    for rule in rules {
      #expect(!rule.finding.en.isEmpty && !rule.finding.fr.isEmpty, "\(rule.title)")
      #expect(rule.verdict != nil && rule.name != nil && rule.ruleset == "booking")
      #expect(rule.confidence > 0 && rule.confidence < 1)
    }
  }

  @Test("damaged rules are read or refused, never a trap")
  func hostile() throws {
    let path = SharedData.package + "rules/booking/form-faster-than-typing.yml"
    let base = Array(String(decoding: try SharedData.bytes(path), as: UTF8.self))
    var random = Seeded(31)
    var refused = 0
    for _ in 0..<200 {
      var text = base
      for _ in 0..<(1 + random.next() % 4) {
        let place = Int(random.next() % UInt64(text.count))
        text[place] = Array("{}[]:,|*\"'%\n a1(")[Int(random.next() % 16)]
      }
      var names = FieldNames()
      if (try? RuleSet.parse(files: [("m.yml", String(text))], names: &names)) == nil {
        refused += 1
      }
    }
    #expect(refused > 20)
  }
}
