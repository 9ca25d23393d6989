import CrenelModel
import CrenelTestKit
import Testing

@testable import CrenelDecode

@Suite("TLS connections")
struct TLSConnectionTests {
  @Test("one exchange with times, sizes, names and no request")
  func whole() {
    let hello = HelloBuilder.browser(salt: 1, shuffled: false).records()
    let answer = serverHello(cipher: 0x1301, version: 0x0304)
    let seen = SeenTLS([hello, [23, 3, 3, 0, 2, 9, 9]], [answer])
    let exchange = seen.exchange
    #expect(seen.batch.exchanges.count == 1)
    #expect(exchange.flags == [.encrypted, .stampedAtEnd])
    #expect(exchange.start == TimeBounds(exact: Timestamp(nanoseconds: 1_000_000_000)))
    #expect(exchange.end == TimeBounds(exact: testMark(4).at))
    #expect(exchange.at == testMark(4).at)
    #expect(exchange.elapsed == 4 * Nanoseconds.millisecond)
    #expect(exchange.client.description == "192.0.2.7" && exchange.port == 51_234)
    #expect(exchange.peer == exchange.client)
    #expect(exchange.requestBytes == Int64(hello.count + 7))
    #expect(exchange.responseBytes == Int64(answer.count))
    #expect(exchange.bodyBytes == -1 && exchange.status == 0 && exchange.connection == 42)
    #expect(exchange.provenance.source == 3)
    let absent: [TextField] = [.method, .target, .path, .query, .host, .version, .userAgent]
    for field in absent { #expect(!exchange[field].isPresent, "\(field)") }
    #expect(seen.text(.tlsVersion) == "TLSv1.3")
    #expect(seen.text(.tlsCipher) == "TLS_AES_128_GCM_SHA256")
    #expect(seen.batch.string(seen.detail.serverName) == "rdv.example")
    #expect(seen.batch.string(seen.detail.alpn) == "h2,http/1.1")
    #expect(
      seen.batch.string(seen.detail.ja4Raw)
        == "t13d0406h2_1301,1302,1303,c02b_000d,0017,002b,ff01_0403,0804,0401")
    #expect(seen.text(.ja4)?.hasPrefix("t13d0406h2_") == true)
    #expect(seen.detail.server.description == "198.51.100.9" && seen.detail.serverPort == 443)
    #expect(seen.detail.requestFrames.first == 8 && seen.detail.requestFrames.last == 9)
    #expect(seen.detail.responseFrames.first == 10)
    #expect(seen.detail.requestStream.length == UInt64(hello.count + 7))
  }

  @Test("a proxied client is the client, and the proxy the peer")
  func proxied() {
    let client = Endpoint(address: ClientAddress(ipv4: 0xcb00_7105), port: 9)
    let seen = SeenTLS([HelloBuilder().records()], [], proxied: client)
    #expect(seen.exchange.client == client.address && seen.exchange.port == 9)
    #expect(seen.exchange.peer.description == "192.0.2.7")
    #expect(seen.exchange.flags.contains(.forwarded))
  }

  @Test("GREASE and the order of extensions change nothing", arguments: 0..<16)
  func stable(salt: Int) {
    let first = SeenTLS([HelloBuilder.browser(salt: 0, shuffled: false).records()], [])
    let other = SeenTLS([HelloBuilder.browser(salt: salt, shuffled: true).records()], [])
    #expect(other.text(.ja4) == first.text(.ja4))
    #expect(other.batch.string(other.detail.ja4Raw) == first.batch.string(first.detail.ja4Raw))
  }

