// CrenelCapture: bytes in. It finds the inputs a user names, opens them one at a time, decompresses
// what is compressed, and cuts the bytes into whole lines of a log or packets of a capture, read
// straight into the batch they are decoded in; or it captures from live interfaces. The one
// importer of zlib, liblzma, libzstd, libbz2 and libpcap; no C type leaves it.

import Glibc

/// One thing to read: a stored file, or standard input.
public struct InputSource: Sendable, Hashable {
  /// The name as found, `-` for standard input.
  public var name: String
  /// Where it is stored; `nil` for standard input.
  public var path: String?
  /// Bytes it holds as stored, when it was found; `nil` for standard input and pipes.
  public var size: UInt64?

  /// Creates a source.
  public init(name: String, path: String?, size: UInt64?) {
    self.name = name
    self.path = path
    self.size = size
  }
}

/// Errors of system calls in words.
public enum SystemError {
  /// The text of `errno`.
  public static func text() -> String {
    unsafe strerror(errno).map { unsafe String(cString: $0) } ?? "error \(errno)"
  }
}
