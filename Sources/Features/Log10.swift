/// The decimal logarithm of a number of 1 or more, the same on every machine.
///
/// The C library's may differ in the last bit between machines. This one uses only additions,
/// products and quotients, which IEEE 754 fixes: the number is 2^e·m with m in √½...√2, and
/// ln m = 2·(s + s³/3 + s⁵/5 + …) with s = (m-1)/(m+1), |s| <= 0.172; 12 terms leave an error
/// below 1e-15 of the result's unit.
func decimalLogarithm(_ number: Double) -> Double {
  guard number > 1, number.isFinite else { return 0 }
  var exponent = Double(number.exponent)
  var mantissa = number.significand
  if mantissa > 1.414_213_562_373_095_1 {
    mantissa /= 2
    exponent += 1
  }
  let s = (mantissa - 1) / (mantissa + 1)
  let square = s * s
  var sum = 0.0
  var odd = 23.0
  while odd >= 1 {
    sum = sum * square + 1 / odd
    odd -= 2
  }
  let natural = 2 * s * sum
  return exponent * 0.301_029_995_663_981_2 + natural * 0.434_294_481_903_251_8
}
