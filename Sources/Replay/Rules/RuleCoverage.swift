import CrenelAlerts
import CrenelModel
import CrenelRules

/// `crenel rules coverage`: which rules lack a sample that fires, or one that nearly does.
public enum RuleCoverage {
  /// The samples of one rule; a folder of samples that belongs to none has no rule.
  struct Row: Equatable {
    var name: String
    var isRule: Bool
    var hasFiring: Bool
    var hasNearMiss: Bool

    var isCovered: Bool { isRule && hasFiring && hasNearMiss }
  }

  /// Writes what is missing to standard output; whether nothing is.
  ///
  /// Throws the mistakes of the rules, and that there is no folder of samples.
  public static func run(
    _ paths: [String], knobs: [String], folder: String?, isJSON: Bool
  ) throws -> Bool {
    let root = try RuleSamples.folder(folder)
    var rules = try RuleSamples.rules(paths, knobs: knobs, samples: root)
    let set = try rules.set()
    let rows = rows(set.metadata, in: root)
    var output = OutputStream.standardOutput()
    if isJSON {
      output.write(json(rows))
    } else {
      output.write(text(rows, in: root))
    }
    try output.finish()
    return rows.allSatisfy(\.isCovered)
  }

  /// The rules that alert, in their order, then folders that are for none.
  static func rows(_ rules: [RuleMetadata], in root: String) -> [Row] {
    var folders = Set(TextFiles.folders(in: root))
    var rows: [Row] = []
    for rule in rules where rule.alerts {
      let name = rule.label
      folders.remove(name)
      let folder = root + "/" + name
      rows.append(
        Row(
          name: name, isRule: true, hasFiring: RuleCase.file("fires", in: folder) != nil,
          hasNearMiss: RuleCase.file("near-miss", in: folder) != nil))
    }
    for folder in folders.sorted() {
      rows.append(Row(name: folder, isRule: false, hasFiring: false, hasNearMiss: false))
    }
    return rows
  }

  private static func text(_ rows: [Row], in root: String) -> String {
    var text = ""
    for row in rows where !row.isCovered {
      guard row.isRule else {
        text += "\(TerminalText.escaped(root + "/" + row.name)): no rule of this name\n"
        continue
      }
      let missing = [(row.hasFiring, "fires.*"), (row.hasNearMiss, "near-miss.*")]
        .filter { !$0.0 }.map(\.1)
      text += "\(TerminalText.escaped(row.name)): no \(missing.joined(separator: ", no "))\n"
    }
    let rules = rows.filter(\.isRule)
    let bare = rules.count { !$0.isCovered }
    return text + "\(English.counted(rules.count, "rule")), \(bare) without both samples\n"
  }

  private static func json(_ rows: [Row]) -> [UInt8] {
    var writer = JSONWriter()
    for row in rows {
      writer.beginObject()
      writer.string(row.isRule ? "rule" : "folder", row.name)
      if row.isRule {
        writer.bool("fires", row.hasFiring)
        writer.bool("near_miss", row.hasNearMiss)
      }
      writer.bool("ok", row.isCovered)
      writer.endObject()
      writer.newline()
    }
    return writer.bytes
  }
}
