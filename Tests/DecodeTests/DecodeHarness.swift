import CrenelDecode
import CrenelModel
import CrenelTestKit

/// A log decoded whole, for tests.
struct Decoded {
  var batch = ExchangeBatch()
  var counters = LineCounters()

  init(
    _ bytes: [UInt8], _ format: LogFormat, _ configuration: DecoderConfiguration = .init()
  ) throws {
    var decoder = try LogDecoder(format, configuration)
    batch.bytes = bytes
    decoder.decode(&batch, lines: bytes.indices, offset: 0)
    counters = decoder.counters
  }

  init(_ text: String, _ format: String, _ configuration: DecoderConfiguration = .init()) throws {
    try self.init(Array(text.utf8), LogFormat.parse(format), configuration)
  }

  func text(_ field: TextField, _ index: Int = 0) -> String? {
    batch.string(batch.exchanges[index][field])
  }

  subscript(index: Int) -> Exchange { batch.exchanges[index] }
}

/// UTC for formats without an offset.
func utcConfiguration() -> DecoderConfiguration {
  var configuration = DecoderConfiguration()
  configuration.zone = .utc
  return configuration
}
