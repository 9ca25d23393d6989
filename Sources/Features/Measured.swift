import CrenelModel

/// What a session found out with one exchange, for itself and for its client.
struct Measured {
  /// Time since its poll before this one.
  var gap: Gap?
  /// How long the form that was sent took.
  var form: DurationBounds?
  /// How long the captcha that was answered took.
  var captcha: DurationBounds?
  /// How long it took to hold a slot after sight of it.
  var reaction: DurationBounds?
  /// Whether it became known what followed an answer of 5xx.
  var errorIsDecided = false
  /// Time to the retry.
  var retry: Gap?
  /// The session's deep steps without predecessor.
  var coldEntries: UInt32 = 0
  /// The session's number checks without a form.
  var oracleWithoutForm: UInt32 = 0
  /// Whether it came from an address for the first time.
  var isNewAddress = false
}
