import CrenelModel
import CrenelTestKit
import Testing

@Suite("Batches")
struct BatchTests {
  @Test("an exchange moved to another batch keeps its line and texts")
  func move() {
    var source = ExchangeBatch()
    source.bytes = Array("xxGET /a?b yyMozillazz".utf8)
    var exchange = Exchange(
      at: Timestamp(nanoseconds: 1),
      provenance: Provenance(source: 0, offset: 2, length: 9, line: 1))
    exchange.raw = ByteRange(2..<10)
    exchange[.path] = ByteRange(6..<8)
    exchange[.userAgent] = ByteRange(13..<20)
    exchange[.query] = ByteRange(9..<9)
    exchange.extras[3] = ByteRange(0..<2)
    source.exchanges = [exchange]
    var target = ExchangeBatch()
    target.bytes = Array("before".utf8)
    target.append(exchange, from: source)
    let moved = target.exchanges[0]
    #expect(target.string(moved.raw) == "GET /a?b")
    #expect(target.string(moved[.path]) == "/a")
    #expect(target.string(moved[.userAgent]) == "Mozilla")
    #expect(target.string(moved[.query]) == "")
    #expect(target.string(moved[.host]) == nil)
    #expect(target.string(moved.extras[3]) == "xx")
  }

  @Test("a batch that was once large gives its memory back")
  func memory() {
    var batch = ExchangeBatch()
    batch.bytes = [UInt8](repeating: 0, count: ExchangeBatch.keptBytes * 2)
    batch.exchanges = Array(
      repeating: Exchange(
        at: Timestamp(nanoseconds: 1),
        provenance: Provenance(source: 0, offset: 0, length: 0, line: 1)),
      count: ExchangeBatch.keptExchanges * 2)
    batch.removeAll()
    #expect(batch.bytes.capacity == 0 && batch.exchanges.capacity == 0)
    batch.bytes = [UInt8](repeating: 0, count: 64_000)
    batch.removeAll()
    #expect(batch.bytes.capacity >= 64_000)
  }

  @Test("field names take at most sixteen slots, each once")
  func names() {
    var names = FieldNames()
    for i in 0..<16 { #expect(names.slot(for: "n\(i)") == i) }
    #expect(names.slot(for: "n3") == 3)
    #expect(names.slot(for: "more") == nil)
    #expect(names.slot(of: "n15") == 15)
  }

  @Test("hashes depend on every byte, the length and the seed")
  func hashes() {
    var seen: Set<UInt64> = []
    var bytes = [UInt8](repeating: 0, count: 33)
    for length in 0...33 { seen.insert(Hash64.of(bytes.span.extracting(0..<length), seed: 1)) }
    for i in bytes.indices {
      bytes[i] = 1
      seen.insert(Hash64.of(bytes.span, seed: 1))
      bytes[i] = 0
    }
    seen.insert(Hash64.of(bytes.span, seed: 2))
    #expect(seen.count == 34 + 33 + 1)
  }

  @Test("diagnostics say place, code, message and remedy, sorted by place")
  func diagnostics() {
    let list = Diagnostics([
      Diagnostic(
        .warning, code: "late", at: SourcePosition(file: "b.yml", line: 2, column: 1), "second"),
      Diagnostic(
        code: "early", at: SourcePosition(file: "a.yml", line: 9, column: 3), "first", hint: "mend"),
    ])
    #expect(
      list.description
        == "a.yml:9:3: error[early]: first\n  hint: mend\nb.yml:2:1: warning[late]: second")
    #expect(list.hasErrors)
  }
}
