import CrenelModel
import CrenelTestKit
import Testing

@testable import CrenelDecode

/// Segments in, calls of the sink out, anomalies counted.
struct Scenario: Sendable, CustomTestStringConvertible {
  var testDescription: String
  var steps: [Step]
  var told: String
  var counted: [String] = []

  init(_ name: String, _ steps: [Step], _ told: String, _ counted: [String] = []) {
    testDescription = name
    self.steps = steps
    self.told = told
    self.counted = counted
  }
}

@Suite("TCP reassembly")
struct TCPReassemblerTests {
  static let orderCases: [Scenario] = [
    Scenario(
      "request, answer, both FINs",
      Step.handshake + [
        .client("GET", at: 0, ack: 0), .server("OK", at: 0, ack: 3), .fin(.server, at: 2, ack: 3),
        .fin(.client, at: 3, ack: 3), .ack(.server, 4, at: 3),
      ], "open c0:GET s0:OK s. c. finished"),
    Scenario(
      "out of order", [.syn, .client("ef", at: 4), .client("cd", at: 2), .client("ab", at: 0)],
      "open c0:ab c2:cd c4:ef endOfInput"),
    Scenario(
      "retransmission", [.syn, .client("ab", at: 0), .client("ab", at: 0), .client("bcd", at: 1)],
      "open c0:ab c2:cd endOfInput"),
    Scenario(
      "overlap of what waits, with equal bytes",
      [.syn, .client("cd", at: 2), .client("bcde", at: 1), .client("abcdef", at: 0)],
      "open c0:a c1:b c2:cd c4:e c5:f endOfInput"),
    Scenario(
      "overlap of what waits, with other bytes: the first win",
      [.syn, .client("cd", at: 2), .client("bXde", at: 1), .client("a", at: 0)],
      "open c0:a c1:b c2:cd c4:e endOfInput", ["overlap-conflict"]),
    Scenario(
      "overlap of what was delivered, with other bytes",
      [.syn, .client("abcd", at: 0), .client("cXef", at: 2)],
      "open c0:abcd c4:ef endOfInput", ["overlap-conflict"]),
    Scenario(
      "a segment over several holes at once",
      [.syn, .client("b", at: 1), .client("d", at: 3), .client("abcde", at: 0)],
      "open c0:a c1:b c2:c c3:d c4:e endOfInput"),
    Scenario(
      "keep-alive probes", [.syn, .client("ab", at: 0), .client("", at: 1), .client("\0", at: 1)],
      "open c0:ab endOfInput"),
    Scenario(
      "a zero-window probe with the next byte",
      [.syn, .client("ab", at: 0), .client("c", at: 2), .client("cde", at: 2)],
      "open c0:ab c2:c c3:de endOfInput"),
    Scenario(
      "far outside the window",
      [.syn, .client("ab", at: 0), .client("x", at: 1 << 30 + 9), .client("x", at: -1 << 30)],
      "open c0:ab endOfInput", ["out-of-window x2"]),
  ]

