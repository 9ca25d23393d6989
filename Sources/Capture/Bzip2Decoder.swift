import CBzip2

/// Decompresses one bzip2 stream; libbz2 checks the CRC of each block and of all.
///
/// A class because libbz2 keeps the address of its state, which is freed once.
@safe
final class Bzip2Decoder {
  private let stream: UnsafeMutablePointer<bz_stream>

  init?() {
    unsafe stream = .allocate(capacity: 1)
    unsafe stream.initialize(to: bz_stream())
    guard unsafe BZ2_bzDecompressInit(stream, 0, 0) == BZ_OK else { return nil }
  }

  deinit {
    unsafe BZ2_bzDecompressEnd(stream)
    unsafe stream.deallocate()
  }

  /// Takes some of `input`, appends some to `output`.
  func step(_ input: Span<UInt8>, into output: inout OutputSpan<UInt8>) -> DecodingStep {
    unsafe StepMemory.with(input, &output) { memory in
      let start = unsafe UnsafeMutableRawPointer(mutating: memory.input.baseAddress)
      // libbz2 only reads through `next_in`.
      unsafe stream.pointee.next_in = start?.assumingMemoryBound(to: CChar.self)
      unsafe stream.pointee.avail_in = UInt32(clamping: memory.input.count)
      let free = unsafe UnsafeMutableRawPointer(memory.output.baseAddress)
      unsafe stream.pointee.next_out = free?.assumingMemoryBound(to: CChar.self)
      unsafe stream.pointee.avail_out = UInt32(clamping: memory.output.count)
      let room = unsafe (stream.pointee.avail_in, stream.pointee.avail_out)
      let result = unsafe BZ2_bzDecompress(stream)
      let left = unsafe (stream.pointee.avail_in, stream.pointee.avail_out)
      return DecodingStep(
        taken: Int(room.0 - left.0), given: Int(room.1 - left.1), outcome: Self.outcome(result))
    }
  }

  private static func outcome(_ result: Int32) -> DecodingStep.Outcome {
    switch result {
    case BZ_OK: .goesOn
    case BZ_STREAM_END: .memberEnd
    case BZ_MEM_ERROR: .needsMemory
    case BZ_DATA_ERROR_MAGIC: .corrupt("a block does not begin as one")
    default: .corrupt("the compressed data or their checksum are wrong")
    }
  }
}
