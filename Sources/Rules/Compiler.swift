import CrenelBooking
import CrenelModel

/// Turns condition trees into decisions, the cheapest test first, truth unchanged.
struct Compiler {
  /// Tests on the paths of one rule's decision, at most.
  static let jumpLimit = 20_000

  private let tests: [Test]
  private let selections: [Selection]
  private var jumps: [Jump] = []
  private let base: Int32
  private var isTooLarge = false
  private var costs: [Int?]
  private var masks: [StepSet?]

  /// Every step.
  static let allSteps = UInt32(1 << StepKind.allCases.count) - 1

  init(tests: [Test], selections: [Selection], firstJump: Int) {
    self.tests = tests
    self.selections = selections
    base = Int32(clamping: firstJump)
    costs = Array(repeating: nil, count: selections.count)
    masks = Array(repeating: nil, count: selections.count)
  }

  /// What a condition compiles to.
  struct Result {
    var entry: Int32
    var jumps: [Jump]
    var steps: UInt32
  }

  /// The steps a tree can be true of, and whether its truth is the step's alone.
  private struct StepSet {
    var mask: UInt32
    var isExact: Bool
  }

  /// Compiles `condition`; `nil` when it is larger than ``jumpLimit``.
  mutating func compile(_ condition: Tree) -> Result? {
    let entry = emit(condition, Jump.accept, Jump.reject)
    guard !isTooLarge else { return nil }
    return Result(entry: entry, jumps: jumps, steps: steps(condition).mask)
  }

  private mutating func emit(_ tree: Tree, _ whenTrue: Int32, _ whenFalse: Int32) -> Int32 {
    guard !isTooLarge else { return Jump.reject }
    switch tree {
    case .constant(let value): return value ? whenTrue : whenFalse
    case .not(let child): return emit(child, whenFalse, whenTrue)
    case .selection(let index): return emit(selections[index].tree, whenTrue, whenFalse)
    case .test(let index):
      guard jumps.count < Self.jumpLimit else {
        isTooLarge = true
        return Jump.reject
      }
      jumps.append(Jump(test: Int32(clamping: index), whenTrue: whenTrue, whenFalse: whenFalse))
      return base + Int32(jumps.count - 1)
    case .all(let children):
      var next = whenTrue
      for child in sorted(children).reversed() { next = emit(child, next, whenFalse) }
      return next
    case .any(let children):
      var next = whenFalse
      for child in sorted(children).reversed() { next = emit(child, whenTrue, next) }
      return next
    }
  }

  /// Children by cost; equal ones keep the rule's order.
  private mutating func sorted(_ children: [Tree]) -> [Tree] {
    var keyed: [(cost: Int, place: Int)] = []
    for (place, child) in children.enumerated() { keyed.append((cost(child), place)) }
    return keyed.sorted { ($0.cost, $0.place) < ($1.cost, $1.place) }.map { children[$0.place] }
  }

  private mutating func cost(_ tree: Tree) -> Int {
    switch tree {
    case .constant: return 0
    case .not(let child): return cost(child)
    case .test(let index): return cost(of: tests[index])
    case .selection(let index):
      if let known = costs[index] { return known }
      let value = cost(selections[index].tree)
      costs[index] = value
      return value
    case .all(let children), .any(let children):
      var sum = 0
      for child in children { sum = min(sum + cost(child), 1_000_000) }
      return sum
    }
  }

  private func cost(of test: Test) -> Int {
    switch test.match {
    case .present, .absent: 1
    case .members, .number, .time: test.field.cost
    case .networks(let run): test.field.cost + Int(run.count)
    case .text: test.field.cost * 2
    case .otherNumber(let other, _): test.field.cost + other.cost
    case .otherText: 60
    case .regexes(let run): 200 * Int(run.count)
    }
  }

  private mutating func steps(_ tree: Tree) -> StepSet {
    switch tree {
    case .constant(let value): return StepSet(mask: value ? Self.allSteps : 0, isExact: true)
    case .not(let child):
      let inner = steps(child)
      guard inner.isExact else { return StepSet(mask: Self.allSteps, isExact: false) }
      return StepSet(mask: Self.allSteps & ~inner.mask, isExact: true)
    case .test(let index):
      let test = tests[index]
      guard test.field == .step, case .members(let set) = test.match else {
        return StepSet(mask: Self.allSteps, isExact: false)
      }
      return StepSet(mask: Self.allSteps & (test.isNegated ? ~set : set), isExact: true)
    case .selection(let index):
      if let known = masks[index] { return known }
      let result = steps(selections[index].tree)
      masks[index] = result
      return result
    case .all(let children):
      var whole = StepSet(mask: Self.allSteps, isExact: true)
      for child in children {
        let inner = steps(child)
        whole.mask &= inner.mask
        whole.isExact = whole.isExact && inner.isExact
      }
      return whole
    case .any(let children):
      var whole = StepSet(mask: 0, isExact: true)
      for child in children {
        let inner = steps(child)
        whole.mask |= inner.mask
        whole.isExact = whole.isExact && inner.isExact
      }
      return whole
    }
  }
}
