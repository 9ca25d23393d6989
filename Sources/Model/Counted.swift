/// Words that go with a count in English: one form for 1, another for 0 and the rest.
///
/// Every text for people that holds a count takes its words from here or from ``French``.
public enum English {
  /// `1 line`, `2 lines`, `1 packet was`, `0 packets were`; without `many`, `one` with an s.
  public static func counted(
    _ count: some BinaryInteger, _ one: String, _ many: String? = nil
  ) -> String {
    "\(count) \(form(count, one, many))"
  }

  /// The form alone, where the number stands elsewhere.
  public static func form(
    _ count: some BinaryInteger, _ one: String, _ many: String? = nil
  ) -> String {
    count == 1 ? one : many ?? one + "s"
  }
}

/// Words that go with a count in French: one form for 0 and 1, another for the rest.
public enum French {
  /// `0 ligne`, `1 ligne`, `2 lignes`, with a hard space; without `many`, `one` with an s.
  public static func counted(
    _ count: some BinaryInteger, _ one: String, _ many: String? = nil
  ) -> String {
    "\(count)\u{a0}\(form(count, one, many))"
  }

  /// The form alone, where the number stands elsewhere.
  public static func form(
    _ count: some BinaryInteger, _ one: String, _ many: String? = nil
  ) -> String {
    count < 2 ? one : many ?? one + "s"
  }
}
