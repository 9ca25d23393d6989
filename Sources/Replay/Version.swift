/// The version of the command, as `crenel --version` prints it.
public enum CrenelVersion {
  /// Semantic version; CHANGELOG.md says what each brought.
  public static let text = "0.1.0"
}
