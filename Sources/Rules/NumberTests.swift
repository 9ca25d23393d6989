import CrenelBooking
import CrenelModel
import CrenelPattern
import CrenelYAML

extension RuleBuilder {
  /// `lt`, `lte`, `gt`, `gte` with one number or several, any of which suffices.
  mutating func comparisonTest(_ item: Item) -> Tree? {
    guard let comparison = item.modifiers.comparison,
      [.number, .feature, .text].contains(item.field.kind)
    else {
      problems.error(
        "bad-modifier", at: item.position,
        "'\(shown(item.name))' is no number and cannot be compared as one")
      return nil
    }
    return numbers(item) { .number(comparison, $0) }
  }

  /// A number or feature equal to one of the values.
  mutating func equalityTest(_ item: Item) -> Tree? {
    guard !item.modifiers.isTextual else {
      problems.error(
        "bad-modifier", at: item.position,
        "'\(shown(item.name))' is a number; text modifiers cannot be used on it",
        hint: "use lt, lte, gt, gte or neq")
      return nil
    }
    return numbers(item) { .number(.equal, $0) }
  }

  /// `minute` to `year` of the event's time.
  mutating func timeTest(_ item: Item) -> Tree? {
    guard let part = item.modifiers.part, item.field.kind == .time else {
      problems.error(
        "bad-modifier", at: item.position,
        item.field.kind == .time
          ? "'\(item.name)' needs one of minute, hour, day, week, month, year"
          : "only @timestamp has a \(item.modifiers.written.joined(separator: "|"))")
      return nil
    }
    let comparison = item.modifiers.comparison ?? .equal
    return numbers(item) { .time(part, comparison, $0) }
  }

  /// One test a value: any must hold; with `all` every one; with `neq` none may.
  private mutating func numbers(_ item: Item, _ match: (Double) -> Match) -> Tree? {
    var trees: [Tree] = []
    guard let values = all(item.values, { $0.number($1) }) else { return nil }
    for value in values {
      var test = Test(field: item.field, match: match(value))
      test.isNegated = item.modifiers.isNegated
      let plain = item.modifiers.comparison ?? .equal
      trees.append(
        add(test, info(item, text(of: value), test.isNegated ? plain.inverse : plain, value)))
    }
    if trees.count == 1 { return trees[0] }
    return item.modifiers.needsAll != item.modifiers.isNegated ? .all(trees) : .any(trees)
  }

  /// What each value means; `nil` when one of them means nothing, with every mistake told.
  mutating func all<Meaning>(
    _ nodes: [YAMLNode], _ read: (inout RuleBuilder, YAMLNode) -> Meaning?
  ) -> [Meaning]? {
    var found: [Meaning] = []
    for node in nodes {
      if let meaning = read(&self, node) { found.append(meaning) }
    }
    return found.count == nodes.count ? found : nil
  }

  /// A number for people: whole ones without a point.
  func text(of value: Double) -> String {
    abs(value) < 1e15 && value == value.rounded() ? String(Int64(value)) : String(value)
  }

  // MARK: - Networks and addresses

  /// `cidr`, and plain addresses, which are networks of one address.
  mutating func networkTest(_ item: Item) -> Tree? {
    guard item.field.kind == .address || (item.modifiers.isNetwork && item.field.kind == .text)
    else {
      problems.error(
        "bad-modifier", at: item.position, "'\(shown(item.name))' is no address: no cidr")
      return nil
    }
    let isNetwork = item.modifiers.isNetwork
    guard let networks = all(item.values, { $0.network($1, isNetwork: isNetwork) }) else {
      return nil
    }
    return combined(item, networks.count) { builder, range in
      let first = builder.program.networks.count
      builder.program.networks += networks[range]
      return .networks(Slice(first: Int32(first), count: Int32(range.count)))
    }
  }

  /// A network, or an address; tells the person when it is neither.
  mutating func network(_ node: YAMLNode, isNetwork: Bool) -> Network? {
    let text = plain(node)
    guard let network = Network(text), isNetwork || !text.utf8.contains(UInt8(ascii: "/")) else {
      problems.error(
        "bad-network", at: node.position,
        isNetwork
          ? "'\(shown(text))' is no network such as 192.0.2.0/24 or 2001:db8::/32"
          : "'\(shown(text))' is no address such as 192.0.2.7",
        hint: isNetwork ? nil : "networks want the modifier cidr")
      return nil
    }
    return network
  }

