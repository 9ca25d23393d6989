// CrenelPattern: patterns over bytes. Regular expressions run in PCRE2 with limits, so that no
// input can make a match take long; the only importer of PCRE2, and no C type leaves it.

import CPCRE2

/// A compiled regular expression over bytes (PCRE2), safe to run on hostile input.
///
/// A class because it owns memory of PCRE2, freed once. It is not shared between threads: each
/// pipeline compiles its own.
@safe
public final class ByteRegex {
  /// How a pattern is read.
  public struct Options: OptionSet, Sendable {
    /// The bits.
    public let rawValue: UInt8

    /// Creates options from their bits.
    public init(rawValue: UInt8) { self.rawValue = rawValue }

    /// ASCII letters match in either case.
    public static let ignoreCase = Options(rawValue: 1)
    /// `^` and `$` match at line ends too.
    public static let multiline = Options(rawValue: 2)
    /// `.` matches a line feed too.
    public static let dotMatchesAll = Options(rawValue: 4)
  }

  /// Why a pattern could not be compiled.
  public struct CompileError: Error, Hashable, Sendable {
    /// Where in the pattern, in bytes from 0.
    public var offset: Int
    /// PCRE2's message.
    public var message: String
  }

  /// What a match attempt found.
  public enum Outcome: Sendable, Hashable {
    /// The pattern matches.
    case matched
    /// It does not.
    case unmatched
    /// A limit was passed before an answer was found; callers say so.
    case limitExceeded
  }

  /// Steps of one match (PCRE2 `match_limit`); about a millisecond at the worst.
  static let matchLimit: UInt32 = 100_000
  /// Bytes of one compiled pattern's source.
  static let maximumLength = 4_096

  private let code: OpaquePointer  // owned; freed in deinit only
  private let data: OpaquePointer
  private let context: OpaquePointer
  private let isCompiledToMachineCode: Bool

  /// Number of capture groups.
  public let groupCount: Int

  /// Compiles `pattern` (PCRE2 syntax, bytes, not UTF-8 code points).
  public init(_ pattern: String, options: Options = []) throws(CompileError) {
    let source = Array(pattern.utf8)
    guard source.count <= Self.maximumLength else {
      throw CompileError(
        offset: Self.maximumLength,
        message: "longer than \(Self.maximumLength) bytes (\(source.count))")
    }
    var flags: UInt32 = PCRE2_NEVER_UTF | PCRE2_NEVER_BACKSLASH_C | PCRE2_DOLLAR_ENDONLY
    if options.contains(.ignoreCase) { flags |= PCRE2_CASELESS }
    if options.contains(.multiline) { flags |= PCRE2_MULTILINE }
    if options.contains(.dotMatchesAll) { flags |= PCRE2_DOTALL }
    var errorCode: Int32 = 0
    var errorOffset = 0
    let compiled = unsafe pcre2_compile_8(
      source, source.count, flags, &errorCode, &errorOffset, nil)
    guard let compiled = unsafe compiled else {
      throw CompileError(offset: errorOffset, message: Self.message(errorCode))
    }
    guard let data = unsafe pcre2_match_data_create_from_pattern_8(compiled, nil),
      let context = unsafe pcre2_match_context_create_8(nil)
    else {
      unsafe pcre2_code_free_8(compiled)
      throw CompileError(offset: 0, message: "out of memory")
    }
    unsafe pcre2_set_match_limit_8(context, Self.matchLimit)
    unsafe pcre2_set_heap_limit_8(context, 1_024)  // KiB
    isCompiledToMachineCode =
      unsafe pcre2_jit_compile_8(compiled, UInt32(PCRE2_JIT_COMPLETE)) == 0
    var groups: UInt32 = 0
    unsafe pcre2_pattern_info_8(compiled, UInt32(PCRE2_INFO_CAPTURECOUNT), &groups)
    groupCount = Int(groups)
    unsafe self.code = compiled
    unsafe self.data = data
    unsafe self.context = context
  }

  deinit {
    unsafe pcre2_match_data_free_8(data)
    unsafe pcre2_match_context_free_8(context)
    unsafe pcre2_code_free_8(code)
  }

  /// Looks for the pattern anywhere in `bytes`; no allocation.
  public func match(_ bytes: Span<UInt8>) -> Outcome {
    let result = unsafe bytes.withUnsafeBufferPointer { buffer in
      // PCRE2 wants a pointer even for no bytes; a length of 0 means it is not read.
      unsafe buffer.baseAddress.map {
        unsafe pcre2_match_8(code, $0, buffer.count, 0, 0, data, context)
      }
    }
    guard let result else { return matchEmpty() }
    return outcome(result)
  }

  /// The bytes that group `group` matched in the last successful ``match(_:)``, if it took part.
  public func group(_ group: Int) -> Range<Int>? {
    guard group <= groupCount, let vector = unsafe pcre2_get_ovector_pointer_8(data) else {
      return nil
    }
    // The vector holds a pair for each group and one for the whole match.
    let first = unsafe vector[2 * group]
    let end = unsafe vector[2 * group + 1]
    guard first != Int.max, first >= 0, end >= first, first != -1 else { return nil }
    return first..<end
  }

  private func matchEmpty() -> Outcome {
    let nothing: [UInt8] = [0]
    return outcome(unsafe pcre2_match_8(code, nothing, 0, 0, 0, data, context))
  }

  private func outcome(_ result: Int32) -> Outcome {
    if result >= 0 { return .matched }
    return result == PCRE2_ERROR_NOMATCH ? .unmatched : .limitExceeded
  }

  private static func message(_ code: Int32) -> String {
    var buffer = [UInt8](repeating: 0, count: 256)
    let length = unsafe pcre2_get_error_message_8(code, &buffer, buffer.count)
    return String(decoding: buffer.prefix(max(0, Int(length))), as: UTF8.self)
  }
}
