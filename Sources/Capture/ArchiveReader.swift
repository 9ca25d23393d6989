import CrenelModel

/// Reads the members of a compressed file, one after the other, as one stream of bytes.
///
/// Zero bytes between and behind members are skipped, as the tools do (padding to a block of a
/// tape, xz stream padding). Anything else behind the last member is `trailing-garbage`.
struct ArchiveReader: ~Copyable {
  private let name: String
  private var input: [UInt8]  // as stored, read but not yet used up from `next` on
  private var next = 0
  private var offset: UInt64 = 0  // of `input[next]` in the file
  private var compression = Compression.gzip  // of the member that begins at `start`
  private var start: UInt64 = 0
  private var decoder: Decoder?  // `nil` between members
  private var isDone = false
  private var hasGiven = false

  private static let bufferSize = 128 * 1_024

  /// Creates a reader of a file whose first bytes are `head`.
  init(name: String, head: [UInt8]) {
    self.name = name
    input = head
  }

  /// Appends at most `count` bytes, from 1; none at the end.
  ///
  /// Says what is wrong when it cannot go on, once, with what it could read before appended.
  mutating func read(
    from stored: inout StoredBytes, into bytes: inout [UInt8], upTo count: Int
  ) -> Diagnostic? {
    let before = bytes.count
    while !isDone, bytes.count == before {
      let problem =
        decoder == nil ? open(stored: &stored) : decode(&stored, into: &bytes, upTo: count)
      if let problem {
        isDone = true
        return problem
      }
    }
    return nil
  }

  // MARK: - Members

  /// Finds the next member, or that there is none.
  private mutating func open(stored: inout StoredBytes) -> Diagnostic? {
    while true {
      while next < input.count, input[next] == 0 { use(1) }
      guard next == input.count else { break }
      if let problem = refill(&stored) { return problem }
      guard next < input.count else {
        isDone = true
        return nil
      }
    }
    while input.count - next < Compression.headLength {
      let before = input.count - next
      if let problem = refill(&stored) { return problem }
      if input.count - next == before { break }
    }
    start = offset
    let head = Array(input[next...].prefix(Compression.headLength))
    guard let found = Compression(head.span) else {
      let isCut = head.count < Compression.headLength && compression.begins(head.span, isCut: true)
      return isCut ? truncated() : garbage(&stored)
    }
    compression = found
    decoder = Decoder(found)
    return decoder == nil ? needsMemory() : nil
  }

  private mutating func decode(
    _ stored: inout StoredBytes, into bytes: inout [UInt8], upTo count: Int
  ) -> Diagnostic? {
    var step = DecodingStep()
    bytes.append(addingCapacity: count) { output in
      step = decoder?.step(input.span.extracting(next...), into: &output) ?? step
    }
    use(step.taken)
    if step.given > 0 { hasGiven = true }
    switch step.outcome {
    case .memberEnd: decoder = nil
    case .corrupt(let text): return corrupt(text)
    case .needsMemory: return needsMemory()
    case .goesOn:
      guard step.given == 0, step.taken == 0 else { break }
      guard next == input.count else { return corrupt("the decoder does not go on") }
      if let problem = refill(&stored) { return problem }
      if next == input.count { return truncated() }
    }
    return nil
  }

  private mutating func use(_ count: Int) {
    next += count
    offset &+= UInt64(count)
  }

  /// Reads on; no more bytes than before at the end of the file.
  private mutating func refill(_ stored: inout StoredBytes) -> Diagnostic? {
    input.removeFirst(next)
    next = 0
    return stored.read(into: &input, upTo: Self.bufferSize)
  }

  // MARK: - What can be wrong

  private func truncated() -> Diagnostic {
    problem(
      "truncated-archive",
      "the \(compression.name) data that begin at byte offset \(start) are cut off: the file ends after"
        + " \(offset &+ UInt64(input.count - next)) bytes"
        + (hasGiven ? "" : ", before the first block that can be decompressed is whole"),
      hasGiven
        ? "what could be decompressed was read; copy the file again to have the rest"
        : "nothing of it could be read; copy the file again")
  }

  private func corrupt(_ text: String) -> Diagnostic {
    problem(
      "corrupt-archive",
      "the \(compression.name) data that begin at byte offset \(start) are damaged at about byte"
        + " offset \(offset): \(text)",
      "what could be decompressed was read, and some of it may be wrong; copy the file again")
  }

  private func needsMemory() -> Diagnostic {
    problem(
      "archive-needs-memory",
      "the \(compression.name) data that begin at byte offset \(start) need more than"
        + " \(Decoder.memoryLimit >> 20) MiB of memory to read",
      "decompress the file with its tool (zstd -dc --long=31, xz -dc) and give the result, or -")
  }

  /// Counts what follows the last member.
  private mutating func garbage(_ stored: inout StoredBytes) -> Diagnostic? {
    var count: UInt64 = 0
    repeat {
      count &+= UInt64(input.count - next)
      next = input.count
      if let problem = refill(&stored) { return problem }
    } while !input.isEmpty
    return problem(
      ByteStream.trailingGarbage,
      "\(count) bytes from byte offset \(start) on are no compressed data",
      "the log before them was read whole; if a part of it was appended there, give it on its own")
  }

  private func problem(_ code: String, _ message: String, _ hint: String) -> Diagnostic {
    Diagnostic(code: code, at: SourcePosition(file: name), message, hint: hint)
  }
}
