import CrenelModel

/// Puts the first handshake message of one side together, over split records and segments.
///
/// Holds at most ``limit`` bytes, and those only while a message is incomplete.
struct HandshakeCollector {
  /// Longest message collected, in bytes.
  static let limit = 65_536
  /// Longest fragment of a record: 2^14 (RFC 8446 section 5.1), and 2,048 for what RFC 5246 let grow.
  static let recordLimit = 16_384 + 2_048

  /// What bytes gave.
  enum Outcome: Equatable {
    case more
    /// The message's body stands in the bytes just pushed.
    case inPlace(Range<Int>)
    /// The message's body is ``buffer`` from its fourth byte on.
    case buffered
    /// It is no such message, or too long.
    case failed
  }

  /// The handshake type wanted: 1 for a ClientHello, 2 for a ServerHello.
  let wanted: UInt8
  /// The message so far, with its 4 bytes of header.
  private(set) var buffer: [UInt8] = []
  /// Whether there is nothing left to do.
  private(set) var isDone = false
  private var header = InlineArray<5, UInt8>(repeating: 0)
  private var headerCount = 0
  private var recordLeft = 0

  /// Creates a collector at the first byte of a stream.
  init(wanted: UInt8) { self.wanted = wanted }

  /// Gives up, and gives the memory back.
  mutating func stop() {
    isDone = true
    buffer = []
  }

  /// Takes the next bytes of the side in; what it says after the first answer but `more` is void.
  mutating func push(_ bytes: Span<UInt8>) -> Outcome {
    if buffer.isEmpty, headerCount == 0, let body = whole(bytes) {
      isDone = true
      return .inPlace(body)
    }
    var i = 0
    while i < bytes.count {
      if recordLeft == 0 {
        header[headerCount] = bytes[i]  // `headerCount` is below 5 here
        headerCount &+= 1
        i &+= 1
        guard headerCount == 5 else { continue }
        guard let length = Self.recordLength(header.span) else { return fail() }
        recordLeft = length
        headerCount = 0
        continue
      }
      let end = i &+ min(recordLeft, bytes.count &- i)
      _ = BatchText.append(bytes, i..<end, to: &buffer)
      recordLeft &-= end &- i
      i = end
      switch check() {
      case .more: continue
      case let outcome: return outcome
      }
    }
    return .more
  }

  /// Whether the buffered message is whole.
  private mutating func check() -> Outcome {
    guard let first = buffer.first else { return .more }
    guard first == wanted else { return fail() }
    guard let length = Self.messageLength(buffer.span, at: 0) else { return .more }
    guard length <= Self.limit else { return fail() }
    guard buffer.count >= length &+ 4 else { return .more }
    buffer.removeLast(buffer.count &- length &- 4)
    isDone = true
    return .buffered
  }

  private mutating func fail() -> Outcome {
    stop()
    return .failed
  }

  /// The body of a message that stands whole in one record at the start of `bytes`.
  private func whole(_ bytes: Span<UInt8>) -> Range<Int>? {
    guard bytes.count >= 9, bytes[5] == wanted,
      let record = Self.recordLength(bytes.extracting(0..<5)),
      let length = Self.messageLength(bytes, at: 5), length &+ 4 <= record,
      length &+ 9 <= bytes.count
    else { return nil }
    return 9..<(length &+ 9)
  }

  /// The fragment's length in the header of a handshake record.
  private static func recordLength(_ header: Span<UInt8>) -> Int? {
    let length = Int(header[3]) << 8 | Int(header[4])
    return header[0] == 22 && header[1] == 3 && length <= recordLimit ? length : nil
  }

  private static func messageLength(_ bytes: Span<UInt8>, at start: Int) -> Int? {
    guard bytes.count >= start &+ 4 else { return nil }
    return Int(bytes[start &+ 1]) << 16 | Int(bytes[start &+ 2]) << 8 | Int(bytes[start &+ 3])
  }
}
