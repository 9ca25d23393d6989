import CrenelModel
import CrenelTestKit
import Testing

@testable import CrenelDecode

/// Connections that want to be remembered: each says the beginning of something and falls silent.
private enum Hostile: CaseIterable {
  case word, head, open, large, hello, streams, table

  func bytes(_ i: Int) -> [UInt8] {
    let head = "GET /rdv/\(i) HTTP/1.1\r\nHost: rdv.example\r\nCookie: eZSESSID=\(i)\r\n"
    let opening = HTTP2Builder.preface + HTTP2Builder.settings
    switch self {
    case .word: return Array("GET /".utf8)
    case .head: return Array(head.utf8)
    case .open: return Array((head + "\r\n").utf8)
    case .large: return Array(head.utf8) + [UInt8](repeating: 0x61, count: 9_000)
    case .hello:
      let hello = HelloBuilder.browser(salt: i, shuffled: false).records()
      return Array(hello.prefix(hello.count / 2))
    case .streams: return opening + HTTP2Builder.headers(1, HTTP2Builder.request("/\(i)"))
    case .table:
      return opening
        + HTTP2Builder.headers(1, HTTP2Builder.request("/") + (0..<40).map { ("k\($0)", "v") })
    }
  }

  /// Packets `microseconds` apart, each of another connection.
  static func packets(
    _ kinds: [Hostile], _ numbers: Range<Int>, start: Int64 = 0
  ) -> PacketBatch {
    var batch = PacketBatch()
    for i in numbers {
      let client: [UInt8] = [10, UInt8(i >> 16 & 255), UInt8(i >> 8 & 255), UInt8(i & 255)]
      let packet = Wire.ethernet(
        Wire.ip4(Wire.tcp(kinds[i % kinds.count].bytes(i), from: 40_000), from: client))
      let begin = batch.bytes.count
      batch.bytes += packet
      batch.packets.append(
        Packet(
          at: Timestamp(nanoseconds: start + Int64(i) * 20_000),
          bytes: ByteRange(begin..<batch.bytes.count), originalLength: UInt32(packet.count),
          link: .ethernet, frame: UInt64(i + 1), offset: UInt64(begin)))
    }
    return batch
  }
}

/// Bytes of all arrays that a value has, found by looking at each part of it.
private func slowSum(_ value: Any) -> Int {
  switch value {
  case is HTTP1Context: 0
  case let bytes as [UInt8]: bytes.count
  case let items as [Exchange]: items.count * MemoryLayout<Exchange>.stride
  case let items as [PacketDetail]: items.count * MemoryLayout<PacketDetail>.stride
  case let items as [OpenExchange]: items.count * MemoryLayout<OpenExchange>.stride
  case let items as [HeadField]: items.count * MemoryLayout<HeadField>.stride
  case let items as [HeldBytes.Piece]: items.count * MemoryLayout<HeldBytes.Piece>.stride
  case let items as [Preamble.Piece]: items.count * MemoryLayout<Preamble.Piece>.stride
  default: Mirror(reflecting: value).children.reduce(0) { $0 + slowSum($1.value) }
  }
}

@Suite("What connections hold")
struct HeldBytesTests {
  @Test("connections without an end stay within the limit, and the oldest go first")
  func bounded() {
    let limit = 400_000
    var decoder = PacketDecoder(DecoderConfiguration(), seed: 1, heldLimit: limit)
    var batch = ExchangeBatch()
    var clients: [ClientAddress] = []
    for part in 0..<40 {
      let packets = Hostile.packets(Hostile.allCases, (part * 50)..<(part * 50 + 50))
      var next = 0
      while next < packets.packets.count {
        batch.removeAll()
        decoder.decode(packets, from: &next, into: &batch)
        clients += batch.exchanges.map(\.client)
      }
      let held = decoder.connections.held
      let slots = decoder.connections.sizes.count
      let sum = (0..<slots).reduce(0) { $0 + decoder.connections.size(of: $1) }
      #expect(held == sum && held <= limit, "after \(part * 50 + 50) connections")
    }
    let overLimit = decoder.report.anomalies.count(.overLimit)
    #expect(overLimit > 1_500)
    #expect(clients.count == Int(overLimit) && clients == clients.sorted { $0.low < $1.low })
    var isFinished = false
    while !isFinished {
      batch.removeAll()
      isFinished = decoder.finish(into: &batch)
      clients += batch.exchanges.map(\.client)
    }
    let held = decoder.connections.held
    #expect(clients.count == 2_000 && held == 0)
  }

