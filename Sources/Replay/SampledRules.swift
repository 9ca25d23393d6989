import CrenelModel
import CrenelRules

/// The rules of a run over many samples: read once, and compiled once for each list of names that
/// the samples' sites ask for.
struct SampledRules {
  private let texts: RuleTexts
  private var compiled: [(before: FieldNames, after: FieldNames, set: RuleSet)] = []

  /// How many times the rules were compiled.
  var compilations: Int { compiled.count }

  /// Reads the files; throws what is wrong with the command line, or with reading them.
  init(_ paths: [String], knobs: [String]) throws {
    texts = try RuleTexts(paths, knobs: knobs)
  }

  /// The rules where no site has names of its own.
  mutating func set() throws -> RuleSet {
    var names = FieldNames()
    return try set(&names)
  }

  /// The rules for a site's names; those that the rules ask for are added.
  mutating func set(_ names: inout FieldNames) throws -> RuleSet {
    if let known = compiled.first(where: { $0.before == names }) {
      names = known.after
      return known.set
    }
    let before = names
    let set = try texts.compile(&names)
    compiled.append((before, names, set))
    return set
  }
}
