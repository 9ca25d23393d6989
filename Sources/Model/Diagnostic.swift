/// A place in a text that a person wrote: file, line and column, both from 1.
public struct SourcePosition: Hashable, Sendable, Comparable {
  /// The file as the user named it.
  public var file: String
  /// Line, from 1; 0 when the whole file is meant.
  public var line: Int
  /// Column in characters, from 1; 0 when the whole line is meant.
  public var column: Int

  /// Creates a place.
  public init(file: String, line: Int = 0, column: Int = 0) {
    self.file = file
    self.line = line
    self.column = column
  }

  /// Orders by file, line and column.
  public static func < (left: SourcePosition, right: SourcePosition) -> Bool {
    (left.file, left.line, left.column) < (right.file, right.line, right.column)
  }
}

extension SourcePosition: CustomStringConvertible {
  /// `file:line:column`, leaving out what is unknown; `''` for an empty name.
  public var description: String {
    guard !file.isEmpty else { return "''" }
    guard line > 0 else { return file }
    return column > 0 ? "\(file):\(line):\(column)" : "\(file):\(line)"
  }
}

/// One mistake in a rule, a profile, a format or a setting, told to the person who made it.
///
/// `code` is stable and is what programs and tests compare; the wording may change.
public struct Diagnostic: Error, Hashable, Sendable {
  /// How bad it is.
  public enum Severity: String, Sendable {
    /// The file cannot be used.
    case error
    /// The file can be used, but something in it is likely not what was meant.
    case warning
  }

  /// How bad it is.
  public var severity: Severity
  /// Stable name in kebab-case, such as `unknown-field`.
  public var code: String
  /// Where it is.
  public var position: SourcePosition
  /// What was found and what was expected.
  public var message: String
  /// What to do about it.
  public var hint: String?

  /// Creates a diagnostic.
  public init(
    _ severity: Severity = .error, code: String, at position: SourcePosition, _ message: String,
    hint: String? = nil
  ) {
    self.severity = severity
    self.code = code
    self.position = position
    self.message = message
    self.hint = hint
  }
}

extension Diagnostic: CustomStringConvertible {
  /// `file:line:column: error[code]: message`, then the hint on a line of its own.
  ///
  /// Names and messages may hold anything; here they can neither move the cursor nor begin a line.
  public var description: String {
    let head = "\(position): \(severity.rawValue)[\(code)]: \(message)"
    guard let hint else { return TerminalText.escaped(head) }
    return TerminalText.escaped(head) + "\n  hint: " + TerminalText.escaped(hint)
  }
}

/// All the mistakes of a file or a set of files, in order of place.
public struct Diagnostics: Error, Hashable, Sendable {
  /// The mistakes, sorted by place.
  public var items: [Diagnostic]

  /// Creates a list, sorted by place; equal places keep their order.
  public init(_ items: [Diagnostic]) {
    self.items = items.enumerated()
      .sorted { ($0.element.position, $0.offset) < ($1.element.position, $1.offset) }
      .map(\.element)
  }

  /// Whether any of them makes the file unusable.
  public var hasErrors: Bool { items.contains { $0.severity == .error } }
}

extension Diagnostics: CustomStringConvertible {
  /// One diagnostic after the other, each on lines of its own.
  public var description: String { items.map(\.description).joined(separator: "\n") }
}
