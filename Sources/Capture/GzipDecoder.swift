import CZlib

/// Decompresses one gzip member (RFC 1952); zlib checks its CRC-32 and its length.
///
/// A class because zlib keeps the address of its state, which is freed once.
@safe
final class GzipDecoder {
  private let stream: UnsafeMutablePointer<z_stream>

  init?() {
    unsafe stream = .allocate(capacity: 1)
    unsafe stream.initialize(to: z_stream())
    // 15: any window that deflate has, 32 KiB; 16: with a gzip header and trailer, nothing else.
    let size = unsafe Int32(MemoryLayout<z_stream>.size)
    guard unsafe inflateInit2_(stream, 15 + 16, ZLIB_VERSION, size) == Z_OK else { return nil }
  }

  deinit {
    unsafe inflateEnd(stream)
    unsafe stream.deallocate()
  }

  /// Takes some of `input`, appends some to `output`.
  func step(_ input: Span<UInt8>, into output: inout OutputSpan<UInt8>) -> DecodingStep {
    unsafe StepMemory.with(input, &output) { memory in
      // zlib only reads through `next_in`.
      unsafe stream.pointee.next_in = UnsafeMutablePointer(mutating: memory.input.baseAddress)
      unsafe stream.pointee.avail_in = UInt32(clamping: memory.input.count)
      unsafe stream.pointee.next_out = memory.output.baseAddress
      unsafe stream.pointee.avail_out = UInt32(clamping: memory.output.count)
      let room = unsafe (stream.pointee.avail_in, stream.pointee.avail_out)
      let result = unsafe inflate(stream, Z_NO_FLUSH)
      let left = unsafe (stream.pointee.avail_in, stream.pointee.avail_out)
      return DecodingStep(
        taken: Int(room.0 - left.0), given: Int(room.1 - left.1), outcome: outcome(result))
    }
  }

  private func outcome(_ result: Int32) -> DecodingStep.Outcome {
    switch result {
    case Z_OK, Z_BUF_ERROR: return .goesOn  // Z_BUF_ERROR: no progress, not an error
    case Z_STREAM_END: return .memberEnd
    case Z_MEM_ERROR: return .needsMemory
    default:
      let text = unsafe stream.pointee.msg.map { unsafe String(cString: $0) }
      return .corrupt(text ?? "the compressed data are wrong")
    }
  }
}
