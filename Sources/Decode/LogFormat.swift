public import CrenelModel

/// How a log's lines are written.
public struct LogFormat: Sendable, Hashable {
  /// What decodes it.
  enum Kind: Sendable, Hashable {
    /// One of the fixed grammars below.
    case family(TextFamily)
    case nginx(String, TextEscapes)
    case apache(String)
    case haproxy(HAProxyCaptures)
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
  /// whole directive, `haproxy:` with its captures, or `field=path,…` for JSON lines.
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
    if text.hasPrefix("haproxy:") {
      let captures = try HAProxyCaptures.parse(text)
      return LogFormat(.haproxy(captures), name: "haproxy with captures")
    }
    if let directive = try FormatDirective(text) { return try parsed(directive) }
    if text.contains("=") {
      return LogFormat(.json(try JSONFieldMap.parse(text)), name: "json field map")
    }
    throw Diagnostics([
      Diagnostic(
        code: "unknown-format", at: SourcePosition(file: "--format"),
        "'\(text)' is no known format",
        hint: "one of: \(names.joined(separator: ", ")); an nginx log_format or Apache LogFormat "
          + "string; haproxy:HEADER,… for HAProxy's captures; or field=path,… for JSON lines")
    ])
  }

  private static func parsed(_ directive: FormatDirective) throws(Diagnostics) -> LogFormat {
    let format =
      switch directive.server {
      case .apache: LogFormat(.apache(directive.text), name: "Apache LogFormat")
      case .nginx:
        LogFormat(.nginx(directive.text, directive.escapes), name: "nginx log_format")
      }
    _ = try format.compiled(names: FieldNames())
    return format
  }

  /// The grammars to try on each line, in order; empty for formats that are no tokens.
  func compiled(names: FieldNames) throws(Diagnostics) -> [CompiledFormat] {
    switch kind {
    case .family(let family): return family.compiled(names: names)
    case .haproxy(let captures): return captures.compiled(names: names)
    case .nginx(let text, let escapes):
      return [try NginxFormat(text: text, names: names, escapes: escapes).compile()]
    case .apache(let text):
      var compiler = ApacheFormat(text: text, names: names)
      return [try compiler.compile()]
    case .iis, .json: return []
    }
  }
}
