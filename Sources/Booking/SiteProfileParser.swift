public import CrenelModel
import CrenelPattern
import CrenelYAML

/// Reads site profiles.
public enum SiteProfileParser {
  /// Reads the profile in `text`; `file` is its name in errors, `isZone` says which time zones
  /// there are.
  ///
  /// Throws every mistake with its place: unknown keys and steps, wrong networks, patterns that
  /// do not compile, durations and statuses that are none. What is only odd is in the profile's
  /// warnings, and thrown with the mistakes where there are some.
  public static func parse(
    _ text: String, file: String, isZone: (String) -> Bool = { _ in true }
  ) throws(Diagnostics) -> SiteProfile {
    let contents = YAMLReader.contents(of: text, file: file)
    let documents = contents.documents
    guard documents.count == 1, let root = documents.first, root.mapping != nil else {
      guard contents.problems.isEmpty else { throw Diagnostics(contents.problems) }
      throw Diagnostics([
        Diagnostic(
          code: "profile-shape", at: SourcePosition(file: file),
          "a profile is one YAML map; found \(documents.first?.kindName ?? "nothing")",
          hint: "docs/site-profiles.md shows one")
      ])
    }
    var reader = ProfileReader()
    reader.mistakes = contents.problems
    var profile = reader.profile(root)
    reader.zone(root["timezone"], &profile, isZone)
    let found = Diagnostics(reader.mistakes)
    guard !found.hasErrors else { throw found }
    profile.warnings = found.items
    return profile
  }
}

/// Walks the map and gathers mistakes.
struct ProfileReader {
  /// Mistakes, and warnings.
  var mistakes: [Diagnostic] = []
  /// Parts that steps take and fields ask for.
  var names = ProfileNames()

  mutating func profile(_ root: YAMLNode) -> SiteProfile {
    known(
      root,
      [
        "id", "title", "timezone", "client", "session", "hold", "release_times", "steps",
        "fields", "staff", "declared", "assets", "description", "references",
      ])
    var profile = SiteProfile(
      id: required(root, "id"), title: required(root, "title"))
    client(root["client"], &profile)
    session(root["session"], &profile)
    if let hold = root["hold"] {
      known(hold, ["ttl"])
      profile.holdLifetime = hold["ttl"].map { duration($0) } ?? 0
    }
    profile.releaseTimes = texts(root["release_times"])
    profile.rules = rules(root["steps"], at: root.position)
    fields(root["fields"], &profile)
    checkNames()
    profile.staff = networks(root["staff"])
    if let declared = root["declared"] {
      known(declared, ["user_agents", "networks"])
      profile.declaredAgents = texts(declared["user_agents"]).map { $0.lowercased() }
      profile.declaredNetworks = networks(declared["networks"])
    }
    if let assets = root["assets"] {
      known(assets, ["extensions", "prefixes"])
      if assets["extensions"] != nil {
        profile.assetExtensions = texts(assets["extensions"]).map { $0.lowercased() }
      }
      profile.assetPrefixes = texts(assets["prefixes"])
    }
    if profile.requestedNames.names.count >= Exchange.extraCapacity {
      refuse(
        "too-many-fields", root["fields"]?.position ?? root.position,
        "more than \(Exchange.extraCapacity - 1) cookies and fields are asked for",
        hint: "leave out paths that the log does not have")
    }
    return profile
  }

  mutating func zone(
    _ node: YAMLNode?, _ profile: inout SiteProfile, _ isZone: (String) -> Bool
  ) {
    guard let node, let name = text(node) else { return }
    profile.timezone = name
    guard !isZone(name) else { return }
    refuse(
      "unknown-zone", node.position, "'\(name)' is no known time zone",
      hint: "a name such as Europe/Paris, UTC, or an offset such as +02:00")
  }

  private mutating func client(_ node: YAMLNode?, _ profile: inout SiteProfile) {
    guard let node else { return }
    known(node, ["address", "trusted_proxies", "ipv4_prefix", "ipv6_prefix"])
    if let address = node["address"] {
      switch text(address) {
      case "remote"?: profile.usesForwardedAddress = false
      case "forwarded"?: profile.usesForwardedAddress = true
      default: refuse("bad-address-origin", address.position, "'remote' or 'forwarded' is expected")
      }
    }
    profile.trustedProxies = networks(node["trusted_proxies"])
    profile.ipv4Prefix = width(node["ipv4_prefix"], 8...32) ?? 32
    profile.ipv6Prefix = width(node["ipv6_prefix"], 16...128) ?? 64
  }

