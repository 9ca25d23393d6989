import Glibc

/// Messages for the person at the terminal.
public enum StandardError {
  /// Writes a text at once; a closed standard error is ignored.
  public static func write(_ text: String) {
    let bytes = Array(text.utf8)
    var done = 0
    while done < bytes.count {
      let wrote = unsafe bytes.withUnsafeBytes {
        let rest = unsafe UnsafeRawBufferPointer(rebasing: $0[done...])
        return unsafe Glibc.write(2, rest.baseAddress, rest.count)
      }
      guard wrote > 0 || errno == EINTR else { return }
      done += max(0, wrote)
    }
  }
}