  // MARK: - Steps and outcomes

  /// Steps and outcomes are words of a closed set: the texts are tried on each word now.
  mutating func categoryTest(_ item: Item) -> Tree? {
    let words =
      item.field == .step ? StepKind.allCases.map(\.name) : StepOutcome.allCases.map(\.name)
    guard let sets = all(item.values, { $0.members(item, $1, words) }) else { return nil }
    let needsAll = item.modifiers.needsAll
    let set = sets.dropFirst().reduce(sets[0]) { needsAll ? $0 & $1 : $0 | $1 }
    var test = Test(field: item.field, match: .members(set))
    test.isNegated = item.modifiers.isNegated
    return add(
      test, info(item, item.values.map(plain).joined(separator: ", "), .equal, .nan))
  }

  /// The words that one value means; `nil` after an error.
  private mutating func members(_ item: Item, _ node: YAMLNode, _ words: [String]) -> UInt32? {
    var set: UInt32 = 0
    if let flags = item.modifiers.regex {
      guard checkRegex(plain(node), flags, at: node.position),
        let regex = try? ByteRegex(plain(node), options: .init(rawValue: flags))
      else { return nil }
      for (place, word) in words.enumerated() where regex.match(Array(word.utf8).span) == .matched {
        set |= 1 << UInt32(place)
      }
      return nonEmpty(set, item, node, words)
    }
    guard let texts = texts(item, node) else { return nil }
    var pool = TextPool()
    let test = pool.add(texts, isCased: item.modifiers.isCased)
    for (place, word) in words.enumerated()
    where pool.matches(test, Array(word.utf8).span, scanned: nil) {
      set |= 1 << UInt32(place)
    }
    return nonEmpty(set, item, node, words)
  }

  /// The set; `nil` when it is empty, which the person is told.
  private mutating func nonEmpty(
    _ set: UInt32, _ item: Item, _ node: YAMLNode, _ words: [String]
  ) -> UInt32? {
    guard set == 0 else { return set }
    problems.error(
      "bad-value", at: node.position,
      "no \(item.field == .step ? "booking step" : "outcome") is '\(shown(plain(node)))'",
      hint: NearMiss.hint(plain(node), among: words))
    return nil
  }

  /// The scalar's text.
  func plain(_ node: YAMLNode) -> String {
    guard case .scalar(let text, _) = node.content else { return "" }
    return text
  }

  /// One test of `count` values; with `all`, one for each, all of which must hold.
  mutating func combined(
    _ item: Item, _ count: Int, _ match: (inout RuleBuilder, Range<Int>) -> Match
  ) -> Tree {
    let ranges = item.modifiers.needsAll ? (0..<count).map { $0..<($0 + 1) } : [0..<count]
    let trees = ranges.map { range in
      let value = item.values[range].map(plain).prefix(5).joined(separator: ", ")
      var test = Test(field: item.field, match: match(&self, range))
      test.isNegated = item.modifiers.isNegated && !item.modifiers.needsAll
      return add(test, info(item, value, .matches, .nan))
    }
    guard item.modifiers.needsAll else { return trees[0] }
    guard item.modifiers.isNegated else { return .all(trees) }
    let present = add(Test(field: item.field, match: .present), info(item, "", .matches, .nan))
    return .all([present, .not(.all(trees))])
  }
}

extension Comparison {
  /// The comparison that holds exactly when this one does not, for present values.
  var inverse: Comparison {
    switch self {
    case .less: .greaterOrEqual
    case .lessOrEqual: .greater
    case .greater: .lessOrEqual
    case .greaterOrEqual: .less
    case .equal: .notEqual
    case .notEqual: .equal
    case .matches: .matches
    }
  }

  /// Whether the comparison holds; never for NaN, which stands for an absent value.
  func holds(_ value: Double, _ threshold: Double) -> Bool {
    switch self {
    case .less: value < threshold
    case .lessOrEqual: value <= threshold
    case .greater: value > threshold
    case .greaterOrEqual: value >= threshold
    case .equal: value == threshold
    case .notEqual: value != threshold && !value.isNaN && !threshold.isNaN
    case .matches: false
    }
  }
}
