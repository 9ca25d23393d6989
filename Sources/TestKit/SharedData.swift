internal import Foundation

/// The public captures, logs and rules that stand beside a checkout, when they do.
public enum SharedData {
  /// The folder `../shared/data` from the root of the package, or `nil` where it is absent.
  public static let root: String? = {
    let package = URL(filePath: #filePath).deletingLastPathComponent()
      .deletingLastPathComponent().deletingLastPathComponent()
    let path = package.appending(path: "../shared/data").standardizedFileURL.path()
    return FileManager.default.fileExists(atPath: path) ? path : nil
  }()

  /// The package's own folder, with a slash at its end.
  public static let package: String = URL(filePath: #filePath).deletingLastPathComponent()
    .deletingLastPathComponent().deletingLastPathComponent().standardizedFileURL.path()

  /// The bytes of a file; throws when it cannot be read.
  public static func bytes(_ path: String) throws -> [UInt8] {
    Array(try Data(contentsOf: URL(filePath: path)))
  }

  /// What a test prints where the data is absent.
  public static let skipped = "skipped: no ../shared/data"
}
