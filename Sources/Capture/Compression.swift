/// How a member of a compressed file is compressed.
enum Compression: CaseIterable {
  case gzip, xz, zstd, bzip2

  /// Bytes that tell for certain; fewer tell as well where there are no more.
  static let headLength = 10

  /// Knows a member by its first bytes, whatever the file is called.
  init?(_ head: Span<UInt8>) {
    guard let found = Self.allCases.first(where: { $0.begins(head, isCut: false) }) else {
      return nil
    }
    self = found
  }

  /// The name of the tool that makes it.
  var name: String {
    switch self {
    case .gzip: "gzip"
    case .xz: "xz"
    case .zstd: "zstd"
    case .bzip2: "bzip2"
    }
  }

  /// Whether a member of this kind begins with `head`; with `isCut`, may begin with so few bytes.
  func begins(_ head: Span<UInt8>, isCut: Bool) -> Bool {
    switch self {
    case .gzip:  // RFC 1952, 2.3.1
      Self.fits(head, [0x1f, 0x8b], isCut: isCut)
    case .xz:  // xz file format, 2.1.1.1
      Self.fits(head, [0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00], isCut: isCut)
    case .zstd:  // RFC 8878, 3.1.1 and 3.1.2: a frame, or one of 16 kinds of skippable frame
      Self.fits(head, [0x28, 0xb5, 0x2f, 0xfd], isCut: isCut)
        || head.count > 0 && head[0] & 0xf0 == 0x50
          && Self.fits(head, [head[0], 0x2a, 0x4d, 0x18], isCut: isCut)
    case .bzip2:
      // `BZh1` to `BZh9`, which a log could begin with; then π of a block, or √π of an empty file.
      Self.fits(head, Array("BZh".utf8), isCut: isCut)
        && (head.count < 4 || (0x31...0x39).contains(head[3]))
        && (Self.goesOn(head, [0x31, 0x41, 0x59, 0x26, 0x53, 0x59])
          || Self.goesOn(head, [0x17, 0x72, 0x45, 0x38, 0x50, 0x90]))
    }
  }

  /// Whether `head` starts with `magic`; with its beginning, when the head is cut off in it.
  private static func fits(_ head: Span<UInt8>, _ magic: [UInt8], isCut: Bool) -> Bool {
    guard head.count >= magic.count || isCut && head.count > 0 else { return false }
    return (0..<min(head.count, magic.count)).allSatisfy { head[$0] == magic[$0] }
  }

  /// Whether `rest` follows from the fifth byte on, as far as there are bytes.
  private static func goesOn(_ head: Span<UInt8>, _ rest: [UInt8]) -> Bool {
    guard head.count > 4 else { return true }
    return (4..<min(head.count, 4 + rest.count)).allSatisfy { head[$0] == rest[$0 - 4] }
  }
}

/// What a decoder did with the bytes it was given.
struct DecodingStep {
  /// Bytes of the input that are used up.
  var taken = 0
  /// Bytes appended to the output.
  var given = 0
  /// How it stands.
  var outcome = Outcome.goesOn

  /// How a decoder stands after a step.
  enum Outcome {
    /// Neither at the end nor in trouble: it wants more of what it used up, input or room.
    case goesOn
    /// The member is complete, and its checksum is right.
    case memberEnd
    /// The member is damaged, in the library's words; what came before is given.
    case corrupt(String)
    /// The member cannot be read within ``Decoder/memoryLimit``.
    case needsMemory
  }
}

/// The decoder of one member: a closed set, one C library each.
///
/// Every decoder gives all that can be decompressed before it says what is wrong.
enum Decoder {
  case gzip(GzipDecoder)
  case xz(XZDecoder)
  case zstd(ZstdDecoder)
  case bzip2(Bzip2Decoder)

  /// Most memory a decoder may take for its window, in bytes.
  ///
  /// What the zstd command allows without `--long` as well; the highest preset of xz needs half.
  static let memoryLimit: UInt64 = 128 << 20

  /// Creates a decoder; `nil` when there is no memory for one.
  init?(_ compression: Compression) {
    let decoder: Decoder? =
      switch compression {
      case .gzip: GzipDecoder().map(Decoder.gzip)
      case .xz: XZDecoder().map(Decoder.xz)
      case .zstd: ZstdDecoder().map(Decoder.zstd)
      case .bzip2: Bzip2Decoder().map(Decoder.bzip2)
      }
    guard let decoder else { return nil }
    self = decoder
  }

  /// Takes some of `input`, appends some to `output`; no progress means that the input is used up.
  func step(_ input: Span<UInt8>, into output: inout OutputSpan<UInt8>) -> DecodingStep {
    switch self {
    case .gzip(let decoder): decoder.step(input, into: &output)
    case .xz(let decoder): decoder.step(input, into: &output)
    case .zstd(let decoder): decoder.step(input, into: &output)
    case .bzip2(let decoder): decoder.step(input, into: &output)
    }
  }
}

/// The memory of a step as C wants it: what may be read, what may be written.
@unsafe
struct StepMemory {
  let input: UnsafeBufferPointer<UInt8>
  let output: UnsafeMutableBufferPointer<UInt8>

  /// Calls `body` with the memory of a step; `given` bytes of the output then count as written.
  static func with(
    _ input: Span<UInt8>, _ output: inout OutputSpan<UInt8>,
    _ body: (StepMemory) -> DecodingStep
  ) -> DecodingStep {
    var step = DecodingStep()
    unsafe input.withUnsafeBufferPointer { source in
      unsafe output.withUnsafeMutableBufferPointer { buffer, initialized in
        let free = unsafe UnsafeMutableBufferPointer(rebasing: buffer[initialized...])
        step = unsafe body(StepMemory(input: source, output: free))
        initialized += step.given
      }
    }
    return step
  }
}
