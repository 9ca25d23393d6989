import CrenelModel
import CrenelTestKit

@testable import CrenelDecode

/// Spells HTTP/2 for tests, frame by frame.
enum HTTP2Builder {
  static let preface = Array("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".utf8)
  static let settings = frame(4, 0, 0, [])

  static func frame(_ kind: UInt8, _ flags: UInt8, _ stream: UInt32, _ payload: [UInt8]) -> [UInt8]
  {
    [UInt8(payload.count >> 16)] + HelloBuilder.two(payload.count & 0xffff) + [kind, flags]
      + HelloBuilder.two(Int(stream >> 16)) + HelloBuilder.two(Int(stream & 0xffff)) + payload
  }

  /// A text with its length before it (RFC 7541 section 5.2), not compressed.
  private static func text(_ text: String) -> [UInt8] {
    let bytes = Array(text.utf8)
    guard bytes.count >= 127 else { return [UInt8(bytes.count)] + bytes }
    var rest = bytes.count - 127
    var length: [UInt8] = [127]
    while rest >= 128 {
      length.append(UInt8(rest % 128 + 128))
      rest /= 128
    }
    return length + [UInt8(rest)] + bytes
  }

  /// A header block; fields are put into the table when `indexed`.
  static func block(_ fields: [(String, String)], indexed: Bool = true) -> [UInt8] {
    fields.flatMap { [indexed ? 0x40 : 0x00] + text($0.0) + text($0.1) }
  }

  /// A block in a HEADERS frame.
  static func headers(
    _ stream: UInt32, _ fields: [(String, String)], ends: Bool = false, indexed: Bool = true
  ) -> [UInt8] {
    frame(1, ends ? 5 : 4, stream, block(fields, indexed: indexed))
  }

  static func data(_ stream: UInt32, _ count: Int, ends: Bool = false) -> [UInt8] {
    frame(0, ends ? 1 : 0, stream, [UInt8](repeating: 0x61, count: count))
  }

  static func request(
    _ path: String, method: String = "GET", _ more: [(String, String)] = []
  ) -> [(String, String)] {
    [(":method", method), (":scheme", "http"), (":authority", "rdv.example:8080"), (":path", path)]
      + more
  }
}

/// One thing that one side sends.
struct HTTP2Piece {
  var side: FlowSide
  var bytes: [UInt8]
  /// Whether the capture lacks it.
  var isMissing = false

  static func client(_ bytes: [UInt8]) -> HTTP2Piece { HTTP2Piece(side: .client, bytes: bytes) }
  static func server(_ bytes: [UInt8]) -> HTTP2Piece { HTTP2Piece(side: .server, bytes: bytes) }
  static func lost(_ side: FlowSide, _ count: Int) -> HTTP2Piece {
    HTTP2Piece(side: side, bytes: [UInt8](repeating: 0, count: count), isMissing: true)
  }
}

/// A connection taken to its end.
struct SeenHTTP2 {
  var batch = ExchangeBatch()
  var counters = AnomalyCounters()
  /// Exchanges that were given out before the connection was over.
  var early = 0

  /// Each piece is a packet a millisecond after the one before; `cut` splits pieces into segments
  /// of the same packet.
  init(
    _ pieces: [HTTP2Piece], _ configuration: DecoderConfiguration = DecoderConfiguration(),
    upgrading request: (Exchange, ExchangeBatch)? = nil, opened: Bool = true,
    cut: ((Int) -> Int)? = nil
  ) {
    let context = HTTP2Context(configuration)
    let connection =
      request.map { HTTP2Connection(testFlow(), context, upgrading: $0.0, in: $0.1) }
      ?? HTTP2Connection(testFlow(), context)
    var offsets: [FlowSide: UInt64] = [.client: 0, .server: 0]
    let opening: [HTTP2Piece] = [
      .client(HTTP2Builder.preface + HTTP2Builder.settings), .server(HTTP2Builder.settings),
    ]
    for (index, piece) in ((opened ? opening : []) + pieces).enumerated() {
      let mark = testMark(index + 1)
      var rest = piece.bytes[...]
      while !rest.isEmpty {
        let part = Array(rest.prefix(cut?(rest.count) ?? rest.count))
        rest = rest.dropFirst(part.count)
        let offset = offsets[piece.side, default: 0]
        if piece.isMissing {
          connection.gap(
            piece.side, count: UInt64(part.count), offset: offset, mark, into: &batch, &counters)
        } else {
          connection.data(piece.side, part.span, offset: offset, mark, into: &batch, &counters)
        }
        offsets[piece.side] = offset + UInt64(part.count)
      }
    }
    early = batch.exchanges.count
    connection.close(into: &batch)
  }

  var exchanges: [Exchange] { batch.exchanges }

  func text(_ field: TextField, _ index: Int = 0) -> String? {
    batch.string(batch.exchanges[index][field])
  }

  func detail(_ index: Int = 0) -> PacketDetail {
    batch.details[Int(batch.exchanges[index].detail)]
  }

  /// Everything an exchange says, for comparisons.
  var lines: [String] {
    exchanges.indices.map { index in
      let exchange = exchanges[index]
      let detail = detail(index)
      let texts = TextField.allCases.map { text($0, index) ?? "-" }.joined(separator: "|")
      let extras = (0..<16).map { batch.string(exchange.extras[$0]) ?? "-" }.joined(separator: "|")
      return """
        \(texts) \(extras) \(exchange.at.nanoseconds) \(exchange.start.earliest.nanoseconds) \
        \(exchange.status) \(exchange.flags.rawValue) \(exchange.requestBytes) \
        \(exchange.bodyBytes) \(exchange.responseBytes) \(exchange.connectionRequest) \
        \(detail.requestBodyBytes) \(batch.string(detail.headerNames) ?? "-") \
        \(detail.requestStream) \(detail.responseStream) \(detail.requestFrames) \
        \(detail.responseFrames) \(detail.anomalies.bits)
        """
    }
  }
}
