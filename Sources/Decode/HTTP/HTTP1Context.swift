import CrenelModel

/// What all HTTP/1 connections of one run share: limits, names, LibHTP, counters, spare memory;
/// those of HTTP/2 use it too.
///
/// A class, because connections hold it: one for one single-threaded run.
final class HTTP1Context {
  let limits: HTTP1Limits
  let asked: AskedFields
  let judge: HeadJudge
  let who: ClientFinder
  /// What was odd so far.
  var anomalies = AnomalyCounters()
  /// Heads that were not plain, which LibHTP judged.
  var judged: UInt64 = 0
  /// Times that reading did not come on, and the rest of a piece was dropped; never, one hopes.
  var stalls: UInt64 = 0

  private var spare: [HTTP1Work] = []
  /// Connections that have memory.
  private var users = 0

  init(_ configuration: DecoderConfiguration, limits: HTTP1Limits = HTTP1Limits()) {
    self.limits = limits
    asked = AskedFields(configuration.names)
    judge = HeadJudge(limits)
    who = ClientFinder(configuration)
  }

  /// Memory for a connection that has begun to say something.
  ///
  /// Memory that was in use is larger than it need be: of many connections at once only the first
  /// get such.
  func takeWork(_ work: inout HTTP1Work) {
    users &+= 1
    if users <= 256, let spare = spare.popLast() { work = spare }
  }

  /// Takes back the memory of a connection that waits for nothing.
  func giveBack(_ work: inout HTTP1Work) {
    users &-= 1
    var returned = HTTP1Work()
    swap(&returned, &work)
    guard spare.count < 64 else { return }
    returned.removeAll()
    spare.append(returned)
  }
}

/// Sees to it that every piece is read in a bounded number of steps.
struct Stall {
  private var last = -1
  private var steps = 0

  /// Whether reading may go on at `at`: not when it stood there for eight steps.
  mutating func allows(_ at: Int, _ context: HTTP1Context) -> Bool {
    steps = at == last ? steps &+ 1 : 0
    last = at
    guard steps >= 8 else { return true }
    context.stalls &+= 1
    return false
  }
}

/// The memory of a connection while a message is under way.
///
/// Moves between a connection and the pool of ``HTTP1Context``.
struct HTTP1Work {
  /// The requests that wait for the end of their responses, with their bytes.
  var store = ExchangeBatch()
  /// Beside ``ExchangeBatch/exchanges`` of the store: how far each of them is.
  var open: [OpenExchange] = []
  /// The first of them that is not finished.
  var first = 0
  /// The head that was read last.
  var head = MessageHead()
  /// The beginning of a request's head.
  var clientHead: [UInt8] = []
  /// The beginning of a response's head.
  var serverHead: [UInt8] = []
  /// The body of the request under way, as far as it is looked at.
  var body: [UInt8] = []
  /// Bytes that wait for what the other side says.
  var held = HeldBytes()

  /// Whether nothing in it is needed.
  var isIdle: Bool {
    first == open.count && clientHead.isEmpty && serverHead.isEmpty && held.isEmpty
  }

  /// Whether a request waits for its response.
  var isWaiting: Bool { first < open.count }

  /// Bytes in use, and an allowance for what buffers keep beside them.
  var bytesHeld: Int {
    1_024 &+ store.bytes.count &+ open.count &* Self.requestSize &+ clientHead.count
      &+ serverHead.count &+ body.count &+ held.bytes.count
      &+ held.pieces.count &* MemoryLayout<HeldBytes.Piece>.stride
      &+ head.fields.count &* MemoryLayout<HeadField>.stride
  }

  private static let requestSize =
    MemoryLayout<Exchange>.stride &+ MemoryLayout<PacketDetail>.stride
    &+ MemoryLayout<OpenExchange>.stride

  /// Whether no more requests may wait.
  func isFull(_ limits: HTTP1Limits) -> Bool {
    guard isWaiting else { return false }
    return open.count &- first >= limits.outstanding
      || store.bytes.count &- Int(store.exchanges[first].raw.offset) >= limits.outstandingBytes
  }

