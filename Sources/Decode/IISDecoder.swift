import CrenelModel

/// Reads the W3C extended log of IIS: fields named by `#Fields` lines, which may change in a file.
///
/// Source: W3C "Extended Log File Format" (WD-logfile-960323) and the IIS documentation. Times are
/// UTC; a line is stamped when the answer was complete. Spaces inside a value are written as `+`,
/// which cannot be told from a plus, so texts are kept as written.
struct IISDecoder {
  /// What became of a line.
  enum Outcome {
    case exchange
    case comment
    case rejected(RejectReason, at: Int)
  }

  /// A column, as its name says.
  private enum Column: BitwiseCopyable {
    case date, time, query, ignored
    case role(FieldRole)
  }

  private let names: FieldNames
  private var columns: [Column]
  private var finisher: Finisher
  private var takers: TextLineDecoder

  init(_ configuration: DecoderConfiguration) {
    names = configuration.names
    finisher = Finisher(configuration, stamp: .end)
    var format = CompiledFormat()
    format.hasEscapes = false
    takers = TextLineDecoder(format, configuration)
    columns = []
    // The default columns of IIS 7 and later, for a file that begins in the middle.
    columns = columns(
      named: "date time s-ip cs-method cs-uri-stem cs-uri-query s-port cs-username c-ip "
        + "cs(User-Agent) cs(Referer) sc-status sc-substatus sc-win32-status time-taken")
    isDefault = true
  }

  private var isDefault = false

  mutating func decode(
    _ line: Range<Int>, _ bytes: Span<UInt8>, _ exchange: inout Exchange
  ) -> Outcome {
    if bytes[line.lowerBound] == UInt8(ascii: "#") {
      if starts(bytes, line, with: "#Fields:") {
        var text: [UInt8] = []
        for i in (line.lowerBound &+ 8)..<line.upperBound { text.append(bytes[i]) }
        columns = columns(named: String(decoding: text, as: UTF8.self))
        isDefault = false
      }
      return .comment
    }
    var fields = LineFields()
    var at = line.lowerBound
    for index in columns.indices {
      guard at <= line.upperBound else {
        return .rejected(isDefault ? .noHeader : .truncated, at: line.upperBound)
      }
      let end = find(UInt8(ascii: " "), in: bytes, from: at, to: line.upperBound)
      if let reason = take(columns[index], at..<end, bytes, &exchange, &fields) {
        return .rejected(reason, at: at)
      }
      at = end &+ 1
    }
    guard at > line.upperBound else {
      return .rejected(isDefault ? .noHeader : .trailingText, at: at)
    }
    if let reason = finisher.finish(fields, &exchange, bytes) {
      return .rejected(reason, at: line.lowerBound)
    }
    return .exchange
  }

  private mutating func take(
    _ column: Column, _ range: Range<Int>, _ bytes: Span<UInt8>, _ exchange: inout Exchange,
    _ fields: inout LineFields
  ) -> RejectReason? {
    switch column {
    case .ignored: return nil
    case .date:
      fields.parts.hasOffset = true  // UTC
      return takers.take(.timePart(.date), range, bytes, &exchange, &fields)
    case .time: return takers.take(.timePart(.clock), range, bytes, &exchange, &fields)
    case .query:
      if !isDash(bytes, range) { exchange[.query] = ByteRange(range) }
      return nil
    case .role(let role): return takers.take(role, range, bytes, &exchange, &fields)
    }
  }

  private func columns(named line: String) -> [Column] {
    line.split(separator: " ").map { name in
      switch name.lowercased() {
      case "date": .date
      case "time": .time
      case "cs-uri-query": .query
      case "c-ip": .role(.remote)
      case "cs-method": .role(.text(.method))
      case "cs-uri-stem": .role(.text(.path))
      case "cs-username": .role(.text(.user))
      case "cs(user-agent)": .role(.text(.userAgent))
      case "cs(referer)": .role(.text(.referrer))
      case "cs(cookie)": .role(.text(.cookies))
      case "cs-host", "cs(host)": .role(.text(.host))
      case "x-forwarded-for", "cs(x-forwarded-for)", "x-forwarded-for(x-forwarded-for)":
        .role(.text(.forwardedFor))
      case "cs(accept-language)": .role(.text(.acceptLanguage))
      case "sc-status": .role(.status)
      case "sc-bytes": .role(.responseBytes)
      case "cs-bytes": .role(.requestBytes)
      case "time-taken": .role(.elapsed(.milliseconds))
      default: .ignored
      }
    }
  }
}
