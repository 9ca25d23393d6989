import CrenelModel
import CrenelTestKit
import Testing

@testable import CrenelDecode

private func end(_ text: String, _ port: UInt16) -> Endpoint? {
  ClientAddress(parsing: Array(text.utf8).span).map { Endpoint(address: $0, port: port) }
}

private let signature: [UInt8] = [13, 10, 13, 10, 0, 13, 10, 0x51, 0x55, 0x49, 0x54, 10]
private let four: [UInt8] = [192, 0, 2, 7, 198, 51, 100, 9, 0xc8, 0x22, 0x01, 0xbb]

private func binary(_ command: UInt8, _ family: UInt8, _ content: [UInt8]) -> [UInt8] {
  signature + [command, family] + HelloBuilder.two(content.count) + content
}

@Suite("PROXY headers")
struct ProxyHeaderTests {
  @Test(
    "version 1 names both ends",
    arguments: [
      ("PROXY TCP4 192.0.2.7 198.51.100.9 51234 443\r\n", "192.0.2.7", "198.51.100.9"),
      ("PROXY TCP6 2001:db8::7 2001:db8::9 51234 443\r\nGET", "2001:db8::7", "2001:db8::9"),
    ])
  func line(text: String, source: String, destination: String) {
    let length = text.utf8.count - (text.hasSuffix("GET") ? 3 : 0)
    #expect(
      ProxyHeader.parse(Array(text.utf8).span)
        == .header(length: length, source: end(source, 51_234), destination: end(destination, 443)))
  }

  @Test(
    "version 1 without ends",
    arguments: [
      "PROXY UNKNOWN\r\n", "PROXY UNKNOWN ffff::1 anything at all\r\n",
    ])
  func unknown(text: String) {
    #expect(
      ProxyHeader.parse(Array(text.utf8).span)
        == .header(length: text.utf8.count, source: nil, destination: nil))
  }

  @Test(
    "broken lines are bad",
    arguments: [
      "PROXY TCP4 192.0.2.7 198.51.100.9 51234\r\n", "PROXY TCP4 192.0.2.7 198.51.100.9 1 2 3\r\n",
      "PROXY TCP4 2001:db8::7 2001:db8::9 1 2\r\n", "PROXY TCP6 192.0.2.7 198.51.100.9 1 2\r\n",
      "PROXY TCP4 192.0.2.7 198.51.100.9 70000 2\r\n", "PROXY TCP4 192.0.2.7 198.51.100.9 01 2\r\n",
      "PROXY TCP4  192.0.2.7 198.51.100.9 1 2\r\n", "PROXY TCP5 192.0.2.7 198.51.100.9 1 2\r\n",
      "PROXY TCP4 192.0.2.7 198.51.100.9 1 2\r ", "PROXY TCP4 [192.0.2.7] 198.51.100.9 1 2\r\n",
      "PROXY TCP4 192.0.2.7%0 198.51.100.9 1 2\r\n", "PROXY \r\n",
      "PROXY TCP4 192.0.2.7 198.51.100.9 1 2 \r\n",
      "PROXY UNKNOWN " + String(repeating: "x", count: 200),
    ])
  func broken(text: String) {
    #expect(ProxyHeader.parse(Array(text.utf8).span) == .bad)
  }

  @Test("the longest line is 107 bytes with its end")
  func longest() {
    for (count, isHeader) in [(91, true), (92, false)] {
      let text = "PROXY UNKNOWN " + String(repeating: "x", count: count) + "\r\n"
      let parsed = ProxyHeader.parse(Array(text.utf8).span)
      let header = ProxyHeader.header(length: 107, source: nil, destination: nil)
      #expect(parsed == (isHeader ? header : .bad))
    }
  }

  @Test(
    "other protocols have no header",
    arguments: [
      "GET / HTTP/1.1\r\n", "POST /", "PROXYX", "PRI * HTTP/2.0\r\n", "\r\nGET /", "\r\n\r\nX",
    ])
  func none(text: String) { #expect(ProxyHeader.parse(Array(text.utf8).span) == .none) }

  @Test("version 2 names both ends, and extensions are part of its length")
  func binaryEnds() {
    let ends = (end("192.0.2.7", 51_234), end("198.51.100.9", 443))
    let plain = binary(0x21, 0x11, four)
    #expect(
      ProxyHeader.parse(plain.span) == .header(length: 28, source: ends.0, destination: ends.1))
    let extended = binary(0x21, 0x11, four + [1, 0, 2, 0x68, 0x32])
    #expect(
      ProxyHeader.parse(extended.span) == .header(length: 33, source: ends.0, destination: ends.1))
    let address: [UInt8] = [0x20, 1, 0x0d, 0xb8] + [UInt8](repeating: 0, count: 11)
    let six = binary(0x21, 0x21, address + [7] + address + [9] + [0xc8, 0x22, 0x01, 0xbb])
    #expect(
      ProxyHeader.parse(six.span)
        == .header(
          length: 52, source: end("2001:db8::7", 51_234), destination: end("2001:db8::9", 443)))
  }

  @Test("the largest length is told as soon as the ends are there")
  func largest() {
    let bytes = signature + [0x21, 0x11, 0xff, 0xff] + four
    #expect(
      ProxyHeader.parse(bytes.span)
        == .header(
          length: 65_551, source: end("192.0.2.7", 51_234), destination: end("198.51.100.9", 443)))
  }

  @Test(
    "version 2 without ends",
    arguments: [
      binary(0x20, 0x00, []), binary(0x20, 0x11, four), binary(0x21, 0x00, [1, 2, 3]),
      binary(0x20, 0xff, [9]), binary(0x21, 0x31, [UInt8](repeating: 0x2f, count: 216)),
    ])
  func local(bytes: [UInt8]) {
    #expect(
      ProxyHeader.parse(bytes.span) == .header(length: bytes.count, source: nil, destination: nil))
  }

  @Test(
    "broken binary headers are bad",
    arguments: [
      binary(0x11, 0x11, four), binary(0x22, 0x11, four), binary(0x21, 0x41, four),
      binary(0x21, 0x13, four), binary(0x21, 0x11, Array(four.dropLast())),
      binary(0x21, 0x21, four), binary(0x21, 0x31, four),
    ])
  func brokenBinary(bytes: [UInt8]) { #expect(ProxyHeader.parse(bytes.span) == .bad) }

  @Test(
    "split anywhere, it asks for more and then says the same",
    arguments: [
      binary(0x21, 0x11, four + [4, 0, 1, 0]), binary(0x20, 0, []),
      Array("PROXY TCP4 192.0.2.7 198.51.100.9 51234 443\r\n".utf8),
      Array("PROXY UNKNOWN\r\n".utf8),
    ])
  func split(bytes: [UInt8]) {
    let whole = ProxyHeader.parse(bytes.span)
    var isClear = false
    for count in 0...bytes.count {
      let answer = ProxyHeader.parse(bytes.span.extracting(0..<count))
      isClear = isClear || answer == whole
      #expect(answer == (isClear ? whole : .needMore), "\(count) bytes")
    }
    #expect(isClear)
  }

  @Test("it never traps, and is sure at its limit", arguments: 0..<200 as Range<UInt64>)
  func hostile(seed: UInt64) {
    var random = Seeded(seed)
    var bytes = binary(0x21, 0x11, four) + [UInt8](repeating: 0x20, count: 90)
    if seed % 2 == 0 { bytes = Array("PROXY TCP4 192.0.2.7 198.51.100.9 51234 443\r\n".utf8) }
    bytes += [UInt8](repeating: 0x61, count: 107)
    for _ in 0..<Int.random(in: 1...4, using: &random) {
      bytes[Int.random(in: 0..<60, using: &random)] = UInt8.random(in: 0...255, using: &random)
    }
    for count in 0...bytes.count { _ = ProxyHeader.parse(bytes.span.extracting(0..<count)) }
    #expect(ProxyHeader.parse(bytes.span) != .needMore)
  }
}
