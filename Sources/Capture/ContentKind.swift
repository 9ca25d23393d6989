/// What an input holds, by its first bytes after decompression.
public enum ContentKind: Sendable, Hashable {
  /// Captured packets, in a file of ``PacketReader``.
  case capture
  /// Anything else, an empty input included: lines of a log, for what is known so far.
  case log

  /// What a file with these first bytes holds; 12 of them are enough, fewer make it less sure.
  public static func of(_ first: Span<UInt8>) -> ContentKind {
    CaptureMagic.read(first) == nil ? .log : .capture
  }
}
