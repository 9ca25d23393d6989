import CrenelDecode
import CrenelModel

/// One exchange as an ECS JSON line: only what the source had, in a fixed order.
///
/// Objects are nested as in alerts; no key has a dot in it but those of `crenel.field`, which are
/// names that a profile or rule gave. Cookies and fields of forms carry sessions and identities:
/// that they are there is said, and how long they are, never what they hold.
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
    let detail = exchange.detail == .max ? nil : batch.details[Int(exchange.detail)]
    writer.beginObject()
    writer.time("@timestamp", exchange.at)
    who(exchange, detail, bytes)
    if exchange.elapsed >= 0 {
      writer.beginObject("event")
      writer.int("duration", exchange.elapsed)
      writer.endObject()
    }
    http(exchange, detail, bytes)
    url(exchange, bytes)
    agent(exchange, bytes)
    tls(exchange, detail, bytes)
    crenel(exchange, detail, bytes)
    provenance(exchange.provenance)
    writer.endObject()
    writer.newline()
    return writer.bytes
  }

  // MARK: - Who

  private mutating func who(_ exchange: Exchange, _ detail: PacketDetail?, _ bytes: Span<UInt8>) {
    let source = writer.mark
    writer.beginObject("source")
    writer.address("ip", exchange.client)
    if !exchange.client.isIP { text("address", exchange[.clientName], bytes) }
    if exchange.port != 0 { writer.int("port", exchange.port) }
    writer.endObject(orBackTo: source)
    let client = writer.mark
    writer.beginObject("client")
    text("address", exchange[.clientName], bytes)
    writer.endObject(orBackTo: client)
    if let detail {
      writer.beginObject("destination")
      writer.address("ip", detail.server)
      writer.int("port", detail.serverPort)
      writer.endObject()
    }
    let network = writer.mark
    writer.beginObject("network")
    if exchange.peer != exchange.client, exchange.peer.isIP {
      writer.beginObject("peer")
      writer.address("ip", exchange.peer)
      writer.endObject()
    }
    if detail != nil {
      writer.string("protocol", exchange.flags.contains(.encrypted) ? "tls" : "http")
    }
    writer.endObject(orBackTo: network)
  }

  // MARK: - What

  private mutating func http(_ exchange: Exchange, _ detail: PacketDetail?, _ bytes: Span<UInt8>) {
    let http = writer.mark
    writer.beginObject("http")
    text("version", exchange[.version], bytes)
    let request = writer.mark
    writer.beginObject("request")
    text("method", exchange[.method], bytes)
    text("referrer", exchange[.referrer], bytes)
    text("id", exchange[.requestID], bytes)
    text("mime_type", exchange[.contentType], bytes)
    if exchange.requestBytes >= 0 { writer.int("bytes", exchange.requestBytes) }
    body(detail?.requestBodyBytes ?? -1)
    requestHeaders(exchange, bytes)
    writer.endObject(orBackTo: request)
    let response = writer.mark
    writer.beginObject("response")
    if exchange.status != 0 { writer.int("status_code", exchange.status) }
    if exchange.responseBytes >= 0 { writer.int("bytes", exchange.responseBytes) }
    body(exchange.bodyBytes)
    if exchange[.location].isPresent {
      writer.beginObject("headers")
      text("location", exchange[.location], bytes)
      writer.endObject()
    }
    writer.endObject(orBackTo: response)
    writer.endObject(orBackTo: http)
  }

  private mutating func body(_ count: Int64) {
    guard count >= 0 else { return }
    writer.beginObject("body")
    writer.int("bytes", count)
    writer.endObject()
  }

  private mutating func requestHeaders(_ exchange: Exchange, _ bytes: Span<UInt8>) {
    let headers = writer.mark
    writer.beginObject("headers")
    text("accept_language", exchange[.acceptLanguage], bytes)
    text("x_forwarded_for", exchange[.forwardedFor], bytes)
    if exchange[.cookies].isPresent { withheld("cookie", exchange[.cookies]) }
    writer.endObject(orBackTo: headers)
  }

  private mutating func url(_ exchange: Exchange, _ bytes: Span<UInt8>) {
    let url = writer.mark
    writer.beginObject("url")
    text("original", exchange[.target], bytes)
    text("path", exchange[.path], bytes)
    text("query", exchange[.query], bytes)
    text("domain", exchange[.host], bytes)
    text("scheme", exchange[.scheme], bytes)
    writer.endObject(orBackTo: url)
  }

  private mutating func agent(_ exchange: Exchange, _ bytes: Span<UInt8>) {
    let agent = writer.mark
    writer.beginObject("user_agent")
    text("original", exchange[.userAgent], bytes)
    writer.endObject(orBackTo: agent)
    let user = writer.mark
    writer.beginObject("user")
    text("name", exchange[.user], bytes)
    writer.endObject(orBackTo: user)
  }

  private mutating func tls(_ exchange: Exchange, _ detail: PacketDetail?, _ bytes: Span<UInt8>) {
    let tls = writer.mark
    writer.beginObject("tls")
    text("version", exchange[.tlsVersion], bytes)
    text("cipher", exchange[.tlsCipher], bytes)
    let client = writer.mark
    writer.beginObject("client")
    if let detail {
      text("server_name", detail.serverName, bytes)
      text("alpn", detail.alpn, bytes)
    }
    text("ja4", exchange[.ja4], bytes)
    if let detail, detail.ja4Raw.isPresent {
      text("ja4_r", detail.ja4Raw, bytes)
      writer.string("ja4_method", JA4Method.name)
    }
    writer.endObject(orBackTo: client)
    writer.endObject(orBackTo: tls)
  }

  // MARK: - What ECS has no name for

  private mutating func crenel(
    _ exchange: Exchange, _ detail: PacketDetail?, _ bytes: Span<UInt8>
  ) {
    writer.beginObject("crenel")
    // Milliseconds for logs; as captured, to the nanosecond, for packets.
    let digits = detail == nil ? 3 : 9
    times("start", exchange.start, digits)
    times("end", exchange.end, digits)
    if exchange.connection != 0 { writer.int("connection", exchange.connection) }
    if exchange.connectionRequest != 0 {
      writer.int("connection_request", exchange.connectionRequest)
    }
    let field = writer.mark
    writer.beginObject("field")
    for slot in names.indices where exchange.extras[slot].isPresent {
      writer.key(names[slot])
      withheld(nil, exchange.extras[slot])
    }
    writer.endObject(orBackTo: field)
    if let detail {
      text("header_names", detail.headerNames, bytes)
      secondHello(detail, bytes)
      packets(detail, of: exchange.provenance.source)
    }
    flags(exchange.flags)
    writer.endObject()
  }

  private mutating func times(_ name: StaticString, _ bounds: TimeBounds, _ digits: Int) {
    writer.beginObject(name)
    writer.time("earliest", bounds.earliest, digits: digits)
    writer.time("latest", bounds.latest, digits: digits)
    writer.endObject()
  }

  private mutating func secondHello(_ detail: PacketDetail, _ bytes: Span<UInt8>) {
    guard detail.secondJA4.isPresent else { return }
    writer.beginObject("tls")
    writer.beginObject("second_hello")
    text("ja4", detail.secondJA4, bytes)
    text("ja4_r", detail.secondJA4Raw, bytes)
    writer.endObject()
    writer.endObject()
  }

  private mutating func packets(_ detail: PacketDetail, of source: UInt32) {
    writer.beginObject("packets")
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

  private mutating func flags(_ flags: ExchangeFlags) {
    let known: [(flag: ExchangeFlags, name: String)] = [
      (.late, "late"), (.stampedAtEnd, "stamped-at-end"), (.malformedRequest, "malformed-request"),
      (.forwarded, "forwarded"), (.forwardingUnclear, "forwarding-unclear"),
      (.cutShort, "cut-short"), (.encrypted, "encrypted"), (.incomplete, "incomplete"),
      (.unknownTarget, "unknown-target"),
    ]
    guard known.contains(where: { flags.contains($0.flag) }) else { return }
    writer.beginArray("flags")
    for entry in known where flags.contains(entry.flag) { writer.string(nil, entry.name) }
    writer.endArray()
  }

  private func name(_ source: UInt32) -> String { sources[Int(source)] }

  private mutating func provenance(_ place: Provenance) {
    writer.beginObject("log")
    writer.beginObject("file")
    writer.string("path", name(place.source))
    writer.endObject()
    writer.int("offset", place.offset)
    writer.int("length", place.length)
    writer.int("line", place.line)
    writer.endObject()
  }

  // MARK: - Values

  private mutating func text(_ name: StaticString, _ range: ByteRange, _ bytes: Span<UInt8>) {
    guard range.isPresent else { return }
    writer.string(name, bytes: bytes.extracting(range.indices))
  }

  private mutating func withheld(_ name: StaticString?, _ range: ByteRange) {
    writer.string(name, "withheld, \(range.count) bytes")
  }
}
