import CNGHTTP2

/// Decodes the header blocks of one side (RFC 7541), with nghttp2.
///
/// Blocks must be given in the order of the stream, each whole, in any number of parts. A block
/// that cannot be decoded leaves the table unknown; nothing more can be read then.
@safe
struct HTTP2Inflater: ~Copyable {
  /// Largest table a side may ask for, in bytes, as RFC 7541 section 4.1 counts.
  ///
  /// A table grows past 4,096 only when the encoder says so, inside a block. What the decoding side
  /// announced for it (SETTINGS_HEADER_TABLE_SIZE) reaches a reader in between out of step, so
  /// every size up to this one is taken.
  static let tableLimit = 65_536

  private let inflater: OpaquePointer

  /// Creates a decoder with an empty table; `nil` when there is no memory.
  init?() {
    var created: OpaquePointer?
    guard unsafe nghttp2_hd_inflate_new(&created) == 0, let inflater = unsafe created else {
      return nil
    }
    unsafe self.inflater = unsafe inflater
    unsafe nghttp2_hd_inflate_change_table_size(inflater, Self.tableLimit)
  }

  /// Bytes that its table holds: what RFC 7541 section 4.1 counts, and what an entry costs beside.
  var held: Int {
    let entries = unsafe nghttp2_hd_inflate_get_num_table_entries(inflater) &- Self.staticEntries
    return unsafe nghttp2_hd_inflate_get_dynamic_table_size(inflater) &+ entries &* 192
  }

  /// Entries of the static table (RFC 7541 appendix A).
  private static let staticEntries = 61

  deinit { unsafe nghttp2_hd_inflate_del(inflater) }

  /// Decodes the next part of a block; `false` when it breaks the format.
  ///
  /// `isLast` ends the block.
  mutating func inflate(_ part: Span<UInt8>, isLast: Bool, into list: inout HTTP2HeaderList) -> Bool
  {
    unsafe part.withUnsafeBufferPointer { buffer in
      var position = 0
      while true {
        var field = unsafe nghttp2_nv()
        var flags: CInt = 0
        // `position` never passes `buffer.count`: each step returns at most what it was given.
        let used = unsafe nghttp2_hd_inflate_hd2(
          inflater, &field, &flags, buffer.baseAddress.map { unsafe $0 + position },
          buffer.count &- position, isLast ? 1 : 0)
        guard used >= 0 else { return false }
        position &+= used
        let isField = UInt32(bitPattern: flags) & NGHTTP2_HD_INFLATE_EMIT.rawValue != 0
        if isField {
          // nghttp2 keeps both alive until its next call.
          unsafe list.append(
            name: UnsafeBufferPointer(start: field.name, count: field.namelen).span,
            value: UnsafeBufferPointer(start: field.value, count: field.valuelen).span)
        }
        if UInt32(bitPattern: flags) & NGHTTP2_HD_INFLATE_FINAL.rawValue != 0 {
          unsafe nghttp2_hd_inflate_end_headers(inflater)
          return position == buffer.count
        }
        if !isField, position == buffer.count { return !isLast }
        // Neither a field nor a step forward: it would never end.
        if !isField, used == 0 { return false }
      }
    }
  }
}
