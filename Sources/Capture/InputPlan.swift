public import CrenelModel
import Glibc

/// The inputs that a user named, found.
public struct InputPlan: Sendable {
  /// What to read, each once, in the order named.
  public private(set) var sources: [InputSource]
  /// What was left out although a folder holds it, as warnings.
  public private(set) var leftOut: [Diagnostic]
  /// What was named although it is among the sources already, as warnings.
  public private(set) var repeated: [Diagnostic]

  /// Most files taken from one run; more is refused rather than read by accident.
  public static let limit = 100_000

  /// Finds what is behind paths, patterns, folders and `-`.
  ///
  /// A folder stands for the regular files in it and below it, by name, hidden ones left out; a
  /// pattern (`*`, `?`, `[…]`) for what it matches, unless a file has that very name. A folder is
  /// gone through once, whatever links lead to it. Throws all that is missing, unreadable or
  /// nothing to read, at once; a link in a folder that leads nowhere is left out instead.
  public init(_ inputs: [String]) throws(Diagnostics) {
    var search = Search()
    for input in inputs { search.add(input) }
    if search.mistakes.isEmpty, search.sources.isEmpty {
      search.mistakes = search.leftOut
      search.mistakes.append(
        Diagnostic(code: "no-input", at: SourcePosition(file: "input"), "there is nothing to read"))
    }
    guard search.mistakes.isEmpty else { throw Diagnostics(search.mistakes) }
    sources = search.sources
    leftOut = search.leftOut
    repeated = search.repeated
  }

  /// Which stored file it is, whatever it is called.
  public struct FileIdentity: Hashable, Sendable {
    private let device: UInt64
    private let inode: UInt64

    fileprivate init(_ status: stat) {
      device = UInt64(status.st_dev)
      inode = UInt64(status.st_ino)
    }
  }

  /// The file at `path`; `nil` when there is none, or nothing that keeps what is written to it.
  public static func identity(of path: String) -> FileIdentity? {
    status(path).flatMap(kept)
  }

  /// The file behind an open descriptor; `nil` as for ``identity(of:)``.
  public static func identity(descriptor: Int32) -> FileIdentity? {
    var status = stat()
    return unsafe fstat(descriptor, &status) == 0 ? kept(status) : nil
  }

  /// Terminals, `/dev/null` and sockets may well be read and written by one run.
  private static func kept(_ status: stat) -> FileIdentity? {
    [S_IFCHR, S_IFSOCK].contains(status.st_mode & S_IFMT) ? nil : FileIdentity(status)
  }

  private struct Search {
    var sources: [InputSource] = []
    var leftOut: [Diagnostic] = []
    var mistakes: [Diagnostic] = []
    var repeated: [Diagnostic] = []
    private var seen: Set<FileIdentity> = []
    private var hasStandardInput = false

    mutating func add(_ input: String) {
      guard input != "-" else {
        if hasStandardInput {
          noteAgain(input)
        } else {
          sources.append(InputSource(name: "-", path: nil, size: nil))
        }
        hasStandardInput = true
        return
      }
      if InputPlan.status(input) == nil, input.contains(where: { "*?[".contains($0) }) {
        let matches = InputPlan.matches(input)
        guard !matches.isEmpty else {
          refuse(input, "no-match", "no file matches this pattern")
          return
        }
        for match in matches { add(path: match, isNamed: true) }
        return
      }
      add(path: input, isNamed: true)
    }

    /// Adds a file or what a folder holds; `isNamed` when the user, not a folder, named it.
    private mutating func add(path: String, isNamed: Bool) {
      guard sources.count + leftOut.count < InputPlan.limit else {
        if mistakes.last?.code != "too-many-inputs" {
          refuse(path, "too-many-inputs", "more than \(InputPlan.limit) files")
        }
        return
      }
      guard let status = InputPlan.status(path) else {
        refuseMissing(path, isNamed: isNamed)
        return
      }
      let identity = FileIdentity(status)
      switch status.st_mode & S_IFMT {
      case S_IFDIR:
        // Links may lead back to where they are: two that do make 2^40 paths of one folder.
        guard seen.insert(identity).inserted else {
          if isNamed { noteAgain(path) }
          return
        }
        guard let names = InputPlan.names(in: path) else {
          refuse(path, "unreadable-folder", SystemError.text())
          return
        }
        for name in names {
          add(path: path.hasSuffix("/") ? path + name : path + "/" + name, isNamed: false)
        }
      case S_IFREG:
        guard unsafe access(path, R_OK) == 0 else {
          refuse(path, "unreadable-file", SystemError.text())
          return
        }
        guard seen.insert(identity).inserted else {
          if isNamed { noteAgain(path) }
          return
        }
        sources.append(
          InputSource(name: path, path: path, size: UInt64(max(0, status.st_size))))
      case S_IFIFO, S_IFCHR:
        // A pipe or a device only when it was named: a folder may hold sockets and the like.
        if isNamed { sources.append(InputSource(name: path, path: path, size: nil)) }
      default:
        if isNamed { refuse(path, "not-a-file", "this is no file, folder or pipe") }
      }
    }

    /// Notes a name of what is read already, under this name or another.
    private mutating func noteAgain(_ input: String) {
      let warning = Diagnostic(
        .warning, code: "input-twice", at: SourcePosition(file: "input"),
        "'\(input)' is named again, or is what another name stands for: it is read once",
        hint: "name it once")
      if !repeated.contains(warning) { repeated.append(warning) }
    }

    /// Refuses a name that leads nowhere; in a folder, where nobody named it, it is left out.
    private mutating func refuseMissing(_ path: String, isNamed: Bool) {
      let (error, text) = (errno, SystemError.text())
      guard !isNamed, error == ENOENT || error == ELOOP else {
        refuse(path, "no-such-file", text)
        return
      }
      leftOut.append(
        Diagnostic(
          .warning, code: "dangling-link", at: SourcePosition(file: path),
          "this leads to no file and was left out: \(text)",
          hint: "remove the link, or bring back what it leads to"))
    }

    private mutating func refuse(_ path: String, _ code: String, _ message: String) {
      mistakes.append(
        Diagnostic(
          code: code, at: SourcePosition(file: path), message,
          hint: "check the name and the permissions; - reads standard input"))
    }
  }

  private static func status(_ path: String) -> stat? {
    var status = stat()
    return unsafe stat(path, &status) == 0 ? status : nil
  }

  /// The names in a folder, bytewise, hidden ones left out; `nil` when it cannot be read.
  private static func names(in folder: String) -> [String]? {
    guard let directory = unsafe opendir(folder) else { return nil }
    defer { unsafe closedir(directory) }
    var names: [String] = []
    while let entry = unsafe readdir(directory) {
      let name = unsafe withUnsafePointer(to: &entry.pointee.d_name) { pointer in
        // d_name ends with a zero byte (POSIX).
        unsafe String(cString: UnsafeRawPointer(pointer).assumingMemoryBound(to: CChar.self))
      }
      if !name.hasPrefix(".") { names.append(name) }
    }
    return names.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
  }

  /// What a pattern matches, bytewise.
  private static func matches(_ pattern: String) -> [String] {
    var found = unsafe glob_t()
    defer { unsafe globfree(&found) }
    guard unsafe glob(pattern, GLOB_NOSORT, nil, &found) == 0 else { return [] }
    var paths: [String] = []
    for i in 0..<Int(unsafe found.gl_pathc) {
      if let path = unsafe found.gl_pathv[i] { paths.append(unsafe String(cString: path)) }
    }
    return paths.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
  }
}
