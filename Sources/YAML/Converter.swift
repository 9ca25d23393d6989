import CrenelModel
import Yams

/// Turns Yams' nodes into ours, counting nodes and levels.
struct Converter {
  let file: String
  /// Lines of the file before the text that is parsed.
  var linesBefore = 0
  var count = 0

  mutating func convert(_ node: Node, depth: Int) throws(Diagnostics) -> YAMLNode {
    let position = place(node.mark) ?? SourcePosition(file: file)
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
        pairs.append(
          YAMLPair(
            key: name.string, at: place(name.mark) ?? position,
            value: try convert(value, depth: depth + 1)))
      }
      return YAMLNode(.mapping(pairs), at: position)
    case .alias:
      throw refused("yaml-alias", position, "aliases are not read")
    }
  }

  private func place(_ mark: Mark?) -> SourcePosition? {
    mark.map { SourcePosition(file: file, line: $0.line + linesBefore, column: $0.column) }
  }

  private func refused(_ code: String, _ position: SourcePosition, _ text: String) -> Diagnostics {
    Diagnostics([Diagnostic(code: code, at: position, text)])
  }
}
