import CrenelModel

/// The header of an HTTP/2 frame (RFC 9113 section 4.1), and where it was seen.
struct HTTP2Frame: Sendable, BitwiseCopyable {
  /// Bytes of the header.
  static let headerLength = 9

  /// The types that matter here (RFC 9113 section 6); every other one is skipped.
  enum Kind: UInt8, Sendable, BitwiseCopyable {
    case data = 0
    case headers = 1
    case priority = 2
    case reset = 3
    case settings = 4
    case pushPromise = 5
    case ping = 6
    case goAway = 7
    case windowUpdate = 8
    case continuation = 9
    case unknown = 255
  }

  var kind: Kind
  var flags: UInt8
  /// Stream number; 0 is the connection itself.
  var stream: UInt32
  /// Bytes of the payload, below 2^24.
  var length: Int
  /// The packet that carried its first byte.
  var mark: PacketMark
  /// Place of its first byte in the stream of its side.
  var offset: UInt64

  var endsStream: Bool { flags & 0x01 != 0 && (kind == .data || kind == .headers) }
  var isAcknowledgement: Bool { flags & 0x01 != 0 }
  var endsHeaders: Bool { flags & 0x04 != 0 }
  var isPadded: Bool { flags & 0x08 != 0 && (isBlockStart || kind == .data) }
  var hasPriority: Bool { flags & 0x20 != 0 && kind == .headers }
  /// Whether a header block begins with it.
  var isBlockStart: Bool { kind == .headers || kind == .pushPromise }

  /// Bytes before the content: length of the padding, then a priority or the promised stream.
  var prefixLength: Int {
    (isPadded ? 1 : 0) &+ (hasPriority ? 5 : 0) &+ (kind == .pushPromise ? 4 : 0)
  }

  /// Reads nine bytes.
  init(_ header: Span<UInt8>, _ mark: PacketMark, offset: UInt64) {
    length = Int(header[0]) << 16 | Int(header[1]) << 8 | Int(header[2])
    kind = Kind(rawValue: header[3]) ?? .unknown
    flags = header[4]
    stream = 0
    for i in 5..<9 { stream = stream << 8 | UInt32(header[i]) }
    stream &= 0x7fff_ffff
    self.mark = mark
    self.offset = offset
  }

  /// Whether stream and length are ones that its type allows.
  ///
  /// Sizes above what the receiver announced pass: what one side announces is not known in time to
  /// hold the other side to it, and nothing is buffered by length.
  var isValid: Bool {
    switch kind {
    case .data, .headers, .pushPromise, .continuation: stream != 0 && length >= prefixLength
    case .priority: stream != 0
    case .reset: stream != 0 && length == 4
    case .settings: stream == 0 && length % 6 == 0 && (!isAcknowledgement || length == 0)
    case .ping: stream == 0 && length == 8
    case .goAway: stream == 0 && length >= 8
    case .windowUpdate: length == 4
    case .unknown: true
    }
  }
}
