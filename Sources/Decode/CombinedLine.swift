import CBytes
import CrenelModel

/// Reads the commonest lines there are: combined, from an address, without user or escapes.
///
/// It only saves time: whatever is not plainly of this shape is left to ``TextLineDecoder``, which
/// gives the same exchange for what is (a test compares the two).
struct CombinedLine {
  private var finisher: Finisher
  private var stamps: StampParser
  private var lastStamp: (UInt64, UInt64, UInt64, UInt64) = (0, 0, 0, 0)
  /// What ``Finisher`` made of the last stamp.
  private var placed = Exchange(
    at: Timestamp(nanoseconds: 0),
    provenance: Provenance(source: 0, offset: 0, length: 0, line: 0))

  init(_ configuration: DecoderConfiguration) {
    finisher = Finisher(configuration, stamp: .unknown)
    stamps = StampParser(zone: configuration.zone)
  }

  /// Whether the line was of the shape, and `exchange` is complete.
  mutating func decode(
    _ line: Range<Int>, _ scan: LineScan, _ bytes: Span<UInt8>, _ exchange: inout Exchange
  ) -> Bool {
    let end = line.upperBound
    // Shorter lines cannot be it; longer ones leave room to read whole words.
    guard line.count >= 64, !scan.hasRareBytes, let quotes = scan.sixQuotes else { return false }
    var at = line.lowerBound
    guard let address = Self.quad(bytes, &at) ?? Self.address(bytes, &at),
      word(bytes, at: at) & Self.beforeTime.mask
        == Self.beforeTime.value
    else { return false }
    at &+= 6  // " - - ["
    guard at &+ 29 <= end, time(bytes, at), bytes[at &+ 26] == UInt8(ascii: "]"),
      bytes[at &+ 27] == 0x20, bytes[at &+ 28] == UInt8(ascii: "\"")
    else { return false }
    at &+= 29
    guard quotes.requestStart == at &- 1, quotes.userAgentEnd == end &- 1,
      bytes[quotes.requestEnd &+ 1] == 0x20, bytes[quotes.referrerEnd &+ 1] == 0x20,
      quotes.referrerEnd &+ 2 == quotes.userAgentStart
    else { return false }
    let request = at..<quotes.requestEnd
    at = quotes.requestEnd &+ 2
    guard let status = Self.status(bytes, at), bytes[at &+ 3] == 0x20 else { return false }
    at &+= 4
    guard let body = Self.number(bytes, &at, end), bytes[at] == 0x20,
      at &+ 1 == quotes.referrerStart, Self.split(request, bytes, &exchange)
    else { return false }
    take(.referrer, (quotes.referrerStart &+ 1)..<quotes.referrerEnd, bytes, &exchange)
    take(.userAgent, (quotes.userAgentStart &+ 1)..<quotes.userAgentEnd, bytes, &exchange)
    exchange.status = status
    exchange.bodyBytes = body
    exchange.client = address
    exchange.peer = address
    exchange.at = placed.at
    exchange.start = placed.start
    exchange.end = placed.end
    exchange.resolution = placed.resolution
    exchange.flags = placed.flags
    return true
  }

  private static let beforeTime = (
    value: UInt64(0x0000_5b20_2d20_2d20), mask: UInt64(0x0000_ffff_ffff_ffff)
  )  // " - - [", first byte lowest

  private func take(
    _ field: TextField, _ range: Range<Int>, _ bytes: Span<UInt8>, _ exchange: inout Exchange
  ) {
    if !isDash(bytes, range) { exchange[field] = ByteRange(range) }
  }

  /// Reads the stamp at `at`, from memory when it is the same as the last line's.
  private mutating func time(_ bytes: Span<UInt8>, _ at: Int) -> Bool {
    let key = (
      word(bytes, at: at), word(bytes, at: at &+ 8), word(bytes, at: at &+ 16),
      word(bytes, at: at &+ 18)
    )
    if key == lastStamp { return true }
    guard case .stamp(let read) = stamps.clf(bytes, at..<(at &+ 26)) else { return false }
    lastStamp = key
    placed.flags = []
    finisher.place(read, finisher.formatStamp, .absent, &placed)
    return true
  }