  @Test("the account covers every buffer of a connection", arguments: 0..<30 as Range<UInt64>)
  func covers(seed: UInt64) {
    var random = Seeded(seed)
    let head = "POST /p HTTP/1.1\r\nContent-Type: application/x-www-form-urlencoded\r\n"
    let texts = [
      head, "Content-Length: 3000\r\n\r\n", "\r\n", String(repeating: "a=b&", count: 300),
      "GET /a HTTP/1.1\r\nHost: a\r\n\r\n", "CONNECT a:1 HTTP/1.1\r\n\r\n", "GET /b\r\n", "H",
    ]
    let answers = [
      "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", "HTTP/1.1 200 OK\r\n", "X: y\r\n\r\n",
      "HTTP/1.1 100 Continue\r\n\r\n", "ello",
    ]
    var run = HTTP1Run(names: ["form.a"])
    let preamble = Preamble()
    for step in 0..<60 {
      let isClient = Int.random(in: 0..<3, using: &random) > 0
      let text = (isClient ? texts : answers).randomElement(using: &random) ?? ""
      run.play([
        Int.random(in: 0..<9, using: &random) == 0
          ? .gap(isClient ? .client : .server, 40) : isClient ? .client(text) : .server(text)
      ])
      let (held, sum) = (run.connection.held, slowSum(run.connection.work))
      #expect(held >= sum && held <= sum + 2_048, "seed \(seed), step \(step)")
      preamble.add(.client, Array(text.utf8).span, UInt64(step), testMark(step))
      #expect(preamble.held >= slowSum(preamble))
    }
    run.close()
    #expect(run.connection.held == 0)
  }

  @Test("hellos count as long as they are incomplete")
  func hellos() {
    var context = TLSContext()
    var counters = AnomalyCounters()
    var connection = TLSConnection()
    let hello = HelloBuilder.browser(salt: 1, shuffled: false).records(of: 40)
    for (i, byte) in hello.enumerated() {
      connection.data(
        .client, [byte].span, offset: UInt64(i), testMark(i), &context, &counters)
      #expect(connection.held >= slowSum(connection))
      #expect(i == hello.count - 1 || connection.held < 2_048 + i)
    }
  }

  @Test("requests without responses hold no more than a megabyte of a connection")
  func outstanding() {
    var run = HTTP1Run()
    let request = "GET /a HTTP/1.1\r\nCookie: " + String(repeating: "c", count: 30_000) + "\r\n\r\n"
    for _ in 0..<100 {
      run.play([.client(request)])
      #expect(run.connection.held < 3 << 20)
    }
    #expect(run.batch.exchanges.count > 50)
    #expect(run.context.anomalies.count(.overLimit) > 50)
  }

  @Test("memory that was once large is not handed from one connection to the next")
  func spare() {
    var run = HTTP1Run()
    let request = "GET /a HTTP/1.1\r\nCookie: " + String(repeating: "c", count: 50_000) + "\r\n\r\n"
    run.play([.client(request), .server("HTTP/1.1 204 No Content\r\n\r\n"), .client("G")])
    #expect(run.connection.work.store.bytes.capacity < 16_384)
    #expect(run.connection.work.clientHead.capacity < 16_384)
  }

  /// The exchanges of each batch that what is given in pieces comes in.
  private static func batches(_ give: (inout ExchangeBatch) -> Bool) -> [[ClientAddress]] {
    var batches: [[ClientAddress]] = []
    var batch = ExchangeBatch()
    var isDone = false
    while !isDone {
      batch.removeAll()
      isDone = give(&batch)
      batches.append(batch.exchanges.map(\.client))
    }
    return batches
  }

  @Test("what the end of the input, or a long silence, completes is given in pieces")
  func pieces() {
    let packets = Hostile.packets([.head], 0..<5_000)
    let late = Hostile.packets([.head], 5_000..<5_001, start: 600 * Nanoseconds.second)
    var ended: [[ClientAddress]] = []
    var silent: [[ClientAddress]] = []
    for isSilent in [false, true] {
      var decoder = PacketDecoder(DecoderConfiguration(), seed: 1)
      var batch = ExchangeBatch()
      var next = 0
      while next < packets.packets.count { decoder.decode(packets, from: &next, into: &batch) }
      #expect(batch.exchanges.isEmpty)
      next = 0
      if isSilent {
        silent = Self.batches {
          decoder.decode(late, from: &next, into: &$0)
          return next == 1
        }
      } else {
        ended = Self.batches { decoder.finish(into: &$0) }
      }
    }
    #expect(ended.joined().count == 5_000 && Array(ended.joined()) == Array(silent.joined()))
    #expect(ended.allSatisfy { $0.count < 1_100 } && silent.allSatisfy { $0.count < 1_100 })
  }
}
