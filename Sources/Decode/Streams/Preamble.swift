import CrenelModel

/// The first bytes of a connection, until they tell what it speaks.
///
/// A class: most connections never need one, and it is changed where it lies in the table. Bounded
/// by ``limit``.
final class Preamble {
  /// What a connection speaks.
  enum Verdict {
    case undecided
    case http1
    case http2
    case tls
    case other
  }

  /// A piece as it came.
  struct Piece {
    var side: FlowSide
    var bytes: Range<Int>
    var offset: UInt64
    var mark: PacketMark
  }

  /// Bytes after which a decision is made, whatever is there.
  static let limit = 4_096
  /// Ports on which what looks like nothing else is taken for HTTP, so that broken requests are seen.
  static let httpPorts: Set<UInt16> = [80, 81, 3_128, 8_000, 8_008, 8_080, 8_081, 8_088, 8_888]

  private(set) var bytes: [UInt8] = []
  private(set) var pieces: [Piece] = []
  /// The client that a PROXY header named.
  private(set) var client: Endpoint?
  /// What is odd about the connection.
  private(set) var anomalies = PacketAnomalies()
  /// The packet that the first bytes came in.
  private(set) var firstFrame: UInt64 = 0
  /// Bytes of the pieces, without what was skipped.
  private var waiting = 0
  /// Bytes of the client's side that belong to a PROXY header and are still to come.
  private var toSkip = 0
  private var mayHaveProxyHeader = true
  private var mayHaveSocks = true

  /// Bytes it holds, itself included.
  var held: Int { 256 &+ bytes.count &+ pieces.count &* MemoryLayout<Piece>.stride }

  /// Takes the next bytes of a side in; those of a PROXY header whose beginning was read are not kept.
  func add(_ side: FlowSide, _ new: Span<UInt8>, _ offset: UInt64, _ mark: PacketMark) {
    if firstFrame == 0 { firstFrame = mark.frame }
    let passed = side == .client ? min(toSkip, new.count) : 0
    toSkip -= passed
    guard passed < new.count else { return }
    let start = bytes.count
    unsafe new.extracting(passed...).withUnsafeBufferPointer {
      unsafe bytes.append(contentsOf: $0)
    }
    waiting += bytes.count - start
    pieces.append(
      Piece(
        side: side, bytes: start..<bytes.count, offset: offset &+ UInt64(passed), mark: mark))
  }

  /// Passes over bytes that are missing, where a PROXY header has them all.
  func passes(_ side: FlowSide, _ count: UInt64) -> Bool {
    guard side == .client, count <= UInt64(toSkip) else { return false }
    toSkip -= Int(count)
    return true
  }

  /// Takes a PROXY header off the client's side; whether there is one that cannot be read.
  func takesProxyHeader(isLast: Bool, isMidStream: Bool) -> Bool {
    guard mayHaveProxyHeader else { return false }
    guard !isMidStream else {
      mayHaveProxyHeader = false
      return false
    }
    let first = beginning(of: .client, limit: ProxyHeader.bufferLimit)
    guard !first.isEmpty else { return false }
    switch ProxyHeader.parse(first.span) {
    case .needMore:
      if isLast { mayHaveProxyHeader = false }
      return false
    case .none: mayHaveProxyHeader = false
    case .bad:
      mayHaveProxyHeader = false
      anomalies.insert(.badProxyHeader)
      // A line that should be one is no request: what follows it is read without it.
      if starts(first.span, first.indices, with: "PROXY "), let end = first.firstIndex(of: 0x0a) {
        _ = skip(end + 1, of: .client)
      }
      return true
    case .header(let length, let source, _):
      mayHaveProxyHeader = false
      client = source
      toSkip = skip(length, of: .client)
    }
    return false
  }

  /// Takes the handshake with a SOCKS proxy off both sides, once both are whole; the server's may
  /// be missing when no more will come.
  func passSocks(isLast: Bool, isMidStream: Bool) {
    guard mayHaveSocks, !mayHaveProxyHeader, toSkip == 0 else { return }
    let first = beginning(of: .client, limit: SocksHandshake.limit)
    guard !first.isEmpty else { return }
    let isLast = isLast || waiting >= Self.limit
    let client = isMidStream ? .none : SocksHandshake.client(first.span)
    guard case .whole(let request) = client else {
      if client == .none || isLast { mayHaveSocks = false }
      return
    }
    let server = SocksHandshake.server(
      beginning(of: .server, limit: SocksHandshake.limit).span)
    guard server != .needMore || isLast else { return }
    mayHaveSocks = false
    guard server != .none else { return }
    _ = skip(request, of: .client)
    if case .whole(let reply) = server { _ = skip(reply, of: .server) }
  }

  /// What the bytes so far say; `isLast` when no more will come.
  ///
  /// Bytes of a connection found midway may be within anything: on ports of HTTP the next message
  /// is looked for then, elsewhere they must be the beginning of one.
  func verdict(serverPort: UInt16, isLast: Bool, isMidStream: Bool) -> Verdict {
    let isLast = isLast || waiting >= Self.limit
    let request = beginning(of: .client, limit: 64)
    let response = beginning(of: .server, limit: 64)
    if request.isEmpty, response.isEmpty, toSkip == 0 { return isLast ? .other : .undecided }
    if mayHaveProxyHeader || mayHaveSocks, !isLast, !request.isEmpty { return .undecided }
    var isOpen = toSkip > 0
    if !request.isEmpty {
      switch TLSConnection.looksLikeClientHello(request.span) {
      case .yes: return .tls
      case .undecided: isOpen = true
      case .no: break
      }
      switch HTTP2FrameReader.looksLikePreface(request.span) {
      case .yes: return .http2
      case .undecided: isOpen = true
      case .no:
        if isMidStream {
          if HTTP1Connection.beginsRequest(request.span) { return .http1 }
          break
        }
        switch HTTP1Connection.looksLikeRequest(request.span) {
        case true: return .http1
        case nil: isOpen = true
        case false: break
        }
      }
    }
    if !response.isEmpty, request.isEmpty {
      if response.count > 5, response[0] == 22, response[1] == 3, response[5] == 2 { return .tls }
      switch HTTP1Connection.looksLikeResponse(response.span) {
      case true: return .http1
      case nil: isOpen = true
      case false: break
      }
    }
    if isOpen, !isLast { return .undecided }
    let isPlain = Self.httpPorts.contains(serverPort) && (isMidStream || !request.isEmpty)
    let isCut = isLast && !isMidStream && HTTP1Connection.looksLikeRequest(request.span) == nil
    return isPlain || isCut ? .http1 : .other
  }

  /// The first bytes of one side, at most `limit`.
  private func beginning(of side: FlowSide, limit: Int) -> [UInt8] {
    var first: [UInt8] = []
    for piece in pieces where piece.side == side && first.count < limit {
      first.append(contentsOf: bytes[piece.bytes].prefix(limit - first.count))
    }
    return first
  }

  /// Takes the first bytes of a side off its pieces; how many of `count` are still to come.
  private func skip(_ count: Int, of side: FlowSide) -> Int {
    var left = count
    for i in pieces.indices where pieces[i].side == side && left > 0 {
      let part = min(left, pieces[i].bytes.count)
      pieces[i].bytes = (pieces[i].bytes.lowerBound + part)..<pieces[i].bytes.upperBound
      pieces[i].offset &+= UInt64(part)
      left -= part
    }
    waiting -= count - left
    if waiting == 0 {
      bytes = []
      pieces = []
    }
    return left
  }
}
