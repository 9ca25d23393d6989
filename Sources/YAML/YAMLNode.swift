// CrenelYAML: YAML text in, placed nodes out, every mistake with file:line:column. The one
// importer of Yams; no Yams or Foundation type leaves it. Aliases are refused, so that a document
// is never larger than its text (FEASIBILITY 5).

public import CrenelModel

/// One value of a YAML document, with its place.
public struct YAMLNode: Sendable, Hashable {
  /// What a node holds.
  public indirect enum Content: Sendable, Hashable {
    /// A scalar as written, and whether it was plain (`200`) or quoted (`"200"`).
    case scalar(String, isPlain: Bool)
    /// A list.
    case sequence([YAMLNode])
    /// A map in document order; keys are scalars and unique.
    case mapping([YAMLPair])
  }

  /// What the node holds.
  public var content: Content
  /// Where it starts.
  public var position: SourcePosition

  /// Creates a node.
  public init(_ content: Content, at position: SourcePosition) {
    self.content = content
    self.position = position
  }
}

/// A key of a map with its value.
public struct YAMLPair: Sendable, Hashable {
  /// The key's text.
  public var key: String
  /// Where the key starts.
  public var position: SourcePosition
  /// The value.
  public var value: YAMLNode

  /// Creates a pair.
  public init(key: String, at position: SourcePosition, value: YAMLNode) {
    self.key = key
    self.position = position
    self.value = value
  }
}

extension YAMLNode {
  /// The scalar's text, or `nil` for a list or a map.
  public var text: String? {
    guard case .scalar(let text, _) = content else { return nil }
    return text
  }

  /// Whether this is a plain `null`, `~` or empty scalar (YAML 1.2 core schema).
  public var isNull: Bool {
    guard case .scalar(let text, true) = content else { return false }
    return ["", "~", "null", "Null", "NULL"].contains(text)
  }

  /// A plain `true` or `false` (YAML 1.2 core schema); `yes` and `on` are texts.
  public var bool: Bool? {
    guard case .scalar(let text, true) = content else { return nil }
    switch text {
    case "true", "True", "TRUE": return true
    case "false", "False", "FALSE": return false
    default: return nil
    }
  }

  /// A plain decimal whole number.
  public var int: Int? {
    guard case .scalar(let text, true) = content else { return nil }
    return Int(text)
  }

  /// A plain finite number.
  public var double: Double? {
    guard case .scalar(let text, true) = content, let value = Double(text), value.isFinite,
      text.utf8.allSatisfy({ "0123456789+-.eE".utf8.contains($0) })
    else { return nil }
    return value
  }

  /// The elements of a list, or `nil`.
  public var sequence: [YAMLNode]? {
    guard case .sequence(let nodes) = content else { return nil }
    return nodes
  }

  /// The pairs of a map in document order, or `nil`.
  public var mapping: [YAMLPair]? {
    guard case .mapping(let pairs) = content else { return nil }
    return pairs
  }

  /// The value of `key` when this is a map that has it.
  public subscript(key: String) -> YAMLNode? {
    mapping?.first { $0.key == key }?.value
  }

  /// What the node is, for error messages: "a map", "a list", "text", "a number"...
  public var kindName: String {
    switch content {
    case .mapping: "a map"
    case .sequence: "a list"
    case .scalar:
      if isNull {
        "nothing"
      } else if bool != nil {
        "true or false"
      } else if double != nil {
        "a number"
      } else {
        "text"
      }
    }
  }
}
