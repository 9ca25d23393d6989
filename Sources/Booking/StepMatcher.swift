import CrenelModel
import CrenelPattern

/// A profile's rules, compiled: which rule an exchange matches first.
struct StepMatcher {
  /// One rule as it is tried.
  private struct Compiled {
    var rule: StepRule
    var methods: MethodSet
    var prefix: [UInt8]
    var template: PathTemplate?
    var regex: ByteRegex?
    var wordBit: UInt64
    var parameters: [Parameter]
    var form: [Parameter]
    var queryRegex: ByteRegex?
    var location: TextPattern?
    var names: [String]
    var service: Int
    var slot: Int
  }

  /// A parameter of the query by its key, or a field of the form by its slot.
  private struct Parameter {
    var key: [UInt8]
    var slot: Int
    var value: TextPattern?
    var capture: Int

    func accepts(
      _ found: ByteRange, _ bytes: Span<UInt8>, _ captures: inout Captures
    ) -> Bool {
      guard found.isPresent else { return false }
      if let value, value.match(bytes, found.indices) != .matched { return false }
      if capture >= 0 { captures.set(capture, found) }
      return true
    }
  }

  /// What can be told of a rule without touching the rest of it: most exchanges pass no gate.
  private struct Gate: BitwiseCopyable {
    var methods: MethodSet
    var wordBit: UInt64
    var prefix: ByteRange
  }

  private let rules: [Compiled]
  private let gates: [Gate]
  private let prefixes: [UInt8]
  private let words: WordSet

  /// Compiles the rules of a profile that the parser accepted.
  ///
  /// `fields` are the names that the decoder was given. Throws what only compiling can find: a
  /// pattern that needs too much memory.
  init(_ profile: SiteProfile, _ fields: FieldNames) throws(Diagnostics) {
    var compiled: [Compiled] = []
    var words = WordSet()
    var mistakes: [Diagnostic] = []
    for rule in profile.rules {
      do {
        compiled.append(try Self.compile(rule, profile, fields, &words))
      } catch {
        mistakes.append(
          Diagnostic(
            code: "bad-regex", at: rule.position,
            (error as? ByteRegex.CompileError)?.message ?? "\(error)"))
      }
    }
    guard mistakes.isEmpty else { throw Diagnostics(mistakes) }
    rules = compiled
    self.words = words
    var prefixes: [UInt8] = []
    gates = compiled.map { rule in
      let start = prefixes.count
      prefixes += rule.prefix
      return Gate(
        methods: rule.methods, wordBit: rule.wordBit, prefix: ByteRange(start..<prefixes.count))
    }
    self.prefixes = prefixes
  }

  private static func compile(
    _ rule: StepRule, _ profile: SiteProfile, _ fields: FieldNames, _ words: inout WordSet
  ) throws -> Compiled {
    var compiled = Compiled(
      rule: rule, methods: MethodSet(rule.methods), prefix: [], wordBit: 0, parameters: [],
      form: [], names: [], service: -1, slot: -1)
    switch rule.path {
    case .any: break
    case .template(let text):
      let template = PathTemplate(text)
      compiled.prefix = template.literalPrefix
      compiled.names = template.names
      compiled.template = template
    case .regex(let text):
      compiled.regex = try ByteRegex(text)
      compiled.names = GroupNames.of(text)
    case .words(let list): compiled.wordBit = words.add(list)
    }
    compiled.parameters = rule.query.map { parameter($0, slot: -1, &compiled.names) }
    compiled.form = rule.form.map {
      parameter($0, slot: fields.slot(of: "form." + $0.key) ?? -1, &compiled.names)
    }
    compiled.queryRegex = try rule.queryRegex.map { try ByteRegex($0) }
    switch rule.location {
    case .glob(let text): compiled.location = .glob(Array(text.utf8))
    case .regex(let text): compiled.location = .regex(try ByteRegex(text))
    case nil: break
    }
    compiled.service = capture(profile.service, "service", compiled.names)
    compiled.slot = capture(profile.slot, "slot", compiled.names)
    return compiled
  }

  private static func parameter(
    _ written: StepRule.Parameter, slot: Int, _ names: inout [String]
  ) -> Parameter {
    var compiled = Parameter(key: Array(written.key.utf8), slot: slot, value: nil, capture: -1)
    guard let text = written.value else { return compiled }
    if text.hasPrefix("{"), text.hasSuffix("}") {
      compiled.capture = names.count
      names.append(String(text.dropFirst().dropLast()))
    } else {
      compiled.value = .glob(Array(text.utf8))
    }
    return compiled
  }

  /// Which capture a profile's `path.NAME` fields, or the usual name, refer to.
  private static func capture(_ paths: [FieldPath], _ usual: String, _ names: [String]) -> Int {
    let wanted = paths.filter { $0.origin == .path }.map(\.key) + [usual]
    return wanted.compactMap { names.firstIndex(of: $0) }.first ?? -1
  }

