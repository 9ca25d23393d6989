import CrenelDecode
import CrenelModel

/// One exchange as an ECS JSON line: only what the source had, in a fixed order.
///
/// Cookies and fields of forms carry sessions and identities: that they are there is said, and
/// how long they are, never what they hold.
struct ExchangeEncoder {
  private let names: [String]
  private let sources: [String]
  private var writer = JSONWriter()

  /// Creates an encoder of exchanges with fields that were asked for, from sources by number.
  init(names: FieldNames, sources: [String]) {
    self.names = names.names
    self.sources = sources
  }

  /// The line, with its line feed.
  mutating func line(_ exchange: Exchange, in batch: borrowing ExchangeBatch) -> [UInt8] {
    writer.removeAll()
    let bytes = batch.bytes.span
    writer.beginObject()
    writer.time("@timestamp", exchange.at)
    times(exchange)
    writer.address("source.ip", exchange.client)
    if exchange.peer != exchange.client {
      writer.address("network.peer.ip", exchange.peer)
    }
    if exchange.port != 0 { writer.int("source.port", exchange.port) }
    if exchange.status != 0 { writer.int("http.response.status_code", exchange.status) }
    numbers(exchange)
    for field in TextField.allCases {
      let range = exchange[field]
      guard range.isPresent else { continue }
      writer.key(field.name)
      if field == .cookies {
        writer.string(nil, Self.withheld(range))
      } else {
        writer.string(bytes: bytes.extracting(range.indices))
      }
    }
    for (slot, name) in names.enumerated() where exchange.extras[slot].isPresent {
      writer.key("crenel.field." + name)
      writer.string(nil, Self.withheld(exchange.extras[slot]))
    }
    if exchange.detail != .max { detail(batch.details[Int(exchange.detail)], exchange, bytes) }
    flags(exchange.flags)
    provenance(exchange.provenance)
    writer.endObject()
    writer.newline()
    return writer.bytes
  }

  private static func withheld(_ range: ByteRange) -> String { "withheld, \(range.count) bytes" }

  /// Milliseconds for logs; as captured, to the nanosecond, for packets.
  private mutating func times(_ exchange: Exchange) {
    let digits = exchange.detail == .max ? 3 : 9
    writer.beginObject("crenel.start")
    writer.time("earliest", exchange.start.earliest, digits: digits)
    writer.time("latest", exchange.start.latest, digits: digits)
    writer.endObject()
    writer.beginObject("crenel.end")
    writer.time("earliest", exchange.end.earliest, digits: digits)
    writer.time("latest", exchange.end.latest, digits: digits)
    writer.endObject()
    if exchange.elapsed >= 0 { writer.int("event.duration", exchange.elapsed) }
  }

  private mutating func numbers(_ exchange: Exchange) {
    if exchange.requestBytes >= 0 { writer.int("http.request.bytes", exchange.requestBytes) }
    if exchange.bodyBytes >= 0 { writer.int("http.response.body.bytes", exchange.bodyBytes) }
    if exchange.responseBytes >= 0 { writer.int("http.response.bytes", exchange.responseBytes) }
    if exchange.connection != 0 { writer.int("crenel.connection", exchange.connection) }
    if exchange.connectionRequest != 0 {
      writer.int("crenel.connection_request", exchange.connectionRequest)
    }
  }

  /// What only packets tell.
  private mutating func detail(
    _ detail: PacketDetail, _ exchange: Exchange, _ bytes: Span<UInt8>
  ) {
    writer.string("network.protocol", exchange.flags.contains(.encrypted) ? "tls" : "http")
    writer.address("destination.ip", detail.server)
    writer.int("destination.port", detail.serverPort)
    if detail.requestBodyBytes >= 0 {
      writer.int("http.request.body.bytes", detail.requestBodyBytes)
    }
    text("crenel.header_names", detail.headerNames, bytes)
    text("tls.client.server_name", detail.serverName, bytes)
    text("tls.client.alpn", detail.alpn, bytes)
    text("tls.client.ja4_r", detail.ja4Raw, bytes)
    if detail.ja4Raw.isPresent { writer.string("tls.client.ja4_method", JA4Method.name) }
    writer.beginObject("crenel.packets")
    let source = exchange.provenance.source
    writer.side("request", detail.requestFrames, detail.requestStream, of: source, name: name)
    writer.side("response", detail.responseFrames, detail.responseStream, of: source, name: name)
    if detail.anomalies != PacketAnomalies() {
      writer.beginArray("anomalies")
      for anomaly in PacketAnomaly.allCases where detail.anomalies.contains(anomaly) {
        writer.string(nil, anomaly.code)
      }
      writer.endArray()
    }
    writer.endObject()
  }

  private mutating func text(_ name: StaticString, _ range: ByteRange, _ bytes: Span<UInt8>) {
    guard range.isPresent else { return }
    writer.string(name, bytes: bytes.extracting(range.indices))
  }

  private mutating func flags(_ flags: ExchangeFlags) {
    let known: [(flag: ExchangeFlags, name: String)] = [
      (.late, "late"), (.stampedAtEnd, "stamped-at-end"), (.malformedRequest, "malformed-request"),
      (.forwarded, "forwarded"), (.forwardingUnclear, "forwarding-unclear"),
      (.cutShort, "cut-short"), (.encrypted, "encrypted"), (.incomplete, "incomplete"),
    ]
    guard known.contains(where: { flags.contains($0.flag) }) else { return }
    writer.beginArray("crenel.flags")
    for entry in known where flags.contains(entry.flag) { writer.string(nil, entry.name) }
    writer.endArray()
  }

  private func name(_ source: UInt32) -> String { sources[Int(source)] }

  private mutating func provenance(_ place: Provenance) {
    writer.beginObject("log")
    writer.string("file.path", name(place.source))
    writer.int("offset", place.offset)
    writer.int("length", place.length)
    writer.int("line", place.line)
    writer.endObject()
  }
}
