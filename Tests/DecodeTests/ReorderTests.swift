import CrenelModel
import CrenelTestKit
import Testing

@testable import CrenelDecode

/// What two sides say, turn by turn.
private struct Conversation: Sendable, CustomTestStringConvertible {
  var testDescription: String
  var turns: [(side: FlowSide, bytes: [UInt8])]
  /// Whether a segment may be captured behind the answer to it.
  var takesLateRequests = true

  static let all: [Conversation] = [
    Conversation(
      testDescription: "HTTP/1",
      turns: [
        (.client, Array("GET /a?x=1 HTTP/1.1\r\nHost: rdv.example\r\nCookie: k=v\r\n\r\n".utf8)),
        (.server, Array("HTTP/1.1 200 OK\r\nContent-Length: 90\r\n\r\n".utf8) + filler(90)),
        (
          .client,
          Array("POST /b HTTP/1.1\r\nHost: rdv.example\r\nContent-Length: 120\r\n\r\n".utf8)
            + filler(120)
        ),
        (
          .server,
          Array("HTTP/1.1 302 Found\r\nLocation: /c\r\nTransfer-Encoding: chunked\r\n\r\n".utf8)
            + Array("5\r\nhello\r\n40\r\n".utf8) + filler(64) + Array("\r\n0\r\n\r\n".utf8)
        ),
        (
          .client,
          Array(
            ("GET /c HTTP/1.1\r\nHost: rdv.example\r\n\r\n"
              + "HEAD /d HTTP/1.1\r\nHost: rdv.example\r\n\r\n").utf8)
        ),
        (
          .server,
          Array("HTTP/1.1 200 OK\r\nContent-Length: 900\r\n\r\n".utf8) + filler(900)
            + Array("HTTP/1.1 304 Not Modified\r\n\r\n".utf8)
        ),
      ]),
    Conversation(
      testDescription: "HTTP/2",
      turns: [
        (
          .client,
          HTTP2Builder.preface + HTTP2Builder.settings
            + HTTP2Builder.headers(1, HTTP2Builder.request("/a", [("cookie", "k=v")]), ends: true)
        ),
        (
          .server,
          HTTP2Builder.settings + HTTP2Builder.headers(1, [(":status", "200")])
            + HTTP2Builder.data(1, 300, ends: true)
        ),
        (
          .client,
          HTTP2Builder.headers(3, HTTP2Builder.request("/b", method: "POST"))
            + HTTP2Builder.data(3, 70, ends: true)
        ),
        (.server, HTTP2Builder.headers(3, [(":status", "404")], ends: true)),
      ], takesLateRequests: false),
    Conversation(
      testDescription: "TLS",
      turns: [
        (.client, HelloBuilder.browser(salt: 3, shuffled: false).records(of: 60)),
        (.server, serverHello(cipher: 0x1301, version: 0x0304) + [23, 3, 3, 0, 90] + filler(90)),
        (.client, [23, 3, 3, 0, 40] + filler(40)), (.server, [23, 3, 3, 0, 200] + filler(200)),
      ]),
  ]

  private static func filler(_ count: Int) -> [UInt8] {
    (0..<count).map { UInt8(0x61 + $0 % 23) }
  }

  /// The segments in the order in which they were sent, with the number of their turn.
  func segments(of size: Int, _ random: inout Seeded) -> [(turn: Int, step: Step)] {
    var sent = [0, 0]
    var all: [(turn: Int, step: Step)] = []
    for (turn, said) in turns.enumerated() {
      let (mine, other) = (said.side.index, said.side.other.index)
      var rest = said.bytes[...]
      while !rest.isEmpty {
        let part = Array(rest.prefix(Int.random(in: 1...size, using: &random)))
        rest = rest.dropFirst(part.count)
        all.append(
          (
            turn,
            Step(
              side: said.side, flags: .ack, place: sent[mine], acknowledges: sent[other],
              text: part)
          ))
        sent[mine] += part.count
        guard Int.random(in: 0..<3, using: &random) == 0 else { continue }
        all.append((turn, .ack(said.side.other, sent[mine], at: sent[other])))
      }
    }
    all.append((turns.count, .fin(.client, at: sent[0], ack: sent[1])))
    all.append((turns.count, .fin(.server, at: sent[1], ack: sent[0] + 1)))
    return all
  }
}

/// Everything about exchanges but packets and times, and what was odd.
private struct Told: Equatable {
  var exchanges: [String] = []
  var anomalies: [String] = []

