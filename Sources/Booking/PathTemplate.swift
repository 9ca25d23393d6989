import CrenelModel

/// A path pattern of segments: literals, `{name}`, `*` for one segment, `**` at the end for any rest.
///
/// A segment may have text around its name (`slot-{slot}.html`). Paths are compared as sent, byte
/// by byte.
struct PathTemplate: Sendable {
  /// One segment.
  private struct Segment: Sendable {
    var prefix: [UInt8]
    var suffix: [UInt8]
    /// What the middle is called; -1 for a literal segment, -2 for one that is not kept.
    var name: Int
  }

  private var segments: [Segment] = []
  private var takesRest = false
  /// Names in the order of ``Captures``.
  private(set) var names: [String] = []

  /// What is wrong with a pattern; `nil` when nothing is.
  static func problem(_ text: String) -> String? {
    guard text.hasPrefix("/") else { return "a path begins with '/'" }
    for segment in text.split(separator: "/") {
      let opens = segment.filter { $0 == "{" }.count
      let closes = segment.filter { $0 == "}" }.count
      guard opens == closes, opens <= 1 else { return "'\(segment)' has unpaired braces" }
      if opens == 1, !segment.contains("{") || segment.contains("{}") {
        return "'\(segment)' names nothing"
      }
      if segment.contains("**"), segment != "**" || !text.hasSuffix("/**") {
        return "'**' stands alone, at the end"
      }
    }
    return nil
  }

  init(_ text: String) {
    for part in text.dropFirst().split(separator: "/", omittingEmptySubsequences: false) {
      if part == "**" {
        takesRest = true
      } else if part == "*" {
        segments.append(Segment(prefix: [], suffix: [], name: -2))
      } else if let open = part.firstIndex(of: "{"), let close = part.firstIndex(of: "}") {
        names.append(String(part[part.index(after: open)..<close]))
        segments.append(
          Segment(
            prefix: Array(part[..<open].utf8),
            suffix: Array(part[part.index(after: close)...].utf8),
            name: names.count - 1))
      } else {
        segments.append(Segment(prefix: Array(part.utf8), suffix: [], name: -1))
      }
    }
  }

  /// The literal text that every matching path begins with.
  var literalPrefix: [UInt8] {
    var prefix: [UInt8] = [0x2f]
    for (index, segment) in segments.enumerated() {
      prefix += segment.prefix
      guard segment.name == -1, index + 1 < segments.count || takesRest else { break }
      prefix.append(0x2f)
    }
    return prefix
  }

  /// Whether the path matches; its named parts go into `captures`.
  func matches(_ bytes: Span<UInt8>, _ path: Range<Int>, _ captures: inout Captures) -> Bool {
    guard !path.isEmpty, bytes[path.lowerBound] == 0x2f else { return false }
    var at = path.lowerBound &+ 1
    for index in segments.indices {
      guard index == 0 || at <= path.upperBound else { return false }
      var end = at
      while end < path.upperBound, bytes[end] != 0x2f { end &+= 1 }
      guard matches(segments[index], bytes, at..<end, &captures) else { return false }
      let isLast = index == segments.count - 1
      if isLast, !takesRest { return end == path.upperBound }
      guard end < path.upperBound else { return false }
      at = end &+ 1
    }
    return takesRest
  }

  private func matches(
    _ segment: Segment, _ bytes: Span<UInt8>, _ range: Range<Int>, _ captures: inout Captures
  ) -> Bool {
    let fixed = segment.prefix.count &+ segment.suffix.count
    guard segment.name == -1 ? range.count == fixed : range.count > fixed else { return false }
    for i in segment.prefix.indices
    where bytes[range.lowerBound &+ i] != segment.prefix[i] { return false }
    let tail = range.upperBound &- segment.suffix.count
    for i in segment.suffix.indices where bytes[tail &+ i] != segment.suffix[i] { return false }
    if segment.name >= 0 {
      captures.set(
        segment.name, ByteRange((range.lowerBound &+ segment.prefix.count)..<tail))
    }
    return true
  }
}

/// The named parts of a path, by the order of their names; at most eight.
struct Captures: BitwiseCopyable {
  private var ranges = InlineArray<8, ByteRange>(repeating: .absent)

  /// Keeps a part; a ninth is dropped.
  mutating func set(_ index: Int, _ range: ByteRange) {
    if index >= 0, index < 8 { ranges[index] = range }
  }

  /// A part; absent when the path had none.
  subscript(index: Int) -> ByteRange { index >= 0 && index < 8 ? ranges[index] : .absent }

  /// Forgets all parts.
  mutating func removeAll() { self = Captures() }
}
