import CrenelModel

extension Linker {
  /// What did not come must be told from what could not be seen, so that it may only be asked of
  /// requests themselves.
  mutating func checkAbsent(_ rules: [CorrelationDraft.Reference]) {
    for reference in rules {
      guard let place = places[reference.name] else { continue }
      let filters = applied[place] ?? []
      let subjects = filters.map { self.filters[$0].draft.subjects } + [drafts[place].subjects]
      if drafts[place].correlation != nil || subjects.contains(where: { !$0.isEmpty }) {
        builder.problems.error(
          "bad-value", at: reference.position,
          "the absence of '\(shown(reference.name))' cannot be told: it is a correlation, or reads "
            + "features",
          hint: "refer to a rule that compares fields of the request alone")
      } else if !filters.isEmpty {
        builder.problems.warning(
          "filter-on-absent", at: reference.position,
          "what a filter drops of '\(shown(reference.name))' counts as absent",
          hint: "name rules in the filter, and leave this one out")
      }
    }
  }
}