  private mutating func session(_ node: YAMLNode?, _ profile: inout SiteProfile) {
    guard let node else { return }
    known(node, ["cookie", "rotates"])
    profile.sessionCookies = cookies(node["cookie"])
    if let rotates = node["rotates"] {
      if let value = rotates.bool {
        profile.sessionRotates = value
      } else {
        refuse("bad-bool", rotates.position, "true or false is expected")
      }
    }
  }

  private mutating func fields(_ node: YAMLNode?, _ profile: inout SiteProfile) {
    guard let node else { return }
    known(node, ["mailbox", "document", "slot", "service"])
    profile.mailbox = parts(node["mailbox"], isOfPath: false)
    profile.document = parts(node["document"], isOfPath: false)
    profile.slot = parts(node["slot"], isOfPath: true)
    profile.service = parts(node["service"], isOfPath: true)
  }

  // MARK: - Steps

  private mutating func rules(_ node: YAMLNode?, at place: SourcePosition) -> [StepRule] {
    guard let list = node?.sequence, !list.isEmpty else {
      refuse("no-steps", node?.position ?? place, "'steps' must be a list with at least one rule")
      return []
    }
    return list.compactMap { rule($0) }
  }

  private mutating func rule(_ node: YAMLNode) -> StepRule? {
    known(
      node,
      [
        "step", "method", "path", "words", "query", "form", "status", "location", "outcome", "note",
      ])
    guard node.mapping != nil else { return nil }
    if node["step"] == nil { refuse("no-step", node.position, "this rule names no step") }
    // The rest of a rule without a known step is read all the same, for the mistakes in it.
    let kind = node["step"].flatMap { step($0) }
    var rule = StepRule(step: kind ?? .other, position: node.position)
    rule.methods = methods(node["method"])
    path(of: node, &rule)
    if let query = node["query"], let text = pattern(query) { self.query(text, query, &rule) }
    if let form = node["form"], let text = pattern(form) { rule.form = self.form(text, form) }
    for status in node["status"].map({ $0.sequence ?? [$0] }) ?? [] {
      if let range = statuses(status) { rule.status.append(range) }
    }
    if let location = node["location"], let text = pattern(location) {
      self.location(text, location, &rule)
    }
    if let outcome = node["outcome"] { rule.outcome = self.outcome(outcome) }
    if !["path", "words", "query", "form", "location"].contains(where: { node[$0] != nil }) {
      refuse(
        "rule-matches-all", node.position, "a rule without path, words, query, form and location",
        hint: "name the path; it would take every request otherwise")
    }
    return kind == nil ? nil : rule
  }

  private mutating func methods(_ node: YAMLNode?) -> Set<String> {
    guard let node else { return [] }
    let names = (node.sequence ?? [node]).compactMap { item -> String? in
      guard let name = text(item)?.uppercased() else { return nil }
      guard HTTPMethods.isToken(name) else {
        refuse(
          "bad-method", item.position, "'\(name)' cannot be a method",
          hint: "one word, such as GET; several are a list: [GET, POST]")
        return nil
      }
      if !HTTPMethods.registered.contains(name) {
        let near = NearMiss.of(name, among: HTTPMethods.registered)
        mistakes.append(
          Diagnostic(
            .warning, code: "unknown-method", at: item.position,
            "'\(name)' is in no registry of HTTP methods",
            hint: near.map { "did you mean '\($0)'?" } ?? "leave it if the site has it"))
      }
      return name
    }
    return Set(names)
  }

  private mutating func path(of node: YAMLNode, _ rule: inout StepRule) {
    if let path = node["path"], let text = pattern(path) { self.path(text, path, &rule) }
    guard let words = node["words"] else { return }
    if node["path"] != nil {
      refuse(
        "path-and-words", words.position, "'words' stands in place of 'path', and both are here",
        hint: "leave one out; a path of ~ and a regular expression can hold words")
    }
    rule.path = .words(self.words(words))
  }

  private mutating func location(_ pattern: String, _ node: YAMLNode, _ rule: inout StepRule) {
    rule.location = expression(pattern, node, &rule).map { .regex($0) } ?? .glob(pattern)
  }

