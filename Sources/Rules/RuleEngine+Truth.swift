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

  func and(_ other: Truth) -> Truth {
    if self == .no || other == .no { return .no }
    return self == .yes ? other : .unknown
  }

  func or(_ other: Truth) -> Truth { negated.and(other.negated).negated }
}

extension Test {
  /// Whether it asks what the site's profile tells of an exchange.
  var readsStep: Bool {
    if field.isOfStep { return true }
    switch match {
    case .otherText(let other, _, _), .otherNumber(let other, _): return other.isOfStep
    default: return false
    }
  }
}

extension Field {
  /// Whether the site's profile tells it, with the step of an exchange.
  var isOfStep: Bool {
    switch self {
    case .step, .outcome, .service, .slot: true
    default: false
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
        found = found.and(truth(child, selections, batch, index, step, features, subjects))
        if found == .no { return .no }
      }
      return found
    case .any(let children):
      var found = Truth.no
      for child in children {
        found = found.or(truth(child, selections, batch, index, step, features, subjects))
        if found == .yes { return .yes }
      }
      return found
    }
  }

  /// Whether one test holds; unknown when its regular expression gave up, or one of the profile
  /// that its field hangs on.
  mutating func truth(
    _ test: Test, _ batch: borrowing ExchangeBatch, _ index: Int, _ step: borrowing Step,
    _ features: borrowing FeatureStage, _ subjects: Subjects
  ) -> Truth {
    if step.isUndecided, test.readsStep {
      giveUp(.step(step.rule))
      return .unknown
    }
    hasGivenUp = false
    let holds = holds(test, batch, index, step, features, subjects)
    return hasGivenUp ? .unknown : holds ? .yes : .no
  }
}
