import CArchive
import Glibc

/// Hands a file's bytes to libarchive; a class because C calls back with a pointer to it.
@safe
final class ArchiveFeed {
  private let descriptor: Int32
  private let buffer: UnsafeMutableRawBufferPointer
  private var head: Int
  private(set) var bytesRead: UInt64 = 0
  /// What is left of the decompressed block that libarchive gave last, valid until the next one.
  private var block = unsafe UnsafeRawBufferPointer(start: nil, count: 0)

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

  /// Decompresses the next block; libarchive's status.
  ///
  /// Whole blocks, since `archive_read_data` drops what it has already when an error follows.
  func nextBlock(of archive: OpaquePointer) -> Int32 {
    var start: UnsafeRawPointer?
    var count = 0
    var offset: la_int64_t = 0
    unsafe block = UnsafeRawBufferPointer(start: nil, count: 0)
    let status = unsafe archive_read_data_block(archive, &start, &count, &offset)
    if status == ARCHIVE_OK, let start = unsafe start {
      unsafe block = UnsafeRawBufferPointer(start: start, count: count)
    }
    return status
  }

  /// Appends at most `count` bytes of the block; `false` when none are left.
  func copyBlock(into bytes: inout [UInt8], upTo count: Int) -> Bool {
    let part = unsafe min(count, block.count)
    guard part > 0 else { return false }
    unsafe bytes.append(contentsOf: block.prefix(part))
    unsafe block = UnsafeRawBufferPointer(rebasing: block.dropFirst(part))
    return true
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
