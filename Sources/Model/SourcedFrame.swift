/// The number of a frame with that of the file it is in, as one number that sorts by file, then frame.
///
/// Packets, and what is said of them, carry it as `frame`: of the first source it is the number of
/// the frame. 24 bits are the source's, 40 the frame's; what does not fit stays at the largest.
public struct SourcedFrame: RawRepresentable, Hashable, Sendable, BitwiseCopyable {
  /// Both in one.
  public var rawValue: UInt64

  /// Takes apart what a packet carries.
  @inlinable
  public init(rawValue: UInt64) { self.rawValue = rawValue }

  /// The frame `number`, from 1, of a source; 0 for none.
  @inlinable
  public init(source: UInt32, number: UInt64) {
    rawValue = min(UInt64(source), 1 << 24 - 1) << 40 | min(number, 1 << 40 - 1)
  }

  /// Number of the source, as numbered by the driver.
  @inlinable
  public var source: UInt32 { UInt32(truncatingIfNeeded: rawValue >> 40) }

  /// Number of the frame in its file, from 1; 0 for none.
  @inlinable
  public var number: UInt64 { rawValue & (1 << 40 - 1) }
}
