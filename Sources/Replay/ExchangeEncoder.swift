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
    who(exchange, detail, in: batch)
    object("event") { $0.count("duration", exchange.elapsed) }
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

  private mutating func who(
    _ exchange: Exchange, _ detail: PacketDetail?, in batch: borrowing ExchangeBatch
  ) {
    let client = NamedClient(exchange, in: batch)
    object("source") {
      $0.writer.client(client)
      if exchange.port != 0 { $0.writer.int("port", exchange.port) }
    }
    let bytes = batch.bytes.span
    object("client") { $0.text("address", exchange[.clientName], bytes) }
    if let detail {
      writer.beginObject("destination")
      writer.address("ip", detail.server)
      writer.int("port", detail.serverPort)
      writer.endObject()
    }
    object("network") {
      if exchange.peer != exchange.client {
        $0.object("peer") { $0.writer.address("ip", exchange.peer) }
      }
      if detail != nil {
        $0.writer.string("protocol", exchange.flags.contains(.encrypted) ? "tls" : "http")
      }
    }
  }

  // MARK: - What

  private mutating func http(_ exchange: Exchange, _ detail: PacketDetail?, _ bytes: Span<UInt8>) {
    object("http") {
      $0.text("version", exchange[.version], bytes)
      $0.object("request") {
        $0.text("method", exchange[.method], bytes)
        $0.text("referrer", exchange[.referrer], bytes)
        $0.text("id", exchange[.requestID], bytes)
        $0.text("mime_type", exchange[.contentType], bytes)
        $0.count("bytes", exchange.requestBytes)
        $0.body(detail?.requestBodyBytes ?? -1)
        $0.requestHeaders(exchange, bytes)
      }
      $0.object("response") {
        if exchange.status != 0 { $0.writer.int("status_code", exchange.status) }
        $0.count("bytes", exchange.responseBytes)
        $0.body(exchange.bodyBytes)
        $0.object("headers") { $0.text("location", exchange[.location], bytes) }
      }
    }
  }

  private mutating func body(_ bytes: Int64) {
    object("body") { $0.count("bytes", bytes) }
  }

  private mutating func requestHeaders(_ exchange: Exchange, _ bytes: Span<UInt8>) {
    object("headers") {
      $0.text("accept_language", exchange[.acceptLanguage], bytes)
      $0.text("x_forwarded_for", exchange[.forwardedFor], bytes)
      if exchange[.cookies].isPresent { $0.withheld("cookie", exchange[.cookies]) }
    }
  }

  private mutating func url(_ exchange: Exchange, _ bytes: Span<UInt8>) {
    object("url") {
      $0.text("original", exchange[.target], bytes)
      $0.text("path", exchange[.path], bytes)
      $0.text("query", exchange[.query], bytes)
      $0.text("domain", exchange[.host], bytes)
      $0.text("scheme", exchange[.scheme], bytes)
    }
  }

  private mutating func agent(_ exchange: Exchange, _ bytes: Span<UInt8>) {
    object("user_agent") { $0.text("original", exchange[.userAgent], bytes) }
    object("user") { $0.text("name", exchange[.user], bytes) }
  }

  private mutating func tls(_ exchange: Exchange, _ detail: PacketDetail?, _ bytes: Span<UInt8>) {
    object("tls") {
      $0.text("version", exchange[.tlsVersion], bytes)
      $0.text("cipher", exchange[.tlsCipher], bytes)
      $0.object("client") {
        if let detail {
          $0.text("server_name", detail.serverName, bytes)
          $0.text("alpn", detail.alpn, bytes)
        }
        $0.text("ja4", exchange[.ja4], bytes)
        if let detail, detail.ja4Raw.isPresent {
          $0.text("ja4_r", detail.ja4Raw, bytes)
          $0.writer.string("ja4_method", JA4Method.name)
        }
      }
    }
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
    object("field") {
      for slot in $0.names.indices where exchange.extras[slot].isPresent {
        $0.writer.key($0.names[slot])
        $0.withheld(nil, exchange.extras[slot])
      }
    }
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

  /// Writes an object with these members; nothing when none of them was there.
  private mutating func object(
    _ name: StaticString, _ members: (inout ExchangeEncoder) -> Void
  ) {
    let start = writer.mark
    writer.beginObject(name)
    members(&self)
    writer.endObject(orBackTo: start)
  }

  /// Writes a number that is negative when it is not known.
  private mutating func count(_ name: StaticString, _ value: Int64) {
    if value >= 0 { writer.int(name, value) }
  }

  private mutating func text(_ name: StaticString, _ range: ByteRange, _ bytes: Span<UInt8>) {
    guard range.isPresent else { return }
    writer.string(name, bytes: bytes.extracting(range.indices))
  }

  private mutating func withheld(_ name: StaticString?, _ range: ByteRange) {
    writer.string(name, "withheld, \(range.count) bytes")
  }
}
