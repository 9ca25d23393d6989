public import CrenelModel

/// How a log's lines are written.
public struct LogFormat: Sendable, Hashable {
  /// What decodes it.
  enum Kind: Sendable, Hashable {
    /// One of the fixed grammars below.
    case family(TextFamily)
    case nginx(String)
    case apache(String)
    case iis
    case json(JSONFieldMap)
  }

  let kind: Kind

  /// The name for people and reports: `combined`, `nginx log_format`.
  public let name: String

  init(_ kind: Kind, name: String) {
    self.kind = kind
    self.name = name
  }

  /// The names that `--format` knows beside format strings, in the order of the documentation.
  public static let names: [String] =
    TextFamily.allCases.map(\.rawValue) + ["iis"] + JSONFieldMap.presets.map(\.name)

  /// Reads what `--format` was given: a name, an nginx `log_format` or Apache `LogFormat` string or
  /// whole directive, or `field=path,…` for JSON lines.
  ///
  /// Throws every mistake with its column. Format strings are compiled again by the decoder, with
  /// the names that profile and rules ask for.
  public static func parse(_ text: String) throws(Diagnostics) -> LogFormat {
    if let family = TextFamily(rawValue: text) {
      return LogFormat(.family(family), name: family.rawValue)
    }
    if text == "iis" { return LogFormat(.iis, name: "iis") }
    if let preset = JSONFieldMap.presets.first(where: { $0.name == text }) {
      return LogFormat(.json(preset), name: text)
    }
    if let directive = FormatDirective(text) {
      return try parsed(directive.text, isApache: directive.isApache)
    }
    if text.contains("$") { return try parsed(text, isApache: false) }
    if text.contains("%") { return try parsed(text, isApache: true) }
    if text.contains("=") {
      return LogFormat(.json(try JSONFieldMap.parse(text)), name: "json field map")
    }
    throw Diagnostics([
      Diagnostic(
        code: "unknown-format", at: SourcePosition(file: "--format"),
        "'\(text)' is no known format",
        hint: "one of: \(names.joined(separator: ", ")); an nginx log_format or Apache LogFormat "
          + "string; or field=path,… for JSON lines")
    ])
  }

  private static func parsed(_ text: String, isApache: Bool) throws(Diagnostics) -> LogFormat {
    let format =
      isApache
      ? LogFormat(.apache(text), name: "Apache LogFormat")
      : LogFormat(.nginx(text), name: "nginx log_format")
    _ = try format.compiled(names: FieldNames())
    return format
  }

  /// The grammars to try on each line, in order; empty for formats that are no tokens.
  func compiled(names: FieldNames) throws(Diagnostics) -> [CompiledFormat] {
    switch kind {
    case .family(let family): return family.compiled(names: names)
    case .nginx(let text): return [try NginxFormat(text: text, names: names).compile()]
    case .apache(let text):
      var compiler = ApacheFormat(text: text, names: names)
      return [try compiler.compile()]
    case .iis, .json: return []
    }
  }

  /// What a format string lacks that no exchange can be without.
  static func missing(in format: CompiledFormat, file: String) -> [Diagnostic] {
    var hasTime = false
    for token in format.tokens {
      switch token {
      case .field(let role), .quoted(let role), .fixed(let role, _), .rest(let role):
        switch role {
        case .clfTime, .isoTime, .epoch, .timePart: hasTime = true
        default: break
        }
      case .literal, .skipPast, .mayEnd, .mayBeCut: break
      }
    }
    guard !hasTime else { return [] }
    return [
      Diagnostic(
        code: "format-no-time", at: SourcePosition(file: file),
        "the format has no time, and without one nothing can be said about speed",
        hint: "nginx: $msec or $time_iso8601; Apache: %{usec}t or %t")
    ]
  }
}

/// A whole directive as it stands in a server's configuration.
private struct FormatDirective {
  var text: String
  var isApache: Bool

  init?(_ whole: String) {
    let words = whole.drop { $0 == " " || $0 == "\t" || $0 == "\n" }
    if words.hasPrefix("log_format") {
      isApache = false
      text = Self.quoted(words.dropFirst("log_format".count), quotes: ["'", "\""]).joined()
    } else if words.hasPrefix("LogFormat") {
      isApache = true
      text = Self.quoted(words.dropFirst("LogFormat".count), quotes: ["\""]).first ?? ""
    } else {
      return nil
    }
    guard !text.isEmpty else { return nil }
  }

  /// The texts between quotes, with `\"` and `\'` taken as the quote.
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
        current += quotes.contains(character) ? "" : "\\"
        current.append(character)
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
}
