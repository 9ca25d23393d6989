import CrenelModel
import CrenelRules

extension Setup {
  /// The rules of files and folders, or the shipped ones.
  static func rules(
    _ paths: [String], knobs: [String], names: inout FieldNames
  ) throws -> RuleSet {
    try RuleTexts(paths, knobs: knobs).compile(&names)
  }
}
