import CrenelModel

/// What the logs of a run have shown that they hold, so that nobody is judged by what no line has.
///
/// Of the run and not of a file: how traffic is cut into files says nothing about people.
public struct LogTraits: Sendable, Hashable {
  /// Whether an image, style, script or font of anybody was logged.
  public private(set) var hasAssets = false
  /// Whether an Accept-Language of anybody was logged.
  public private(set) var hasLanguages = false
  /// Whether a session cookie of anybody was logged.
  public private(set) var hasCookies = false
  /// Whether a redirect's target was logged.
  public private(set) var hasRedirects = false
  /// Width of the widest stamps, in nanoseconds.
  public private(set) var clockWidth: Int64 = 0

  /// Creates the traits of a run that has shown nothing.
  init() {}

  /// Notes what one exchange holds.
  mutating func note(_ exchange: borrowing Exchange, isAsset: Bool, byCookie: Bool) {
    if isAsset { hasAssets = true }
    if byCookie { hasCookies = true }
    if exchange[.acceptLanguage].isPresent { hasLanguages = true }
    if exchange[.location].isPresent { hasRedirects = true }
    clockWidth = max(clockWidth, exchange.resolution)
  }
}
