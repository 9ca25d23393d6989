import CrenelModel

/// Where one side of a connection is in its messages.
struct StreamState: BitwiseCopyable {
  enum Phase: UInt8 {
    /// Between messages, or inside a head.
    case head
    /// Inside a body of which `left` bytes are missing.
    case body
    case chunked
    /// Inside a body that ends with the connection.
    case untilClose
    /// Nothing makes sense; the start of a message is looked for.
    case lost
    /// What comes next depends on the other side.
    case held
    /// No longer HTTP.
    case tunnel
  }

  var phase = Phase.head
  /// Bytes of a body still to come.
  var left: UInt64 = 0
  var chunks = ChunkScanner()
  /// The side sent its FIN, or the connection is over.
  var hasEnded = false
  /// How far the head that is under way was searched for its end.
  var scanned = 0
  /// The packet with the first byte of the message under way, and the place of that byte.
  var firstMark = PacketMark(at: Timestamp(nanoseconds: 0), frame: 0)
  var firstOffset: UInt64 = 0
  /// Place of that packet's bytes in the capture file, as far as the caller gives it.
  var firstPlace: UInt64 = 0
  /// The latest packet that brought something for the message under way.
  var lastMark = PacketMark(at: Timestamp(nanoseconds: 0), frame: 0)
  /// Place behind the latest bytes in the stream.
  var next: UInt64 = 0

  /// Begins a message.
  mutating func begin(_ offset: UInt64, _ mark: PacketMark, place: UInt64) {
    firstPlace = place
    firstMark = mark
    lastMark = mark
    firstOffset = offset
    scanned = 0
  }

  /// Goes to the phase that a message's framing asks for; `false` when it has no body.
  mutating func enter(_ framing: BodyFraming) -> Bool {
    switch framing {
    case .none: return false
    case .length(let count):
      phase = .body
      left = count
    case .chunked:
      phase = .chunked
      chunks = ChunkScanner()
    case .untilClose: phase = .untilClose
    }
    return true
  }
}

/// Where a head ends.
enum HeadEnd: Equatable {
  /// Behind its blank line.
  case at(Int)
  case notYet
  /// The first line has no version and no fields follow it: HTTP/0.9, or no HTTP at all.
  case bare(Int)

  /// Looks for the blank line of the head that begins at `start`; goes on from `scanned`.
  static func find(_ bytes: Span<UInt8>, _ start: Int, _ scanned: inout Int) -> HeadEnd {
    var at = max(start, scanned)
    while true {
      let feed = CrenelDecode.find(0x0a, in: bytes, from: at, to: bytes.count)
      scanned = feed
      guard feed &+ 1 < bytes.count else {
        return .notYet
      }
      let next = bytes[feed &+ 1]
      if next == 0x0a { return .at(feed &+ 2) }
      if next == 0x0d {
        guard feed &+ 2 < bytes.count else { return .notYet }
        if bytes[feed &+ 2] == 0x0a { return .at(feed &+ 3) }
      }
      at = feed &+ 1
    }
  }

  /// The same for a request, whose first line alone may be all of it.
  static func request(_ bytes: Span<UInt8>, _ start: Int, _ scanned: inout Int) -> HeadEnd {
    let end = find(bytes, start, &scanned)
    let line = CrenelDecode.find(0x0a, in: bytes, from: start, to: bytes.count)
    guard line < bytes.count, !hasVersion(bytes, start..<line) else { return end }
    let second = CrenelDecode.find(0x0a, in: bytes, from: line &+ 1, to: bytes.count)
    guard second < bytes.count else { return .notYet }
    if second == line &+ 1 || second == line &+ 2 && bytes[line &+ 1] == 0x0d { return end }
    var colon = line &+ 1
    while colon < second, FieldName.isToken(bytes[colon]) { colon &+= 1 }
    let isField = colon > line &+ 1 && bytes[colon] == UInt8(ascii: ":")
    return isField ? end : .bare(line &+ 1)
  }

  /// Whether a request line ends with ` HTTP/` and a version.
  static func hasVersion(_ bytes: Span<UInt8>, _ line: Range<Int>) -> Bool {
    var end = line.upperBound
    while end > line.lowerBound, bytes[end &- 1] <= 0x20 { end &-= 1 }
    guard end &- line.lowerBound >= 9, isDigit(bytes[end &- 1]) else { return false }
    return starts(bytes, (end &- 9)..<end, with: " HTTP/")
      || bytes[end &- 9] == 0x09
        && starts(bytes, (end &- 8)..<end, with: "HTTP/")
  }
}
