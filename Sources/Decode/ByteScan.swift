import CBytes
import CrenelModel

// Helpers over the bytes of a batch. Ranges are absolute; every function is total: a range outside
// the bytes reads as empty, so that no caller can be made to trap by a hostile line.

/// Index of the first `byte` in `bytes[from ..< end]`, or `end` when there is none.
func find(_ byte: UInt8, in bytes: Span<UInt8>, from: Int, to end: Int) -> Int {
  // memchr never reads at or past the smaller of `end` and the count; a negative `from` is past it.
  unsafe bytes.withUnsafeBufferPointer { buffer in
    unsafe crenel_find(buffer.baseAddress, from, max(0, min(end, buffer.count)), end, byte)
  }
}

/// Eight bytes at `offset`, first byte lowest; 0 when fewer are left.
func word(_ bytes: Span<UInt8>, at offset: Int) -> UInt64 {
  guard offset >= 0, offset <= bytes.count &- 8 else { return 0 }
  return unsafe bytes.withUnsafeBytes { raw in
    // `offset + 8 <= raw.count` by the guard above.
    UInt64(littleEndian: unsafe raw.loadUnaligned(fromByteOffset: offset, as: UInt64.self))
  }
}

/// Whether `bytes[range]` equals the ASCII text.
func equals(_ bytes: Span<UInt8>, _ range: Range<Int>, _ text: StaticString) -> Bool {
  guard range.count == text.utf8CodeUnitCount, range.lowerBound >= 0,
    range.upperBound <= bytes.count
  else { return false }
  return text.withUTF8Buffer { expected in
    for i in 0..<range.count where unsafe bytes[range.lowerBound &+ i] != expected[i] {
      return false
    }
    return true
  }
}

/// Whether `bytes[range]` starts with the ASCII text.
func starts(_ bytes: Span<UInt8>, _ range: Range<Int>, with text: StaticString) -> Bool {
  let count = text.utf8CodeUnitCount
  guard range.count >= count else { return false }
  return equals(bytes, range.lowerBound..<(range.lowerBound &+ count), text)
}

/// Whether `bytes[range]` is `-` alone, the way logs write an absent field.
func isDash(_ bytes: Span<UInt8>, _ range: Range<Int>) -> Bool {
  range.count == 1 && range.lowerBound >= 0 && range.lowerBound < bytes.count
    && bytes[range.lowerBound] == UInt8(ascii: "-")
}

/// The byte at `index`, or 0 past the end.
func byte(_ bytes: Span<UInt8>, _ index: Int) -> UInt8 {
  index >= 0 && index < bytes.count ? bytes[index] : 0
}

/// Whether the byte is an ASCII digit.
func isDigit(_ byte: UInt8) -> Bool { byte &- 0x30 <= 9 }

/// Two decimal digits at `index`; -1 when one of them is none.
func twoDigits(_ bytes: Span<UInt8>, _ index: Int) -> Int {
  guard index >= 0, index &+ 2 <= bytes.count else { return -1 }
  let high = bytes[index] &- 0x30
  let low = bytes[index &+ 1] &- 0x30
  return high <= 9 && low <= 9 ? Int(high) &* 10 &+ Int(low) : -1
}

/// A decimal number of 1 to 19 digits filling the range; `nil` for anything else.
func decimal(_ bytes: Span<UInt8>, _ range: Range<Int>) -> Int64? {
  guard (1...19).contains(range.count), range.lowerBound >= 0, range.upperBound <= bytes.count
  else { return nil }
  var value: UInt64 = 0
  for i in range {
    let digit = bytes[i] &- 0x30
    guard digit <= 9 else { return nil }
    value = value &* 10 &+ UInt64(digit)  // 19 digits stay below 2^64
  }
  return Int64(exactly: value)
}

/// A decimal number with an optional fraction, times `unit` nanoseconds, and the width of its last
/// digit in nanoseconds.
///
/// Digits past the nanosecond are dropped. `nil` for a sign, an exponent, no digit at all, or a
/// value outside `Int64`. `unit` is a power of ten, at most 10^9.
func decimalTime(
  _ bytes: Span<UInt8>, _ range: Range<Int>, unit: Int64
) -> (nanoseconds: Int64, width: Int64)? {
  guard range.lowerBound >= 0, range.upperBound <= bytes.count else { return nil }
  var dot = range.lowerBound
  while dot < range.upperBound, isDigit(bytes[dot]) { dot &+= 1 }
  guard let whole = decimal(bytes, range.lowerBound..<dot) else { return nil }
  let (scaled, overflow) = whole.multipliedReportingOverflow(by: unit)
  guard !overflow else { return nil }
  guard dot < range.upperBound else { return (scaled, unit) }
  guard bytes[dot] == UInt8(ascii: ".") || bytes[dot] == UInt8(ascii: ","),
    dot &+ 1 < range.upperBound
  else { return nil }
  var width = unit
  var fraction: Int64 = 0
  for i in (dot &+ 1)..<range.upperBound {
    guard isDigit(bytes[i]) else { return nil }
    guard width > 1 else { continue }
    width /= 10
    fraction &+= Int64(bytes[i] &- 0x30) &* width  // below `unit`
  }
  let (sum, carry) = scaled.addingReportingOverflow(fraction)
  return carry ? nil : (sum, width)
}
