import Crypto
import Glibc

/// SHA-256 of a stored file, as `sha256sum` prints it.
enum SourceDigest {
  /// The digest of the first `size` bytes of the file at `path`, in lower-case hexadecimal.
  ///
  /// `nil` when the file cannot be read or has become shorter. `size` is the one seen when the file
  /// was opened for replay, so that a file that grew meanwhile is named by what was read.
  static func sha256(path: String, size: UInt64) -> String? {
    let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { return nil }
    defer { close(descriptor) }
    var hasher = SHA256()
    var buffer = [UInt8](repeating: 0, count: 1 << 18)
    var left = size
    while left > 0 {
      let wanted = Int(min(left, UInt64(buffer.count)))
      let got = unsafe buffer.withUnsafeMutableBytes { bytes in
        unsafe read(descriptor, bytes.baseAddress, wanted)
      }
      if got < 0, errno == EINTR { continue }
      guard got > 0 else { return nil }
      unsafe buffer.withUnsafeBytes { bytes in
        unsafe hasher.update(bufferPointer: UnsafeRawBufferPointer(rebasing: bytes[..<got]))
      }
      left -= UInt64(got)
    }
    return hex(hasher.finalize())
  }

  /// Bytes in lower-case hexadecimal.
  static func hex(_ bytes: some Sequence<UInt8>) -> String {
    let digits = Array("0123456789abcdef".utf8)
    var text: [UInt8] = []
    for byte in bytes {
      text.append(digits[Int(byte >> 4)])
      text.append(digits[Int(byte & 15)])
    }
    return String(decoding: text, as: UTF8.self)
  }
}
