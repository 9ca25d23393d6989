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

  /// What a text holds: the documents that can be read, and what is wrong with it.
  public struct Contents: Sendable {
    /// The documents that can be read, in order; empty ones are left out.
    ///
    /// Of a key that a map has
    /// more than once the first value stays, so that what else is wrong can be told.
    public var documents: [YAMLNode] = []
    /// One entry for each syntax error, repeated key, alias, odd key or limit that was passed.
    public var problems: [Diagnostic] = []
  }

  /// Reads each document of `text` by itself, so that a mistake in one does not hide another's;
  /// `file` is its name in errors.
  public static func contents(of text: String, file: String) -> Contents {
    var contents = Contents()
    guard text.utf8.count <= Limit.bytes else {
      contents.problems.append(
        Diagnostic(
          code: "yaml-too-large", at: SourcePosition(file: file),
          "the file has \(text.utf8.count) bytes; at most \(Limit.bytes) are read"))
      return contents
    }
    var converter = Converter(file: file)
    for part in YAMLParts.split(text) {
      converter.linesBefore = part.linesBefore
      if let place = alias(in: part.text) {
        contents.problems.append(
          Diagnostic(
            code: "yaml-alias",
            at: SourcePosition(
              file: file, line: place.line + part.linesBefore, column: place.column),
            "anchors and aliases (&name, *name) are not read", hint: "write the value out again"))
        continue
      }
      read(part, &converter, into: &contents)
    }
    return contents
  }

  /// Reads a part, again for each key that the parser finds repeated.
  private static func read(
    _ part: YAMLParts.Part, _ converter: inout Converter, into contents: inout Contents
  ) {
    var keys = RepeatedKeys(part.text)
    var repetitions: [Diagnostic] = []
    while true {
      var attempt = converter
      attempt.keys = keys
      do {
        contents.documents += try documents(keys.text, &attempt)
        contents.problems += attempt.repetitions
        converter.count = attempt.count
      } catch YamlError.duplicatedKeysInMapping(let names, let context) {
        // What is told should the text prove to be unreadable behind them.
        let position = converter.place(context.mark)
        repetitions += names.prefix(1).map { .repeated($0, at: position) }
        if let name = names.first, keys.setApart(name, at: context.mark) { continue }
        contents.problems += repetitions
        contents.problems += names.dropFirst().map { .repeated($0, at: position) }
      } catch let error as Diagnostics {
        contents.problems += attempt.repetitions + error.items
      } catch {
        contents.problems += repetitions + diagnostics(for: error, file: converter.file, part)
      }
      return
    }
  }

  private static func documents(
    _ text: String, _ converter: inout Converter
  ) throws -> [YAMLNode] {
    var documents: [YAMLNode] = []
    let parser = try Parser(yaml: text, encoding: .utf8)
    while let node = try parser.nextRoot() {
      let converted = try converter.convert(node, depth: 0)
      if !converted.isNull { documents.append(converted) }
    }
    return documents
  }

  /// The place of the first alias, when the text has anchors as well; 1-based.
  ///
  /// Checked before parsing, because nodes shared through aliases make the parser's own check for
  /// repeated keys exponential. Only places where a value can start are looked at.
  private static func alias(in text: String) -> (line: Int, column: Int)? {
    var anchor = false
    var alias: (line: Int, column: Int)?
    var line = 1
    var column = 0
    var canStart = true  // at a place where a value can start
    var previous = UInt8(ascii: "\n")
    var sigil: UInt8 = 0
    for byte in text.utf8 {
      if sigil != 0, isNameByte(byte) {
        if sigil == UInt8(ascii: "&") { anchor = true } else { alias = alias ?? (line, column) }
      }
      sigil = 0
      column += 1
      if byte == UInt8(ascii: "\n") {
        line += 1
        column = 0
      }
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
  private static func diagnostics(
    for error: any Error, file: String, _ part: YAMLParts.Part
  ) -> [Diagnostic] {
    func syntax(_ problem: String, _ mark: Mark?) -> [Diagnostic] {
      let place = mark.map { part.inside(line: $0.line, column: $0.column) }
      let position = SourcePosition(
        file: file, line: place.map { $0.line + part.linesBefore } ?? 0,
        column: place?.column ?? 0)
      return [Diagnostic(code: "yaml-syntax", at: position, problem)]
    }
    guard let error = error as? YamlError else { return syntax("cannot be read as YAML", nil) }
    switch error {
    case .scanner(_, let problem, let mark, _), .parser(_, let problem, let mark, _),
      .composer(_, let problem, let mark, _):
      return syntax(problem, mark)
    case .reader(let problem, let offset, _, _):
      return syntax(problem + (offset.map { " at character \($0)" } ?? ""), nil)
    default:
      return syntax("cannot be read as YAML", nil)
    }
  }
}
