import CrenelModel

/// Reads the W3C extended log of IIS: fields named by `#Fields` lines, which may change in a file.
///
/// Source: W3C "Extended Log File Format" (WD-logfile-960323) and the IIS documentation. Times are
/// UTC; a line is stamped when the answer was complete. Spaces inside a value are written as `+`,
/// which nothing tells from a plus: they are put back only where a plus is rare or impossible (see
/// ``putSpacesBack``), and kept as written elsewhere, in paths, queries, referrers and users' names.
struct IISDecoder {
  /// A column, as its name says.
  private enum Column: Hashable, BitwiseCopyable {
    case date, time, query, ignored
    case role(FieldRole)
  }

  private let names: FieldNames
  private var columns: [Column]
  private var hasHeader = false
  /// Whether the columns name a time, a client and a path.
  private var isWhole = true
  private var finisher: Finisher
  private var takers: TextLineDecoder

  init(_ configuration: DecoderConfiguration) {
    names = configuration.names
    finisher = Finisher(configuration, stamp: .end)
    var format = CompiledFormat()
    format.escapes = .none
    takers = TextLineDecoder(format, configuration)
    columns = []
  }

  /// The columns of files that begin in the middle: IIS's default, without the referrer as before
  /// IIS 8, with every field of the dialogue ticked, and each with a forwarded address behind.
  private static let layouts = [
    "date time s-ip cs-method cs-uri-stem cs-uri-query s-port cs-username c-ip cs(User-Agent) "
      + "sc-status sc-substatus sc-win32-status time-taken",
    "date time s-ip cs-method cs-uri-stem cs-uri-query s-port cs-username c-ip cs(User-Agent) "
      + "cs(Referer) sc-status sc-substatus sc-win32-status time-taken",
    "date time s-ip cs-method cs-uri-stem cs-uri-query s-port cs-username c-ip cs(User-Agent) "
      + "cs(Referer) sc-status sc-substatus sc-win32-status time-taken X-Forwarded-For",
    "date time s-sitename s-computername s-ip cs-method cs-uri-stem cs-uri-query s-port "
      + "cs-username c-ip cs-version cs(User-Agent) cs(Cookie) cs(Referer) cs-host sc-status "
      + "sc-substatus sc-win32-status sc-bytes cs-bytes time-taken",
    "date time s-sitename s-computername s-ip cs-method cs-uri-stem cs-uri-query s-port "
      + "cs-username c-ip cs-version cs(User-Agent) cs(Cookie) cs(Referer) cs-host sc-status "
      + "sc-substatus sc-win32-status sc-bytes cs-bytes time-taken X-Forwarded-For",
  ]

  /// Takes the layout that has as many columns as the line, until a `#Fields` line says better.
  private mutating func guess(_ line: Range<Int>, _ bytes: Span<UInt8>) {
    var count = 1
    for i in line where bytes[i] == 0x20 { count += 1 }
    let layout = Self.layouts.first { $0.split(separator: " ").count == count }
    columns = layout.map { columns(named: $0) } ?? []
  }

  mutating func decode(
    _ line: Range<Int>, _ bytes: inout [UInt8], _ exchange: inout Exchange
  ) -> LineOutcome {
    var fields = LineFields()
    let outcome = read(line, bytes.span, &exchange, &fields)
    guard case .exchange = outcome else { return outcome }
    Self.putSpacesBack(&exchange, &fields, &bytes)
    if let reason = finisher.finish(fields, &exchange, bytes.span) {
      return .rejected(reason, at: line.lowerBound)
    }
    return .exchange
  }

  /// Puts spaces for the `+` that IIS writes in their place: in user agents, which hold few; in
  /// addresses and languages, which hold none; in cookies between one and the next only, for
  /// their values hold no spaces (RFC 6265), and may hold a plus.
  private static func putSpacesBack(
    _ exchange: inout Exchange, _ fields: inout LineFields, _ bytes: inout [UInt8]
  ) {
    for field in [TextField.userAgent, .forwardedFor, .acceptLanguage] {
      exchange[field] = spaced(exchange[field], &bytes)
    }
    fields.remote = spaced(fields.remote, &bytes)
    exchange[.cookies] = spaced(exchange[.cookies], behind: UInt8(ascii: ";"), &bytes)
  }

  /// A text with spaces for each `+`, or for each that stands behind `mark`.
  private static func spaced(
    _ range: ByteRange, behind mark: UInt8? = nil, _ bytes: inout [UInt8]
  ) -> ByteRange {
    let plus = UInt8(ascii: "+")
    guard range.count > 0, bytes[range.indices].contains(plus) else { return range }
    let start = bytes.count
    var previous: UInt8 = 0
    for i in range.indices {
      let byte = bytes[i]
      let isSpace = byte == plus && (mark == nil || mark == previous)
      bytes.append(isSpace ? 0x20 : byte)
      previous = byte
    }
    return ByteRange(start..<bytes.count)
  }

  private mutating func read(
    _ line: Range<Int>, _ bytes: Span<UInt8>, _ exchange: inout Exchange,
    _ fields: inout LineFields
  ) -> LineOutcome {
    if bytes[line.lowerBound] == UInt8(ascii: "#") {
      if starts(bytes, line, with: "#Fields:") {
        var text: [UInt8] = []
        for i in (line.lowerBound &+ 8)..<line.upperBound { text.append(bytes[i]) }
        columns = columns(named: String(decoding: text, as: UTF8.self))
        isWhole =
          [.date, .time, .role(.text(.path))].allSatisfy(columns.contains)
          && [.role(.remote), .role(.text(.forwardedFor))].contains(where: columns.contains)
        hasHeader = true
      }
      return .comment
    }
    if !hasHeader { guess(line, bytes) }
    guard !columns.isEmpty else { return .rejected(.noHeader, at: line.lowerBound) }
    guard isWhole else { return .rejected(.missingColumn, at: line.lowerBound) }
    var at = line.lowerBound
    for index in columns.indices {
      guard at <= line.upperBound else {
        return .rejected(.truncated, at: line.upperBound)
      }
      let end = find(UInt8(ascii: " "), in: bytes, from: at, to: line.upperBound)
      if let reason = take(columns[index], at..<end, bytes, &exchange, &fields) {
        return .rejected(reason, at: at)
      }
      at = end &+ 1
    }
    guard at > line.upperBound else {
      return .rejected(.trailingText, at: at)
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
      fields.stamp.parts.hasOffset = true  // UTC
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
      case "cs-version": .role(.version)
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
