import CrenelModel
import Testing

@Suite("Names of clients")
struct NamedClientTests {
  private static let name = Array("caf\u{e9}.example".utf8)

  @Test(
    "a name stands where there is no address, and nowhere beside one",
    arguments: [
      (ClientAddress(ipv4: 0xc000_0207), true, #"{"ip":"192.0.2.7"}"#, "192.0.2.7"),
      (ClientAddress(ipv4: 0xc000_0207), false, #"{"ip":"192.0.2.7"}"#, "192.0.2.7"),
      (ClientAddress(name: name.span), true, #"{"address":"café.example"}"#, "café.example"),
      (.none, true, #"{"address":"café.example"}"#, "café.example"), (.none, false, "{}", "-"),
    ])
  func named(client: ClientAddress, hasName: Bool, json: String, text: String) {
    var batch = ExchangeBatch()
    batch.bytes = Self.name
    var exchange = Exchange(
      at: Timestamp(nanoseconds: 1),
      provenance: Provenance(source: 0, offset: 0, length: 9, line: 1))
    exchange.client = client
    if hasName { exchange[.clientName] = ByteRange(batch.bytes.indices) }
    let named = NamedClient(exchange, in: batch)
    #expect(named.description == text)
    var writer = JSONWriter()
    writer.beginObject()
    writer.client(named)
    writer.endObject()
    #expect(String(decoding: writer.bytes, as: UTF8.self) == json)
  }
}
