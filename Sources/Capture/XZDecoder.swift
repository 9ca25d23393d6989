import CLZMA

/// Decompresses one xz stream; liblzma checks its blocks (CRC or SHA-256) and its index.
///
/// A class because liblzma's state is freed once.
@safe
final class XZDecoder {
  private let stream: UnsafeMutablePointer<lzma_stream>
  // How far liblzma goes in damaged data depends on the room it is given: that is always this.
  private let buffer: UnsafeMutableBufferPointer<UInt8>
  private var held = 0..<0  // of the buffer: decompressed, not yet given
  private var outcome = DecodingStep.Outcome.goesOn  // once `held` is given

  init?() {
    unsafe stream = .allocate(capacity: 1)
    unsafe stream.initialize(to: lzma_stream())  // LZMA_STREAM_INIT: all zeros
    unsafe buffer = .allocate(capacity: 64 * 1_024)
    guard unsafe lzma_stream_decoder(stream, Decoder.memoryLimit, 0) == LZMA_OK else { return nil }
  }

  deinit {
    unsafe lzma_end(stream)
    unsafe stream.deallocate()
    unsafe buffer.deallocate()
  }

  /// Takes some of `input`, appends some to `output`.
  func step(_ input: Span<UInt8>, into output: inout OutputSpan<UInt8>) -> DecodingStep {
    unsafe StepMemory.with(input, &output) { memory in
      let taken = held.isEmpty ? unsafe decode(memory.input) : 0
      let given = unsafe min(held.count, memory.output.count)
      if given > 0, let source = unsafe buffer.baseAddress {
        // `held` lies in the buffer, and the output has room for `given`.
        unsafe memory.output.baseAddress?.update(from: source + held.lowerBound, count: given)
      }
      held = (held.lowerBound + given)..<held.upperBound
      return DecodingStep(taken: taken, given: given, outcome: held.isEmpty ? outcome : .goesOn)
    }
  }

  /// Fills the buffer; how much of `input` that took.
  private func decode(_ input: UnsafeBufferPointer<UInt8>) -> Int {
    unsafe stream.pointee.next_in = input.baseAddress
    unsafe stream.pointee.avail_in = input.count
    unsafe stream.pointee.next_out = buffer.baseAddress
    unsafe stream.pointee.avail_out = buffer.count
    outcome = Self.outcome(unsafe lzma_code(stream, LZMA_RUN))
    held = unsafe 0..<(buffer.count - stream.pointee.avail_out)
    return unsafe input.count - stream.pointee.avail_in
  }

  private static func outcome(_ result: lzma_ret) -> DecodingStep.Outcome {
    switch result {
    case LZMA_OK, LZMA_BUF_ERROR: .goesOn  // LZMA_BUF_ERROR: no progress, not an error
    case LZMA_STREAM_END: .memberEnd
    case LZMA_MEM_ERROR, LZMA_MEMLIMIT_ERROR: .needsMemory
    case LZMA_OPTIONS_ERROR: .corrupt("a header asks for what this version of xz does not have")
    default: .corrupt("the compressed data or their checksum are wrong")
    }
  }
}
