import CrenelModel

/// Compiles an Apache `LogFormat` string.
///
/// Source: Apache HTTP Server 2.4 documentation, mod_log_config and mod_logio.
struct ApacheFormat {
  let text: String
  let names: FieldNames
  private var format = CompiledFormat()
  private var mistakes: [Diagnostic] = []
  /// Whether the format's last stamp was one of the end.
  private var stampsEnd = false
  private var hasStartStamp = false

  init(text: String, names: FieldNames) {
    self.text = text
    self.names = names
  }

  /// The compiled format; `%t` is when the request was received, `%{end:…}t` when it was answered.
  mutating func compile() throws(Diagnostics) -> CompiledFormat {
    var rest = Substring(text)
    while let character = rest.first {
      guard character == "%" else {
        let literal = rest.prefix { $0 != "%" }
        format.add(literal: String(literal))
        rest = rest.dropFirst(literal.count)
        continue
      }
      let column = text.distance(from: text.startIndex, to: rest.startIndex) + 1
      directive(&rest, at: SourcePosition(file: "--format", line: 1, column: column))
    }
    format.stamp = .start
    if !hasStartStamp, format.tokens.contains(.stampsEnd(true)) {
      format.stamp = .end
      format.tokens.removeAll { $0 == .stampsEnd(true) }
    }
    format.dropIncompleteTimes()
    format.completeClient()
    mistakes += format.missing(.apache, file: "--format")
    guard mistakes.isEmpty else { throw Diagnostics(mistakes) }
    return format
  }

  /// `%`, conditions (`!200,304`, `>`, `<`), `{argument}`, letter.
  private mutating func directive(_ rest: inout Substring, at place: SourcePosition) {
    rest.removeFirst()
    if rest.first == "%" {
      rest.removeFirst()
      format.add(literal: "%")
      return
    }
    while let mark = rest.first,
      mark == ">" || mark == "<" || mark == "!" || mark == ","
        || mark.isNumber
    { rest.removeFirst() }
    var argument: String?
    if rest.first == "{" {
      let inside = rest.dropFirst().prefix { $0 != "}" }
      argument = String(inside)
      rest = rest.dropFirst(inside.count + 2)
    }
    // `%^ti`, `%^to` and `%^FB` are the directives of more than one letter.
    let letters = rest.first == "^" ? String(rest.prefix(3)) : String(rest.prefix(1))
    rest = rest.dropFirst(letters.count)
    if letters == "t" {
      time(argument, at: place)
      return
    }
    guard let role = role(letters, argument) else {
      mistakes.append(
        Diagnostic(
          code: "format-directive", at: place, "'%\(letters)' is no directive of mod_log_config",
          hint: "write the LogFormat string as in Apache's configuration"))
      return
    }
    add(role, at: place)
  }

  private mutating func add(_ role: FieldRole, at place: SourcePosition) {
    guard format.tokens.last?.isOpen == true else {
      format.add(role)
      return
    }
    // `%U%q` is the one pair that can be told apart: the query brings its own mark.
    if role == .queryWithMark, format.tokens.last?.role == .text(.path) {
      format.tokens[format.tokens.count - 1] = .field(.text(.target))
      return
    }
    refuseAdjacent(at: place)
    format.add(role)
  }

  private mutating func refuseAdjacent(at place: SourcePosition) {
    mistakes.append(
      Diagnostic(
        code: "format-adjacent", at: place,
        "this directive follows another without text between them",
        hint: "put a space or a quote between them, or the fields cannot be told apart"))
  }

  // MARK: - Times

