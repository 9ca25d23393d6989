import CrenelModel
import Yams

/// Turns Yams' nodes into ours, counting nodes and levels; of a repeated key the first stays.
struct Converter {
  let file: String
  /// Lines of the file before the text that is parsed.
  var linesBefore = 0
  var count = 0
  /// The keys that were written otherwise for the parser.
  var keys = RepeatedKeys("")
  /// One entry for each key that stood in its map before.
  var repetitions: [Diagnostic] = []

  mutating func convert(_ node: Node, depth: Int) throws(Diagnostics) -> YAMLNode {
    let position = node.mark.map(place) ?? SourcePosition(file: file)
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
      return YAMLNode(.mapping(try pairs(mapping, at: position, depth: depth)), at: position)
    case .alias:
      throw refused("yaml-alias", position, "aliases are not read")
    }
  }

  private mutating func pairs(
    _ mapping: Node.Mapping, at position: SourcePosition, depth: Int
  ) throws(Diagnostics) -> [YAMLPair] {
    var pairs: [YAMLPair] = []
    var places: [String: SourcePosition] = [:]
    for (key, value) in mapping {
      guard case .scalar(let scalar) = key else {
        throw refused("yaml-key", position, "a key that is a list or a map")
      }
      let name = keys.name(scalar.string, at: scalar.mark)
      let pair = YAMLPair(
        key: name, at: scalar.mark.map(place) ?? position,
        value: try convert(value, depth: depth + 1))
      guard let first = places[name] else {
        places[name] = pair.position
        pairs.append(pair)
        continue
      }
      repetitions.append(.repeated(name, at: pair.position, first: first))
    }
    return pairs
  }

  /// The place of a mark in the file.
  func place(_ mark: Mark) -> SourcePosition {
    SourcePosition(file: file, line: mark.line + linesBefore, column: mark.column)
  }

  private func refused(_ code: String, _ position: SourcePosition, _ text: String) -> Diagnostics {
    Diagnostics([Diagnostic(code: code, at: position, text)])
  }
}

extension Diagnostic {
  /// A key that its map has already, or has once more when the other place is not known.
  static func repeated(
    _ key: String, at position: SourcePosition, first: SourcePosition? = nil
  ) -> Diagnostic {
    let place = first.map { ", first at line \($0.line), column \($0.column)" } ?? ""
    return Diagnostic(
      code: "yaml-repeated-key", at: position, "'\(key)' stands twice in this map" + place,
      hint: "remove one, or rename it")
  }
}
