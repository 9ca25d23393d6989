import CBrotli
import CHTP
import CrenelModel

/// The content codings of RFC 9110 section 8.4.1 that are undone.
enum ContentCoding: UInt8, Sendable, BitwiseCopyable {
  case identity, gzip, deflate, brotli
  /// One that is not known, or several inside each other.
  case unknown

  /// The coding that a Content-Encoding names.
  init(_ bytes: Span<UInt8>, _ value: Range<Int>) {
    self = .unknown
    func take(_ text: StaticString, _ coding: ContentCoding) {
      if FieldName.equals(bytes, value, text) { self = coding }
    }
    take("", .identity)
    take("identity", .identity)
    take("gzip", .gzip)
    take("x-gzip", .gzip)
    take("deflate", .deflate)
    take("br", .brotli)
  }
}

/// What came out of a compressed body.
enum InflateResult: Equatable, Sendable {
  case done
  /// There is more than the limit; what fits was kept.
  case overLimit
  /// The bytes are not what the coding says, or end early; what could be read was kept.
  case broken
}

/// Undoes the compression of a body that is in memory, up to a limit.
struct BodyInflater {
  /// Bytes that may come out.
  var limit: Int

  /// Appends the decompressed `body` to `out`, at most the limit.
  func inflate(
    _ body: Span<UInt8>, _ coding: ContentCoding, _ judge: HeadJudge, into out: inout [UInt8]
  ) -> InflateResult {
    switch coding {
    case .identity, .unknown:
      unsafe body.withUnsafeBufferPointer { unsafe out.append(contentsOf: $0.prefix(limit)) }
      return coding == .unknown ? .broken : body.count > limit ? .overLimit : .done
    case .gzip, .deflate:
      return judge.inflate(body, isGzip: coding == .gzip, limit: limit, into: &out)
    case .brotli: return brotli(body, into: &out)
    }
  }

  private func brotli(_ body: Span<UInt8>, into out: inout [UInt8]) -> InflateResult {
    guard let decoder = unsafe BrotliDecoderCreateInstance(nil, nil, nil) else { return .broken }
    defer { unsafe BrotliDecoderDestroyInstance(decoder) }
    let start = out.count
    return unsafe body.withUnsafeBufferPointer { buffer in
      // The decoder reads `left` bytes at `next`, moves both, and keeps neither.
      var next = buffer.baseAddress
      var left = buffer.count
      while true {
        var room = 0
        var nowhere: UnsafeMutablePointer<UInt8>?
        let result = unsafe BrotliDecoderDecompressStream(
          decoder, &left, &next, &room, &nowhere, nil)
        var count = 0
        while let output = unsafe BrotliDecoderTakeOutput(decoder, &count), count > 0 {
          let kept = min(count, limit - (out.count - start))
          unsafe out.append(contentsOf: UnsafeBufferPointer(start: output, count: kept))
          if kept < count { return .overLimit }
          count = 0
        }
        if result == BROTLI_DECODER_RESULT_SUCCESS { return .done }
        if result != BROTLI_DECODER_RESULT_NEEDS_MORE_OUTPUT { return .broken }
      }
    }
  }
}

extension HeadJudge {
  /// Where LibHTP's decompressor puts what comes out.
  private struct Sink {
    var bytes: [UInt8]
    var limit: Int
    var isOver = false
  }

  /// Undoes gzip (RFC 1952) or deflate (RFC 1951, with or without RFC 1950 around it).
  func inflate(
    _ body: Span<UInt8>, isGzip: Bool, limit: Int, into out: inout [UInt8]
  ) -> InflateResult {
    guard !body.isEmpty else { return .done }
    var sink = Sink(bytes: [], limit: limit)
    var isBroken = true
    unsafe withParser(&sink) { parser in
      let format = isGzip ? HTP_COMPRESSION_GZIP : HTP_COMPRESSION_DEFLATE
      guard let transaction = unsafe htp_connp_tx_create(parser),
        let decompressor = unsafe htp_gzip_decompressor_create(parser, format)
      else { return }
      unsafe decompressor.pointee.callback = { data in unsafe HeadJudge.take(data) }
      unsafe body.withUnsafeBufferPointer { buffer in
        var data = unsafe htp_tx_data_t(
          tx: transaction, data: buffer.baseAddress, len: buffer.count, is_last: 1)
        let result = unsafe htp_gzip_decompressor_decompress(decompressor, &data)
        // Without data, it hands over what it still has.
        unsafe data.data = nil
        unsafe data.len = 0
        _ = unsafe htp_gzip_decompressor_decompress(decompressor, &data)
        isBroken = unsafe result != HTP_OK || decompressor.pointee.passthrough != 0
      }
      unsafe htp_gzip_decompressor_destroy(decompressor)
    }
    out.append(contentsOf: sink.bytes)
    if sink.isOver { return .overLimit }
    return isBroken ? .broken : .done
  }

  private static func take(_ data: UnsafeMutablePointer<htp_tx_data_t>?) -> Int32 {
    guard let data = unsafe data, let transaction = unsafe data.pointee.tx,
      let address = unsafe htp_connp_get_user_data(transaction.pointee.connp),
      let bytes = unsafe data.pointee.data
    else { return HTP_OK }
    let sink = unsafe address.assumingMemoryBound(to: Sink.self)
    let room = unsafe sink.pointee.limit - sink.pointee.bytes.count
    let kept = unsafe min(room, data.pointee.len)
    unsafe sink.pointee.bytes.append(contentsOf: UnsafeBufferPointer(start: bytes, count: kept))
    guard unsafe kept < data.pointee.len else { return HTP_OK }
    unsafe sink.pointee.isOver = true
    return HTP_ERROR  // LibHTP stops here
  }
}