  /// The regular expression behind `~`; `nil` for what is none.
  private mutating func expression(
    _ pattern: String, _ node: YAMLNode, _ rule: inout StepRule
  ) -> String? {
    guard pattern.hasPrefix("~") else { return nil }
    let regex = String(pattern.dropFirst())
    check(regex: regex, node.position)
    rule.expressions.append(node.position)
    return regex
  }

  private mutating func outcome(_ node: YAMLNode) -> StepOutcome? {
    guard let word = text(node) else { return nil }
    if let outcome = StepOutcome.allCases.first(where: { $0.name == word }) { return outcome }
    refuse(
      "unknown-outcome", node.position, "'\(word)' is no outcome",
      hint: "one of: \(StepOutcome.allCases.map(\.name).joined(separator: ", "))")
    return nil
  }

  private mutating func step(_ node: YAMLNode) -> StepKind? {
    guard let name = text(node) else { return nil }
    if let kind = StepKind(name: name) { return kind }
    refuse(
      "unknown-step", node.position, "'\(name)' is no step",
      hint: suggestion(name, StepKind.allCases.map(\.name)))
    return nil
  }

  private mutating func path(_ pattern: String, _ node: YAMLNode, _ rule: inout StepRule) {
    if let regex = expression(pattern, node, &rule) {
      take(GroupNames.of(regex), node, expression: regex)
      rule.path = .regex(regex)
      return
    }
    if let problem = PathTemplate.problem(pattern) {
      refuse("bad-template", node.position, problem, hint: "such as /booking/{service}/1, or ~^/…")
      return
    }
    take(PathTemplate(pattern).names, node)
    if let mark = pattern.firstIndex(of: "?") {
      let rest = pattern[pattern.index(after: mark)...]
      refuse(
        "query-in-path", node.position, "a path ends before '?', so none holds one",
        hint: "write what follows as a key of its own: "
          + "query: \"\(rest.isEmpty ? "a=b" : String(rest))\"")
    }
    rule.path = .template(pattern)
  }

  private mutating func query(_ pattern: String, _ node: YAMLNode, _ rule: inout StepRule) {
    if let regex = expression(pattern, node, &rule) {
      rule.queryRegex = regex
      return
    }
    rule.query = parameters(pattern, node)
  }

  /// The fields of a form; they are told apart when they are read, so no expression sees them all.
  private mutating func form(_ pattern: String, _ node: YAMLNode) -> [StepRule.Parameter] {
    guard !pattern.hasPrefix("~") else {
      refuse(
        "form-regex", node.position, "'form' takes no regular expression, and '~' begins one",
        hint: "name the fields, such as a=b&c={slot}&d, with * in values; path, query and location"
          + " take expressions")
      return []
    }
    return parameters(pattern, node)
  }

  /// `a=b&c={slot}&d`.
  private mutating func parameters(
    _ pattern: String, _ node: YAMLNode
  ) -> [StepRule.Parameter] {
    pattern.split(separator: "&", omittingEmptySubsequences: false).compactMap { part in
      let sides = part.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
      let (key, value) = (sides.first ?? "", sides.count == 2 ? sides[1] : nil)
      let isName =
        value.map { $0.count > 2 && $0.hasPrefix("{") && $0.hasSuffix("}") } ?? false
      let plain = isName ? value?.dropFirst().dropLast() : value
      if key.isEmpty || (key + (plain ?? "")).contains(where: { "{}".contains($0) }) {
        refuse(
          "bad-parameter", node.position,
          key.isEmpty
            ? "'\(part)' names no parameter"
            : "in '\(part)' braces do not stand around a name that is the whole value",
          hint: "such as a=b&c={slot}&d")
        return nil
      }
      if isName, let plain { take([String(plain)], node) }
      return StepRule.Parameter(key: String(key), value: value.map(String.init))
    }
  }

  /// `200`, `3xx`, `400-499`.
  private mutating func statuses(_ node: YAMLNode) -> ClosedRange<Int>? {
    let word = node.text ?? ""
    if let number = Int(word), (100...599).contains(number) { return number...number }
    if word.count == 3, word.hasSuffix("xx"), let hundred = Int(word.prefix(1)),
      (1...5).contains(hundred)
    {
      return hundred * 100...hundred * 100 + 99
    }
    let ends = word.split(separator: "-").compactMap { Int($0) }
    if ends.count == 2, ends[0] >= 100, ends[1] <= 599, ends[0] <= ends[1] {
      return ends[0]...ends[1]
    }
    refuse("bad-status", node.position, "'\(word)' is no status", hint: "such as 200, 3xx, 400-499")
    return nil
  }

