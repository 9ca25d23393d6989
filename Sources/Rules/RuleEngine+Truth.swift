import CrenelBooking
import CrenelFeatures
import CrenelModel

/// What is known of a condition (Kleene's logic): unknown where the answer hangs on something that
/// could not be found out.
enum Truth {
  case no, yes, unknown

  var negated: Truth {
    switch self {
    case .no: .yes
    case .yes: .no
    case .unknown: .unknown
    }
  }
}

extension RuleEngine {
  /// A tree's truth with conditions that gave up as unknown: one walk, whatever their number.
  mutating func truth(
    _ tree: Tree, _ selections: [Selection], _ batch: borrowing ExchangeBatch, _ index: Int,
    _ step: borrowing Step, _ features: borrowing FeatureStage, _ subjects: Subjects
  ) -> Truth {
    switch tree {
    case .constant(let value): return value ? .yes : .no
    case .selection(let place):
      return truth(
        selections[place].tree, selections, batch, index, step, features, subjects)
    case .not(let child):
      return truth(child, selections, batch, index, step, features, subjects).negated
    case .test(let place):
      return truth(program.tests[place], batch, index, step, features, subjects)
    case .all(let children):
      var found = Truth.yes
      for child in children {
        let truth = truth(child, selections, batch, index, step, features, subjects)
        if truth == .no { return .no }
        if truth == .unknown { found = .unknown }
      }
      return found
    case .any(let children):
      var found = Truth.no
      for child in children {
        let truth = truth(child, selections, batch, index, step, features, subjects)
        if truth == .yes { return .yes }
        if truth == .unknown { found = .unknown }
      }
      return found
    }
  }

  /// Whether one test holds; unknown when its regular expression gave up.
  mutating func truth(
    _ test: Test, _ batch: borrowing ExchangeBatch, _ index: Int, _ step: borrowing Step,
    _ features: borrowing FeatureStage, _ subjects: Subjects
  ) -> Truth {
    hasGivenUp = false
    let holds = holds(test, batch, index, step, features, subjects)
    return hasGivenUp ? .unknown : holds ? .yes : .no
  }
}
