/// A text in English and French.
public struct LocalizedText: Sendable, Hashable {
  /// English.
  public var en: String
  /// French.
  public var fr: String

  /// Creates a text.
  public init(en: String, fr: String) {
    self.en = en
    self.fr = fr
  }
}
