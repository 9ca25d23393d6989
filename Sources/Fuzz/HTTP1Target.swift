import CrenelModel

@testable import CrenelDecode

/// Plays the input as a connection: an operation, a length and that many bytes, over and over.
///
/// Played once as it is and once in small pieces, which must give the same exchanges.
func fuzzHTTP1(_ bytes: [UInt8]) {
  let whole = HTTP1Play(bytes, piece: .max)
  let pieces = HTTP1Play(bytes, piece: 3)
  precondition(whole.summary == pieces.summary)
}

private struct HTTP1Play {
  var summary: [[Int64]] = []

  init(_ bytes: [UInt8], piece: Int) {
    var configuration = DecoderConfiguration()
    configuration.client = .forwarded
    configuration.trustedProxies = [Network("192.0.2.0/24")].compactMap { $0 }
    for name in ["cookie.a", "form.b", "json.c", "header.d"] {
      _ = configuration.names.slot(for: name)
    }
    let context = HTTP1Context(configuration)
    let end = Endpoint(address: ClientAddress(ipv4: 0xc000_0207), port: 1)
    var connection = HTTP1Connection(
      Flow(
        slot: 0, id: 1, client: end, server: end, openedAt: Timestamp(nanoseconds: 0),
        firstFrame: 1, isMidStream: false), context)
    var batch = ExchangeBatch()
    var mark = PacketMark(at: Timestamp(nanoseconds: 0), frame: 0)
    var offsets: [UInt64] = [0, 0]
    var hasEnded = [false, false]
    var at = 0
    while at + 2 <= bytes.count {
      let side: FlowSide = bytes[at] & 1 == 0 ? .client : .server
      let index = Int(side.rawValue)
      let count = Int(bytes[at + 1])
      mark.frame += 1
      mark.at = Timestamp(nanoseconds: Int64(mark.frame) * 400_000)
      let operation = bytes[at] >> 1 & 7
      at += 2
      // Nothing of a side comes after its end (StreamSink); its bytes are passed over.
      let length = operation == 5 ? count * 16 : count
      guard !hasEnded[index] else {
        at += operation == 6 || operation == 7 ? 0 : length
        continue
      }
      if operation == 6 {
        connection.gap(side, count: UInt64(count), offset: offsets[index], mark, into: &batch)
        offsets[index] += UInt64(count)
      } else if operation == 7 {
        connection.sideEnded(side, mark, into: &batch)
        hasEnded[index] = true
      } else {
        let last = min(at + length, bytes.count)
        while at < last {
          let next = piece == .max ? last : min(at + piece, last)
          connection.feed(
            side, bytes.span.extracting(at..<next), offset: offsets[index], mark, into: &batch)
          offsets[index] += UInt64(next - at)
          at = next
        }
      }
    }
    connection.close(mark, into: &batch)
    precondition(context.stalls == 0 && !connection.hasWork)
    check(batch)
  }

  private mutating func check(_ batch: ExchangeBatch) {
    for exchange in batch.exchanges {
      precondition(exchange.start.earliest <= exchange.end.latest)
      let texts =
        (0..<20).map { exchange.texts[$0] } + (0..<16).map { exchange.extras[$0] }
        + [exchange.raw, batch.details[Int(exchange.detail)].headerNames]
      for range in texts where range.isPresent {
        precondition(range.indices.upperBound <= batch.bytes.count)
      }
      summary.append(
        [Int64(exchange.status), exchange.bodyBytes, Int64(exchange.flags.rawValue)]
          + texts.map { Int64($0.count) })
    }
  }
}
