/// A seeded 64-bit hash of bytes: fast, the same on every machine, for tables and grouping.
///
/// It multiplies and folds 8 bytes at a time (the 64x64 to 128-bit "mum" step). It is not
/// cryptographic: keys that an attacker chooses need a secret or configured seed, and nothing
/// that leaves the process as an identity may be made with it.
public enum Hash64 {
  /// Hash of `bytes` under `seed`.
  public static func of(_ bytes: Span<UInt8>, seed: UInt64) -> UInt64 {
    var state = seed ^ 0x9e37_79b9_7f4a_7c15
    var i = 0
    let count = bytes.count
    while i &+ 8 <= count {
      var word: UInt64 = 0
      for k in 0..<8 { word |= UInt64(bytes[i &+ k]) << UInt64(8 &* k) }
      state = mix(state ^ word, 0xa076_1d64_78bd_642f)
      i &+= 8
    }
    var tail: UInt64 = 0
    var shift: UInt64 = 0
    while i < count {
      tail |= UInt64(bytes[i]) << shift
      shift &+= 8
      i &+= 1
    }
    state = mix(state ^ tail, 0xe703_7ed1_a0b4_28db)
    return mix(state ^ UInt64(truncatingIfNeeded: count), 0x8ebc_6af0_9c88_c6e3)
  }

  /// Hash of two words under `seed`.
  @inlinable
  public static func of(_ first: UInt64, _ second: UInt64, seed: UInt64) -> UInt64 {
    mix(mix(first ^ seed, 0xa076_1d64_78bd_642f) ^ second, 0xe703_7ed1_a0b4_28db)
  }

  /// Folds the 128-bit product of two words.
  @inlinable
  static func mix(_ left: UInt64, _ right: UInt64) -> UInt64 {
    let product = left.multipliedFullWidth(by: right)
    return product.high ^ product.low
  }
}
