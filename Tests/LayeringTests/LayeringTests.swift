import CrenelTestKit
import Foundation
import Testing

/// The modules in the order of the data flow, and what each may import of ours (DESIGN 3).
private let allowed: [String: Set<String>] = [
  "Model": [],
  "YAML": ["CrenelModel"],
  "Pattern": ["CrenelModel"],
  "Capture": ["CrenelModel"],
  "Decode": ["CrenelModel"],
  "Booking": ["CrenelModel", "CrenelYAML", "CrenelPattern"],
  "Features": ["CrenelModel", "CrenelBooking"],
  "Rules": ["CrenelModel", "CrenelYAML", "CrenelPattern", "CrenelBooking", "CrenelFeatures"],
  "Alerts": ["CrenelModel", "CrenelBooking", "CrenelFeatures", "CrenelRules"],
  "Engine": ["CrenelModel", "CrenelBooking", "CrenelFeatures", "CrenelRules", "CrenelAlerts"],
]

/// Modules that read no clock, file, environment or random source.
private let pure = [
  "Model", "YAML", "Pattern", "Decode", "Booking", "Features", "Rules", "Alerts", "Engine",
]

/// Packages and C libraries, each with the one module that may import it.
private let owners: [String: Set<String>] = [
  "Yams": ["YAML"],
  "CPCRE2": ["Pattern"],
  "CZlib": ["Capture"],
  "CLZMA": ["Capture"],
  "CZstd": ["Capture"],
  "CBzip2": ["Capture"],
  "CPCAP": ["Capture"],
  "CHTP": ["Decode"],
  "CNGHTTP2": ["Decode"],
  "CBrotli": ["Decode"],
  "CBytes": ["Decode"],
  "CAllocCount": ["TestKit"],
  "ArgumentParser": ["crenel"],
]

private struct Import: CustomStringConvertible {
  var folder: String
  var file: String
  var module: String
  var description: String { "\(file) imports \(module)" }
}

private func swiftFiles(in folder: String) -> [String] {
  let root = SharedData.package + "Sources/" + folder
  let files = FileManager.default.enumerator(atPath: root)?.compactMap { $0 as? String } ?? []
  return files.filter { $0.hasSuffix(".swift") }.sorted().map { root + "/" + $0 }
}

private func imports(of folder: String) throws -> [Import] {
  var found: [Import] = []
  for path in swiftFiles(in: folder) {
    let text = try String(contentsOfFile: path, encoding: .utf8)
    for line in text.split(separator: "\n") {
      var words = line.split(separator: " ")
      while let first = words.first, ["public", "package", "internal", "private"].contains(first) {
        words.removeFirst()
      }
      guard words.count == 2, words[0] == "import" else { continue }
      let file = path.replacingOccurrences(of: SharedData.package, with: "")
      found.append(Import(folder: folder, file: file, module: String(words[1])))
    }
  }
  return found
}

@Suite("Layering")
struct LayeringTests {
  @Test("a stage imports only what comes before it", arguments: allowed.keys.sorted())
  func direction(folder: String) throws {
    let wrong = try imports(of: folder).filter {
      $0.module.hasPrefix("Crenel") && !(allowed[folder] ?? []).contains($0.module)
    }
    #expect(wrong.isEmpty, "\(wrong)")
    #expect(!swiftFiles(in: folder).isEmpty, "no such stage: \(folder)")
  }

  @Test("a pure stage has no way to a clock, a file or the environment", arguments: pure)
  func purity(folder: String) throws {
    let banned: Set = ["Foundation", "FoundationEssentials", "Glibc", "Musl", "Dispatch", "System"]
    let wrong = try imports(of: folder).filter { banned.contains($0.module) }
    #expect(wrong.isEmpty, "\(wrong)")
    for path in swiftFiles(in: folder) {
      let text = try String(contentsOfFile: path, encoding: .utf8)
      for word in ["ContinuousClock", "SuspendingClock", "SystemRandomNumberGenerator", ".random("]
      {
        #expect(!text.contains(word), "\(path) uses \(word)")
      }
    }
  }

  @Test("a library has one importer", arguments: owners.keys.sorted())
  func ownership(library: String) throws {
    let folders = try FileManager.default.contentsOfDirectory(
      atPath: SharedData.package + "Sources")
    let importers = try Set(
      folders.flatMap { try imports(of: $0) }.filter { $0.module == library }.map(\.folder))
    #expect(importers == owners[library])
  }

  @Test("no source file is over 600 lines, and half are under 200")
  func sizes() throws {
    let folders = try FileManager.default.contentsOfDirectory(
      atPath: SharedData.package + "Sources")
    let sizes = try folders.flatMap(swiftFiles(in:)).map { path in
      (
        path,
        try String(contentsOfFile: path, encoding: .utf8).split(
          separator: "\n", omittingEmptySubsequences: false
        ).count
      )
    }
    let large = sizes.filter { $0.1 > 600 }
    #expect(large.isEmpty, "\(large)")
    let sorted = sizes.map(\.1).sorted()
    #expect(!sorted.isEmpty && sorted[sorted.count / 2] <= 200)
  }

  @Test("words that go with a count are inflected in one place")
  func counts() throws {
    let folders = try FileManager.default.contentsOfDirectory(
      atPath: SharedData.package + "Sources")
    for path in folders.flatMap(swiftFiles(in:)) {
      let text = try String(contentsOfFile: path, encoding: .utf8)
      for word in [#"? "" : "s""#, #"? "s" : """#, #"? " was""#] {
        #expect(!text.contains(word), "\(path) has \(word); see Model/Counted.swift")
      }
    }
  }

  @Test("nothing is forced, unchecked or left undone")
  func strictness() throws {
    let folders = try FileManager.default.contentsOfDirectory(
      atPath: SharedData.package + "Sources")
    for path in folders.flatMap(swiftFiles(in:)) {
      let text = try String(contentsOfFile: path, encoding: .utf8)
      for word in ["try!", "as!", "@unchecked", "nonisolated(unsafe)", "TODO", "FIXME"] {
        #expect(!text.contains(word), "\(path) has \(word)")
      }
    }
  }
}
