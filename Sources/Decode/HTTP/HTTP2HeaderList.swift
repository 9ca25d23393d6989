import CrenelModel

/// The fields of one header block, decoded; bounded, used again for the next one.
struct HTTP2HeaderList {
  /// A field: places in ``HTTP2HeaderList/bytes``.
  struct Field: BitwiseCopyable {
    var name: ByteRange
    var value: ByteRange
  }

  /// Most bytes kept, each field counted with 32 more (RFC 9113 section 6.5.2).
  static let limit = 65_536

  private(set) var bytes: [UInt8] = []
  private(set) var fields: [Field] = []
  /// Whether fields were dropped to stay within the limit.
  private(set) var isTooLong = false

  /// Bytes it holds.
  var held: Int { bytes.count &+ fields.count &* MemoryLayout<Field>.stride }

  /// Forgets the fields and keeps memory of the usual size.
  mutating func removeAll() {
    bytes.removeAll(keepingCapacity: bytes.capacity <= 2_048)
    fields.removeAll(keepingCapacity: fields.capacity <= 64)
    isTooLong = false
  }

  /// Adds a field, or notes that there is no room for it.
  mutating func append(name: Span<UInt8>, value: Span<UInt8>) {
    let size = bytes.count &+ 32 &* (fields.count &+ 1)
    guard !isTooLong, name.count <= Self.limit &- size,
      value.count <= Self.limit &- size &- name.count
    else {
      isTooLong = true
      return
    }
    fields.append(
      Field(
        name: BatchText.append(name, name.indices, to: &bytes),
        value: BatchText.append(value, value.indices, to: &bytes)))
  }

  /// Whether the field has this name, which is in lower case as HTTP/2 wants it.
  func isNamed(_ field: Field, _ name: StaticString) -> Bool {
    equals(bytes.span, field.name.indices, name)
  }

  /// The value of the first field of this name.
  func first(_ name: StaticString) -> ByteRange? {
    for field in fields where isNamed(field, name) { return field.value }
    return nil
  }
}