  static let openingCases: [Scenario] = [
    Scenario("a handshake alone is not told", Step.handshake, ""),
    Scenario("a SYN twice", [.syn, .syn, .synAck, .client("a", at: 0)], "open c0:a endOfInput"),
    Scenario(
      "data in the SYN, sent again",
      [.syn(data: "ab"), .synAck, .client("abc", at: 0, ack: 0)], "open c0:ab c2:c endOfInput"),
    Scenario(
      "the answer to the SYN first", [.synAck, .client("a", at: 0, ack: 0), .server("b", at: 0)],
      "open c0:a s0:b endOfInput"),
    Scenario(
      "a second answer to the SYN, and the last counts",
      [
        .syn, Step.synAck,
        Step(
          side: .server, flags: [.syn, .ack], place: 41, acknowledges: 0),
        .client("a", at: 0, ack: 42), .server("b", at: 42, ack: 1),
      ], "open c0:a s0:b endOfInput"),
    Scenario(
      "an answer to another SYN",
      [.syn, Step(side: .server, flags: [.syn, .ack], place: -1, acknowledges: 1 << 20)],
      "", ["out-of-window"]),
    Scenario(
      "both open at once",
      [.syn, .syn(.server), .synAck, .client("a", at: 0), .server("b", at: 0)],
      "open c0:a s0:b endOfInput"),
    Scenario("refused", [.syn, .rst(.server, at: -1_001, ack: 0)], ""),
    Scenario(
      "refused, and tried again with the same number",
      [.syn, .rst(.server, at: -1_001, ack: 0), .syn, .synAck, .client("a", at: 0)],
      "open c0:a endOfInput"),
    Scenario(
      "mid-stream: a request", [.client("GET / HTTP/1.1", at: 70, ack: 9)],
      "open c0:GET / HTTP/1.1 endOfInput", ["mid-stream"]),
    Scenario(
      "mid-stream: an answer first, then what it acknowledged",
      [.server("HTTP/1.1 200", at: 70, ack: 9), .client("GET", at: 9, ack: 82)],
      "open s0:HTTP/1.1 200 c0:GET endOfInput", ["mid-stream"]),
    Scenario(
      "mid-stream: by ports", [.server("xyz", at: 70), .client("abc", at: 9)],
      "open s0:xyz c0:abc endOfInput", ["mid-stream"]),
    Scenario(
      "nothing but payload opens mid-stream",
      [.ack(.client, 7), .fin(.client, at: 3), .rst(.server, at: 3), .ack(.server, 3)], ""),
  ]

  static let closingCases: [Scenario] = [
    Scenario(
      "half-close: the other side goes on",
      Step.handshake + [
        .fin(.client, at: 3, ack: 0, data: "abc").moved(to: 0), .server("x", at: 0, ack: 4),
        .server("y", at: 1, ack: 4), .fin(.server, at: 2, ack: 4),
      ], "open c0:abc c. s0:x s1:y s. finished"),
    Scenario(
      "a FIN before what it ends",
      [.syn, .fin(.client, at: 4), .client("cd", at: 2), .client("ab", at: 0)],
      "open c0:ab c2:cd c. endOfInput"),
    Scenario(
      "data after FIN",
      [
        .syn, .client("ab", at: 0), .fin(.client, at: 2), .client("x", at: 2), .client("bx", at: 1),
      ],
      "open c0:ab c. endOfInput", ["out-of-window x2"]),
    Scenario(
      "a FIN in the past, or at another place",
      [
        .syn, .client("abc", at: 0), .fin(.client, at: 1), .fin(.client, at: 3),
        .fin(.client, at: 9),
      ],
      "open c0:abc c. endOfInput", ["out-of-window x2"]),
    Scenario(
      "late segments open nothing",
      Step.handshake + [
        .client("ab", at: 0, ack: 0), .fin(.client, at: 2, ack: 0), .fin(.server, at: 0, ack: 3),
        .client("ab", at: 0, ack: 0), .fin(.client, at: 2, ack: 0), .fin(.server, at: 0, ack: 3),
        .ack(.client, 1, at: 3), .syn, .rst(.client, at: 3),
      ], "open c0:ab c. s. finished"),
    Scenario(
      "new data after the close",
      [
        .syn, .client("ab", at: 0), .fin(.client, at: 2), .fin(.server, at: 0),
        .client("x", at: 2),
      ], "open c0:ab c. s. finished", ["out-of-window"]),
    Scenario(
      "reset, with bytes behind a hole",
      [.syn, .client("ab", at: 0), .client("ef", at: 4), .rst(.client, at: 6)],
      "open c0:ab c2~2 c4:ef reset", ["stream-gap"]),
    Scenario(
      "a reset outside the window is ignored",
      [
        .syn, .client("ab", at: 0), .rst(.client, at: 1), .rst(.client, at: 1 << 20),
        .client("c", at: 2),
      ], "open c0:ab c2:c endOfInput", ["out-of-window x2"]),
    Scenario(
      "port reuse",
      [.syn, .client("ab", at: 0), .syn(shift: 5_000), Step.client("cd", at: 0).shifted(5_000)],
      "open c0:ab replaced open c0:cd endOfInput"),
    Scenario(
      "port reuse after a close",
      [
        .syn, .client("ab", at: 0), .rst(.client, at: 2), .syn(shift: 5_000),
        Step.client("cd", at: 0).shifted(5_000),
      ], "open c0:ab reset open c0:cd endOfInput"),
    Scenario(
      "port reuse, of which only the answers were captured",
      [
        .synAck, .server("ab", at: 0, ack: 0), Step.synAck.shifted(1 << 24),
        Step.server("cd", at: 0, ack: 0).shifted(1 << 24),
      ], "open s0:ab replaced open s0:cd endOfInput"),
    Scenario(
      "idle", [.syn, .client("ab", at: 0), .pause(299), .pause(2), .client("cd", at: 2)],
      "open c0:ab idle open c0:cd endOfInput", ["mid-stream"]),
    Scenario("half-open for long", [.syn, .pause(31), .synAck], ""),
  ]

