/// Text of unknown origin made safe to show on a terminal or in a report of plain text.
public enum TerminalText {
  /// `bytes` with controls, direction marks and wrong UTF-8 written as `\x1b` or `\u{202e}`.
  ///
  /// At most `limit` bytes of the result are kept; the rest becomes `…`.
  public static func escaped(_ bytes: Span<UInt8>, limit: Int = .max) -> String {
    var safe: [UInt8] = []
    var i = 0
    while i < bytes.count {
      guard safe.count < limit else {
        safe.append(contentsOf: "…".utf8)
        break
      }
      let (scalar, length) = UTF8Reader.scalar(in: bytes, at: i)
      if let scalar, !UTF8Reader.isUnsafeForDisplay(scalar) {
        for k in 0..<length { safe.append(bytes[i + k]) }
      } else if let scalar, scalar > 0xff {
        safe.append(contentsOf: "\\u{\(String(scalar, radix: 16))}".utf8)
      } else {
        for k in 0..<length {
          let digits = String(bytes[i + k], radix: 16)
          safe.append(contentsOf: "\\x\(digits.utf8.count < 2 ? "0" : "")\(digits)".utf8)
        }
      }
      i += length
    }
    return String(decoding: safe, as: UTF8.self)
  }

  /// The same of a String.
  public static func escaped(_ text: String, limit: Int = .max) -> String {
    escaped(Array(text.utf8).span, limit: limit)
  }

  /// The same, keeping line feeds: for texts of ours that run over several lines.
  public static func escapedLines(_ text: String) -> String {
    text.split(separator: "\n", omittingEmptySubsequences: false).map { escaped(String($0)) }
      .joined(separator: "\n")
  }
}
