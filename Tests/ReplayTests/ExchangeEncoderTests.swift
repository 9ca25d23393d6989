import CrenelModel
import Foundation
import Testing

@testable import CrenelReplay

@Suite("Exchanges as JSON")
struct ExchangeEncoderTests {
  private func line(_ exchange: Exchange, _ batch: ExchangeBatch) throws -> [String: Any] {
    var encoder = ExchangeEncoder(names: FieldNames(), sources: ["a.log"])
    let bytes = encoder.line(exchange, in: batch)
    #expect(bytes.last == 0x0a)
    return try #require(
      try JSONSerialization.jsonObject(with: Data(bytes)) as? [String: Any])
  }

  private func exchange() throws -> Exchange {
    let place = Provenance(source: 0, offset: 7, length: 5, line: 2)
    return Exchange(at: try #require(Timestamp(seconds: 1_772_438_400)), provenance: place)
  }

  @Test("each text stands at the path of its ECS name", arguments: TextField.allCases)
  func texts(field: TextField) throws {
    var batch = ExchangeBatch()
    batch.bytes = Array("value".utf8)
    var exchange = try exchange()
    exchange[field] = ByteRange(0..<5)
    let row = try line(exchange, batch)
    let found = field.name.split(separator: ".").reduce(row as Any?) {
      ($0 as? [String: Any])?[String($1)]
    }
    #expect(found as? String == (field == .cookies ? "withheld, 5 bytes" : "value"))
  }

  @Test("no object is empty, and none is there without something in it")
  func empty() throws {
    let row = try line(try exchange(), ExchangeBatch())
    #expect(Set(row.keys) == ["@timestamp", "crenel", "log"])
    let crenel = try #require(row["crenel"] as? [String: Any])
    #expect(Set(crenel.keys) == ["start", "end"])
  }
}
