import CrenelModel
import CrenelYAML

/// What a profile takes out of paths, queries and forms, and what it asks for by name.
struct ProfileNames {
  /// A name as written somewhere.
  struct Written {
    var name: String
    var position: SourcePosition
    /// The expression whose group it is; `nil` where it stands in braces.
    var expression: String?
  }

  /// Parts of the path, the query or the form that step rules take.
  var taken: [Written] = []
  /// Fields that ask for a part: `path.NAME` of `slot` and `service`.
  var asked: [Written] = []

  /// Names that have a meaning without a field that asks for them.
  static let usual = ["service", "slot"]
}

extension ProfileReader {
  /// Warns of fields that ask for what no step takes, and of parts taken for nothing.
  mutating func checkNames() {
    let taken = Set(names.taken.map(\.name))
    for field in names.asked where !taken.contains(field.name) {
      warn(
        "unknown-part", field.position,
        "no step takes a part called '\(field.name)' out of its path, query or form",
        hint: NearMiss.hint(field.name, among: taken.filter { !$0.isEmpty }.sorted())
          ?? "write {\(field.name)} or (?<\(field.name)>…) in a step")
    }
    let wanted = ProfileNames.usual + names.asked.map(\.name)
    for part in names.taken where !part.name.isEmpty && !wanted.contains(part.name) {
      let near = NearMiss.of(part.name, among: wanted)
      // A group may serve the expression itself, and braces may stand for "any one segment".
      let isOwn = part.expression.map { $0.ranges(of: part.name).count > 1 } ?? (near == nil)
      guard !isOwn else { continue }
      warn(
        "unused-part", part.position, "nothing asks for the part called '\(part.name)'",
        hint: near.map { "did you mean '\($0)'?" }
          ?? "a field asks for it as path.\(part.name); (?:…) is a group without a name")
    }
  }

  /// Words of paths, each a run of ASCII letters and digits: others stand in no path.
  mutating func words(_ node: YAMLNode) -> [String] {
    if node.sequence?.isEmpty == true {
      refuse("empty-list", node.position, "'words' is an empty list: no path has one of no words")
    }
    var found: [String] = []
    for item in node.sequence ?? [node] {
      guard let word = text(item) else { continue }
      guard word.utf8.allSatisfy({ WordSet.isPart($0) }) else {
        refuse(
          "bad-word", item.position,
          "'\(word)' stands in no path as a word: words are ASCII letters and digits",
          hint: "a list such as [reserver, booking]; a path of ~ and a regular expression can hold"
            + " the rest, as sent: é is %C3%A9")
        continue
      }
      found.append(word.lowercased())
    }
    return found
  }

  /// Names of cookies; `*` stands for any rest at the end only.
  mutating func cookies(_ node: YAMLNode?) -> [String] {
    guard let node else { return [] }
    if node.sequence?.isEmpty == true {
      warn(
        "empty-list", node.position, "'cookie' is an empty list: no cookie names a session",
        hint: "leave it out, or name the cookie that carries the session")
    }
    var found: [String] = []
    for item in node.sequence ?? [node] {
      guard let name = text(item) else { continue }
      if name.dropLast().contains("*") {
        warn(
          "star-in-cookie", item.position,
          "in '\(name)' a '*' before the end stands for itself, not for any text",
          hint: "such as \(name.prefix { $0 != "*" })*")
      }
      found.append(name)
    }
    return found
  }

  /// Where a field of a kind is found; a part of the path can only be a slot or a service.
  mutating func parts(_ node: YAMLNode?, isOfPath: Bool) -> [FieldPath] {
    let found = paths(node)
    for item in node.map({ $0.sequence ?? [$0] }) ?? [] {
      guard let path = item.text.flatMap({ FieldPath($0) }), path.origin == .path else { continue }
      guard isOfPath else {
        warn(
          "bad-part", item.position,
          "'\(path.name)' is never looked at here: steps take only slots and services out of paths",
          hint: "form.NAME, json.NAME, query.NAME, cookie.NAME or header.NAME")
        continue
      }
      names.asked.append(ProfileNames.Written(name: path.key, position: item.position))
    }
    return found
  }

  /// Notes the parts that a template or an expression takes.
  mutating func take(_ taken: [String], _ node: YAMLNode, expression: String? = nil) {
    names.taken += taken.map {
      ProfileNames.Written(name: $0, position: node.position, expression: expression)
    }
  }

  private mutating func warn(
    _ code: String, _ position: SourcePosition, _ message: String, hint: String
  ) {
    mistakes.append(Diagnostic(.warning, code: code, at: position, message, hint: hint))
  }
}
