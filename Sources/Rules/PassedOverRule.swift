public import CrenelModel
import CrenelYAML

/// A rule that is not in force, since its log source is none that Crenel reads.
public struct PassedOverRule: Sendable, Hashable {
  /// Where its log source stands; of a correlation, where it refers to such a rule.
  public let position: SourcePosition
  /// The known word that its log source nearly has: it may be misspelt.
  public let suggestion: String?
  /// The same for whoever wrote the rule.
  public let warning: Diagnostic

  init(
    at position: SourcePosition, _ message: String, suggestion: String? = nil, hint: String? = nil
  ) {
    self.position = position
    self.suggestion = suggestion
    warning = Diagnostic(
      .warning, code: "logsource-skipped", at: position, message,
      hint: suggestion.map { "did you mean '\($0)'?" } ?? hint)
  }
}

/// The words of log sources that Crenel reads.
enum LogSourceWords {
  static let categories = ["webserver", "proxy"]
  static let servers = [
    "apache", "nginx", "iis", "haproxy", "caddy", "traefik", "envoy", "aws",
  ]

  /// The known words that may stand under a key.
  static func known(_ key: String) -> [String] {
    switch key {
    case "category": categories
    case "product": ["crenel"] + servers
    default: ["booking", "access"] + servers
    }
  }
}

extension PassedOverRule {
  /// A rule whose log source was read and is none of ours.
  init(title: String, source: YAMLNode) {
    let words: [(key: String, word: String)] = ["category", "product", "service"].compactMap {
      guard let node = source[$0], !node.isNull, let word = node.text else { return nil }
      return ($0, word)
    }
    let unknown = words.filter { !LogSourceWords.known($0.key).contains($0.word) }
    let near = unknown.lazy.compactMap {
      NearMiss.of($0.word, among: LogSourceWords.known($0.key), within: 2)
    }
    guard !words.isEmpty else {
      self.init(
        at: source.position,
        "rule '\(shown(title))' does not say for which log it is: passed over",
        hint: "such as logsource: { product: crenel, service: booking }")
      return
    }
    let named = words.map { "\($0.key) '\(shown($0.word))'" }.joined(separator: ", ")
    self.init(
      at: source.position,
      "rule '\(shown(title))' is for a log that Crenel does not read (\(named)): passed over",
      suggestion: near.first)
  }
}
