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

  /// The input as the user named it.
  let name: String
  private let descriptor: Int32
  private let size: UInt64?
  private var storage = Storage.plain
  private var head: [UInt8] = []  // bytes taken to look at; those from `given` on are still to give
  private var given = 0
  private var delayed: Diagnostic?  // met while looking, told after the bytes before it
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
      taken = UInt64(first.count)
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

  /// Gives bytes that are in memory already, as they are.
  init(bytes: [UInt8], name: String) {
    self.name = name
    descriptor = -1
    size = UInt64(bytes.count)
    head = bytes
    taken = UInt64(bytes.count)
  }

  deinit {
    if case .compressed(_, let archive) = storage { unsafe archive_read_free(archive) }
    if descriptor > 0 { close(descriptor) }
  }

  /// Bytes taken from the input as stored, those only looked at included.
  var bytesRead: UInt64 {
    if case .compressed(let feed, _) = storage { return feed.bytesRead }
    return taken
  }

  /// The next bytes, decompressed, at least `count` of them unless the input ends before.
  ///
  /// They are still given by the next reads.
  mutating func peek(_ count: Int) -> ArraySlice<UInt8> {
    var bytes: [UInt8] = []
    swap(&bytes, &head)
    while bytes.count - given < count, delayed == nil {
      let before = bytes.count
      delayed = readStored(into: &bytes, upTo: count - (before - given))
      if bytes.count == before { break }
    }
    head = bytes
    return head[given...]
  }

  /// Appends at most `count` bytes; nothing at the end.
  ///
  /// Says what is wrong when it cannot go on; what it could read before is appended even so.
  mutating func read(into bytes: inout [UInt8], upTo count: Int) -> Diagnostic? {
    if given < head.count {
      let end = given + min(count, head.count - given)
      bytes.append(contentsOf: head[given..<end])
      given = end
      if given == head.count {
        head = []
        given = 0
      }
      return nil
    }
    if let delayed { return delayed }
    return readStored(into: &bytes, upTo: count)
  }

  /// Appends what the file or the archive gives next.
  private mutating func readStored(into bytes: inout [UInt8], upTo count: Int) -> Diagnostic? {
    if case .compressed(let feed, let archive) = storage {
      return unsafe readArchive(archive, feed, into: &bytes, upTo: count)
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

  private mutating func readArchive(
    _ archive: OpaquePointer, _ feed: ArchiveFeed, into bytes: inout [UInt8], upTo count: Int
  ) -> Diagnostic? {
    let before = bytes.count
    var status = ARCHIVE_OK
    while status == ARCHIVE_OK, bytes.count - before < count {
      if feed.copyBlock(into: &bytes, upTo: count - (bytes.count - before)) { continue }
      status = unsafe feed.nextBlock(of: archive)
      if status == ARCHIVE_EOF { return nil }
    }
    guard status != ARCHIVE_OK else { return nil }
    let text = unsafe archive_error_string(archive).map { unsafe String(cString: $0) }
    let isTruncated = text?.lowercased().contains("truncated") ?? false
    let found = problem(
      isTruncated ? "truncated-archive" : "corrupt-archive",
      "\(text ?? "the compressed data cannot be read") after byte \(feed.bytesRead) of the file",
      "what could be decompressed was read; copy the file again to have the rest")
    guard bytes.count > before else { return found }
    delayed = found
    return nil
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