  @Test("any split into records and segments gives the same", arguments: 0..<40 as Range<UInt64>)
  func anySplit(seed: UInt64) {
    var random = Seeded(seed)
    let builder = HelloBuilder.browser(salt: 5, shuffled: false)
    let whole = SeenTLS([builder.records()], [serverHello(cipher: 0xc02f, version: nil)])
    let client = pieces(builder.records(of: Int.random(in: 1...90, using: &random)), &random)
    let server = pieces(serverHello(cipher: 0xc02f, version: nil), &random)
    let seen = SeenTLS(client, server)
    for field in [TextField.ja4, .tlsCipher, .tlsVersion] {
      #expect(seen.text(field) == whole.text(field), "seed \(seed)")
    }
    #expect(seen.batch.string(seen.detail.serverName) == "rdv.example", "seed \(seed)")
    #expect(seen.batch.string(seen.detail.alpn) == "h2,http/1.1", "seed \(seed)")
  }

  @Test(
    "a second hello, after a HelloRetryRequest, has a fingerprint of its own, however it is cut",
    arguments: 0..<40 as Range<UInt64>)
  func secondHello(seed: UInt64) {
    var random = Seeded(seed)
    let first = HelloBuilder.browser(salt: 5, shuffled: false)
    var second = first
    second.extensions?.removeAll { $0.0 == 0x0017 }
    let changeCipherSpec: [UInt8] = Bool.random(using: &random) ? [20, 3, 3, 0, 1, 1] : []
    let size = Int.random(in: 1...300, using: &random)
    let bytes = first.records(of: size) + changeCipherSpec + second.records(of: size)
    let seen = SeenTLS(pieces(bytes + [23, 3, 3, 0, 2, 9, 9], &random), [])
    let alone = SeenTLS([second.records()], [])
    #expect(seen.text(.ja4) == SeenTLS([first.records()], []).text(.ja4), "seed \(seed)")
    #expect(seen.batch.string(seen.detail.secondJA4) == alone.text(.ja4), "seed \(seed)")
    #expect(
      seen.batch.string(seen.detail.secondJA4Raw) == alone.batch.string(alone.detail.ja4Raw))
    #expect(seen.counters.count(.badClientHello) == 0)
  }

  @Test(
    "what follows a hello otherwise is no second one, and nothing odd",
    arguments: [
      [], [20, 3, 3, 0, 1, 1, 23, 3, 3, 0, 2, 9, 9], [22, 3, 3, 0, 5, 16, 0, 0, 1, 9],
      [20, 3, 3, 0, 1, 1, 22, 3, 3, 0, 5, 1, 0, 0, 1, 9], [21, 3, 3, 0, 2, 2, 40], [0, 0, 0, 0, 0],
      [22, 3, 3, 0, 4, 1, 0, 9, 0],
    ] as [[UInt8]])
  func noSecondHello(bytes: [UInt8]) {
    let hello = HelloBuilder.browser(salt: 5, shuffled: false).records()
    for client in [[hello, bytes], [hello + bytes]] {
      let seen = SeenTLS(client, [])
      #expect(!seen.detail.secondJA4.isPresent && !seen.detail.secondJA4Raw.isPresent)
      #expect(seen.counters.count(.badClientHello) == 0 && seen.text(.ja4) != nil)
    }
  }

  private func pieces(_ bytes: [UInt8], _ random: inout Seeded) -> [[UInt8]] {
    var parts: [[UInt8]] = []
    var rest = bytes[...]
    while !rest.isEmpty {
      let count = min(rest.count, Int.random(in: 1...60, using: &random))
      parts.append(Array(rest.prefix(count)))
      rest = rest.dropFirst(count)
    }
    return parts
  }

  @Test(
    "broken hellos are counted and the connection is kept",
    arguments: [
      [22, 3, 1, 0, 4, 1, 0, 0, 0], [22, 3, 1, 0, 5, 1, 0, 0, 1, 9],
      [22, 3, 1, 0, 4, 2, 0, 0, 0], [22, 3, 1, 0, 4, 1, 9, 0, 0], [21, 3, 1, 0, 2, 1, 0],
      [0x80, 0x2e, 1, 3, 1, 0, 0x15], [22, 3, 1, 0x60, 0, 1, 0, 0, 0],
    ] as [[UInt8]])
  func broken(bytes: [UInt8]) {
    let seen = SeenTLS([bytes], [])
    #expect(seen.counters.count(.badClientHello) == 1)
    #expect(seen.detail.anomalies.contains(.badClientHello))
    #expect(seen.exchange.flags.contains(.encrypted) && seen.text(.ja4) == nil)
    #expect(seen.exchange.requestBytes == Int64(bytes.count))
  }

  @Test("no hostile bytes trap, and no hello holds more than its limit", arguments: 0..<60)
  func hostile(seed: Int) {
    var random = Seeded(UInt64(seed))
    var bytes = HelloBuilder.browser(salt: seed, shuffled: false).records(of: 1 + seed * 7)
    for _ in 0..<Int.random(in: 1...6, using: &random) {
      bytes[Int.random(in: 0..<bytes.count, using: &random)] = UInt8.random(
        in: 0...255, using: &random)
    }
    _ = SeenTLS(pieces(bytes, &random), pieces(bytes, &random))
    var collector = HandshakeCollector(wanted: 1)
    let record = [22, 3, 1, 0x40, 0] + [UInt8](repeating: 1, count: 16_384)
    for _ in 0..<8 where !collector.isDone { _ = collector.push(record.span) }
    #expect(collector.buffer.count <= HandshakeCollector.limit + 16_388)
  }

  @Test("a gap in the hello ends its reading, and is told")
  func gap() {
    let hello = HelloBuilder().records()
    var context = TLSContext()
    var counters = AnomalyCounters()
    var connection = TLSConnection()
    var batch = ExchangeBatch()
    let first = Array(hello.prefix(20))
    connection.data(.client, first.span, offset: 0, testMark(1), &context, &counters)
    connection.gap(.client, count: 1_000, offset: 20, testMark(2))
    connection.data(.client, hello.span, offset: 1_020, testMark(3), &context, &counters)
    connection.close(testFlow(), testMark(4), context, into: &batch)
    #expect(batch.exchanges[0].flags.contains(.incomplete))
    #expect(batch.exchanges[0].requestBytes == Int64(1_020 + hello.count))
    #expect(!batch.exchanges[0][.ja4].isPresent)
    #expect(batch.details[0].anomalies.contains(.streamGap))
  }
}

