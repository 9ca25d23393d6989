/// What loggers and container runtimes write before a server's own line.
///
/// Each has its place at the start of the line and a shape of its own; nothing is searched for,
/// since what looks like one may stand in a text that a client wrote.
enum LineHeader: UInt8, Sendable, BitwiseCopyable {
  /// RFC 5424, RFC 3164, and the ISO stamps of rsyslog's file format.
  case syslog
  /// `2025-12-31T17:37:40.49+01:00 stdout F ` (Container Runtime Interface).
  case containerRuntime

  /// Where the server's line begins; the line's start when there is no header.
  func end(_ bytes: Span<UInt8>, _ line: Range<Int>) -> Int {
    switch self {
    case .syslog: SyslogHeader.end(bytes, line)
    case .containerRuntime: Self.runtimeEnd(bytes, line)
    }
  }

  private static func runtimeEnd(_ bytes: Span<UInt8>, _ line: Range<Int>) -> Int {
    let space = find(0x20, in: bytes, from: line.lowerBound, to: line.upperBound)
    guard space < line.upperBound else { return line.lowerBound }
    let rest = (space &+ 1)..<line.upperBound
    let isHeader =
      starts(bytes, rest, with: "stdout F ") || starts(bytes, rest, with: "stderr F ")
    return isHeader ? space &+ 10 : line.lowerBound
  }
}

/// The headers of syslog messages.
private enum SyslogHeader {
  static func end(_ bytes: Span<UInt8>, _ line: Range<Int>) -> Int {
    let message = priorityEnd(bytes, line)
    if message > line.lowerBound, let end = structuredEnd(bytes, message..<line.upperBound) {
      return end
    }
    let tag = stampEnd(bytes, message..<line.upperBound)
    guard tag > line.lowerBound else { return tag }
    return tagEnd(bytes, tag..<line.upperBound) ?? line.lowerBound
  }

  /// Behind `<134>`.
  private static func priorityEnd(_ bytes: Span<UInt8>, _ line: Range<Int>) -> Int {
    guard byte(bytes, line.lowerBound) == UInt8(ascii: "<") else { return line.lowerBound }
    var i = line.lowerBound &+ 1
    while i < line.upperBound, isDigit(bytes[i]), i &- line.lowerBound < 4 { i &+= 1 }
    guard i > line.lowerBound &+ 1, byte(bytes, i) == UInt8(ascii: ">"), i < line.upperBound
    else { return line.lowerBound }
    return i &+ 1
  }

  /// RFC 5424: `1 TIME HOST APP PROCID MSGID SD `; `nil` when it is another header.
  private static func structuredEnd(_ bytes: Span<UInt8>, _ rest: Range<Int>) -> Int? {
    guard starts(bytes, rest, with: "1 ") else { return nil }
    var at = rest.lowerBound &+ 2
    for _ in 0..<5 {
      let space = find(0x20, in: bytes, from: at, to: rest.upperBound)
      guard space > at, space < rest.upperBound else { return nil }
      at = space &+ 1
    }
    if byte(bytes, at) == UInt8(ascii: "-") {
      at &+= 1
    } else {
      guard byte(bytes, at) == UInt8(ascii: "[") else { return nil }
      while at < rest.upperBound, bytes[at] == UInt8(ascii: "[") {
        guard let end = elementEnd(bytes, at..<rest.upperBound) else { return nil }
        at = end
      }
    }
    guard at < rest.upperBound, bytes[at] == 0x20 else { return nil }
    at &+= 1
    return starts(bytes, at..<rest.upperBound, with: "\u{feff}") ? at &+ 3 : at
  }

  /// Behind one `[id name="value"]`; a backslash escapes in values (RFC 5424 section 6.3.3).
  private static func elementEnd(_ bytes: Span<UInt8>, _ rest: Range<Int>) -> Int? {
    var isQuoted = false
    var i = rest.lowerBound
    while i < rest.upperBound {
      switch bytes[i] {
      case UInt8(ascii: "\\") where isQuoted: i &+= 1
      case UInt8(ascii: "\""): isQuoted.toggle()
      case UInt8(ascii: "]") where !isQuoted: return i &+ 1
      default: break
      }
      i &+= 1
    }
    return nil
  }

  /// Behind `Jul  3 09:03:52 ` or `2018-07-30T09:03:52.726+02:00 `; where it began without one.
  private static func stampEnd(_ bytes: Span<UInt8>, _ rest: Range<Int>) -> Int {
    let first = rest.lowerBound
    if rest.count > 16, StampParser.month(bytes, at: first) != nil, bytes[first &+ 3] == 0x20,
      StampParser.timeOfDay(bytes, at: first &+ 7) != nil, bytes[first &+ 15] == 0x20
    {
      return first &+ 16
    }
    guard rest.count > 20, StampParser.isoMidnight(bytes, at: first) != nil,
      bytes[first &+ 10] == UInt8(ascii: "T"),
      StampParser.timeOfDay(bytes, at: first &+ 11) != nil
    else { return first }
    let space = find(0x20, in: bytes, from: first, to: rest.upperBound)
    return space < rest.upperBound ? space &+ 1 : first
  }

  /// Behind `host haproxy[32450]: ` or `haproxy: `; `nil` when no such tag is there.
  private static func tagEnd(_ bytes: Span<UInt8>, _ rest: Range<Int>) -> Int? {
    var at = rest.lowerBound
    for _ in 0..<2 {
      let space = find(0x20, in: bytes, from: at, to: rest.upperBound)
      guard space > at, space < rest.upperBound else { return nil }
      if bytes[space &- 1] == UInt8(ascii: ":") { return space &+ 1 }
      at = space &+ 1
    }
    return nil
  }
}
