import CrenelModel

/// Bytes of streams that wait for a hole before them to be filled.
///
/// One store for all flows, cut into blocks. A piece is one block in use: at most ``blockSize``
/// bytes of one segment, or a run of bytes that the capture cut off. Pieces of one side form a
/// list in the order of the stream. Blocks are used again; nothing is freed before the end.
struct PiecePool: ~Copyable {
  /// Bytes of one block: a full segment on Ethernet and a little more.
  static let blockSize = 1_536

  /// One piece of a stream.
  struct Piece: BitwiseCopyable {
    /// Place of its first byte in the stream.
    var offset: UInt64
    /// The packet that carried it.
    var mark: PacketMark
    /// Number of bytes.
    var length: UInt32
    /// The next piece of the stream, or of the free ones; negative for none.
    var next: Int32
    /// Whether the capture cut the bytes off, so that there are none.
    var isMissing: Bool

    /// The place after its last byte.
    var end: UInt64 { offset &+ UInt64(length) }
  }

  /// The bytes, `blockSize` for each piece.
  private(set) var bytes: [UInt8] = []
  private var pieces: [Piece] = []
  private var firstFree: Int32 = -1
  private let capacity: Int
  /// Blocks in use.
  private(set) var used = 0

  /// Bytes of memory that were ever in use: nothing is given back before the end.
  var touched: Int { pieces.count &* (Self.blockSize &+ MemoryLayout<Piece>.stride) }

  /// Creates a store of `capacity` blocks; their memory is touched only as they are used.
  init(capacity: Int) {
    self.capacity = max(0, min(capacity, 1 << 24))
    pieces.reserveCapacity(self.capacity)
    bytes.reserveCapacity(self.capacity &* Self.blockSize)
  }

  /// Blocks not in use.
  var available: Int { capacity &- used }

  subscript(index: Int32) -> Piece {
    get { pieces[Int(index)] }
    set { pieces[Int(index)] = newValue }
  }

  /// Where a piece's bytes lie in ``bytes``.
  func range(_ index: Int32) -> Range<Int> {
    let start = Int(index) &* Self.blockSize
    return start..<(start &+ min(Int(pieces[Int(index)].length), Self.blockSize))
  }

  /// Copies `content` into a free block; `nil` when there is none.
  ///
  /// No more than ``blockSize`` bytes are taken.
  mutating func store(
    _ content: Span<UInt8>, offset: UInt64, missing: UInt32, mark: PacketMark
  ) -> Int32? {
    guard used < capacity else { return nil }
    let count = min(content.count, Self.blockSize)
    let piece = Piece(
      offset: offset, mark: mark, length: missing > 0 ? missing : UInt32(truncatingIfNeeded: count),
      next: -1, isMissing: missing > 0)
    let index = firstFree >= 0 ? firstFree : Int32(truncatingIfNeeded: pieces.count)
    if firstFree >= 0 {
      firstFree = pieces[Int(index)].next
      pieces[Int(index)] = piece
    } else {
      pieces.append(piece)
      bytes.append(contentsOf: repeatElement(0, count: Self.blockSize))
    }
    used &+= 1
    let start = Int(index) &* Self.blockSize
    var block = bytes.mutableSpan
    for i in 0..<count { block[start &+ i] = content[i] }
    return index
  }

  /// Gives a block back.
  mutating func release(_ index: Int32) {
    pieces[Int(index)].next = firstFree
    firstFree = index
    used &-= 1
  }

  /// Whether `content`, whose first byte lies at `start` of the stream, says something else than
  /// the piece anywhere in `range` of the stream; the piece must cover it.
  func differs(
    _ index: Int32, from content: Span<UInt8>, at start: Int64, in range: Range<UInt64>
  ) -> Bool {
    let piece = pieces[Int(index)]
    guard !piece.isMissing else { return false }
    let base = Int(index) &* Self.blockSize
    let block = bytes.span
    for offset in range {
      let mine = base &+ Int(truncatingIfNeeded: offset &- piece.offset)
      let theirs = Int(Int64(bitPattern: offset) &- start)
      guard theirs < content.count else { return false }
      if block[mine] != content[theirs] { return true }
    }
    return false
  }
}
