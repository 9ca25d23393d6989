import CArchive
import CrenelModel
import Glibc

/// The bytes of an input, decompressed where they are compressed.
struct ByteStream: ~Copyable {
  /// How the input is stored; the archive is freed with the stream.
  @safe
  private enum Storage {
    case plain
    case compressed(ArchiveFeed, OpaquePointer)
  }

  private let name: String
  private let descriptor: Int32
  private let size: UInt64?
  private var storage = Storage.plain
  private var head: [UInt8] = []  // bytes taken to look at, not yet given
  private var taken: UInt64 = 0

  /// Opens the input and looks at its first bytes.
  init(_ input: InputSource) throws(Diagnostic) {
    name = input.name
    size = input.size
    if let path = input.path {
      descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC)
      guard descriptor >= 0 else {
        throw Diagnostic(
          code: "unreadable-file", at: SourcePosition(file: input.name),
          SystemError.text())
      }
    } else {
      descriptor = 0
    }
    var first: [UInt8] = []
    while first.count < 6, Self.read(descriptor, &first, upTo: 6 - first.count) > 0 {}
    guard Self.isCompressed(first), let archive = unsafe archive_read_new() else {
      head = first
      return
    }
    let feed = ArchiveFeed(descriptor: descriptor, head: first)
    // Only these four: "all" would also run programs for rarer formats.
    unsafe archive_read_support_filter_gzip(archive)
    unsafe archive_read_support_filter_xz(archive)
    unsafe archive_read_support_filter_zstd(archive)
    unsafe archive_read_support_filter_bzip2(archive)
    unsafe archive_read_support_format_raw(archive)
    storage = unsafe .compressed(feed, archive)
    // The feed is kept alive by `storage` for as long as the archive is.
    let client = unsafe Unmanaged.passUnretained(feed).toOpaque()
    var entry: OpaquePointer?
    unsafe archive_read_open(archive, client, nil, ArchiveFeed.read, nil)
    unsafe archive_read_next_header(archive, &entry)
  }

  deinit {
    if case .compressed(_, let archive) = storage { unsafe archive_read_free(archive) }
    if descriptor > 0 { close(descriptor) }
  }

  /// Bytes taken from the input as stored.
  var bytesRead: UInt64 {
    if case .compressed(let feed, _) = storage { return feed.bytesRead }
    return taken
  }

  /// Appends at most `count` bytes; nothing at the end.
  ///
  /// Says what is wrong when it cannot go on; what it could read before is appended even so.
  mutating func read(into bytes: inout [UInt8], upTo count: Int) -> Diagnostic? {
    if case .compressed(let feed, let archive) = storage {
      return unsafe readArchive(archive, feed, into: &bytes, upTo: count)
    }
    if !head.isEmpty {
      let part = min(count, head.count)
      bytes.append(contentsOf: head.prefix(part))
      head.removeFirst(part)
      taken &+= UInt64(part)
      return nil
    }
    var wanted = count
    if let size { wanted = Int(min(UInt64(count), size > taken ? size - taken : 0)) }
    guard wanted > 0 else { return nil }
    let got = Self.read(descriptor, &bytes, upTo: wanted)
    if got > 0 {
      taken &+= UInt64(got)
      return nil
    }
    if got < 0 {
      return problem("read-error", SystemError.text(), "run it again")
    }
    guard let size, taken < size else { return nil }
    return problem(
      "file-shrank", "the file had \(size) bytes when it was opened and ends after \(taken)",
      "it was truncated while it was read (copytruncate?); what was cut off is lost")
  }

  private func readArchive(
    _ archive: OpaquePointer, _ feed: ArchiveFeed, into bytes: inout [UInt8], upTo count: Int
  ) -> Diagnostic? {
    var result = 0
    bytes.append(addingCapacity: count) { output in
      unsafe output.withUnsafeMutableBufferPointer { buffer, initialized in
        // The buffer has `count` free bytes behind the `initialized` ones.
        guard let base = buffer.baseAddress else { return }
        result = unsafe archive_read_data(archive, base + initialized, count)
        if result > 0 { initialized += result }
      }
    }
    guard result < 0 else { return nil }
    let text = unsafe archive_error_string(archive).map { unsafe String(cString: $0) }
    let isTruncated = text?.lowercased().contains("truncated") ?? false
    return problem(
      isTruncated ? "truncated-archive" : "corrupt-archive",
      "\(text ?? "the compressed data cannot be read") after byte \(feed.bytesRead) of the file",
      "what could be decompressed was read; copy the file again to have the rest")
  }

  private func problem(_ code: String, _ message: String, _ hint: String) -> Diagnostic {
    Diagnostic(code: code, at: SourcePosition(file: name), message, hint: hint)
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

  /// gzip (RFC 1952), xz, Zstandard (RFC 8878, also its skippable frames) and bzip2 by their magic.
  private static func isCompressed(_ first: [UInt8]) -> Bool {
    let magics: [[UInt8]] = [
      [0x1f, 0x8b], [0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00], [0x28, 0xb5, 0x2f, 0xfd],
      [0x42, 0x5a, 0x68],
    ]
    if magics.contains(where: { first.starts(with: $0) }) { return true }
    return first.count >= 4 && first[0] & 0xf0 == 0x50 && first[1...3] == [0x2a, 0x4d, 0x18]
  }
}

/// Hands a file's bytes to libarchive; a class because C calls back with a pointer to it.
@safe
private final class ArchiveFeed {
  private let descriptor: Int32
  private let buffer: UnsafeMutableRawBufferPointer
  private var head: Int
  private(set) var bytesRead: UInt64 = 0

  init(descriptor: Int32, head: [UInt8]) {
    self.descriptor = descriptor
    unsafe buffer = .allocate(byteCount: 128 * 1_024, alignment: 16)
    unsafe buffer.copyBytes(from: head)
    self.head = head.count
  }

  deinit { unsafe buffer.deallocate() }

  /// The next bytes, starting with those already looked at; 0 at the end, -1 for an error.
  private func next() -> Int {
    if head > 0 {
      defer { head = 0 }
      bytesRead &+= UInt64(head)
      return head
    }
    var got = 0
    repeat {
      got = unsafe Glibc.read(descriptor, buffer.baseAddress, buffer.count)
    } while got < 0 && errno == EINTR
    if got > 0 { bytesRead &+= UInt64(got) }
    return got
  }

  /// `archive_read_callback`.
  static let read:
    @convention(c) (
      OpaquePointer?, UnsafeMutableRawPointer?, UnsafeMutablePointer<UnsafeRawPointer?>?
    ) -> Int = { _, client, out in
      guard let client = unsafe client else { return -1 }
      let feed = unsafe Unmanaged<ArchiveFeed>.fromOpaque(client).takeUnretainedValue()
      let count = feed.next()
      unsafe out?.pointee = UnsafeRawPointer(feed.buffer.baseAddress)
      return count
    }
}