  // MARK: - Values

  private mutating func check(regex: String, _ position: SourcePosition) {
    do {
      _ = try ByteRegex(regex)
    } catch {
      refuse(
        "bad-regex", position, "character \(error.offset + 1) of the pattern: \(error.message)")
    }
  }

  mutating func paths(_ node: YAMLNode?) -> [FieldPath] {
    guard let node else { return [] }
    return (node.sequence ?? [node]).compactMap { item in
      guard let word = text(item) else { return nil }
      guard let path = FieldPath(word) else {
        refuse(
          "bad-field", item.position, "'\(word)' is no field",
          hint: "form.NAME, json.NAME, query.NAME, cookie.NAME, header.NAME or path.NAME")
        return nil
      }
      return path
    }
  }

  private mutating func networks(_ node: YAMLNode?) -> [Network] {
    guard let node else { return [] }
    return (node.sequence ?? [node]).compactMap { item in
      guard let word = text(item) else { return nil }
      guard let network = Network(word) else {
        refuse(
          "bad-network", item.position, "'\(word)' is no address or network",
          hint: "such as 192.0.2.0/24")
        return nil
      }
      return network
    }
  }

  private mutating func width(_ node: YAMLNode?, _ range: ClosedRange<Int>) -> Int? {
    guard let node else { return nil }
    guard let value = node.int, range.contains(value) else {
      refuse(
        "bad-prefix", node.position,
        "a number from \(range.lowerBound) to \(range.upperBound) is expected")
      return nil
    }
    return value
  }

  /// `60m`, `90s`, `1h`, `2d`, in nanoseconds.
  private mutating func duration(_ node: YAMLNode) -> Int64 {
    let word = node.text ?? ""
    let units: [Character: Int64] = [
      "s": Nanoseconds.second, "m": Nanoseconds.minute, "h": Nanoseconds.hour,
      "d": Nanoseconds.day,
    ]
    if let unit = word.last.flatMap({ units[$0] }), let number = Int64(word.dropLast()),
      (0...100_000).contains(number)
    {
      return number * unit
    }
    if word == "0" { return 0 }
    refuse("bad-duration", node.position, "'\(word)' is no duration", hint: "such as 90s, 60m, 1h")
    return 0
  }

  /// A text that is compared with requests; a plain number or the like is likely no such thing.
  private mutating func pattern(_ node: YAMLNode) -> String? {
    if case .scalar = node.content, node.isNull || node.bool != nil || node.double != nil {
      refuse(
        "not-a-text", node.position, "a text is expected, not \(node.kindName)",
        hint: "put it in quotes if it is meant as a text")
      return nil
    }
    return text(node)
  }

  private mutating func texts(_ node: YAMLNode?) -> [String] {
    guard let node else { return [] }
    return (node.sequence ?? [node]).compactMap { text($0) }
  }

  mutating func text(_ node: YAMLNode) -> String? {
    guard let text = node.text, !node.isNull else {
      refuse("not-a-text", node.position, "a text is expected, not \(node.kindName)")
      return nil
    }
    guard !text.isEmpty else {
      refuse("empty-text", node.position, "a text is expected here, and this one is empty")
      return nil
    }
    return text
  }

  private mutating func required(_ root: YAMLNode, _ key: String) -> String {
    guard let node = root[key] else {
      refuse("missing-key", root.position, "'\(key)' is missing")
      return ""
    }
    return text(node) ?? ""
  }

  /// Refuses keys that are not known, and what is no map.
  private mutating func known(_ node: YAMLNode, _ keys: [String]) {
    guard let pairs = node.mapping else {
      refuse("not-a-map", node.position, "a map is expected, not \(node.kindName)")
      return
    }
    for pair in pairs where !keys.contains(pair.key) {
      refuse(
        "unknown-key", pair.position, "'\(pair.key)' is not known here",
        hint: suggestion(pair.key, keys))
    }
  }

  private func suggestion(_ word: String, _ known: [String]) -> String {
    let all = "one of: \(known.joined(separator: ", "))"
    guard let near = NearMiss.of(word, among: known) else { return all }
    return "did you mean '\(near)'? \(all)"
  }

  mutating func refuse(
    _ code: String, _ position: SourcePosition, _ message: String, hint: String? = nil
  ) {
    mistakes.append(Diagnostic(code: code, at: position, message, hint: hint))
  }
}