  private mutating func time(_ argument: String?, at place: SourcePosition) {
    var pattern = argument ?? ""
    let isEnd = pattern.hasPrefix("end:")
    for prefix in ["begin:", "end:"] where pattern.hasPrefix(prefix) {
      pattern = String(pattern.dropFirst(prefix.count))
    }
    if pattern.isEmpty { format.add(literal: "[") }
    let isAdjacent = format.tokens.last?.isOpen == true
    if isEnd != stampsEnd { format.tokens.append(.stampsEnd(isEnd)) }
    stampsEnd = isEnd
    if !isEnd { hasStartStamp = true }
    switch pattern {
    case "":
      format.add(.clfTime)
      format.add(literal: "]")
    case "sec": epoch(.seconds, isAdjacent, at: place)
    case "msec": epoch(.milliseconds, isAdjacent, at: place)
    case "usec": epoch(.microseconds, isAdjacent, at: place)
    case "msec_frac": format.tokens.append(.fixed(.fraction(.milliseconds), 3))
    case "usec_frac": format.tokens.append(.fixed(.fraction(.microseconds), 6))
    default: strftime(pattern, at: place)
    }
  }

  private mutating func epoch(_ unit: EpochUnit, _ isAdjacent: Bool, at place: SourcePosition) {
    if isAdjacent { refuseAdjacent(at: place) }
    format.add(.epoch(unit))
  }

  /// The conversions of strftime that have a fixed width.
  private mutating func strftime(_ pattern: String, at place: SourcePosition) {
    let parts: [Character: (part: TimePart, width: Int)] = [
      "Y": (.year, 4), "m": (.month, 2), "d": (.day, 2), "b": (.monthName, 3),
      "h": (.monthName, 3), "H": (.hour, 2), "M": (.minute, 2), "S": (.second, 2),
      "T": (.clock, 8), "F": (.date, 10), "z": (.offset, 5),
    ]
    var rest = Substring(pattern)
    while let character = rest.first {
      rest.removeFirst()
      guard character == "%", let letter = rest.first else {
        format.add(literal: String(character))
        continue
      }
      rest.removeFirst()
      if letter == "%" {
        format.add(literal: "%")
      } else if letter == "s" {
        epoch(.seconds, format.tokens.last?.isOpen == true, at: place)
      } else if let known = parts[letter] {
        format.tokens.append(.fixed(.timePart(known.part), known.width))
      } else {
        mistakes.append(
          Diagnostic(
            code: "format-time", at: place, "'%\(letter)' in a time is not understood",
            hint: "use %Y %m %d %b %H %M %S %T %F %z %s"))
      }
    }
  }

  // MARK: - Directives

  private func role(_ letter: String, _ argument: String?) -> FieldRole? {
    switch letter {
    case "i": return .header(argument ?? "", names)
    case "o": return argument?.lowercased() == "location" ? .text(.location) : .ignored
    case "C": return names.slot(of: "cookie." + (argument ?? "")).map(FieldRole.extra) ?? .ignored
    case "a", "h": return argument == "c" ? .peer : .remote
    case "p": return argument == "remote" ? .port : .ignored
    case "T":
      switch argument {
      case "ms": return .elapsed(.milliseconds)
      case "us": return .elapsed(.microseconds)
      default: return .elapsed(.seconds)
      }
    case "x":
      switch argument {
      case "SSL_PROTOCOL": return .text(.tlsVersion)
      case "SSL_CIPHER": return .text(.tlsCipher)
      default: return .ignored
      }
    default: return Self.roles[letter]
    }
  }

  private static let roles: [String: FieldRole] = [
    "l": .ignored, "u": .text(.user), "r": .request, "m": .text(.method),
    "U": .text(.path), "q": .queryWithMark, "H": .version, "s": .status, "b": .bodyBytes,
    "B": .bodyBytes, "O": .responseBytes, "I": .requestBytes, "S": .ignored,
    "D": .elapsed(.microseconds), "v": .text(.host), "V": .text(.host), "A": .ignored,
    "k": .ignored, "X": .ignored, "L": .text(.requestID), "f": .ignored, "P": .ignored,
    "R": .ignored, "e": .ignored, "n": .ignored, "^ti": .ignored, "^to": .ignored,
    "^FB": .ignored,
  ]
}