  init(_ steps: [Step]) {
    var table = ConnectionTable(DecoderConfiguration())
    var limits = TCPLimits()
    limits.flows = 4
    var reassembler = TCPReassembler(limits: limits, seed: 1)
    var now = Timestamp(nanoseconds: Nanoseconds.second)
    for (frame, step) in (Step.handshake + steps).enumerated() {
      now = now.adding(4 * Nanoseconds.microsecond)
      let isClient = step.side == .client
      let ends = [40_000, 8_080].map {
        Endpoint(address: ClientAddress(ipv4: 0xc000_0200 + UInt32($0 % 7)), port: $0)
      }
      let starts: [UInt32] = [0xffff_ff80, 77]
      let segment = Segment(
        source: ends[step.side.index], destination: ends[step.side.other.index],
        sequence: starts[step.side.index] &+ UInt32(truncatingIfNeeded: step.place),
        acknowledgement: starts[isClient ? 1 : 0]
          &+ UInt32(truncatingIfNeeded: step.acknowledges ?? 0),
        flags: step.flags, payload: ByteRange(0..<step.text.count), missing: 0,
        isAssembled: false)
      reassembler.push(
        segment, step.text.span, PacketMark(at: now, frame: UInt64(frame + 1)), into: &table)
    }
    reassembler.finish(into: &table)
    exchanges = table.batch.exchanges.map { Self.line($0, table.batch) }
    var counters = reassembler.anomalies
    counters.add(table.anomalies)
    anomalies = PacketAnomaly.allCases.filter { counters.count($0) > 0 }.map(\.code)
  }

  private static func line(_ exchange: Exchange, _ batch: ExchangeBatch) -> String {
    let detail = batch.details[Int(exchange.detail)]
    let texts = TextField.allCases.map { batch.string(exchange[$0]) ?? "-" }
    return "\(texts) \(exchange.status) \(exchange.flags) \(exchange.requestBytes)"
      + " \(exchange.bodyBytes) \(exchange.responseBytes) \(exchange.connectionRequest)"
      + " \(detail.requestBodyBytes) \(detail.requestStream) \(detail.responseStream)"
      + " \(batch.string(detail.headerNames) ?? "-") \(batch.string(detail.serverName) ?? "-")"
      + " \(batch.string(detail.ja4Raw) ?? "-") \(detail.anomalies)"
  }
}

@Suite("Reordered captures")
struct ReorderTests {
  /// Moves each segment by less than 32 places, and repeats some of them up to three times.
  ///
  /// `isEachSide` keeps the places of the sides and moves the segments of each among themselves.
  /// No segment goes behind one that was sent two turns later: between them lies a round trip.
  private static func shuffled(
    _ sent: [(turn: Int, step: Step)], isEachSide: Bool, turns: Int, _ random: inout Seeded
  ) -> [Step] {
    func moved(_ list: [Int]) -> [Int] {
      var keys = list.indices.map { Double($0) + Double.random(in: 0..<31, using: &random) }
      var limit = 0
      for i in list.indices {
        let end = sent[list[i]].turn + turns
        while limit < list.count, sent[list[limit]].turn < end { limit += 1 }
        if limit < list.count { keys[i] = min(keys[i], Double(limit) - 0.01) }
      }
      return list.indices.sorted { (keys[$0], $0) < (keys[$1], $1) }.map { list[$0] }
    }
    var order = Array(sent.indices)
    if isEachSide {
      for side in [FlowSide.client, .server] {
        let places = sent.indices.filter { sent[$0].step.side == side }
        for (place, index) in zip(places, moved(places)) { order[place] = index }
      }
    } else {
      order = moved(order)
    }
    var repeated = order.enumerated().map { (Double($0.offset), sent[$0.element].step) }
    for (place, index) in order.enumerated() where Bool.random(using: &random) {
      for _ in 0..<Int.random(in: 0...3, using: &random) {
        repeated.append(
          (Double(place) + Double.random(in: 0..<200, using: &random), sent[index].step))
      }
    }
    return repeated.enumerated().sorted { ($0.element.0, $0.offset) < ($1.element.0, $1.offset) }
      .map(\.element.1)
  }

  @Test(
    "any cut, order within 32 segments and repetition gives the exchanges of the ordered stream",
    arguments: Conversation.all, [1, 2, 7, 60, 1_460])
  fileprivate func anyOrder(_ conversation: Conversation, _ size: Int) {
    var random = Seeded(0)
    let expected = Told(conversation.segments(of: 1_460, &random).map(\.step))
    #expect(!expected.exchanges.isEmpty && expected.anomalies.isEmpty)
    for seed in 0..<4 as Range<UInt64> {
      random = Seeded(seed)
      let sent = conversation.segments(of: size, &random)
      let steps = Self.shuffled(
        sent, isEachSide: seed % 2 == 0, turns: conversation.takesLateRequests ? 2 : 1, &random)
      #expect(Told(steps) == expected, "seed \(seed)")
    }
  }
}
