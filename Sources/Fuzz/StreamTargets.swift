// The targets that read streams put together from packets. They reach inside the decoder, so the
// fuzzer is built with testing enabled.

@testable import CrenelDecode
import CrenelModel

private let flow = Flow(
  slot: 0, id: 1, client: Endpoint(address: ClientAddress(ipv4: 0xc000_0207), port: 51_234),
  server: Endpoint(address: ClientAddress(ipv4: 0xc633_6409), port: 443),
  openedAt: Timestamp(nanoseconds: 0), firstFrame: 1, isMidStream: false)
private let mark = PacketMark(at: Timestamp(nanoseconds: 1), frame: 2)

/// A part of one side: two bytes of control, then the bytes.
private struct Piece {
  var side: FlowSide
  var isGap: Bool
  var bytes: [UInt8]

  /// Cuts the input into pieces; the lowest bit of the control is the side, the next two together
  /// make it a hole, the highest makes it 16 times as long.
  static func pieces(_ input: [UInt8]) -> [Piece] {
    var pieces: [Piece] = []
    var rest = input[...]
    while rest.count >= 2 {
      let control = rest.removeFirst()
      let count = Int(rest.removeFirst()) * (control & 0x80 == 0 ? 1 : 16)
      let bytes = Array(rest.prefix(count))
      rest = rest.dropFirst(bytes.count)
      pieces.append(
        Piece(side: control & 1 == 0 ? .client : .server, isGap: control & 6 == 6, bytes: bytes))
    }
    return pieces
  }
}

/// Hands the pieces out in segments of at most `size` bytes, with their places.
private func deliver(
  _ pieces: [Piece], size: Int, _ give: (Piece, Span<UInt8>, UInt64) -> Void
) {
  var offsets: [FlowSide: UInt64] = [:]
  for piece in pieces {
    var start = 0
    while start < piece.bytes.count {
      let end = piece.isGap ? piece.bytes.count : min(start + size, piece.bytes.count)
      let offset = offsets[piece.side, default: 0]
      give(piece, piece.bytes.span.extracting(start..<end), offset)
      offsets[piece.side] = offset + UInt64(end - start)
      start = end
    }
  }
}

private func texts(_ detail: PacketDetail) -> [ByteRange] {
  [
    detail.headerNames, detail.serverName, detail.alpn, detail.ja4Raw, detail.secondJA4,
    detail.secondJA4Raw,
  ]
}

/// Every range must lie inside the batch; two ways of cutting must give the same.
private func check(_ one: ExchangeBatch, _ other: ExchangeBatch) {
  precondition(one.exchanges.count == other.exchanges.count)
  for (left, right) in zip(one.exchanges, other.exchanges) {
    precondition(left.status == right.status && left.flags == right.flags)
    precondition(left.requestBytes == right.requestBytes && left.bodyBytes == right.bodyBytes)
    for field in TextField.allCases {
      precondition(one.string(left[field]) == other.string(right[field]))
    }
    let ranges = texts(one.details[Int(left.detail)])
    for range in ranges {
      precondition(!range.isPresent || range.indices.upperBound <= one.bytes.count)
    }
    precondition(
      ranges.map { one.string($0) }
        == texts(other.details[Int(right.detail)]).map { other.string($0) })
  }
}

func fuzzTLS(_ input: [UInt8]) {
  func run(_ size: Int) -> ExchangeBatch {
    var context = TLSContext()
    var counters = AnomalyCounters()
    var connection = TLSConnection()
    var batch = ExchangeBatch()
    deliver(Piece.pieces(input), size: size) { piece, bytes, offset in
      if piece.isGap {
        connection.gap(piece.side, count: UInt64(bytes.count), offset: offset, mark)
      } else {
        connection.data(piece.side, bytes, offset: offset, mark, &context, &counters)
      }
    }
    connection.close(flow, mark, context, into: &batch)
    precondition(batch.exchanges.count == 1 && batch.exchanges[0].flags.contains(.encrypted))
    return batch
  }
  check(run(.max), run(3))
  let guess = TLSConnection.looksLikeClientHello(input.span)
  precondition(guess != .undecided || input.count < 6)
}

func fuzzProxy(_ input: [UInt8]) {
  var isClear = false
  let whole = ProxyHeader.parse(input.span)
  for count in 0...min(input.count, 300) {
    let answer = ProxyHeader.parse(input.span.extracting(0..<count))
    // What was once clear stays so.
    precondition(!isClear || answer == whole)
    isClear = answer != .needMore
    precondition(isClear || count < ProxyHeader.bufferLimit)
    if case .header(let length, _, _) = answer { precondition(length >= 14 && length <= 65_551) }
  }
  fuzzSocks(input) { SocksHandshake.client($0) }
  fuzzSocks(input) { SocksHandshake.server($0) }
}

private func fuzzSocks(_ input: [UInt8], _ read: (Span<UInt8>) -> SocksHandshake) {
  var isClear = false
  let whole = read(input.span)
  for count in 0...min(input.count, 1_100) {
    let answer = read(input.span.extracting(0..<count))
    precondition(!isClear || answer == whole)
    isClear = answer != .needMore
    precondition(isClear || count < SocksHandshake.limit)
    if case .whole(let length) = answer { precondition(length >= 8 && length <= count) }
  }
}

func fuzzHTTP2(_ input: [UInt8]) {
  var configuration = DecoderConfiguration()
  configuration.client = .forwarded
  for name in ["cookie.a", "header.b", "form.c", "json.d"] {
    _ = configuration.names.slot(for: name)
  }
  let context = HTTP2Context(configuration)
  let settings: [UInt8] = [0, 0, 0, 4, 0, 0, 0, 0, 0]
  let opening = [
    Piece(
      side: .client, isGap: false, bytes: Array("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".utf8) + settings),
    Piece(side: .server, isGap: false, bytes: settings),
  ]
  func run(_ size: Int) -> ExchangeBatch {
    var counters = AnomalyCounters()
    let connection = HTTP2Connection(flow, context)
    var batch = ExchangeBatch()
    deliver(opening + Piece.pieces(input), size: size) { piece, bytes, offset in
      if piece.isGap {
        connection.gap(
          piece.side, count: UInt64(bytes.count), offset: offset, mark, into: &batch, &counters)
      } else {
        connection.data(piece.side, bytes, offset: offset, mark, into: &batch, &counters)
      }
    }
    connection.close(into: &batch)
    precondition(batch.details.count == batch.exchanges.count)
    return batch
  }
  check(run(.max), run(5))
}
