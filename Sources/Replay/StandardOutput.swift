import CrenelCapture
public import CrenelModel
import Glibc

/// Bytes to a file descriptor, gathered into large writes.
///
/// A reader that has gone (broken pipe) is remembered, not an error: the caller stops early and
/// the command ends with success, as `head` expects of what feeds it.
public struct OutputStream: ~Copyable {
  private let descriptor: Int32
  private let name: String
  private let closesAtEnd: Bool
  private var buffer: [UInt8] = []

  /// Whether the reader has gone; nothing more is written then.
  public private(set) var isBroken = false
  /// The error number of a write that failed for another reason; 0 when none did.
  public private(set) var failure: Int32 = 0

  /// Whether going on is of no use.
  public var isDone: Bool { isBroken || failure != 0 }

  /// Standard output.
  public static func standardOutput() -> OutputStream {
    signal(SIGPIPE, SIG_IGN)
    return OutputStream(descriptor: 1, name: "standard output", closesAtEnd: false)
  }

  /// Creates or empties the file at `path`, unless the run reads it.
  ///
  /// Throws `output-is-input`, the file as it was, or `unwritable-file`.
  static func creating(
    _ path: String, sparing files: FilesRead, option: String
  ) throws(Diagnostic) -> OutputStream {
    let opened = unsafe open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0o640)
    guard opened >= 0 else { throw unwritable(path) }
    let output = OutputStream(descriptor: opened, name: path, closesAtEnd: true)
    try files.refuse(descriptor: opened, named: path, hint: another(option))
    // Pipes and devices have no length: EINVAL.
    guard ftruncate(opened, 0) == 0 || errno == EINVAL else { throw unwritable(path) }
    return output
  }

  /// Refuses what ``creating(_:sparing:option:)`` would, as far as it can be told without touching
  /// anything: for it to be told with other mistakes.
  static func check(
    _ path: String, sparing files: FilesRead, option: String
  ) throws(Diagnostic) {
    try files.refuse(path: path, hint: another(option))
    var status = stat()
    guard unsafe stat(path, &status) != 0 else {
      if status.st_mode & S_IFMT == S_IFDIR {
        errno = EISDIR
        throw unwritable(path)
      }
      guard unsafe access(path, W_OK) == 0 else { throw unwritable(path) }
      return
    }
    guard errno == ENOENT else { throw unwritable(path) }
    let folder = path.lastIndex(of: "/").map { String(path[...$0]) } ?? "."
    guard unsafe access(folder, W_OK | X_OK) == 0 else { throw unwritable(path) }
  }

  private static func another(_ option: String) -> String { "name another file after \(option)" }

  private static func unwritable(_ path: String) -> Diagnostic {
    Diagnostic(
      code: "unwritable-file", at: SourcePosition(file: path),
      "the file cannot be written: \(SystemError.text())",
      hint: "check the folder and its permissions")
  }

  private init(descriptor: Int32, name: String, closesAtEnd: Bool) {
    self.descriptor = descriptor
    self.name = name
    self.closesAtEnd = closesAtEnd
    buffer.reserveCapacity(1 << 16)
  }

  deinit {
    if closesAtEnd { close(descriptor) }
  }

  /// Adds bytes; they are written when 64 KiB have gathered.
  public mutating func write(_ bytes: [UInt8]) {
    guard !isDone else { return }
    buffer.append(contentsOf: bytes)
    if buffer.count >= 1 << 16 { flush() }
  }

  /// Adds a text.
  public mutating func write(_ text: String) { write(Array(text.utf8)) }

  /// Writes what has gathered and says when any of it could not be written.
  ///
  /// A reader that has gone is no failure. Throws `write-failed`.
  public mutating func finish() throws(Diagnostics) {
    flush()
    guard failure != 0 else { return }
    throw Diagnostics([
      Diagnostic(
        code: "write-failed", at: SourcePosition(file: name),
        "what was found could not all be written (error \(failure))",
        hint: "make room or choose another place, and run it again")
    ])
  }

  /// Writes what has gathered.
  public mutating func flush() {
    var done = 0
    while done < buffer.count, !isDone {
      let wrote = unsafe buffer.withUnsafeBytes { bytes in
        let rest = unsafe UnsafeRawBufferPointer(rebasing: bytes[done...])
        return unsafe Glibc.write(descriptor, rest.baseAddress, rest.count)
      }
      if wrote > 0 {
        done += wrote
      } else if errno == EPIPE {
        isBroken = true
      } else if errno != EINTR && errno != EAGAIN {
        failure = errno
      }
    }
    buffer.removeAll(keepingCapacity: true)
  }
}