  static let holesCases: [Scenario] = [
    Scenario(
      "acknowledged, and answered",
      Step.handshake + [
        .client("ab", at: 0, ack: 0), .client("ef", at: 4, ack: 0), .server("OK", at: 0, ack: 6),
      ], "open c0:ab c2~2 c4:ef s0:OK endOfInput", ["stream-gap"]),
    Scenario(
      "acknowledged, without an answer: a little later",
      Step.handshake + [
        .client("b", at: 1, ack: 0), .ack(.server, 2), .ack(.server, 2), .pause(1),
        .ack(.server, 2), .client("c", at: 2, ack: 0),
      ], "open c0~1 c1:b c2:c endOfInput", ["stream-gap"]),
    Scenario(
      "acknowledged, and four pieces wait",
      Step.handshake + [
        .client("b", at: 1, ack: 0), .ack(.server, 2), .client("c", at: 2, ack: 0),
        .client("d", at: 3, ack: 0), .client("e", at: 4, ack: 0),
      ], "open c0~1 c1:b c2:c c3:d c4:e endOfInput", ["stream-gap"]),
    Scenario(
      "not acknowledged: it comes again",
      Step.handshake
        + (1...12).map { .client("x", at: $0, ack: 0) } + [
          .ack(.server, 0), .pause(9), .client("y", at: 0, ack: 0),
        ],
      "open c0:y " + (1...12).map { "c\($0):x" }.joined(separator: " ") + " endOfInput"),
    Scenario(
      "without the other side: after some pieces",
      [.syn] + (1...9).map { .client("x", at: $0) },
      "open c0~1 " + (1...9).map { "c\($0):x" }.joined(separator: " ") + " endOfInput",
      ["stream-gap"]),
    Scenario(
      "by time", [.syn, .client("b", at: 1), .pause(9), .pause(2), .client("c", at: 2)],
      "open c0~1 c1:b c2:c endOfInput", ["stream-gap"]),
    Scenario(
      "no wait is over while the stream moves on",
      [
        .syn, .client("z", at: 9), .pause(6), .client("a", at: 0), .pause(6), .client("b", at: 1),
        .pause(6), .client("c", at: 2), .pause(11),
      ], "open c0:a c1:b c2:c c3~6 c9:z endOfInput", ["stream-gap"]),
    Scenario(
      "at the end of the input", [.syn, .client("ab", at: 0), .client("z", at: 9)],
      "open c0:ab c2~7 c9:z endOfInput", ["stream-gap"]),
    Scenario(
      "before a FIN", [.syn, .client("ab", at: 0), .fin(.client, at: 9), .fin(.server, at: 0)],
      "open c0:ab s. c2~7 c. endOfInput", ["stream-gap"]),
    Scenario(
      "cut by the snap length", [.syn, .client("ab", at: 0, cut: 3), .client("fg", at: 5, cut: 1)],
      "open c0:ab c2~3 c5:fg c7~1 endOfInput", ["stream-gap x2"]),
    Scenario(
      "cut, and out of order",
      [.syn, .client("cd", at: 2, cut: 1), .client("fg", at: 5), .client("ab", at: 0)],
      "open c0:ab c2:cd c4~1 c5:fg endOfInput", ["stream-gap"]),
    Scenario(
      "cut off, but already waiting",
      [.syn, .client("cdefgh", at: 2), .client("ab", at: 0, cut: 3), .client("i", at: 8)],
      "open c0:ab c2:cdefgh c8:i endOfInput"),
    Scenario(
      "cut to the header", [.syn, .client("", at: 0, cut: 4), .client("ab", at: 4)],
      "open c0~4 c4:ab endOfInput", ["stream-gap"]),
  ]