  /// The rule that tells an exchange's step.
  struct Match {
    var rule: Int
    var service: ByteRange = .absent
    var slot: ByteRange = .absent
    /// When an expression of the rule gave up: the steps of all rules that did, and of the first
    /// later one that matches.
    var mayBe: StepKinds = []
    /// Whether some later rule matches when those that gave up do not.
    var hasLater = false

    /// Whether an expression of the rule gave up: the step may be the rule's, or a later one's.
    var isUndecided: Bool { !mayBe.isEmpty }
  }

  /// The first rule that an exchange matches, and what its pattern took out of it; the first that
  /// could not be decided when it comes before, with the steps that are possible then.
  func match(_ exchange: Exchange, _ bytes: Span<UInt8>) -> Match? {
    let method = MethodSet.of(bytes, exchange[.method].indices)
    let path = exchange[.path].indices
    let found = words.isEmpty ? 0 : words.find(bytes, path)
    var captures = Captures()
    var open: Match?
    for index in gates.indices {
      let gate = gates[index]
      guard gate.methods.contains(method), gate.wordBit == 0 || found & gate.wordBit != 0,
        begins(bytes, path, with: gate.prefix)
      else { continue }
      captures.removeAll()
      switch matches(rules[index], exchange, bytes, path, &captures) {
      case .unmatched: continue
      case .limitExceeded:
        var match = open ?? Match(rule: index)
        match.mayBe.insert(rules[index].rule.step)
        open = match
      case .matched:
        if var match = open {
          match.mayBe.insert(rules[index].rule.step)
          match.hasLater = true
          return match
        }
        return Match(
          rule: index, service: captures[rules[index].service], slot: captures[rules[index].slot])
      }
    }
    return open
  }

  /// The step and outcome of a rule.
  func step(of rule: Int) -> (kind: StepKind, outcome: StepOutcome?) {
    (rules[rule].rule.step, rules[rule].rule.outcome)
  }

  /// Whether an exchange matches a rule: no where one part surely does not, whatever gave up.
  private func matches(
    _ compiled: borrowing Compiled, _ exchange: Exchange, _ bytes: Span<UInt8>,
    _ path: Range<Int>, _ captures: inout Captures
  ) -> ByteRegex.Outcome {
    let onPath = matchesPath(compiled, bytes, path, &captures)
    guard onPath != .unmatched, matchesParts(compiled, exchange, bytes, &captures) else {
      return .unmatched
    }
    var onQuery = ByteRegex.Outcome.matched
    if let regex = compiled.queryRegex {
      guard exchange[.query].isPresent else { return .unmatched }
      onQuery = regex.match(bytes.extracting(exchange[.query].indices))
    }
    var onLocation = ByteRegex.Outcome.matched
    if let location = compiled.location {
      guard exchange[.location].isPresent else { return .unmatched }
      onLocation = location.match(bytes, exchange[.location].indices)
    }
    if onQuery == .unmatched || onLocation == .unmatched { return .unmatched }
    let hasLimit =
      onPath == .limitExceeded || onQuery == .limitExceeded || onLocation == .limitExceeded
    return hasLimit ? .limitExceeded : .matched
  }

  private func matchesPath(
    _ compiled: borrowing Compiled, _ bytes: Span<UInt8>, _ path: Range<Int>,
    _ captures: inout Captures
  ) -> ByteRegex.Outcome {
    if let template = compiled.template {
      return template.matches(bytes, path, &captures) ? .matched : .unmatched
    }
    guard let regex = compiled.regex else { return .matched }
    let outcome = regex.match(bytes.extracting(path))
    if outcome == .matched {
      for group in 0..<min(regex.groupCount, 8) {
        if let range = regex.group(group + 1) {
          captures.set(
            group,
            ByteRange((path.lowerBound + range.lowerBound)..<(path.lowerBound + range.upperBound)))
        }
      }
    }
    return outcome
  }

  /// Whether status, parameters and fields of the form are as the rule asks.
  private func matchesParts(
    _ compiled: borrowing Compiled, _ exchange: Exchange, _ bytes: Span<UInt8>,
    _ captures: inout Captures
  ) -> Bool {
    if !compiled.rule.status.isEmpty {
      let status = Int(exchange.status)
      guard compiled.rule.status.contains(where: { $0.contains(status) }) else { return false }
    }
    for parameter in compiled.parameters {
      let value = Query.value(parameter.key, bytes, exchange[.query].indices)
      guard parameter.accepts(value, bytes, &captures) else { return false }
    }
    for field in compiled.form {
      guard field.slot >= 0, field.accepts(exchange.extras[field.slot], bytes, &captures) else {
        return false
      }
    }
    return true
  }

