public import CrenelModel
import Foundation

/// Where the shipped rules, profiles and samples are.
///
/// Looked for in this order: `$CRENEL_HOME`, beside the command as installed
/// (`bin/crenel` → `share/crenel`), then upwards from the command and from the working folder for
/// a checkout. The command's own place is followed through links, so a moved or linked one works.
public enum Resources {
  /// The folder that holds `rules/` and `samples/`.
  ///
  /// Throws a `no-rules-folder` diagnostic that lists where it looked.
  public static func home() throws(Diagnostic) -> String {
    var tried: [String] = []
    for candidate in candidates() {
      if isHome(candidate) { return candidate }
      tried.append(candidate)
    }
    throw Diagnostic(
      code: "no-rules-folder", at: SourcePosition(file: "rules"),
      "no folder with rules/booking and rules/sites in: \(tried.joined(separator: ", "))",
      hint: "install with make install, or set CRENEL_HOME to the folder that holds rules/")
  }

  private static func isHome(_ folder: String) -> Bool {
    ["rules/sites", "rules/booking"].allSatisfy {
      let attributes = try? FileManager.default.attributesOfItem(atPath: folder + "/" + $0)
      return attributes?[.type] as? FileAttributeType == .typeDirectory
    }
  }

  private static func candidates() -> [String] {
    if let home = ProcessInfo.processInfo.environment["CRENEL_HOME"], !home.isEmpty {
      return [home]
    }
    var folders: [String] = []
    if let command = try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe") {
      var folder = URL(filePath: command).deletingLastPathComponent()
      folders.append(
        folder.deletingLastPathComponent().appending(path: "share/crenel").standardizedFileURL
          .path())
      for _ in 0..<5 {
        folders.append(folder.path())
        folder.deleteLastPathComponent()
      }
    }
    folders.append(FileManager.default.currentDirectoryPath)
    var seen: Set<String> = []
    return folders.map { $0.count > 1 && $0.hasSuffix("/") ? String($0.dropLast()) : $0 }
      .filter { seen.insert($0).inserted }
  }
}
