import CrenelModel
import Glibc

/// The bytes of an input as they are stored, in order.
struct StoredBytes: ~Copyable {
  /// The input as the user knows it.
  let name: String
  /// Bytes given so far.
  private(set) var taken: UInt64 = 0

  private let descriptor: Int32
  private let isStandardInput: Bool
  private let size: UInt64?

  /// Opens the input; throws `unreadable-file`.
  init(_ input: InputSource) throws(Diagnostic) {
    name = input.name
    size = input.size
    isStandardInput = input.path == nil
    guard let path = input.path else {
      descriptor = 0
      return
    }
    var opened = unsafe open(path, O_RDONLY | O_CLOEXEC)
    if (0...2).contains(opened) {
      // A standard stream is closed: its number stays free, or this file would be read as stdin.
      let low = opened
      opened = fcntl(low, F_DUPFD_CLOEXEC, 3)
      close(low)
    }
    descriptor = opened
    guard descriptor >= 0 else {
      throw Diagnostic(
        code: "unreadable-file", at: SourcePosition(file: input.name), SystemError.text(),
        hint: "check the permissions")
    }
  }

  /// Stands for bytes that are in memory: gives nothing.
  init(none name: String, taken: UInt64) {
    self.name = name
    self.taken = taken
    descriptor = -1
    isStandardInput = true
    size = taken
  }

  deinit {
    if !isStandardInput { close(descriptor) }
  }

  /// Appends at most `count` bytes; nothing at the end, or when it says what is wrong.
  ///
  /// A file is read as far as it went when it was found: what was added since is left out, and
  /// what was cut off since is `file-shrank`.
  mutating func read(into bytes: inout [UInt8], upTo count: Int) -> Diagnostic? {
    var wanted = count
    if let size { wanted = Int(min(UInt64(count), size > taken ? size - taken : 0)) }
    guard wanted > 0 else { return nil }
    let got = Self.read(descriptor, &bytes, upTo: wanted)
    if got > 0 {
      taken &+= UInt64(got)
      return nil
    }
    if got < 0 { return readError() }
    guard let size, taken < size else { return nil }
    return Diagnostic(
      code: "file-shrank", at: SourcePosition(file: name),
      "the file had \(size) bytes when it was opened and ends after \(taken)",
      hint: "it was truncated while it was read (copytruncate?); what was cut off is lost")
  }

  private func readError() -> Diagnostic {
    let isClosed = isStandardInput && errno == EBADF
    return Diagnostic(
      code: "read-error", at: SourcePosition(file: name),
      isClosed ? "standard input is closed" : "\(SystemError.text()) after \(taken) bytes",
      hint: isClosed ? "give it a file or a pipe" : "run it again")
  }

  /// Appends at most `count` bytes; how many, 0 at the end, negative for an error (`errno`).
  private static func read(_ descriptor: Int32, _ bytes: inout [UInt8], upTo count: Int) -> Int {
    var result = 0
    bytes.append(addingCapacity: count) { output in
      unsafe output.withUnsafeMutableBufferPointer { buffer, initialized in
        // The buffer has `count` free bytes behind the `initialized` ones.
        guard let base = buffer.baseAddress else { return }
        repeat {
          result = unsafe Glibc.read(descriptor, base + initialized, count)
        } while result < 0 && errno == EINTR
        if result > 0 { initialized += result }
      }
    }
    return result
  }
}
