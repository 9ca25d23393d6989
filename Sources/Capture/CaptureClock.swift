import CrenelModel

/// The clock of one pcapng interface: what one tick of its times is worth, and where they start.
struct CaptureClock: Equatable {
  /// Microseconds since the epoch, which is what an interface without options means.
  static let microseconds = CaptureClock(resolution: 6, offset: 0)

  /// Nanoseconds in a tick; 0 when that is no whole number, or not in the range of `UInt64`.
  private let tick: UInt64
  /// `if_tsresol` as the file has it.
  private let resolution: UInt8
  /// `if_tsoffset`, in seconds.
  private let offset: Int64

  /// Creates a clock from `if_tsresol` and `if_tsoffset`.
  ///
  /// The top bit of the resolution chooses the base, 10 or 2; the others are the negative power.
  init(resolution: UInt8, offset: Int64) {
    self.resolution = resolution
    self.offset = offset
    tick = resolution <= 9 ? UInt64(Self.power(10, 9 - Int(resolution))) : 0
  }

  /// Whether 2^64 ticks last less than a second, so that nothing real can be told by it.
  var isAbsurd: Bool { resolution & 0x80 != 0 ? resolution & 0x7f > 64 : resolution > 19 }

  /// The instant of a tick count.
  ///
  /// Rounded down to a nanosecond where ticks are finer; saturates at the ends of `Timestamp`,
  /// far from any real capture, and never overflows.
  func timestamp(_ ticks: UInt64) -> Timestamp {
    if tick != 0, offset == 0 {
      let (value, overflow) = ticks.multipliedReportingOverflow(by: tick)
      if !overflow, value <= UInt64(Int64.max) { return Timestamp(nanoseconds: Int64(value)) }
      return .distantFuture
    }
    // At most 2^64 · 10^9 < 2^94, and the offset at most 2^63 · 10^9 < 2^93.
    let total = Int128(nanoseconds(ticks)) + Int128(offset) * 1_000_000_000
    return Timestamp(nanoseconds: Int64(clamping: total))
  }

  private func nanoseconds(_ ticks: UInt64) -> UInt128 {
    let scaled = UInt128(ticks) * 1_000_000_000
    let exponent = Int(resolution & 0x7f)
    if resolution & 0x80 != 0 { return scaled >> exponent }  // 0 once all bits are shifted out
    // 10^29 is more than any `scaled`.
    return exponent > 28 ? 0 : scaled / Self.power(10, exponent)
  }

  /// `base` to the power of `exponent`, which is 0...28.
  private static func power(_ base: UInt128, _ exponent: Int) -> UInt128 {
    var result: UInt128 = 1
    for _ in 0..<exponent { result *= base }
    return result
  }
}
