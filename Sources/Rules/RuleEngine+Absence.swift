import CrenelBooking
import CrenelModel

extension RuleEngine {
  /// Whether nothing of what a correlation asks for came in the window before this exchange.
  ///
  /// 0 when that is sure for every time that the stamps permit; else `nil`, with what is known in
  /// ``measures``. The exchange itself is looked at first and taken in then: it is not before
  /// itself.
  mutating func absence(
    _ place: Int, _ batch: borrowing ExchangeBatch, _ index: Int, _ step: borrowing Step
  ) -> Double? {
    let answer = answer(place, batch, index, step)
    take(place, batch, index, step)
    switch answer {
    case nil: return nil
    case .absent: measures[place] = (generation, 0)
    case .present: measures[place] = (generation, 1)
    case .open:
      counters.openAbsences &+= 1
      measures[place] = (generation, .nan)
    case .undecided:
      noteUndecided(program.correlations[place].rule, at: batch.exchanges[index].provenance)
      measures[place] = (generation, .nan)
    }
    return answer == .absent ? 0 : nil
  }

  /// What is known of the windows before the exchange; `nil` when it is of no rule that asks.
  ///
  /// That all requests before it came before it holds of one log, whose lines stand in the order in
  /// which answers were complete.
  private mutating func answer(
    _ place: Int, _ batch: borrowing ExchangeBatch, _ index: Int, _ step: borrowing Step
  ) -> AbsenceWindows.Answer? {
    var found: AbsenceWindows.Answer?
    let start = AbsenceWindows.start(
      of: program.correlations[place].timespan,
      before: batch.exchanges[index].start.earliest.nanoseconds)
    for trigger in program.correlations[place].triggers where hasMatched(trigger.rule) {
      guard let own = key(trigger.fields, of: place, batch, index, step) else {
        counters.ungrouped &+= 1
        continue
      }
      var answer = absences.answer(own, since: start, of: place)
      if let address = addressKey(trigger, of: place, batch, index, step) {
        answer = min(answer, absences.answer(address, since: start, of: place))
      }
      if answer == .absent, coverage.isLate || coverage.gap >= start { answer = .open }
      found = max(found ?? answer, answer)
    }
    return found
  }

  /// Takes in that the exchange is one of what may be absent, or may be one.
  private mutating func take(
    _ place: Int, _ batch: borrowing ExchangeBatch, _ index: Int, _ step: borrowing Step
  ) {
    let latest = InputCoverage.written(batch.exchanges[index])
    for input in program.correlations[place].inputs {
      let isDecided = hasMatched(input.rule)
      guard isDecided || isUndecided(input.rule) else { continue }
      let own = key(input.fields, of: place, batch, index, step)
      absences.note(
        own, latest: latest, isDecided: isDecided, of: place, evicted: &counters.evictedGroups)
      guard let address = addressKey(input, of: place, batch, index, step) else { continue }
      absences.note(
        address, latest: latest, isDecided: isDecided, of: place, evicted: &counters.evictedGroups)
    }
  }

  /// The key with the client in place of the session; `nil` where the key has no session.
  private mutating func addressKey(
    _ input: Correlation.Input, of place: Int, _ batch: borrowing ExchangeBatch, _ index: Int,
    _ step: borrowing Step
  ) -> WindowKey? {
    guard !input.addressFields.isEmpty else { return nil }
    return key(input.addressFields, of: -2 - place, batch, index, step)
  }
}
