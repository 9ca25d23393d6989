import CrenelModel

/// How the end of a message's body is known (RFC 9112 section 6.3).
enum BodyFraming: Equatable, Sendable, BitwiseCopyable {
  case none
  case length(UInt64)
  case chunked
  /// The body goes on until the connection ends.
  case untilClose
}

/// What the method of a request means for the response.
enum RequestKind: UInt8, Sendable, BitwiseCopyable {
  case other
  /// The response has no body, whatever it says.
  case head
  /// A 2xx response makes the rest of the connection a tunnel.
  case connect
}

/// How a head was understood.
struct HeadVerdict: Equatable, Sendable, BitwiseCopyable {
  var framing: BodyFraming
  /// Of a response: 100...599, or 0 when it says none.
  var status: UInt16 = 0
  var anomalies = PacketAnomalies()
}

/// Reads heads about which there are no two opinions; all others are LibHTP's to judge.
///
/// The two are held against each other by test: where this answers, LibHTP says the same.
enum PlainHead {
  /// The framing of a request; `nil` when it is not plain.
  static func request(_ head: MessageHead, _ bytes: Span<UInt8>) -> HeadVerdict? {
    guard head.isPlain, !head.hasTooManyFields, isRequestLine(bytes, head.line),
      let lengths = Lengths(head, bytes)
    else { return nil }
    if lengths.isChunked {
      guard bytes[head.line.upperBound &- 1] == UInt8(ascii: "1") else { return nil }
      return HeadVerdict(framing: .chunked)
    }
    guard let length = lengths.length, length > 0 else { return HeadVerdict(framing: .none) }
    return HeadVerdict(framing: .length(length))
  }

  /// The status and framing of the response to a request; `nil` when it is not plain.
  static func response(
    _ head: MessageHead, _ bytes: Span<UInt8>, to kind: RequestKind
  ) -> HeadVerdict? {
    guard head.isPlain, !head.hasTooManyFields, let status = status(bytes, head.line),
      let lengths = Lengths(head, bytes)
    else { return nil }
    var verdict = HeadVerdict(framing: .untilClose, status: status)
    if hasNoBody(status, to: kind) {
      verdict.framing = .none
    } else if lengths.isChunked {
      guard bytes[head.line.lowerBound &+ 7] == UInt8(ascii: "1") else { return nil }
      verdict.framing = .chunked
    } else if let length = lengths.length {
      verdict.framing = length > 0 ? .length(length) : .none
    }
    return verdict
  }

  /// Whether the response has no body, whatever its fields say (RFC 9112 section 6.3).
  static func hasNoBody(_ status: UInt16, to kind: RequestKind) -> Bool {
    kind == .head || (100..<200).contains(status) || status == 204 || status == 304
      || (kind == .connect && (200..<300).contains(status))
  }

  /// The status of `HTTP/1.1 200 OK`; `nil` for another shape.
  static func status(_ bytes: Span<UInt8>, _ line: Range<Int>) -> UInt16? {
    guard line.count >= 12, starts(bytes, line, with: "HTTP/1."),
      bytes[line.lowerBound &+ 7] &- 0x30 <= 1, bytes[line.lowerBound &+ 8] == 0x20,
      line.count == 12 || bytes[line.lowerBound &+ 12] == 0x20,
      let number = decimal(bytes, (line.lowerBound &+ 9)..<(line.lowerBound &+ 12)),
      (100...599).contains(number)
    else { return nil }
    return UInt16(truncatingIfNeeded: number)
  }

  /// `METHOD target HTTP/1.x`, with one space between them and none inside.
  private static func isRequestLine(_ bytes: Span<UInt8>, _ line: Range<Int>) -> Bool {
    var at = line.lowerBound
    while at < line.upperBound, FieldName.isToken(bytes[at]) { at &+= 1 }
    guard at > line.lowerBound, at < line.upperBound, bytes[at] == 0x20 else { return false }
    let target = at &+ 1
    at = target
    while at < line.upperBound, bytes[at] > 0x20 { at &+= 1 }
    guard at > target, line.upperBound &- at == 9 else { return false }
    let version = bytes[line.upperBound &- 1]
    return starts(bytes, at..<line.upperBound, with: " HTTP/1.")
      && version &- 0x30 <= 1
  }

  /// Content-Length and Transfer-Encoding, when they can be read in one way only.
  private struct Lengths {
    var length: UInt64?
    var isChunked = false

    init?(_ head: MessageHead, _ bytes: Span<UInt8>) {
      for field in head.fields {
        switch field.known {
        case .contentLength:
          guard length == nil, !isChunked, field.value.count <= 18,
            let value = decimal(bytes, field.value), value >= 0
          else { return nil }
          length = UInt64(value)
        case .transferEncoding:
          guard length == nil, !isChunked, FieldName.equals(bytes, field.value, "chunked")
          else { return nil }
          isChunked = true
        default: break
        }
      }
    }
  }
}
