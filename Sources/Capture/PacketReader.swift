public import CrenelModel

/// Reads the packets of one capture file, pcap or pcapng, compressed or not.
///
/// Bytes are read straight into the batch, and a packet is a range of them: nothing is copied but
/// the record that a read cut in two. Memory is bounded by the chunk size and the largest block.
/// What comes out does not depend on the chunk size.
public struct PacketReader: ~Copyable {
  /// Most bytes one packet can hold, 256 KiB; what says more is not a packet.
  public static let packetLimit: UInt32 = 1 << 18
  /// Most bytes a pcapng block can have that must be seen whole, 16 MiB.
  static let blockLimit: UInt32 = 1 << 24

  private enum Format {
    case pcap(PcapFormat)
    case pcapng(PcapngFormat)
  }

  private var format: Format
  private var stream: ByteStream
  private var tally: PacketTally
  private let chunkSize: Int
  private var carry: [UInt8] = []
  private var position: UInt64 = 0  // of the first byte of `carry`
  private var isAtEnd = false

  /// Opens a capture; compression is recognised by its first bytes.
  ///
  /// `chunkSize` is how many bytes are asked for at a time, 1 or more. Throws `unreadable-file`,
  /// and `not-a-capture` for what is neither pcap nor pcapng.
  public init(_ input: InputSource, chunkSize: Int = 256 * 1_024) throws(Diagnostic) {
    try self.init(OpenedInput(input), chunkSize: chunkSize)
  }

  /// Reads a capture that is open already, from its first byte.
  ///
  /// `chunkSize` is how many bytes are asked for at a time, 1 or more. Throws `not-a-capture`.
  public init(
    _ input: consuming OpenedInput, chunkSize: Int = 256 * 1_024
  ) throws(Diagnostic) {
    var stream = input.takeStream()
    let name = stream.name
    switch CaptureMagic.read(&stream) {
    case .pcap(let variant, let order): format = .pcap(PcapFormat(variant, order))
    case .pcapng: format = .pcapng(PcapngFormat())
    case nil: throw Self.notACapture(name)
    }
    self.stream = stream
    self.chunkSize = max(1, chunkSize)
    tally = PacketTally(name: name)
  }

  /// Bytes taken from the input as stored, for progress.
  public var bytesRead: UInt64 { stream.bytesRead }
  /// What kept the input from being read whole.
  public var problems: [Diagnostic] { tally.problems }
  /// What became of the records so far.
  public var counters: PacketCounters { tally.counters }

  /// Replaces `batch` by the next packets, at least one; `false`, and none, at the end.
  public mutating func fill(_ batch: inout PacketBatch) -> Bool {
    batch.removeAll()
    batch.bytes.append(contentsOf: carry)
    carry.removeAll(keepingCapacity: true)
    while !tally.isBroken {
      let end = parse(&batch)
      if !batch.packets.isEmpty {
        carry.append(contentsOf: batch.bytes[end...])
        batch.bytes.removeLast(batch.bytes.count - end)
        position &+= UInt64(end)
        return true
      }
      if isAtEnd { break }
      // Nothing refers to what was passed over.
      batch.bytes.removeFirst(end)
      position &+= UInt64(end)
      read(into: &batch.bytes)
    }
    batch.removeAll()
    return false
  }

  /// Gives the packets of the batch's bytes; where the last record ends.
  private mutating func parse(_ batch: inout PacketBatch) -> Int {
    var packets: [Packet] = []
    swap(&packets, &batch.packets)  // the span below borrows the whole batch
    defer { swap(&packets, &batch.packets) }
    let bytes = batch.bytes.span
    switch format {
    case .pcap(var pcap):
      defer { format = .pcap(pcap) }
      return pcap.parse(bytes, base: position, isEnd: isAtEnd, into: &packets, &tally)
    case .pcapng(var pcapng):
      format = .pcapng(PcapngFormat())  // the one owner of its table is the copy taken out
      defer { format = .pcapng(pcapng) }
      return pcapng.parse(bytes, base: position, isEnd: isAtEnd, into: &packets, &tally)
    }
  }

  /// Appends what the next read gives.
  private mutating func read(into bytes: inout [UInt8]) {
    let before = bytes.count
    if let problem = stream.read(into: &bytes, upTo: chunkSize) {
      tally.fail(problem)
      isAtEnd = true
    }
    if bytes.count == before { isAtEnd = true }
  }

  private static func notACapture(_ name: String) -> Diagnostic {
    Diagnostic(
      code: "not-a-capture", at: SourcePosition(file: name),
      "it does not begin as pcap or pcapng files do",
      hint: "other formats can be turned into pcapng by `editcap -F pcapng IN OUT`")
  }
}
