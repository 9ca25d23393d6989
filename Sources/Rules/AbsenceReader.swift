import CrenelModel
import CrenelYAML

extension RuleBuilder {
  /// Reads `crenel.absent_before` of a correlation, which must then be one that asks for no event.
  ///
  /// Such a condition is never true where `crenel` is not read: a count has an event in it.
  mutating func readTriggers(
    _ document: YAMLNode, _ node: YAMLNode, _ draft: inout CorrelationDraft
  ) {
    guard let list = document["crenel"]?["absent_before"] else { return }
    draft.triggers = references(list)
    guard draft.kind == .eventCount else {
      problems.error(
        "bad-value", at: node["type"]?.position ?? node.position,
        "with crenel.absent_before a correlation is of type 'event_count'")
      return
    }
    guard let condition = node["condition"], let pairs = condition.mapping else { return }
    if pairs.count == 1, pairs[0].key == "eq", (draft.bounds.first?.value ?? 0) == 0 { return }
    problems.error(
      "bad-value", at: condition.position,
      "with crenel.absent_before the condition of a correlation is '{ eq: 0 }'")
  }

  /// Refuses `crenel.absent_before` outside correlations.
  mutating func checkAbsence(_ document: YAMLNode) {
    guard let list = document["crenel"]?["absent_before"] else { return }
    problems.error(
      "misplaced-key", at: list.position, "'absent_before' belongs to a correlation",
      hint: "write a correlation of type event_count with the condition { eq: 0 } (docs/rules.md)")
  }
}