  /// Reads an address of any kind up to a space; none is longer than 45 characters (RFC 4291).
  private static func address(_ bytes: Span<UInt8>, _ at: inout Int) -> ClientAddress? {
    let space = find(0x20, in: bytes, from: at, to: at &+ 46)
    guard space < at &+ 46, let address = ClientAddress(parsing: bytes.extracting(at..<space))
    else { return nil }
    at = space
    return address
  }

  /// Reads a dotted quad up to a space; most that are not read here are read as any address.
  private static func quad(_ bytes: Span<UInt8>, _ at: inout Int) -> ClientAddress? {
    var value: UInt32 = 0
    let length = unsafe bytes.withUnsafeBufferPointer { buffer in
      unsafe buffer.baseAddress.map { base in
        unsafe crenel_dotted_quad(base, at, buffer.count, &value)
      } ?? 0
    }
    guard length > 0 else { return nil }
    at &+= length
    return ClientAddress(ipv4: value)
  }

  private static func status(_ bytes: Span<UInt8>, _ at: Int) -> UInt16? {
    let hundreds = bytes[at] &- 0x30
    let tens = bytes[at &+ 1] &- 0x30
    let ones = bytes[at &+ 2] &- 0x30
    guard (1...5).contains(hundreds), tens <= 9, ones <= 9 else { return nil }
    return UInt16(hundreds) &* 100 &+ UInt16(tens) &* 10 &+ UInt16(ones)
  }

  /// Reads up to 15 digits, or a dash as -1.
  private static func number(_ bytes: Span<UInt8>, _ at: inout Int, _ end: Int) -> Int64? {
    if bytes[at] == UInt8(ascii: "-") {
      at &+= 1
      return -1
    }
    let first = at
    var value: Int64 = 0
    while at < end, at &- first < 16 {
      let digit = bytes[at] &- 0x30
      guard digit <= 9 else { break }
      value = value &* 10 &+ Int64(digit)
      at &+= 1
    }
    return at > first && at &- first < 16 ? value : nil
  }

  /// Splits `GET /path?query HTTP/1.1`; only origin-form targets without a fragment.
  private static func split(
    _ range: Range<Int>, _ bytes: Span<UInt8>, _ exchange: inout Exchange
  ) -> Bool {
    guard range.count >= 14 else { return false }
    let version = range.upperBound &- 8
    // " HTTP/1.1" or " HTTP/1.0" or " HTTP/2.0"
    guard word(bytes, at: version) & 0x0000_00ff_ffff_ffff == 0x0000_002f_5054_5448,
      bytes[version &- 1] == 0x20
    else { return false }
    var at = range.lowerBound
    while at < version, bytes[at] &- 0x41 < 26 { at &+= 1 }
    let method = range.lowerBound..<at
    guard (3...7).contains(method.count), bytes[at] == 0x20, bytes[at &+ 1] == UInt8(ascii: "/")
    else { return false }
    let target = (at &+ 1)..<(version &- 1)
    guard target.count > 0 else { return false }
    let mark = find(
      UInt8(ascii: "?"), in: bytes, from: target.lowerBound, to: target.upperBound)
    exchange[.method] = ByteRange(method)
    exchange[.target] = ByteRange(target)
    let number = (version &+ 5)..<range.upperBound
    let isWhole = HTTPVersion.isWhole(bytes, number)
    exchange[.version] = ByteRange(isWhole ? number.lowerBound..<(version &+ 6) : number)
    exchange[.path] = ByteRange(target.lowerBound..<mark)
    if mark < target.upperBound {
      exchange[.query] = ByteRange((mark &+ 1)..<target.upperBound)
    }
    return true
  }
}
