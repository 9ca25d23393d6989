import CrenelModel
import CrenelYAML

/// Collects mistakes, so that a person sees all of them at once.
struct Problems {
  /// Mistakes kept of one run; hostile files have no more to say.
  static let limit = 1_000

  private(set) var items: [Diagnostic] = []

  /// Whether anything makes the rules unusable.
  var hasErrors: Bool { items.contains { $0.severity == .error } }

  /// How many errors there are.
  var errorCount: Int { items.count { $0.severity == .error } }

  mutating func error(
    _ code: String, at position: SourcePosition, _ message: String, hint: String? = nil
  ) {
    add(Diagnostic(code: code, at: position, message, hint: hint))
  }

  mutating func warning(
    _ code: String, at position: SourcePosition, _ message: String, hint: String? = nil
  ) {
    add(Diagnostic(.warning, code: code, at: position, message, hint: hint))
  }

  mutating func add(_ diagnostic: Diagnostic) {
    // An error is never lost behind warnings: the last place is kept for one.
    guard items.count < Self.limit || (diagnostic.severity == .error && !hasErrors) else { return }
    items.append(diagnostic)
  }
}

/// A value's text in a message: at most 60 characters, without line ends.
func shown(_ text: String) -> String {
  let clipped = text.unicodeScalars.prefix(60).map { scalar in
    scalar.value < 0x20 || scalar.value == 0x7f ? " " : String(scalar)
  }
  return clipped.joined() + (text.unicodeScalars.count > 60 ? "…" : "")
}

// MARK: - Reading maps

extension Problems {
  /// Refuses keys of `node` outside `known`.
  mutating func checkKeys(_ pairs: [YAMLPair], known: [String], of place: String) {
    for pair in pairs where !known.contains(pair.key) {
      error(
        "unknown-key", at: pair.position, "'\(shown(pair.key))' is no key of \(place)",
        hint: NearMiss.hint(pair.key, among: known))
    }
  }

  /// The text of an optional scalar.
  mutating func text(_ node: YAMLNode?, _ key: String) -> String? {
    guard let node, !node.isNull else { return nil }
    guard case .scalar(let text, _) = node.content else {
      error("bad-type", at: node.position, "'\(key)' is \(node.kindName), expected text")
      return nil
    }
    return text
  }

  /// The texts of an optional list, or of one scalar.
  mutating func texts(_ node: YAMLNode?, _ key: String) -> [String] {
    guard let node, !node.isNull else { return [] }
    guard let list = node.sequence else {
      return text(node, key).map { [$0] } ?? []
    }
    return list.compactMap { text($0, key) }
  }

  /// One of a closed set of words.
  mutating func word(_ node: YAMLNode?, _ key: String, of known: [String]) -> String? {
    guard let node, let text = text(node, key) else { return nil }
    guard known.contains(text) else {
      error(
        "bad-value", at: node.position, "'\(shown(text))' is no \(key)",
        hint: NearMiss.hint(text, among: known))
      return nil
    }
    return text
  }

  /// A length of time such as `90m`, in nanoseconds: a whole number and `s`, `m`, `h` or `d`.
  mutating func duration(_ node: YAMLNode?, _ key: String) -> Int64? {
    guard let node, let text = text(node, key) else { return nil }
    let units: [Character: Int64] = [
      "s": Nanoseconds.second, "m": Nanoseconds.minute, "h": Nanoseconds.hour,
      "d": Nanoseconds.day,
    ]
    let digits = text.dropLast()
    guard let last = text.last, let unit = units[last],
      digits.utf8.allSatisfy({ (0x30...0x39).contains($0) }), let number = Int64(digits),
      number > 0, number <= 366 * Nanoseconds.day / unit
    else {
      error(
        "bad-duration", at: node.position,
        "'\(shown(text))' is no \(key): a whole number and s, m, h or d, at most 366d",
        hint: "for example 90m or 24h")
      return nil
    }
    return number * unit
  }
}
