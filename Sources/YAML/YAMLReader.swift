public import CrenelModel
import Yams

/// Reads the documents of one YAML text.
public enum YAMLReader {
  /// The limits that keep hostile input cheap.
  public enum Limit {
    /// Bytes of one file.
    public static let bytes = 1 << 20
    /// Levels of nesting.
    public static let depth = 32
    /// Nodes of one file.
    public static let nodes = 100_000
  }

  /// Reads all documents of `text`; `file` is its name in errors.
  ///
  /// Throws ``Diagnostics`` with one entry for a syntax error, repeated keys, an alias, a key
  /// that is no scalar, or a limit that was passed. Empty documents are left out.
  public static func documents(in text: String, file: String) throws(Diagnostics) -> [YAMLNode] {
    guard text.utf8.count <= Limit.bytes else {
      throw Diagnostics([
        Diagnostic(
          code: "yaml-too-large", at: SourcePosition(file: file),
          "the file has \(text.utf8.count) bytes; at most \(Limit.bytes) are read")
      ])
    }
    if let line = aliasLine(in: text) {
      throw Diagnostics([
        Diagnostic(
          code: "yaml-alias", at: SourcePosition(file: file, line: line),
          "anchors and aliases (&name, *name) are not read", hint: "write the value out again")
      ])
    }
    var converter = Converter(file: file)
    do {
      let parser = try Parser(yaml: text, encoding: .utf8)
      var documents: [YAMLNode] = []
      while let node = try parser.nextRoot() {
        let converted = try converter.convert(node, depth: 0)
        if !converted.isNull { documents.append(converted) }
      }
      return documents
    } catch let error as Diagnostics {
      throw error
    } catch {
      throw Diagnostics(diagnostics(for: error, file: file))
    }
  }

  /// The line of the first alias, when the text has anchors as well; 1-based.
  ///
  /// Checked before parsing, because nodes shared through aliases make the parser's own check for
  /// repeated keys exponential. Only places where a value can start are looked at.
  private static func aliasLine(in text: String) -> Int? {
    var anchor = false
    var alias: Int?
    var line = 1
    var canStart = true  // at a place where a value can start
    var previous = UInt8(ascii: "\n")
    var sigil: UInt8 = 0
    for byte in text.utf8 {
      if sigil != 0, isNameByte(byte) {
        if sigil == UInt8(ascii: "&") { anchor = true } else { alias = alias ?? line }
      }
      sigil = 0
      if byte == UInt8(ascii: "\n") { line += 1 }
      if canStart, byte == UInt8(ascii: "&") || byte == UInt8(ascii: "*") { sigil = byte }
      switch byte {
      case UInt8(ascii: "\n"), UInt8(ascii: "["), UInt8(ascii: "{"), UInt8(ascii: ","):
        canStart = true
      case UInt8(ascii: " "):
        canStart =
          canStart || previous == UInt8(ascii: ":") || previous == UInt8(ascii: "-")
          || previous == UInt8(ascii: "?")
      default: canStart = false
      }
      previous = byte
    }
    return anchor ? alias : nil
  }

  private static func isNameByte(_ byte: UInt8) -> Bool {
    switch byte {
    case 0x30...0x39, 0x41...0x5a, 0x61...0x7a, UInt8(ascii: "_"): true
    default: false
    }
  }

  /// Yams' error as diagnostics with its place; the text of the file is never repeated.
  private static func diagnostics(for error: any Error, file: String) -> [Diagnostic] {
    func syntax(_ problem: String, _ mark: Mark?) -> [Diagnostic] {
      let position = SourcePosition(file: file, line: mark?.line ?? 0, column: mark?.column ?? 0)
      return [Diagnostic(code: "yaml-syntax", at: position, problem)]
    }
    guard let error = error as? YamlError else { return syntax("cannot be read as YAML", nil) }
    switch error {
    case .scanner(_, let problem, let mark, _), .parser(_, let problem, let mark, _),
      .composer(_, let problem, let mark, _):
      return syntax(problem, mark)
    case .duplicatedKeysInMapping(let keys, let context):
      let position = SourcePosition(
        file: file, line: context.mark.line, column: context.mark.column)
      return keys.map {
        Diagnostic(
          code: "yaml-repeated-key", at: position, "'\($0)' stands twice in this map",
          hint: "remove one, or rename it")
      }
    case .reader(let problem, let offset, _, _):
      return syntax(problem + (offset.map { " at character \($0)" } ?? ""), nil)
    default:
      return syntax("cannot be read as YAML", nil)
    }
  }
}

/// Turns Yams' nodes into ours, counting nodes and levels.
private struct Converter {
  let file: String
  var count = 0

  mutating func convert(_ node: Node, depth: Int) throws(Diagnostics) -> YAMLNode {
    let position = SourcePosition(
      file: file, line: node.mark?.line ?? 0, column: node.mark?.column ?? 0)
    count += 1
    guard depth <= YAMLReader.Limit.depth, count <= YAMLReader.Limit.nodes else {
      throw refused(
        "yaml-too-deep", position,
        "more than \(YAMLReader.Limit.depth) levels or \(YAMLReader.Limit.nodes) values")
    }
    switch node {
    case .scalar(let scalar):
      return YAMLNode(.scalar(scalar.string, isPlain: scalar.style == .plain), at: position)
    case .sequence(let sequence):
      var nodes: [YAMLNode] = []
      for element in sequence { nodes.append(try convert(element, depth: depth + 1)) }
      return YAMLNode(.sequence(nodes), at: position)
    case .mapping(let mapping):
      var pairs: [YAMLPair] = []
      for (key, value) in mapping {
        guard case .scalar(let name) = key else {
          throw refused("yaml-key", position, "a key that is a list or a map")
        }
        let place = SourcePosition(
          file: file, line: name.mark?.line ?? position.line,
          column: name.mark?.column ?? position.column)
        pairs.append(
          YAMLPair(key: name.string, at: place, value: try convert(value, depth: depth + 1)))
      }
      return YAMLNode(.mapping(pairs), at: position)
    case .alias:
      throw refused("yaml-alias", position, "aliases are not read")
    }
  }

  private func refused(_ code: String, _ position: SourcePosition, _ text: String) -> Diagnostics {
    Diagnostics([Diagnostic(code: code, at: position, text)])
  }
}
