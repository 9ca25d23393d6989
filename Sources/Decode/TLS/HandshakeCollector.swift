import CrenelModel

/// Puts one handshake message of a side together, over split records and segments.
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
  /// Whether ChangeCipherSpec records may come before it, as before a second ClientHello (RFC 8446
  /// appendix D.4).
  let passesChangeCipherSpec: Bool
  /// The message so far, with its 4 bytes of header.
  private(set) var buffer: [UInt8] = []
  /// Whether there is nothing left to do.
  private(set) var isDone = false
  private var header = InlineArray<5, UInt8>(repeating: 0)
  private var headerCount = 0
  private var recordLeft = 0
  private var isPassing = false
  private var wasExact = false
  /// Where in the bytes pushed last the record after the message begins; `nil` where the message
  /// ends inside a record, which no hello that a second one follows does.
  private(set) var next: Int?

  /// Creates a collector at the first byte of a record.
  init(wanted: UInt8, passesChangeCipherSpec: Bool = false) {
    self.wanted = wanted
    self.passesChangeCipherSpec = passesChangeCipherSpec
  }

  /// Gives up, and gives the memory back.
  mutating func stop() {
    isDone = true
    buffer = []
  }

  /// Takes the next bytes of the side in; what it says after the first answer but `more` is void.
  mutating func push(_ bytes: Span<UInt8>) -> Outcome {
    if buffer.isEmpty, headerCount == 0, recordLeft == 0, let body = whole(bytes) {
      isDone = true
      let record = Self.recordLength(bytes.extracting(0..<5)) ?? 0
      next = record == body.count &+ 4 ? body.upperBound : nil
      return .inPlace(body)
    }
    var i = 0
    while i < bytes.count {
      if recordLeft == 0 {
        header[headerCount] = bytes[i]  // `headerCount` is below 5 here
        headerCount &+= 1
        i &+= 1
        guard headerCount == 5 else { continue }
        headerCount = 0
        isPassing = passesChangeCipherSpec && buffer.isEmpty && Self.isChangeCipherSpec(header.span)
        guard let length = isPassing ? 1 : Self.recordLength(header.span) else { return fail() }
        recordLeft = length
        continue
      }
      let end = i &+ min(recordLeft, bytes.count &- i)
      guard !isPassing else {
        (recordLeft, i) = (0, end)  // its one byte
        continue
      }
      _ = BatchText.append(bytes, i..<end, to: &buffer)
      recordLeft &-= end &- i
      i = end
      switch check() {
      case .more: continue
      case let outcome:
        next = recordLeft == 0 && wasExact ? i : nil
        return outcome
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
    wasExact = buffer.count == length &+ 4
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

  /// Whether the header is that of a ChangeCipherSpec of TLS 1.3: one byte.
  private static func isChangeCipherSpec(_ header: Span<UInt8>) -> Bool {
    header[0] == 20 && header[1] == 3 && header[3] == 0 && header[4] == 1
  }

  private static func messageLength(_ bytes: Span<UInt8>, at start: Int) -> Int? {
    guard bytes.count >= start &+ 4 else { return nil }
    return Int(bytes[start &+ 1]) << 16 | Int(bytes[start &+ 2]) << 8 | Int(bytes[start &+ 3])
  }
}