@Suite("The first bytes of TLS")
struct TLSGuessTests {
  @Test(
    "what a stream begins with",
    arguments: [
      ([], .undecided), ([22], .undecided), ([22, 3, 1, 2, 0], .undecided),
      ([22, 3, 1, 2, 0, 1], .yes), ([22, 3, 1, 2, 0, 2], .no), ([22, 2], .no),
      ([22, 3, 1, 0, 0], .no), ([22, 3, 5], .no), ([23, 3, 3], .no),
      (Array("GET / HTTP".utf8), .no), ([0x80, 0x2e], .undecided),
      ([0x80, 0x2e, 1, 0, 2], .yes), ([0x80, 0x2e, 1, 3, 1], .yes), ([0x80, 0x2e, 4], .no),
      ([0x80, 0x2e, 1, 7, 1], .no),
    ] as [([UInt8], StreamGuess)])
  func first(bytes: [UInt8], guess: StreamGuess) {
    #expect(TLSConnection.looksLikeClientHello(bytes.span) == guess)
  }
}

@Suite("JA4")
struct JA4Tests {
  private func ja4(_ hello: HelloBuilder) -> String {
    SeenTLS([hello.records()], []).text(.ja4) ?? ""
  }

  @Test(
    "the first ALPN value gives two characters",
    arguments: [
      ([0x68, 0x32], "h2"), (Array("http/1.1".utf8), "h1"), ([0x7a], "zz"), ([0xab], "ab"),
      ([0xab, 0xcd], "ad"), ([0x30, 0xab], "3b"), ([0x30, 0x31, 0xab, 0xcd], "3d"),
      ([0x30, 0xab, 0xcd, 0x31], "01"), ([], "00"), ([0x5f, 0x61], "51"),
    ] as [([UInt8], String)])
  func protocols(name: [UInt8], characters: String) {
    let hello = HelloBuilder(extensions: [HelloBuilder.protocols([name])])
    #expect(ja4(hello).hasPrefix("t12i0301\(characters)_"), "\(ja4(hello))")
  }

