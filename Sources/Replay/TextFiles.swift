import CrenelModel
import Foundation

/// Configuration files (rules, profiles, keys): small, read whole, refused when they are not.
enum TextFiles {
  /// Largest file read whole.
  static let limit = 1 << 20

  /// The text of a UTF-8 file; a byte order mark is dropped.
  ///
  /// Throws `unreadable-file`, `file-too-large` or `not-utf8`.
  static func text(_ path: String) throws(Diagnostic) -> String {
    let bytes = try bytes(path)
    guard let text = String(validating: bytes, as: UTF8.self) else {
      throw Diagnostic(
        code: "not-utf8", at: SourcePosition(file: path), "the file is not UTF-8 text",
        hint: "save it as UTF-8")
    }
    return text.hasPrefix("\u{feff}") ? String(text.dropFirst()) : text
  }

  /// The bytes of a regular file.
  static func bytes(_ path: String) throws(Diagnostic) -> [UInt8] {
    guard let attributes = try? FileManager.default.attributesOfItem(atPath: path),
      let size = attributes[.size] as? Int,
      attributes[.type] as? FileAttributeType == .typeRegular
        || attributes[.type] as? FileAttributeType == .typeSymbolicLink
    else {
      throw Diagnostic(
        code: "unreadable-file", at: SourcePosition(file: path), "there is no such file",
        hint: "check the name, and that it is a file")
    }
    guard size <= limit else {
      throw Diagnostic(
        code: "file-too-large", at: SourcePosition(file: path),
        "the file has \(size) bytes; at most \(limit) are read")
    }
    guard let data = FileManager.default.contents(atPath: path) else {
      throw Diagnostic(
        code: "unreadable-file", at: SourcePosition(file: path), "the file cannot be read",
        hint: "check its permissions")
    }
    return [UInt8](data)
  }

  /// Whether `path` is a folder.
  static func isFolder(_ path: String) -> Bool {
    let attributes = try? FileManager.default.attributesOfItem(atPath: resolved(path))
    return attributes?[.type] as? FileAttributeType == .typeDirectory
  }

  /// Whether there is anything at `path`.
  static func exists(_ path: String) -> Bool { FileManager.default.fileExists(atPath: path) }

  /// The YAML files in a folder and the folders below it, by path.
  static func yamlFiles(in folder: String) -> [String] {
    let names = FileManager.default.enumerator(atPath: folder)?.compactMap { $0 as? String } ?? []
    return names.filter { name in
      let isHidden = name.split(separator: "/").contains { $0.hasPrefix(".") }
      return !isHidden && (name.hasSuffix(".yml") || name.hasSuffix(".yaml"))
    }
    .sorted { Array($0.utf8).lexicographicallyPrecedes(Array($1.utf8)) }
    .map { folder.hasSuffix("/") ? folder + $0 : folder + "/" + $0 }
  }

  /// The rule files in a folder and below it: YAML files but those of samples and site profiles,
  /// which stand in folders named `tests` and `sites`.
  static func ruleFiles(in folder: String) -> [String] {
    yamlFiles(in: folder).filter { path in
      let folders = path.dropFirst(folder.count).split(separator: "/").dropLast()
      return !folders.contains("tests") && !folders.contains("sites")
    }
  }

  /// The names of the folders in a folder, hidden ones left out; none when it cannot be read.
  static func folders(in folder: String) -> [String] {
    let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
    return names.filter { !$0.hasPrefix(".") && isFolder(folder + "/" + $0) }
  }

  private static func resolved(_ path: String) -> String {
    URL(filePath: path).resolvingSymlinksInPath().path()
  }
}
