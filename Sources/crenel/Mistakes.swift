import CrenelModel

extension Diagnostic {
  /// Nothing to read is named, and no `alternative` is given.
  static func noInput(or alternative: String?) -> Diagnostic {
    Diagnostic(
      code: "no-input", at: SourcePosition(file: "input"), "there is nothing to read",
      hint: "name logs, captures, folders or patterns, or - for standard input"
        + (alternative.map { ", or give \($0)" } ?? ""))
  }

  /// Two options of which at most one may be given.
  static func excluding(_ options: [String], isWrong: Bool) -> [Diagnostic] {
    guard isWrong else { return [] }
    return [
      Diagnostic(
        code: "excluding-options", at: SourcePosition(file: options[0]),
        "\(options.joined(separator: " and ")) exclude each other", hint: "give one of them")
    ]
  }

  /// A language that is not spoken here.
  static func unknown(language: String) -> [Diagnostic] {
    guard !["en", "fr"].contains(language) else { return [] }
    return [
      Diagnostic(
        code: "unknown-language", at: SourcePosition(file: "--lang"),
        "'\(language)' is not spoken here", hint: "one of: en, fr")
    ]
  }

  /// Whether words of the command line do not go together, or one is missing; what a single word
  /// should be, the hint says.
  var isUsage: Bool {
    [
      "no-input", "nobody-named", "excluding-options", "input-and-interface", "needs-interface",
      "format-of-packets", "interface-twice", "unknown-command",
    ].contains(code)
  }
}