  /// Forgets everything and keeps the memory, unless it is much.
  mutating func removeAll() {
    forgetRequests(keeping: 4_096)
    clientHead.removeAll(keepingCapacity: true)
    serverHead.removeAll(keepingCapacity: true)
    body.removeAll(keepingCapacity: true)
    held.removeAll()
    trim(to: 4_096)
    if head.fields.capacity > 64 { head = MessageHead() }
  }

  /// Gives back buffers of more than `size` bytes that hold nothing.
  private mutating func trim(to size: Int) {
    if clientHead.isEmpty, clientHead.capacity > size { clientHead = [] }
    if serverHead.isEmpty, serverHead.capacity > size { serverHead = [] }
    if body.isEmpty, body.capacity > size { body = [] }
    if held.isEmpty { held.trim(to: size) }
  }

  private mutating func forgetRequests(keeping size: Int) {
    if store.bytes.capacity > size || store.exchanges.capacity > size / Self.requestSize {
      store = ExchangeBatch()
      open = []
    }
    store.removeAll()
    open.removeAll(keepingCapacity: true)
    first = 0
  }

  /// Gives back the memory of finished requests when it is more than `limit` bytes, and buffers
  /// that were once large.
  mutating func compact(_ limit: Int) {
    trim(to: 1_024)
    if first == open.count {
      forgetRequests(keeping: 1_024)
    } else if first > 0, store.bytes.count > limit || first > 1_024 {
      var rest = ExchangeBatch()
      for i in first..<open.count { rest.append(store.exchanges[i], from: store) }
      store = rest
      open.removeFirst(first)
      first = 0
    }
  }
}

/// How far a request and its response are.
struct OpenExchange: BitwiseCopyable {
  var kind = RequestKind.other
  /// The request line has no version, so that the response may be a body alone.
  var isBare = false
  /// It asks to go on in HTTP/2.
  var offersHTTP2 = false
  /// Stands for a request that was not captured.
  var isPlaceholder = false
  var isRequestDone = false
  var hasResponse = false
  var isResponseDone = false
  var bodyKind = BodyKind.none
  /// The place up to which the client had the server's stream when it began the request, as
  /// ``PacketMark/acknowledged`` has it.
  var acknowledged: Int64 = -1
  var coding = ContentCoding.identity

  /// Whether its answer decides what the client says next.
  var holdsClient: Bool { kind == .connect || offersHTTP2 }
}

/// Bytes of a stream that cannot be read yet, with the packets they came in.
struct HeldBytes {
  struct Piece: BitwiseCopyable {
    var bytes: ByteRange
    var offset: UInt64
    var mark: PacketMark
  }

  private(set) var bytes: [UInt8] = []
  private(set) var pieces: [Piece] = []

  var isEmpty: Bool { pieces.isEmpty }

  /// Pieces told apart; what comes after goes with the last of them, under its packet.
  private static let pieceLimit = 1_024

  /// Keeps a piece; `false` when it would be more than `limit` bytes.
  ///
  /// Only bytes count against the limit, so that it does not matter how they were cut.
  mutating func append(
    _ piece: Span<UInt8>, offset: UInt64, _ mark: PacketMark, limit: Int
  ) -> Bool {
    guard bytes.count + piece.count <= limit else { return false }
    let start = bytes.count
    unsafe piece.withUnsafeBufferPointer { unsafe bytes.append(contentsOf: $0) }
    if let last = pieces.indices.last,
      pieces[last].mark.frame == mark.frame || pieces.count >= Self.pieceLimit
    {
      pieces[last].bytes.length &+= UInt32(truncatingIfNeeded: piece.count)
      return true
    }
    pieces.append(Piece(bytes: ByteRange(start..<bytes.count), offset: offset, mark: mark))
    return true
  }

  mutating func removeAll() {
    bytes.removeAll(keepingCapacity: true)
    pieces.removeAll(keepingCapacity: true)
    trim(to: 16 << 10)
  }

  /// Gives back memory of more than `size` bytes; there must be nothing in it.
  mutating func trim(to size: Int) {
    if bytes.capacity > size { bytes = [] }
    if pieces.capacity > size / MemoryLayout<Piece>.stride { pieces = [] }
  }
}
