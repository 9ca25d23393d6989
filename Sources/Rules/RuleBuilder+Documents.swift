import CrenelYAML

extension RuleBuilder {
  /// Correlations of correlations that are looked through for rules that are left out.
  private static let depth = 32

  /// Reads the documents of all files, in their order: rules, then correlations, of which those
  /// that refer to rules left out are left out unread, then filters.
  mutating func read(all documents: [YAMLNode]) -> (rules: [RuleDraft], filters: [FilterDraft]) {
    var drafts: [RuleDraft?] = Array(repeating: nil, count: documents.count)
    let isFilter = documents.map { $0["filter"] != nil }
    let isCorrelation = documents.map { $0["correlation"] != nil && $0["filter"] == nil }
    for (place, document) in documents.enumerated()
    where !isFilter[place] && !isCorrelation[place] {
      drafts[place] = read(document)
    }
    for case let draft? in drafts where !draft.isSkipped && !draft.source.isCrenel {
      foreignNames.formUnion([draft.metadata.id, draft.metadata.name].compactMap { $0 })
    }
    let correlations = documents.indices.filter { isCorrelation[$0] }
    let skipped = skipped(correlations.map { documents[$0] }, drafts.compactMap { $0 })
    for (number, place) in correlations.enumerated() {
      drafts[place] = read(documents[place], isSkipped: skipped.contains(number))
    }
    let rules = drafts.compactMap { $0 }
    var filters: [FilterDraft] = []
    for (place, document) in documents.enumerated() where isFilter[place] {
      if let filter = readFilter(document, rules: rules) { filters.append(filter) }
    }
    return (rules, filters)
  }

  /// Which correlations refer, themselves or through others, to a rule that is left out.
  private func skipped(_ correlations: [YAMLNode], _ rules: [RuleDraft]) -> Set<Int> {
    var names: Set<String> = []
    for rule in rules where rule.isSkipped {
      names.formUnion([rule.metadata.id, rule.metadata.name].compactMap { $0 })
    }
    var found: Set<Int> = []
    guard !names.isEmpty else { return found }
    for _ in 0..<Self.depth {
      let before = found.count
      for (number, node) in correlations.enumerated() where !found.contains(number) {
        guard references(in: node).contains(where: names.contains) else { continue }
        found.insert(number)
        names.formUnion(["id", "name", "title"].compactMap { node[$0]?.text })
      }
      if found.count == before { break }
    }
    return found
  }

  /// The names of rules in a correlation, as far as they are texts.
  func references(in node: YAMLNode) -> [String] {
    let lists = [node["correlation"]?["rules"], node["crenel"]?["absent_before"]]
    return lists.compactMap { $0 }.flatMap { $0.sequence ?? [$0] }.compactMap(\.text)
  }
}
