import CrenelModel
import CrenelTestKit
import Testing

@testable import CrenelDecode

/// How a client of the tests asks.
private enum Asking: CaseIterable {
  /// Each request after the response to the one before.
  case oneByOne
  /// Some at once, and the next when all are answered.
  case bursts
  /// Two or three are always under way.
  case window
}

/// A connection of the tests: packets in the order of sending, request `i` being answered by `400 + i`.
private struct Talk {
  var steps: [(number: Int?, step: Step)] = []
  private var sent = [0, 0]

  init(_ asking: Asking, count: Int, hasHandshake: Bool, _ random: inout Seeded) {
    if hasHandshake { steps = Step.handshake.map { (nil, $0) } }
    var asked = 0
    for answered in 0..<count {
      let open: Int
      switch asking {
      case .oneByOne: open = answered + 1
      case .bursts:
        open = asked > answered ? asked : asked + .random(in: 1...4, using: &random)
      case .window: open = answered + 2 + (answered % 3 == 1 ? 1 : 0)
      }
      while asked < min(open, count) {
        say(.client, "GET /\(asked) HTTP/1.1\r\nHost: rdv.example\r\n\r\n", asked, &random)
        asked += 1
      }
      let body = String(repeating: "x", count: .random(in: 0...60, using: &random))
      say(
        .server, "HTTP/1.1 \(400 + answered) No\r\nContent-Length: \(body.count)\r\n\r\n" + body,
        answered, &random)
    }
    steps.append((nil, .fin(.client, at: sent[0], ack: sent[1])))
    steps.append((nil, .fin(.server, at: sent[1], ack: sent[0] + 1)))
  }

  private mutating func say(
    _ side: FlowSide, _ text: String, _ number: Int, _ random: inout Seeded
  ) {
    var rest = Array(text.utf8)[...]
    let size = Int.random(in: 15...120, using: &random)
    while !rest.isEmpty {
      let part = Array(rest.prefix(size))
      rest = rest.dropFirst(part.count)
      let step = Step(
        side: side, flags: .ack, place: sent[side.index], acknowledges: sent[side.other.index],
        text: part)
      steps.append((number, step))
      sent[side.index] += part.count
    }
  }

  /// Takes the packets of some responses out of the capture.
  mutating func lose(_ responses: Set<Int>) {
    steps.removeAll { number, step in
      step.side == .server && number.map { responses.contains($0) } == true
    }
  }

  /// Moves the packets of each direction against those of the other by less than `places`.
  mutating func displace(by places: Int, _ random: inout Seeded) {
    var last = [0.0, 0.0]
    var order: [(key: Double, index: Int)] = []
    var shift = [0.0, 0.0]
    for (i, packet) in steps.enumerated() {
      let side = packet.step.side.index
      if Int.random(in: 0..<4, using: &random) == 0 {
        shift[side] = Double.random(in: 0..<Double(places), using: &random)
      }
      last[side] = max(last[side], Double(i) + shift[side])
      order.append((last[side], i))
    }
    steps = order.sorted { ($0.key, $0.index) < ($1.key, $1.index) }.map { steps[$0.index] }
  }

  /// Requests with their statuses, 0 for none, that are told without a mark; and all others.
  func read(every interval: Double) -> (sure: [Int: Int], told: [String], lines: [String]) {
    let wire = TCPWire()
    var limits = TCPLimits()
    limits.flows = 4
    var reassembler = TCPReassembler(limits: limits, seed: 1)
    var table = ConnectionTable(DecoderConfiguration())
    var now = Timestamp(nanoseconds: Nanoseconds.second)
    for (frame, packet) in steps.enumerated() {
      now = now.adding(Int64(interval * 1e9))
      reassembler.push(
        wire.segment(packet.step), packet.step.text.span,
        PacketMark(at: now, frame: UInt64(frame + 1)), into: &table)
    }
    reassembler.finish(into: &table)
    var sure: [Int: Int] = [:]
    var told: [String] = []
    var lines: [String] = []
    for exchange in table.batch.exchanges {
      let target = table.batch.string(exchange[.target]) ?? "-"
      let anomalies = table.batch.details[Int(exchange.detail)].anomalies
      let marks = PacketAnomaly.allCases.filter { anomalies.contains($0) }.map(\.code)
      told.append(target)
      lines.append(([target, "\(exchange.status)"] + marks).joined(separator: " "))
      guard marks.isEmpty, let number = Int(target.dropFirst()) else { continue }
      sure[number] = Int(exchange.status)
    }
    return (sure, told, lines)
  }
}