  static let answerCases: [Scenario] = [
    Scenario(
      "an answer waits for the question it acknowledges",
      Step.handshake + [.server("OK", at: 0, ack: 3), .client("GET", at: 0, ack: 0)],
      "open c0:GET s0:OK endOfInput"),
    Scenario(
      "answers that overtook two questions come each behind its own",
      Step.handshake + [
        .client("a", at: 0, ack: 0), .server("A", at: 0, ack: 1), .server("C", at: 2, ack: 3),
        .server("B", at: 1, ack: 2), .client("c", at: 2, ack: 2), .client("b", at: 1, ack: 1),
      ], "open c0:a s0:A c1:b s1:B c2:c s2:C endOfInput"),
    Scenario(
      "an answer that overtook a part of its question",
      Step.handshake + [
        .client("ef", at: 4, ack: 0), .server("OK", at: 0, ack: 6), .client("abcd", at: 0, ack: 0),
      ], "open c0:abcd c4:ef s0:OK endOfInput"),
    Scenario(
      "a question that never comes is waited for a second",
      Step.handshake + [
        .server("OK", at: 0, ack: 3), .server("OK", at: 2, ack: 3), .pause(1),
        .server("OK", at: 4, ack: 3), .server("OK", at: 6, ack: 3), .client("b", at: 3, ack: 8),
      ], "open s0:OK s2:OK s4:OK s6:OK c0~3 c3:b endOfInput", ["stream-gap"]),
    Scenario(
      "a question that never comes, and no other packet",
      Step.handshake + [.server("OK", at: 0, ack: 3), .pause(11)], "open s0:OK endOfInput"),
    Scenario(
      "a lost question lies before its answer and the next question",
      Step.handshake + [
        .server("A", at: 0, ack: 1), .client("b", at: 1, ack: 1), .server("B", at: 1, ack: 2),
        .pause(1), .ack(.client, 2, at: 2), .ack(.server, 2, at: 2),
      ], "open s0:A c0~1 c1:b s1:B endOfInput", ["stream-gap"]),
    Scenario(
      "more pieces than a side may have waiting",
      Step.handshake + (0...8).map { .server("x", at: $0, ack: 3) },
      "open " + (0...8).map { "s\($0):x" }.joined(separator: " ") + " endOfInput"),
    Scenario(
      "an answer to a FIN waits for no byte",
      Step.handshake + [.fin(.client, at: 0, ack: 0), .server("x", at: 0, ack: 1)],
      "open c. s0:x endOfInput"),
    Scenario(
      "an answer that overtook all of the client but its SYN",
      [
        .syn, .synAck, .server("OK", at: 0, ack: 3), .ack(.client, 0, at: 0),
        .client("GET", at: 0, ack: 0),
      ], "open c0:GET s0:OK endOfInput"),
    Scenario(
      "where no packet of the client is captured, nothing waits",
      [.synAck, .server("a", at: 0, ack: 9), .server("b", at: 1, ack: 18)],
      "open s0:a s1:b endOfInput"),
    Scenario(
      "a reset tells what waited",
      Step.handshake + [.server("OK", at: 0, ack: 3), .rst(.server, at: 2)], "open s0:OK reset"),
  ]

