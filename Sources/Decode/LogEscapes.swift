import CrenelModel

/// The escapes of nginx (`\x22`, `\x5C`), Apache (`\"`, `\\`, `\n`, `\xHH`) and HAProxy (`#22`).
enum LogEscapes {
  /// Appends the decoded text to `bytes`; what is no escape is kept as it stands.
  static func decode(_ range: Range<Int>, _ bytes: inout [UInt8]) -> ByteRange {
    let start = bytes.count
    var i = range.lowerBound
    while i < range.upperBound {
      let byte = bytes[i]
      guard byte == UInt8(ascii: "\\"), i &+ 1 < range.upperBound else {
        bytes.append(byte)
        i &+= 1
        continue
      }
      let next = bytes[i &+ 1]
      if next == UInt8(ascii: "x"), i &+ 3 < range.upperBound,
        let high = HexDigit.value(bytes[i &+ 2]),
        let low = HexDigit.value(bytes[i &+ 3])
      {
        bytes.append(high << 4 | low)
        i &+= 4
        continue
      }
      guard let plain = single(next) else {
        bytes.append(byte)
        i &+= 1
        continue
      }
      bytes.append(plain)
      i &+= 2
    }
    return ByteRange(start..<bytes.count)
  }

  /// Appends the text with `#22` and its like decoded (HAProxy manual 8.6).
  static func decodeHash(_ range: Range<Int>, _ bytes: inout [UInt8]) -> ByteRange {
    let start = bytes.count
    var i = range.lowerBound
    while i < range.upperBound {
      if bytes[i] == UInt8(ascii: "#"), i &+ 2 < range.upperBound,
        let high = HexDigit.value(bytes[i &+ 1]), let low = HexDigit.value(bytes[i &+ 2])
      {
        bytes.append(high << 4 | low)
        i &+= 3
      } else {
        bytes.append(bytes[i])
        i &+= 1
      }
    }
    return ByteRange(start..<bytes.count)
  }

  private static func single(_ byte: UInt8) -> UInt8? {
    switch byte {
    case UInt8(ascii: "\""), UInt8(ascii: "\\"): byte
    case UInt8(ascii: "n"): 0x0a
    case UInt8(ascii: "r"): 0x0d
    case UInt8(ascii: "t"): 0x09
    case UInt8(ascii: "v"): 0x0b
    case UInt8(ascii: "f"): 0x0c
    case UInt8(ascii: "b"): 0x08
    default: nil
    }
  }
}