@Suite("Pairs of requests and responses")
struct PairingTests {
  @Test(
    "whole connections are paired, whatever of them was captured first",
    arguments: 0..<120 as Range<UInt64>)
  func whole(seed: UInt64) {
    var random = Seeded(seed)
    for asking in Asking.allCases {
      let count = Int.random(in: 1...10, using: &random)
      let hasHandshake = Bool.random(using: &random)
      var talk = Talk(asking, count: count, hasHandshake: hasHandshake, &random)
      talk.displace(by: [1, 4, 12, 32].randomElement(using: &random) ?? 1, &random)
      let read = talk.read(every: [4e-6, 1e-3].randomElement(using: &random) ?? 1e-3)
      let isSure = hasHandshake || asking == .oneByOne
      for number in 0..<count {
        let status = read.sure[number]
        #expect(
          status == 400 + number || status == nil && !isSure,
          "seed \(seed), \(asking), handshake \(hasHandshake), \(number): \(read.lines)")
      }
    }
  }

  @Test(
    "after a response is lost no pair is wrong that is told as certain",
    arguments: 0..<120 as Range<UInt64>)
  func lost(seed: UInt64) {
    var random = Seeded(seed)
    for asking in Asking.allCases {
      let count = Int.random(in: 3...12, using: &random)
      var talk = Talk(asking, count: count, hasHandshake: .random(using: &random), &random)
      let first = Int.random(in: 0..<count, using: &random)
      let lost = Set(first..<min(count, first + Int.random(in: 1...3, using: &random)))
      talk.lose(lost)
      talk.displace(by: [1, 4, 12, 32].randomElement(using: &random) ?? 1, &random)
      let read = talk.read(every: [4e-6, 1e-3, 0.05].randomElement(using: &random) ?? 1e-3)
      for number in 0..<count {
        #expect(
          read.told.count { $0 == "/\(number)" } == 1,
          "seed \(seed), \(asking): /\(number) once in \(read.lines)")
        let status = read.sure[number]
        let isRight = status == nil || status == 400 + number && !lost.contains(number)
        #expect(isRight, "seed \(seed), \(asking), lost \(lost): \(read.lines)")
        // Of a client that does not pipeline only the neighbours of what is lost are in doubt.
        let isFar = !lost.contains(number) && !lost.contains(number - 1)
        if asking == .oneByOne, isFar {
          #expect(status == 400 + number, "seed \(seed), lost \(lost): \(read.lines)")
        }
      }
    }
  }

  /// Five exchanges, and what is captured first of them.
  private static func five(_ order: [Int]) -> [String] {
    var random = Seeded(3)
    var talk = Talk(.oneByOne, count: 5, hasHandshake: true, &random)
    var first: [Int] = []
    // A SYN, its answer, the last part of the handshake, a request and its response.
    for kind in order {
      switch kind {
      case 3: first += talk.steps.indices.filter { isPart($0, .client, talk) }
      case 4: first += talk.steps.indices.filter { isPart($0, .server, talk) }
      default: first.append(kind)
      }
    }
    let rest = talk.steps.indices.filter { !first.contains($0) }
    talk.steps = (first + rest).map { talk.steps[$0] }
    return talk.read(every: 1e-3).lines
  }

  private static func isPart(_ index: Int, _ side: FlowSide, _ talk: Talk) -> Bool {
    talk.steps[index].number == 0 && talk.steps[index].step.side == side
  }

  @Test(
    "a response captured before parts of the handshake is paired",
    arguments: [
      [0, 4, 1, 2, 3], [0, 1, 4, 2, 3], [3, 0, 1, 2, 4], [0, 3, 1, 2, 4], [4, 0, 1, 2, 3],
      [1, 4, 0, 2, 3], [4, 3, 0, 1, 2], [1, 4, 3, 0, 2], [4, 1, 2, 3, 0],
    ])
  func handshake(order: [Int]) {
    #expect(Self.five(order) == (0..<5).map { "/\($0) \(400 + $0)" })
  }

  @Test("of pipelined requests of which one lost its response, those that may be it are unpaired")
  func ambiguous() {
    var talk = Talk(pipelined: 5)
    talk.lose([2])
    #expect(
      talk.read(every: 1e-3).lines == [
        "/0 400", "/1 401", "/2 0 stream-gap unpaired", "/3 0 stream-gap unpaired",
        "/4 0 stream-gap unpaired", "- 403 stream-gap unpaired", "- 404 stream-gap unpaired",
        "/5 405 stream-gap",
      ])
  }

  @Test("of pipelined requests the last is paired behind a hole when no other is left")
  func lastOfBurst() {
    var talk = Talk(pipelined: 4)
    talk.lose([2])
    #expect(
      talk.read(every: 1e-3).lines == [
        "/0 400", "/1 401", "/2 0 stream-gap unpaired", "/3 403 stream-gap", "/4 404 stream-gap",
      ])
  }
}

extension Talk {
  /// So many requests at once, and one more.
  fileprivate init(pipelined count: Int) {
    var random = Seeded(0)
    steps = Step.handshake.map { (nil, $0) }
    for turn in [0..<count, count..<count + 1] {
      for number in turn {
        say(.client, "GET /\(number) HTTP/1.1\r\nHost: rdv.example\r\n\r\n", number, &random)
      }
      for number in turn {
        say(
          .server, "HTTP/1.1 \(400 + number) No\r\nContent-Length: 2\r\n\r\nok", number, &random)
      }
    }
  }
}
