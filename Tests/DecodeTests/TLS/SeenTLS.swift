import CrenelModel

@testable import CrenelDecode

/// The connection of the tests: documentation addresses, opened at 1 s in frame 7 of source 3.
func testFlow(id: UInt64 = 42) -> Flow {
  Flow(
    slot: 0, id: id,
    client: Endpoint(address: ClientAddress(ipv4: 0xc000_0207), port: 51_234),
    server: Endpoint(address: ClientAddress(ipv4: 0xc633_6409), port: 443),
    openedAt: Timestamp(nanoseconds: 1_000_000_000),
    firstFrame: SourcedFrame(source: 3, number: 7).rawValue, isMidStream: false)
}

/// A packet `index` milliseconds after the opening.
func testMark(_ index: Int) -> PacketMark {
  PacketMark(
    at: Timestamp(nanoseconds: 1_000_000_000 + Int64(index) * Nanoseconds.millisecond),
    frame: SourcedFrame(source: 3, number: 7 + UInt64(index)).rawValue)
}

/// A TLS connection taken to its end, segment by segment.
struct SeenTLS {
  var batch = ExchangeBatch()
  var counters = AnomalyCounters()
  var exchange: Exchange
  var detail: PacketDetail

  /// All client segments first, then those of the server, one a millisecond.
  init(_ client: [[UInt8]], _ server: [[UInt8]], proxied: Endpoint? = nil) {
    var context = TLSContext()
    var connection = TLSConnection()
    connection.client = proxied
    var index = 0
    for (side, segments) in [(FlowSide.client, client), (.server, server)] {
      var offset: UInt64 = 0
      for segment in segments {
        index += 1
        connection.data(
          side, segment.span, offset: offset, testMark(index), &context, &counters)
        offset += UInt64(segment.count)
      }
    }
    connection.close(testFlow(), testMark(index + 1), context, into: &batch)
    exchange = batch.exchanges[0]
    detail = batch.details[0]
  }

  func text(_ field: TextField) -> String? { batch.string(exchange[field]) }
}
