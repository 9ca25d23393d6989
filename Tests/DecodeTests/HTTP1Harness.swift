import CrenelModel
import CrenelTestKit

@testable import CrenelDecode

/// What happens to a connection, for tests.
enum Event: Sendable {
  case client(String)
  case server(String)
  case bytes(FlowSide, [UInt8])
  case gap(FlowSide, UInt64)
  /// Bytes that the snap length cut off.
  case cut(FlowSide, UInt64)
  case end(FlowSide)
}

/// Feeds streams to one connection, a millisecond and a frame for each event.
struct HTTP1Run {
  let context: HTTP1Context
  var connection: HTTP1Connection
  var batch = ExchangeBatch()
  private var offsets: [UInt64] = [0, 0]
  private var clock: Int64 = 1_000

  static func flow(isMidStream: Bool = false) -> Flow {
    Flow(
      slot: 0, id: 7,
      client: Endpoint(address: ClientAddress(ipv4: 0xc000_0207), port: 40_000),
      server: Endpoint(address: ClientAddress(ipv4: 0xc633_6401), port: 80),
      openedAt: Timestamp(nanoseconds: 0), firstFrame: 1, isMidStream: isMidStream)
  }

  init(
    names: [String] = [], limits: HTTP1Limits = HTTP1Limits(), isMidStream: Bool = false,
    trusted: [String] = []
  ) {
    var configuration = DecoderConfiguration()
    configuration.client = trusted.isEmpty ? .remote : .forwarded
    configuration.trustedProxies = trusted.compactMap { Network($0) }
    for name in names { _ = configuration.names.slot(for: name) }
    context = HTTP1Context(configuration, limits: limits)
    connection = HTTP1Connection(Self.flow(isMidStream: isMidStream), context)
  }

  /// The packet of the next event: frames and milliseconds are counted alike.
  private mutating func mark() -> PacketMark {
    clock += 1
    return PacketMark(
      at: Timestamp(nanoseconds: clock * 1_000_000),
      frame: SourcedFrame(source: 3, number: UInt64(clock - 1_000)).rawValue)
  }

  mutating func play(_ events: [Event], pieces: Int? = nil, seed: UInt64 = 0) {
    var random = Seeded(seed)
    for event in events {
      let mark = mark()
      switch event {
      case .client(let text): feed(.client, Array(text.utf8), mark, pieces, &random)
      case .server(let text): feed(.server, Array(text.utf8), mark, pieces, &random)
      case .bytes(let side, let bytes): feed(side, bytes, mark, pieces, &random)
      case .gap(let side, let count), .cut(let side, let count):
        var mark = mark
        if case .cut = event { mark.isCut = true }
        connection.gap(
          side, count: count, offset: offsets[Int(side.rawValue)], mark, into: &batch)
        offsets[Int(side.rawValue)] += count
      case .end(let side): connection.sideEnded(side, mark, into: &batch)
      }
    }
  }

  mutating func close() { connection.close(mark(), into: &batch) }

  private mutating func feed(
    _ side: FlowSide, _ bytes: [UInt8], _ mark: PacketMark, _ pieces: Int?,
    _ random: inout Seeded
  ) {
    var start = 0
    while start < bytes.count {
      let longest = pieces ?? bytes.count
      let count = min(
        bytes.count - start, pieces == nil ? longest : .random(in: 1...longest, using: &random))
      connection.feed(
        side, bytes.span.extracting(start..<(start + count)),
        offset: offsets[Int(side.rawValue)], mark, place: 99, into: &batch)
      start += count
      offsets[Int(side.rawValue)] += UInt64(count)
    }
  }

  /// One line for each exchange: method target status body, and what is odd.
  var lines: [String] {
    batch.exchanges.map { exchange in
      let detail = batch.details[Int(exchange.detail)]
      var line =
        "\(text(exchange[.method])) \(text(exchange[.target])) \(text(exchange[.version]))"
        + " \(exchange.status) \(detail.requestBodyBytes)/\(exchange.bodyBytes)"
      for (flag, name) in [
        (ExchangeFlags.incomplete, "incomplete"), (.unknownTarget, "unknown-target"),
        (.malformedRequest, "malformed"),
      ] where exchange.flags.contains(flag) { line += " " + name }
      for anomaly in PacketAnomaly.allCases where detail.anomalies.contains(anomaly) {
        line += " " + anomaly.code
      }
      return line
    }
  }

  /// Everything that must not depend on how the streams were cut.
  var whole: [String] {
    zip(batch.exchanges, lines).map { exchange, line in
      let detail = batch.details[Int(exchange.detail)]
      let texts = TextField.allCases.map { text(exchange[$0]) }
      let extras = (0..<16).map { text(exchange.extras[$0]) }
      return "\(line) \(texts) \(extras) \(text(exchange.raw)) \(text(detail.headerNames))"
        + " \(exchange.at.nanoseconds) \(exchange.start) \(exchange.end) \(exchange.elapsed)"
        + " \(exchange.requestBytes) \(exchange.responseBytes) \(exchange.connectionRequest)"
        + " \(detail.requestStream) \(detail.responseStream)"
        + " \(detail.requestFrames) \(detail.responseFrames)"
    }
  }

  func text(_ range: ByteRange) -> String { batch.string(range) ?? "-" }
}

extension String {
  /// The text with CR LF for line ends, as HTTP wants.
  var crlf: String { replacing("\r\n", with: "\n").replacing("\n", with: "\r\n") }
}
