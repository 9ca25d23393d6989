import CrenelModel
import CrenelYAML
import Foundation

/// The settings of a rule's samples: `case.yml` with `site`, `format` and `tz`.
enum RuleCase {
  /// Puts the settings of a case into `options`; without a file nothing changes.
  ///
  /// Throws every unknown key and wrong value.
  static func apply(_ path: String, to options: inout RunOptions) throws {
    guard TextFiles.exists(path) else { return }
    let documents = try YAMLReader.documents(in: TextFiles.text(path), file: path)
    var mistakes: [Diagnostic] = []
    for pair in documents.first?.mapping ?? [] {
      guard let value = pair.value.text else {
        mistakes.append(
          Diagnostic(
            code: "bad-case", at: pair.position, "'\(pair.key)' must be a text"))
        continue
      }
      switch pair.key {
      case "site": options.site = value
      case "format": options.format = value
      case "tz": options.zone = value
      default:
        mistakes.append(
          Diagnostic(
            code: "unknown-key", at: pair.position, "'\(pair.key)' is not known here",
            hint: "one of: site, format, tz"))
      }
    }
    guard mistakes.isEmpty else { throw Diagnostics(mistakes) }
  }

  /// The file `name.*` of a folder; the first by name when there are several.
  static func file(_ name: String, in folder: String) -> String? {
    let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
    return names.filter { $0.hasPrefix(name + ".") }.sorted().first.map { folder + "/" + $0 }
  }
}
