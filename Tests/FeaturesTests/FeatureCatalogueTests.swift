import CrenelFeatures
import CrenelTestKit
import Foundation
import Testing

@Suite("Feature catalogue")
struct FeatureCatalogueTests {
  @Test("has every feature once, at the place of its raw value", arguments: Feature.allCases)
  func order(feature: Feature) {
    #expect(FeatureCatalogue.all[Int(feature.rawValue)].feature == feature)
    #expect(FeatureCatalogue.all.count == Feature.allCases.count)
  }

  @Test("finds what it names, for the subjects it names", arguments: FeatureCatalogue.all)
  func names(row: FeatureDescriptor) {
    for subject in SubjectKind.allCases {
      let name = FeatureName(subject, row.feature)
      let found = FeatureCatalogue.feature(named: FeatureCatalogue.name(of: name))
      #expect(found == (row.subjects.contains(subject) ? name : nil))
    }
  }

  @Test("does not find what it does not name", arguments: ["", "client", "client.", "gap_count"])
  func unknown(name: String) {
    #expect(FeatureCatalogue.feature(named: name) == nil)
  }

  @Test("gives each row a name of its own and a sentence that says when it is absent")
  func sentences() {
    #expect(Set(FeatureCatalogue.all.map(\.name)).count == FeatureCatalogue.all.count)
    for row in FeatureCatalogue.all {
      #expect(row.meaning.hasSuffix("."), "\(row.name)")
      #expect(row.meaning.lowercased().contains("absent"), "\(row.name)")
      #expect(!row.subjects.isEmpty)
    }
  }

  @Test("is what docs/features.md says; CRENEL_RECORD=1 rewrites it and fails")
  func document() throws {
    let path = SharedData.package + "docs/features.md"
    let expected = FeatureCatalogue.markdown()
    if ProcessInfo.processInfo.environment["CRENEL_RECORD"] == "1" {
      try Data(expected.utf8).write(to: URL(filePath: path))
      Issue.record("rewritten; read the difference")
    }
    #expect(String(decoding: try SharedData.bytes(path), as: UTF8.self) == expected)
  }
}