  private func begins(_ bytes: Span<UInt8>, _ range: Range<Int>, with prefix: ByteRange) -> Bool {
    guard range.count >= prefix.count else { return false }
    for i in 0..<prefix.count
    where bytes[range.lowerBound &+ i] != prefixes[Int(prefix.offset) &+ i] { return false }
    return true
  }
}

/// Methods as a set of bits.
struct MethodSet: BitwiseCopyable {
  private var bits: UInt16

  private static let known = [
    "GET", "POST", "HEAD", "PUT", "PATCH", "DELETE", "OPTIONS", "CONNECT", "TRACE",
  ]

  /// A set of methods; all when `names` is empty.
  ///
  /// One that is not known counts as "another".
  init(_ names: Set<String>) {
    bits = names.isEmpty ? .max : 0
    for name in names {
      bits |= 1 << UInt16(Self.known.firstIndex(of: name) ?? Self.known.count)
    }
    // A HEAD asks what a GET asks.
    if names.contains("GET") { bits |= 1 << 2 }
  }

  func contains(_ method: Int) -> Bool { bits & (1 << UInt16(method)) != 0 }

  /// The number of a method as written.
  static func of(_ bytes: Span<UInt8>, _ range: Range<Int>) -> Int {
    guard range.count >= 3, range.count <= 7 else { return 9 }
    var word: UInt64 = 0
    for i in range { word = word << 8 | UInt64(bytes[i]) }
    switch word {
    case 0x47_4554: return 0  // GET
    case 0x504f_5354: return 1  // POST
    case 0x4845_4144: return 2  // HEAD
    case 0x50_5554: return 3  // PUT
    case 0x50_4154_4348: return 4  // PATCH
    case 0x4445_4c45_5445: return 5  // DELETE
    case 0x4f_5054_494f_4e53: return 6  // OPTIONS
    case 0x43_4f4e_4e45_4354: return 7  // CONNECT
    case 0x54_5241_4345: return 8  // TRACE
    default: return 9
    }
  }
}

/// A pattern for a short text.
enum TextPattern {
  case glob([UInt8])
  case regex(ByteRegex)

  func match(_ bytes: Span<UInt8>, _ range: Range<Int>) -> ByteRegex.Outcome {
    switch self {
    case .regex(let regex): regex.match(bytes.extracting(range))
    case .glob(let pattern): Self.glob(pattern.span, bytes, range) ? .matched : .unmatched
    }
  }

  /// `*` matches any run; linear in the product of the lengths at the worst.
  private static func glob(
    _ pattern: Span<UInt8>, _ bytes: Span<UInt8>, _ range: Range<Int>
  ) -> Bool {
    var p = 0
    var i = range.lowerBound
    var star = -1
    var mark = i
    while i < range.upperBound {
      if p < pattern.count, pattern[p] == UInt8(ascii: "*") {
        star = p
        mark = i
        p += 1
      } else if p < pattern.count, pattern[p] == bytes[i] {
        p += 1
        i += 1
      } else if star >= 0 {
        p = star + 1
        mark += 1
        i = mark
      } else {
        return false
      }
    }
    while p < pattern.count, pattern[p] == UInt8(ascii: "*") { p += 1 }
    return p == pattern.count
  }
}

/// Parameters of a query.
enum Query {
  /// The value of the first parameter called `key`, as written; absent when there is none.
  static func value(_ key: [UInt8], _ bytes: Span<UInt8>, _ query: Range<Int>) -> ByteRange {
    var start = query.lowerBound
    while start < query.upperBound {
      var end = start
      while end < query.upperBound, bytes[end] != UInt8(ascii: "&") { end &+= 1 }
      var equal = start
      while equal < end, bytes[equal] != UInt8(ascii: "=") { equal &+= 1 }
      if equal &- start == key.count {
        var isSame = true
        for i in key.indices where bytes[start &+ i] != key[i] {
          isSame = false
          break
        }
        if isSame { return ByteRange(min(equal &+ 1, end)..<end) }
      }
      start = end &+ 1
    }
    return .absent
  }
}

/// The names of a pattern's groups, in the order of their numbers; "" for one without a name.
enum GroupNames {
  static func of(_ pattern: String) -> [String] {
    var names: [String] = []
    let characters = Array(pattern)
    var i = 0
    var isInClass = false
    while i < characters.count {
      switch characters[i] {
      case "\\": i += 1
      case "[": isInClass = true
      case "]": isInClass = false
      case "(" where !isInClass:
        let rest = String(characters[(i + 1)...])
        if !rest.hasPrefix("?") {
          names.append("")
        } else if rest.hasPrefix("?<"), !rest.hasPrefix("?<="), !rest.hasPrefix("?<!") {
          names.append(String(rest.dropFirst(2).prefix { $0 != ">" }))
        } else if rest.hasPrefix("?P<") {
          names.append(String(rest.dropFirst(3).prefix { $0 != ">" }))
        }
      default: break
      }
      i += 1
    }
    return names
  }
}
