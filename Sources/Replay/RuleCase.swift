import CrenelModel
import CrenelYAML
import Foundation

/// The settings of a rule's samples: `case.yml` with `site`, `format` and `tz`.
enum RuleCase {
  /// Puts the settings of a case into `options`, with their places; without a file nothing changes.
  ///
  /// What is wrong with the file is added to the mistakes of `options`, so that it is told with
  /// what is wrong with the values.
  static func apply(_ path: String, to options: inout RunOptions) {
    guard TextFiles.exists(path) else { return }
    do {
      let contents = try YAMLReader.contents(of: TextFiles.text(path), file: path)
      options.mistakes += contents.problems
      for document in contents.documents { apply(document, to: &options) }
    } catch {
      options.mistakes.append(error)
    }
  }

  private static func apply(_ document: YAMLNode, to options: inout RunOptions) {
    guard let pairs = document.mapping else {
      options.mistakes.append(
        Diagnostic(
          code: "bad-case", at: document.position,
          "a map is expected, not \(document.kindName)", hint: "such as site: ezbooking"))
      return
    }
    for pair in pairs {
      guard let value = pair.value.text else {
        options.mistakes.append(
          Diagnostic(
            code: "bad-case", at: pair.position, "'\(pair.key)' must be a text"))
        continue
      }
      switch pair.key {
      case "site":
        options.site = value
      case "format":
        options.format = value
      case "tz":
        options.zone = value
      default:
        options.mistakes.append(
          Diagnostic(
            code: "unknown-key", at: pair.position, "'\(pair.key)' is not known here",
            hint: "one of: site, format, tz"))
      }
      options.places["--" + pair.key] = pair.value.position
    }
  }

  /// The file `name.*` of a folder; the first by name when there are several.
  static func file(_ name: String, in folder: String) -> String? {
    let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
    return names.filter { $0.hasPrefix(name + ".") }.sorted().first.map { folder + "/" + $0 }
  }
}
