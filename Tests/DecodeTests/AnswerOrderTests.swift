import CrenelModel
import CrenelTestKit
import Testing

@testable import CrenelDecode

/// A connection of requests and responses, segment by segment, as both ends sent it.
private struct Conversation {
  var steps = Step.handshake
  private var sent = [0, 0]

  /// Adds what a side sends, in segments of at most `size` bytes that acknowledge what came before.
  mutating func say(_ side: FlowSide, _ text: String, size: Int = .max) {
    var rest = Array(text.utf8)[...]
    while !rest.isEmpty {
      let part = Array(rest.prefix(size))
      rest = rest.dropFirst(part.count)
      steps.append(
        Step(
          side: side, flags: .ack, place: sent[side.index], acknowledges: sent[side.other.index],
          text: part))
      sent[side.index] += part.count
    }
  }

  mutating func ask(_ number: Int, size: Int = .max) {
    say(.client, "GET /\(number) HTTP/1.1\r\nHost: rdv.example\r\n\r\n", size: size)
  }

  mutating func answer(_ number: Int, size: Int = .max) {
    say(.server, "HTTP/1.1 \(400 + number) No\r\nContent-Length: 5\r\n\r\nhello", size: size)
  }

  /// Targets, statuses and oddities of the exchanges that such segments give.
  static func read(_ steps: [Step]) -> [String] {
    let wire = TCPWire()
    var reassembler = TCPReassembler(seed: 1)
    var table = ConnectionTable(DecoderConfiguration())
    var now = Timestamp(nanoseconds: 0)
    for (frame, step) in steps.enumerated() {
      now = now.adding(Int64(step.after * 1e9))
      reassembler.push(
        wire.segment(step), step.text.span, PacketMark(at: now, frame: UInt64(frame + 1)),
        into: &table)
    }
    reassembler.finish(into: &table)
    let batch = table.batch
    return batch.exchanges.map { exchange in
      let detail = batch.details[Int(exchange.detail)]
      return PacketAnomaly.allCases.reduce(
        "\(batch.string(exchange[.target]) ?? "-") \(exchange.status)"
      ) { detail.anomalies.contains($1) ? "\($0) \($1.code)" : $0 }
    }
  }
}

@Suite("Requests and responses out of order")
struct AnswerOrderTests {
  @Test("a request captured behind its own response is paired with it, and so are those after it")
  func overtaken() {
    var talk = Conversation()
    for number in 1...4 {
      talk.ask(number)
      talk.answer(number)
    }
    talk.steps.swapAt(5, 6)
    #expect(talk.steps[5].side == .server)
    #expect(Conversation.read(talk.steps) == ["/1 401", "/2 402", "/3 403", "/4 404"])
  }

  @Test("a response that had not seen the request answers another one")
  func midStream() {
    var talk = Conversation()
    talk.ask(1)
    talk.ask(2)
    talk.answer(1)
    talk.steps[5].acknowledges = talk.steps[4].place
    talk.answer(2)
    // The capture begins behind the first of two requests that were sent together.
    let steps = Array(talk.steps.dropFirst(4))
    #expect(Conversation.read(steps) == ["- 401 unpaired", "/2 402"])
  }

  @Test("a response behind a hole answers no request that its server had not seen")
  func behindHole() {
    var talk = Conversation()
    talk.ask(1)
    talk.answer(1)
    let lost = talk.steps.count - 1
    talk.ask(2)
    talk.answer(2)
    talk.ask(3)
    talk.answer(3)
    var steps = talk.steps
    steps.swapAt(lost + 2, lost + 3)  // the third request overtakes the second response
    steps.remove(at: lost)
    #expect(Conversation.read(steps) == ["/1 0 stream-gap unpaired", "/2 402", "/3 403"])
  }

  @Test(
    "packets of both directions out of order by three, and repeated, give the same exchanges",
    arguments: 0..<200 as Range<UInt64>)
  func property(seed: UInt64) {
    var random = Seeded(seed)
    var talk = Conversation()
    let count = Int.random(in: 1...8, using: &random)
    for number in 1...count {
      talk.ask(number, size: Int.random(in: 15...80, using: &random))
      talk.answer(number, size: Int.random(in: 15...80, using: &random))
    }
    var order: [(place: Double, step: Step)] = []
    for (i, step) in talk.steps.enumerated() {
      // The opening comes first: without it, no one knows what is missing.
      let delay = i < 3 ? 0 : Double.random(in: 0..<4, using: &random)
      order.append((Double(i) + delay, step))
      if Int.random(in: 0..<6, using: &random) == 0, i >= 3 {
        order.append((Double(i) + Double.random(in: 4..<30, using: &random), step))
      }
    }
    let steps = order.sorted { $0.place < $1.place }.map(\.step)
    #expect(
      Conversation.read(steps) == (1...count).map { "/\($0) \(400 + $0)" }, "seed \(seed)")
  }
}
