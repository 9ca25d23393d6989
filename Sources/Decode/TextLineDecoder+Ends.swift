import CrenelModel

// Where fields end that the literal behind them alone does not tell. Every function is total: where
// nothing fits, the end of the region is returned, and the literal that must follow fails there.

extension TextLineDecoder {
  /// Where the field at `at` ends by its rule.
  func end(
    _ rule: FieldEnd, after index: Int, _ bytes: Span<UInt8>, _ at: Int, _ lineEnd: Int
  ) -> Int {
    let end = rule.isInQuotes ? quotedEnd(bytes, at, lineEnd) : lineEnd
    guard let literal = format.literal(after: index) else { return end }
    switch rule.rule {
    case .first, .word, .user: return position(of: literal, bytes, at, end) ?? end
    case .last: return lastEnd(after: index, bytes, at, end) ?? end
    case .lastColon: return colonEnd(after: index, bytes, at, end)
    case .request: return requestEnd(literal, bytes, at, end)
    case .upstreamList: return listEnd(literal, bytes, at, end)
    case .chain: return chainEnd(bytes, at, end)
    }
  }

  /// Whether a text holds what lets a client write the fields behind it.
  func isAmbiguous(_ rule: FieldEnd.Rule, _ bytes: Span<UInt8>, _ range: Range<Int>) -> Bool {
    switch rule {
    case .word:
      for i in range where bytes[i] == 0x20 || bytes[i] == UInt8(ascii: ",") { return true }
      return false
    case .user:
      // `evil - x, 203.0.113.9 - - [`: what a client sent as X-Forwarded-For, then the address
      // that a proxy added.
      var comma = find(
        UInt8(ascii: ","), in: bytes, from: range.lowerBound, to: range.upperBound)
      while comma < range.upperBound {
        var first = comma &+ 1
        while first < range.upperBound, bytes[first] == 0x20 { first &+= 1 }
        var last = first
        while last < range.upperBound, bytes[last] != 0x20, bytes[last] != UInt8(ascii: ",") {
          last &+= 1
        }
        if ForwardedChain.address(bytes, first..<last) != nil { return true }
        comma = find(UInt8(ascii: ","), in: bytes, from: comma &+ 1, to: range.upperBound)
      }
      return false
    default: return false
    }
  }

  /// The last place from which the literals up to the closing quote still fit, in their order.
  ///
  /// The field takes all that the fields behind it can do without; those hold no separator then.
  private func lastEnd(
    after index: Int, _ bytes: Span<UInt8>, _ at: Int, _ end: Int
  ) -> Int? {
    var last = index
    while last &+ 1 < format.tokens.count {
      if case .literal(let literal) = format.tokens[last &+ 1],
        format.literals[Int(literal.offset)] == UInt8(ascii: "\"")
      {
        break
      }
      last &+= 1
    }
    var bound = end
    while last > index {
      if case .literal(let literal) = format.tokens[last] {
        guard let place = lastPosition(of: literal, bytes, at, bound) else { return nil }
        bound = place
      }
      last &-= 1
    }
    return bound
  }

  private func lastPosition(
    of literal: ByteRange, _ bytes: Span<UInt8>, _ at: Int, _ end: Int
  ) -> Int? {
    var i = end &- literal.count
    while i >= at {
      if stands(literal, bytes, i, end) { return i }
      i &-= 1
    }
    return nil
  }

  /// The last colon before the end of the field behind it: `2001:db8::1:443 `.
  private func colonEnd(
    after index: Int, _ bytes: Span<UInt8>, _ at: Int, _ end: Int
  ) -> Int {
    var next = index &+ 1
    while next < format.tokens.count, format.tokens[next].role == nil { next &+= 1 }
    var stop = end
    if next < format.tokens.count, let literal = format.literal(after: next) {
      stop = position(of: literal, bytes, at, end) ?? end
    }
    while stop > at {
      stop &-= 1
      if bytes[stop] == UInt8(ascii: ":") { return stop }
    }
    return end
  }

  /// Behind the first ` HTTP/1.1` that the literal follows; without one, at the literal.
  private func requestEnd(
    _ literal: ByteRange, _ bytes: Span<UInt8>, _ at: Int, _ end: Int
  ) -> Int {
    var space = find(0x20, in: bytes, from: at, to: end)
    while space < end {
      if starts(bytes, space..<end, with: " HTTP/") {
        var stop = space &+ 6
        while stop < end, isDigit(bytes[stop]) || bytes[stop] == UInt8(ascii: ".") { stop &+= 1 }
        if stands(literal, bytes, stop, end) { return stop }
      }
      space = find(0x20, in: bytes, from: space &+ 1, to: end)
    }
    return position(of: literal, bytes, at, end) ?? end
  }

  /// The end of a list of nginx's upstream module: elements joined by `, ` and ` : `.
  private func listEnd(
    _ literal: ByteRange, _ bytes: Span<UInt8>, _ at: Int, _ end: Int
  ) -> Int {
    let text = Int(literal.offset)..<(Int(literal.offset) &+ literal.count)
    let isSeparator =
      starts(format.literals.span, text, with: ", ")
      || starts(format.literals.span, text, with: " : ")
    var from = at
    while true {
      guard let stop = position(of: literal, bytes, from, end) else { return end }
      guard !isSeparator, let next = elementStart(bytes, from, stop, end) else { return stop }
      from = next
    }
  }

  /// Where the next element starts, when a separator begins no later than `stop`.
  private func elementStart(
    _ bytes: Span<UInt8>, _ from: Int, _ stop: Int, _ end: Int
  ) -> Int? {
    for i in from..<(stop &+ 1) {
      if starts(bytes, i..<end, with: ", ") { return i &+ 2 }
      if starts(bytes, i..<end, with: " : ") { return i &+ 3 }
    }
    return nil
  }

  /// The end of a list of words joined by commas.
  private func chainEnd(_ bytes: Span<UInt8>, _ at: Int, _ end: Int) -> Int {
    var i = at
    while true {
      while i < end, bytes[i] != 0x20, bytes[i] != UInt8(ascii: ",") { i &+= 1 }
      guard i < end, bytes[i] == UInt8(ascii: ",") else { return i }
      i &+= 1
      while i < end, bytes[i] == 0x20 { i &+= 1 }
    }
  }
}