  @Test(
    "the version is the highest offered, or the version field",
    arguments: [
      (0x0303, [0x0304, 0x0303], "13"), (0x0303, [0x7a7a, 0x0303], "12"), (0x0302, [], "11"),
      (0x0301, [], "10"), (0x0300, [], "s3"), (0x0002, [], "s2"), (0x0305, [], "00"),
      (0x0303, [0x7f1c], "00"),
    ] as [(UInt16, [UInt16], String)])
  func versions(field: UInt16, list: [UInt16], text: String) {
    var hello = HelloBuilder(version: field)
    if !list.isEmpty { hello.extensions = [HelloBuilder.versions(list)] }
    #expect(ja4(hello).hasPrefix("t\(text)i"))
  }

  @Test("lists without values are zeros, and no signatures leave no underscore")
  func empty() {
    let bare = HelloBuilder(ciphers: [], extensions: nil)
    #expect(ja4(bare) == "t12i000000_000000000000_000000000000")
    let named = HelloBuilder(
      ciphers: [0x0a0a], extensions: [HelloBuilder.serverName("a.example")])
    #expect(ja4(named) == "t12d000100_000000000000_000000000000")
    let seen = SeenTLS([HelloBuilder(extensions: [(0x17, []), (5, [])]).records()], [])
    #expect(seen.batch.string(seen.detail.ja4Raw) == "t12i030200_1301,1302,c02f_0005,0017")
  }

  @Test("counts stop at 99")
  func counts() {
    let hello = HelloBuilder(
      ciphers: (0..<150).map { 0x2000 + $0 }, extensions: (0..<120).map { (0x3000 + $0, []) })
    #expect(ja4(hello).hasPrefix("t12i999900_"))
  }

  @Test("the example of the specification")
  func example() {
    let types: [UInt16] = [
      0x001b, 0x0000, 0x0033, 0x0010, 0x4469, 0x0017, 0x002d, 0x000d, 0x0005, 0x0023, 0x0012,
      0x002b, 0xff01, 0x000b, 0x000a, 0x0015,
    ]
    let known = [
      HelloBuilder.serverName("a.example"), HelloBuilder.protocols([[0x68, 0x32]]),
      HelloBuilder.versions([0x0304]),
      HelloBuilder.signatures([
        0x0403, 0x0804, 0x0401, 0x0503, 0x0805, 0x0501, 0x0806, 0x0601,
      ]),
    ]
    let hello = HelloBuilder(
      ciphers: [
        0x1301, 0x1302, 0x1303, 0xc02b, 0xc02f, 0xc02c, 0xc030, 0xcca9, 0xcca8, 0xc013, 0xc014,
        0x009c, 0x009d, 0x002f, 0x0035,
      ],
      extensions: types.map { type in known.first { $0.0 == type } ?? (type, []) })
    #expect(ja4(hello) == "t13d1516h2_8daaf6152771_e5627efa2ab1")
    #expect(JA4Method.name == "ja4-tls/1")
  }

  @Test("a kept result equals a new one", arguments: 0..<20 as Range<UInt64>)
  func cache(seed: UInt64) {
    var random = Seeded(seed)
    var shared = JA4Builder()
    for _ in 0..<60 {
      let hello = HelloBuilder(
        ciphers: (0..<Int.random(in: 0...2, using: &random)).map { _ in
          UInt16.random(in: 1...9, using: &random)
        }, extensions: [(UInt16.random(in: 1...9, using: &random), [])])
      let bytes = hello.body
      guard let read = ClientHello(bytes.span, bytes.indices) else {
        Issue.record("seed \(seed): a hello of ours was not read")
        return
      }
      var fresh = JA4Builder()
      #expect(
        shared.fingerprint(read, bytes.span) == fresh.fingerprint(read, bytes.span),
        "seed \(seed)")
    }
  }
}
