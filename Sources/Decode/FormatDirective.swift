import CrenelModel

/// A format string, alone or in the directive that holds it in a server's configuration.
struct FormatDirective {
  var text: String
  var server: CompiledFormat.Server
  var escapes = TextEscapes.backslash

  /// `nil` for what is no format string of nginx or Apache.
  init?(_ whole: String) throws(Diagnostics) {
    let words = whole.drop(while: \.isWhitespace)
    if Self.isHAProxy(words) { throw Self.haproxyRefused }
    if words.hasPrefix("log_format") {
      let strings = Self.quoted(words.dropFirst("log_format".count), quotes: ["'", "\""])
      guard !strings.isEmpty else { throw Self.noString("log_format NAME '…';") }
      text = strings.joined()
      server = .nginx
      escapes = try Self.escapes(of: words.prefix { $0 != "'" && $0 != "\"" })
    } else if words.hasPrefix("LogFormat") {
      guard let string = Self.quoted(words.dropFirst("LogFormat".count), quotes: ["\""]).first
      else { throw Self.noString("LogFormat \"…\" NAME") }
      text = string
      server = .apache
    } else {
      guard words.contains("$") || words.contains("%") else { return nil }
      text = Self.bare(whole)
      server = words.contains("$") ? .nginx : .apache
    }
  }

  /// A string as it stands between its quotes, or with them: `%t \"%r\"` means `%t "%r"`.
  private static func bare(_ text: String) -> String {
    guard text.contains("\\\"") else { return text }
    if text.hasPrefix("\""), let first = quoted(text[...], quotes: ["\""]).first { return first }
    var plain = ""
    var isEscaped = false
    for character in text {
      if isEscaped {
        plain += unescaped(character)
        isEscaped = false
      } else if character == "\\" {
        isEscaped = true
      } else {
        plain.append(character)
      }
    }
    return isEscaped ? plain + "\\" : plain
  }

  /// The texts between quotes, with backslashes taken as both servers take them.
  private static func quoted(_ text: Substring, quotes: Set<Character>) -> [String] {
    var found: [String] = []
    var current = ""
    var open: Character?
    var isEscaped = false
    for character in text {
      guard let quote = open else {
        if quotes.contains(character) { open = character }
        continue
      }
      if isEscaped {
        current += unescaped(character)
        isEscaped = false
      } else if character == "\\" {
        isEscaped = true
      } else if character == quote {
        found.append(current)
        current = ""
        open = nil
      } else {
        current.append(character)
      }
    }
    return found
  }

  private static func unescaped(_ character: Character) -> String {
    switch character {
    case "\"", "'", "\\": String(character)
    case "t": "\t"
    default: "\\" + String(character)
    }
  }

  /// `escape=default|json|none` between the name and the string.
  private static func escapes(of head: Substring) throws(Diagnostics) -> TextEscapes {
    for word in head.split(whereSeparator: \.isWhitespace) where word.hasPrefix("escape=") {
      switch word.dropFirst("escape=".count) {
      case "default": return .backslash
      case "json": return .json
      case "none": return .none
      default:
        throw Diagnostics([
          Diagnostic(
            code: "format-escape", at: SourcePosition(file: "--format"),
            "'\(word)' is none of nginx's escapes", hint: "escape=default, json or none")
        ])
      }
    }
    return .backslash
  }

  private static func noString(_ shape: String) -> Diagnostics {
    Diagnostics([
      Diagnostic(
        code: "format-directive-empty", at: SourcePosition(file: "--format"),
        "the directive holds no string between quotes", hint: "give it as \(shape)")
    ])
  }

  private static func isHAProxy(_ words: Substring) -> Bool {
    words.hasPrefix("log-format")
      || !words.contains("$") && (words.contains("%ci") || words.contains("%["))
  }

  private static var haproxyRefused: Diagnostics {
    Diagnostics([
      Diagnostic(
        code: "format-haproxy", at: SourcePosition(file: "--format"),
        "HAProxy's log-format strings are not read",
        hint: "log with 'option httplog' and captures, and read it with "
          + "--format haproxy:User-Agent,Referer (see docs/log-formats.md)")
    ])
  }
}
