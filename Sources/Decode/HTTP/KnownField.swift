import CrenelModel

/// The header fields that the decoder itself reads.
enum KnownField: UInt8, BitwiseCopyable {
  case other
  case host, userAgent, referrer, contentType, acceptLanguage, cookie, requestID, location
  case forwardedFor, forwarded
  case contentLength, transferEncoding, contentEncoding, upgrade

  /// Knows a field by its name, in any letter case.
  init(_ bytes: Span<UInt8>, _ name: Range<Int>) {
    self = .other
    func take(_ text: StaticString, _ field: KnownField) {
      if FieldName.equals(bytes, name, text) { self = field }
    }
    switch name.count {
    case 4: take("host", .host)
    case 6: take("cookie", .cookie)
    case 7:
      take("referer", .referrer)
      take("upgrade", .upgrade)
    case 8: take("location", .location)
    case 9: take("forwarded", .forwarded)
    case 10: take("user-agent", .userAgent)
    case 12:
      take("content-type", .contentType)
      take("x-request-id", .requestID)
    case 14: take("content-length", .contentLength)
    case 15:
      take("accept-language", .acceptLanguage)
      take("x-forwarded-for", .forwardedFor)
    case 16: take("content-encoding", .contentEncoding)
    case 17: take("transfer-encoding", .transferEncoding)
    default: break
    }
  }
}

/// Names of header fields (RFC 9110 section 5.1).
enum FieldName {
  /// Whether the byte may stand in a token (RFC 9110 section 5.6.2).
  static func isToken(_ byte: UInt8) -> Bool {
    let bits: UInt64 = byte < 64 ? 0x03ff_6cfa_0000_0000 : 0x57ff_ffff_c7ff_fffe
    return byte < 128 && bits >> UInt64(byte & 63) & 1 == 1
  }

  /// Whether `bytes[range]` is `text`, which is in lower case, in any letter case.
  static func equals(_ bytes: Span<UInt8>, _ range: Range<Int>, _ text: StaticString) -> Bool {
    guard range.count == text.utf8CodeUnitCount, range.lowerBound >= 0,
      range.upperBound <= bytes.count
    else { return false }
    return text.withUTF8Buffer { expected in
      for i in 0..<range.count
      where unsafe lowered(bytes[range.lowerBound &+ i]) != expected[i] { return false }
      return true
    }
  }

  /// Whether a field is the one asked for as `header.NAME`: in any case, `-` and `_` being one.
  static func isSame(_ bytes: Span<UInt8>, _ range: Range<Int>, as name: [UInt8]) -> Bool {
    guard range.count == name.count, range.upperBound <= bytes.count else { return false }
    for i in name.indices where folded(bytes[range.lowerBound &+ i]) != folded(name[i]) {
      return false
    }
    return true
  }

  /// The byte in lower case.
  static func lowered(_ byte: UInt8) -> UInt8 { byte &- 0x41 < 26 ? byte | 0x20 : byte }

  private static func folded(_ byte: UInt8) -> UInt8 {
    byte == UInt8(ascii: "-") ? UInt8(ascii: "_") : lowered(byte)
  }
}
