public import CrenelModel

/// An input that is open and whose first bytes are known, on its way to the reader that suits it.
///
/// Nothing is lost by looking: a reader made from it begins at the first byte, from standard
/// input too.
public struct OpenedInput: ~Copyable {
  /// What it holds.
  public let kind: ContentKind

  private var stream: ByteStream

  /// Opens an input and looks at its first bytes, decompressed; waits for them on a pipe.
  ///
  /// Throws `unreadable-file`.
  public init(_ input: InputSource) throws(Diagnostic) {
    self.init(try ByteStream(input))
  }

  /// Takes bytes in memory for an input; they are read as they are, never decompressed.
  public init(bytes: [UInt8], name: String) {
    self.init(ByteStream(bytes: bytes, name: name))
  }

  private init(_ opened: consuming ByteStream) {
    var opened = opened
    kind = CaptureMagic.read(&opened) == nil ? .log : .capture
    stream = opened
  }

  /// What an input holds, found by opening it and closing it again.
  ///
  /// `nil` where looking would lose bytes: standard input and pipes (those without a size).
  /// Throws `unreadable-file`.
  public static func kind(of input: InputSource) throws(Diagnostic) -> ContentKind? {
    guard input.path != nil, input.size != nil else { return nil }
    let opened = try OpenedInput(input)
    return opened.kind
  }

  /// Hands the bytes on, from the first.
  consuming func takeStream() -> ByteStream { stream }
}
