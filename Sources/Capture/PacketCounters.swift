import CrenelModel

/// What became of the records of one capture file.
public struct PacketCounters: Sendable, Equatable {
  /// Packets given, those that are cut included.
  public var packets: UInt64 = 0
  /// Packets of which fewer bytes were stored than they had on the wire (snap length); the one that
  /// the end of the file cut is among them only where the snap length cut it too.
  public var cut: UInt64 = 0
  /// Packet blocks of pcapng that contradict themselves or name no interface; passed over.
  public var unreadableBlocks: UInt64 = 0
  /// Bytes of pcapng blocks that gave no packet.
  ///
  /// They are names, statistics, secrets, notes, unknown and unreadable blocks; the headers of
  /// sections and interfaces are not among them.
  public var skippedBytes: UInt64 = 0

  /// Creates counters at zero.
  public init() {}
}

/// What reading one file has come to: the counts, and what was wrong.
struct PacketTally {
  /// The input as the user named it.
  let name: String
  var counters = PacketCounters()
  var problems: [Diagnostic] = []
  /// Set when nothing after this place can be understood.
  private(set) var isBroken = false
  /// Whether the input itself ended before its time, which was told already.
  private var hasEarlyEnd = false

  init(name: String) { self.name = name }

  /// Number of the last frame; runs ahead of the packets where other records count as frames.
  private(set) var frame: UInt64 = 0

  /// Counts a packet and adds it.
  ///
  /// `bytes` are its indices in the batch, whose first byte is at `base` in the file; `stored` is how
  /// many the file says it has of it, more only where the file ends inside it.
  mutating func add(
    _ bytes: Range<Int>, base: UInt64, at time: Timestamp, stored: UInt32, original: UInt32,
    link: LinkType, to packets: inout [Packet]
  ) {
    counters.packets &+= 1
    frame &+= 1
    if original > stored { counters.cut &+= 1 }
    packets.append(
      Packet(
        at: time, bytes: ByteRange(bytes), originalLength: original, link: link,
        frame: frame, offset: base &+ UInt64(bytes.lowerBound)))
  }

  /// Counts a record that is no packet and has a frame number even so.
  mutating func addFrameWithoutPacket() { frame &+= 1 }

  /// Notes that nothing from `offset` on can be read.
  mutating func stop(_ code: String, at offset: UInt64, _ message: String) {
    isBroken = true
    problems.append(
      Diagnostic(
        code: code, at: SourcePosition(file: name),
        "\(message), at byte \(offset), after frame \(frame)",
        hint: frame == 0
          ? "nothing was read; make sure it is a capture, and copy it again from where it was made"
          : "the packets before it were read; what follows cannot be found again: copy the file again"
            + " from where it was made"))
  }

  /// Notes that the file ends inside the record at `offset`, of which `count` of `whole` bytes are there.
  ///
  /// What is there of a packet whose header is whole is given as a packet.
  /// Nothing more is said where the input was cut for a reason that was told, as a broken archive.
  mutating func end(
    inside record: String, at offset: UInt64, has count: Int, of whole: Int,
    _ unit: String = "bytes"
  ) {
    guard !hasEarlyEnd else { return }
    problems.append(
      Diagnostic(
        code: "truncated-capture", at: SourcePosition(file: name),
        "the file ends inside \(record) at byte \(offset), after frame \(frame): "
          + "\(count) of \(whole) \(unit) are there",
        hint: "what is there was read; copy the file again, once what writes it has ended"))
  }

  /// Notes what kept the input from being read to its end.
  mutating func fail(_ problem: Diagnostic) {
    problems.append(problem)
    hasEarlyEnd = true
  }

  /// Tells of something that makes what was read doubtful, though all of it was read.
  mutating func warn(_ code: String, at offset: UInt64, _ message: String, hint: String) {
    problems.append(
      Diagnostic(
        .warning, code: code, at: SourcePosition(file: name), "\(message), at byte \(offset)",
        hint: hint))
  }

  /// Counts a pcapng block that cannot be read; the first one is told.
  mutating func passOver(_ length: Int, at offset: UInt64, because message: String) {
    counters.unreadableBlocks &+= 1
    counters.skippedBytes &+= UInt64(length)
    guard counters.unreadableBlocks == 1 else { return }
    problems.append(
      Diagnostic(
        code: "unreadable-block", at: SourcePosition(file: name),
        "\(message), in the block at byte \(offset), after frame \(frame)",
        hint: "this block and any like it were passed over, the others were read"))
  }
}
