import CBytes

/// What one pass over the bytes of a line finds: where it ends, and where its quotes are.
///
/// One search for all of it costs less than one for each.
struct LineScan {
  private let found: crenel_line

  /// Scans `bytes[start ..< end]` up to its first line feed.
  init(_ bytes: Span<UInt8>, from start: Int, to end: Int) {
    found = unsafe bytes.withUnsafeBufferPointer { buffer in
      guard let base = buffer.baseAddress, start >= 0, start < end else {
        return LineScan(endingAt: end).found
      }
      // Nothing at or past `end` is read, which is within the buffer; places fit 32 bits, as those
      // of every ``ByteRange`` do.
      return unsafe crenel_scan_line(base, start, min(end, buffer.count))
    }
  }

  /// Knows of a line only where it ends.
  init(endingAt end: Int) {
    var nothing = crenel_line()
    nothing.end = end
    found = nothing
  }

  /// Index of the line feed, or the end of the range when there is none.
  var end: Int { found.end }

  /// Whether a backslash or a `#` stands before ``end``: signs of escapes, comments, fragments.
  var hasRareBytes: Bool { found.rare != 0 }

  /// The quotes, when there are just the six of a combined line.
  var sixQuotes: CombinedQuotes? {
    guard found.quote_count == 6 else { return nil }
    return CombinedQuotes(
      requestStart: Int(found.quotes.0), requestEnd: Int(found.quotes.1),
      referrerStart: Int(found.quotes.2), referrerEnd: Int(found.quotes.3),
      userAgentStart: Int(found.quotes.4), userAgentEnd: Int(found.quotes.5))
  }
}

/// Places of the quotes of a combined line.
struct CombinedQuotes {
  let requestStart: Int
  let requestEnd: Int
  let referrerStart: Int
  let referrerEnd: Int
  let userAgentStart: Int
  let userAgentEnd: Int
}
