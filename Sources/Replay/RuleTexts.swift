import CrenelModel
import CrenelRules

/// Rule files as they were read, and the thresholds given for them.
struct RuleTexts {
  private var files: [(name: String, text: String)] = []
  private var knobs: [String: Double] = [:]
  /// What could not be read, and what is no threshold.
  private var mistakes: [Diagnostic] = []

  /// Reads files and folders, or the shipped rules; throws when there is no folder of those.
  init(_ paths: [String], knobs: [String]) throws {
    for path in try Self.paths(paths, &mistakes) {
      do {
        files.append((path, try TextFiles.text(path)))
      } catch {
        mistakes.append(error)
      }
    }
    self.knobs = Self.overrides(knobs, &mistakes)
  }

  /// The rules; throws all mistakes of all files at once, with those found when reading.
  func compile(_ names: inout FieldNames) throws -> RuleSet {
    var mistakes = mistakes
    do {
      let set = try RuleSet.parse(files: files, knobs: knobs, names: &names)
      if mistakes.isEmpty { return set }
    } catch {
      mistakes += error.items
    }
    throw Diagnostics(mistakes)
  }

  /// The rule files to read, in order; what is no rule file or folder is added to `mistakes`.
  private static func paths(
    _ paths: [String], _ mistakes: inout [Diagnostic]
  ) throws -> [String] {
    let roots = paths.isEmpty ? [try Resources.home() + "/rules/booking"] : paths
    var found: [String] = []
    for root in roots {
      guard !root.isEmpty else {
        mistakes.append(
          Diagnostic(
            code: "no-rules", at: SourcePosition(file: root),
            "an empty name was given for a rule file or folder",
            hint: "name one, or leave it out for the shipped rules; a variable of a script that is"
              + " not set gives an empty name"))
        continue
      }
      guard TextFiles.exists(root) else {
        mistakes.append(
          Diagnostic(
            code: "no-rules", at: SourcePosition(file: root), "there is no such file or folder",
            hint: "give a rule file, or a folder of .yml files"))
        continue
      }
      let files = TextFiles.isFolder(root) ? TextFiles.ruleFiles(in: root) : [root]
      if files.isEmpty {
        mistakes.append(
          Diagnostic(
            code: "no-rules", at: SourcePosition(file: root), "no rule file in this folder",
            hint: "rules are .yml files; folders named tests and sites are left out"))
      }
      found += files
    }
    return found
  }

  /// `knob=value` pairs as numbers; what is none is added to `mistakes`.
  private static func overrides(
    _ texts: [String], _ mistakes: inout [Diagnostic]
  ) -> [String: Double] {
    var values: [String: Double] = [:]
    for text in texts {
      let parts = text.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
      guard parts.count == 2, !parts[0].isEmpty, let value = Double(parts[1]), value.isFinite
      else {
        mistakes.append(
          Diagnostic(
            code: "bad-knob", at: SourcePosition(file: "--set"), "'\(text)' is not knob=number",
            hint: "crenel rules list shows the knobs of each rule"))
        continue
      }
      values[String(parts[0])] = value
    }
    return values
  }
}