  @Test("answers and questions", arguments: answerCases)
  func answers(scenario: Scenario) {
    // An answer alone ends no hole here, as by default.
    var limits = TCPLimits.small
    limits.answeredHoleTime = TCPLimits().answeredHoleTime
    check(scenario, limits)
  }

  @Test("order, retransmission, overlap", arguments: orderCases)
  func order(scenario: Scenario) { check(scenario) }

  @Test("opening", arguments: openingCases)
  func opening(scenario: Scenario) { check(scenario) }

  @Test("closing", arguments: closingCases)
  func closing(scenario: Scenario) { check(scenario) }

  @Test("holes", arguments: holesCases)
  func holes(scenario: Scenario) { check(scenario) }

  private func check(_ scenario: Scenario, _ limits: TCPLimits = .small) {
    var wire = TCPWire(limits)
    wire.play(scenario.steps)
    wire.finish()
    let (told, counted, violation) = (
      wire.told, wire.counted, wire.recorder.contract.violation
    )
    #expect(told == scenario.told)
    #expect(counted == scenario.counted)
    #expect(violation == nil)
    let used = wire.reassembler.pool.used
    #expect(used == 0)
  }

  @Test("each piece keeps the packet that carried it")
  func marks() {
    var wire = TCPWire()
    wire.play([.syn, .client("c", at: 2), .client("b", at: 1), .client("a", at: 0)])
    let marks = wire.recorder.marks
    #expect(marks == [4, 3, 2])
  }

  @Test("a flow carries what was odd about it")
  func anomaliesOfFlow() {
    var wire = TCPWire()
    wire.play([.client("ab", at: 0), .client("ax", at: 0), .client("z", at: 9, cut: 2)])
    wire.finish()
    let anomalies = wire.recorder.anomalies
    for anomaly in [PacketAnomaly.midStream, .overlapConflict, .streamGap, .cutByCapture] {
      #expect(anomalies.contains(anomaly), "\(anomaly.code)")
    }
  }

  @Test("a flow says when it began and who is who")
  func identity() throws {
    var wire = TCPWire()
    wire.play([.syn, .synAck, .client("a", at: 0)])
    let flow = try #require(wire.recorder.flow)
    let client = wire.client
    #expect(flow.client == client && flow.firstFrame == 1 && flow.id == 1)
    #expect(!flow.isMidStream)
    #expect(flow.openedAt.nanoseconds % Nanoseconds.second == Nanoseconds.millisecond)
  }

  @Test(
    "guesses the sides of a connection found midway",
    arguments: [
      ("HTTP/1.1 200 OK", 50_000, 80, FlowSide.server), ("GET / HTTP/1.1", 80, 50_000, .client),
      ("PRI * HTTP/2.0", 80, 50_000, .client), ("OPTIONS * ", 1, 2, .client),
      ("\u{16}\u{3}\u{1}\0\0\u{1}", 443, 50_000, .client),
      ("\u{16}\u{3}\u{3}\0\0\u{2}", 50_000, 443, .server), ("body", 443, 50_000, .server),
      ("body", 50_000, 443, .client), ("body", 443, 443, .client), ("GET", 80, 50_000, .server),
    ] as [(String, UInt16, UInt16, FlowSide)])
  func guess(text: String, source: UInt16, destination: UInt16, side: FlowSide) {
    let address = ClientAddress(ipv4: 0xc000_0207)
    let guessed = SideGuess.sender(
      of: Array(text.utf8).span, from: Endpoint(address: address, port: source),
      to: Endpoint(address: address, port: destination))
    #expect(guessed == side)
  }
}

extension Step {
  /// The same segment at another place.
  func moved(to place: Int) -> Step {
    var copy = self
    copy.place = place
    return copy
  }
}
