import CrenelFeatures

/// Reads each "faster than" of a rule at the shortest time that the log permits.
///
/// What stands below a `not` is left alone: there the longest time is already the cautious one.
struct Loosener {
  var program: Program
  private(set) var hasLoosened = false

  init(program: Program) { self.program = program }

  /// The tree with new tests in place of those that have a shorter reading.
  mutating func loosened(_ tree: Tree) -> Tree {
    switch tree {
    case .constant, .selection, .not: return tree
    case .all(let children):
      var trees: [Tree] = []
      for child in children { trees.append(loosened(child)) }
      return .all(trees)
    case .any(let children):
      var trees: [Tree] = []
      for child in children { trees.append(loosened(child)) }
      return .any(trees)
    case .test(let place):
      var test = program.tests[place]
      guard case .feature(var name) = test.field, let shortest = name.feature.shortest,
        case .number(let comparison, _) = test.match, !test.isNegated,
        comparison == .less || comparison == .lessOrEqual
      else { return tree }
      name.feature = shortest
      test.field = .feature(name)
      var info = program.infos[place]
      info.field = FeatureCatalogue.name(of: name)
      program.tests.append(test)
      program.infos.append(info)
      hasLoosened = true
      return .test(program.tests.count - 1)
    }
  }
}

extension Tree {
  /// The tests of the tree, in the order of the rule.
  var tests: [Int] {
    switch self {
    case .test(let place): [place]
    case .all(let children), .any(let children): children.flatMap(\.tests)
    case .not(let child): child.tests
    case .constant, .selection: []
    }
  }
}
