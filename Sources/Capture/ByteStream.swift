import CrenelModel

/// The bytes of an input, decompressed where they are compressed.
struct ByteStream: ~Copyable {
  private var stored: StoredBytes
  private var archive: ArchiveReader?
  private var head: [UInt8] = []  // bytes taken to look at; those from `given` on are still to give
  private var given = 0
  private var delayed: Diagnostic?  // met while looking, told after the bytes before it

  /// The code for bytes behind a complete archive: all that was compressed has been given.
  static let trailingGarbage = "trailing-garbage"

  /// Opens the input and looks at its first bytes.
  init(_ input: InputSource) throws(Diagnostic) {
    stored = try StoredBytes(input)
    while head.count < Compression.headLength, delayed == nil {
      let before = head.count
      delayed = stored.read(into: &head, upTo: Compression.headLength - before)
      if head.count == before { break }
    }
    guard Compression(head.span) != nil else { return }
    archive = ArchiveReader(name: input.name, head: head)
    head = []
  }

  /// Gives bytes that are in memory already, as they are.
  init(bytes: [UInt8], name: String) {
    stored = StoredBytes(none: name, taken: UInt64(bytes.count))
    head = bytes
  }

  /// The input as the user named it.
  var name: String { stored.name }

  /// Bytes taken from the input as stored, those only looked at included.
  var bytesRead: UInt64 { stored.taken }

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
    if archive != nil { return archive?.read(from: &stored, into: &bytes, upTo: count) }
    return stored.read(into: &bytes, upTo: count)
  }
}
