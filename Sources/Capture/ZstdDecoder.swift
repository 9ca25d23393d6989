import CZstd

/// Decompresses one Zstandard frame (RFC 8878), or skips one; libzstd checks its checksum.
///
/// A class because libzstd's state is freed once.
@safe
final class ZstdDecoder {
  private let stream: OpaquePointer
  /// What libzstd asks for next: the rest of a block and the header of the following one.
  private var wanted: Int
  private var mayHoldOutput = false

  /// Bytes of a block's header (RFC 8878, 3.1.1.2).
  private static let blockHeader = 3

  init?() {
    guard let made = unsafe ZSTD_createDStream() else { return nil }
    unsafe stream = made
    wanted = unsafe ZSTD_initDStream(stream)
    let bits = Int32(Decoder.memoryLimit.trailingZeroBitCount)
    let result = unsafe ZSTD_DCtx_setParameter(stream, ZSTD_d_windowLogMax, bits)
    if ZSTD_isError(result) != 0 || ZSTD_isError(wanted) != 0 { return nil }
  }

  deinit { unsafe ZSTD_freeDStream(stream) }

  /// Takes some of `input`, appends some to `output`.
  ///
  /// A call of libzstd that fails does not say how much it wrote before. So no call gets more than
  /// one thing that can fail, a block or a header, nor any while output is left from before.
  func step(_ input: Span<UInt8>, into output: inout OutputSpan<UInt8>) -> DecodingStep {
    if mayHoldOutput {
      let rest = call(input.extracting(first: 0), &output)
      if rest.given > 0 { return rest }
    }
    let part = wanted > Self.blockHeader ? wanted - Self.blockHeader : wanted
    return call(input.extracting(first: min(part, input.count)), &output)
  }

  private func call(_ input: Span<UInt8>, _ output: inout OutputSpan<UInt8>) -> DecodingStep {
    unsafe StepMemory.with(input, &output) { memory in
      var source = unsafe ZSTD_inBuffer(
        src: memory.input.baseAddress, size: memory.input.count, pos: 0)
      var target = unsafe ZSTD_outBuffer(
        dst: memory.output.baseAddress, size: memory.output.count, pos: 0)
      let result = unsafe ZSTD_decompressStream(stream, &target, &source)
      guard ZSTD_isError(result) == 0 else { return DecodingStep(outcome: Self.failure(result)) }
      wanted = result
      mayHoldOutput = unsafe target.pos == target.size
      return DecodingStep(
        taken: unsafe source.pos, given: unsafe target.pos,
        outcome: result == 0 ? .memberEnd : .goesOn)
    }
  }

  private static func failure(_ result: Int) -> DecodingStep.Outcome {
    switch ZSTD_getErrorCode(result) {
    case ZSTD_error_frameParameter_windowTooLarge, ZSTD_error_memory_allocation: .needsMemory
    default: .corrupt(unsafe String(cString: ZSTD_getErrorName(result)))
    }
  }
}
