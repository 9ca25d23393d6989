import CrenelModel

/// Who a subject is: a counted address, or a session key.
struct SubjectKey: Hashable, BitwiseCopyable {
  var high: UInt64
  var low: UInt64
  var kind: UInt8

  init(client: ClientAddress) {
    high = client.high
    low = client.low
    kind = client.kind.rawValue
  }

  init(session: UInt64) {
    high = 0
    low = session
    kind = .max
  }
}

/// The tags of keys, under a seeded hash.
struct SubjectTags {
  let seed: UInt64

  /// The 32 bits of a key's hash that the index keeps.
  func tag(of key: SubjectKey) -> UInt32 {
    let first = key.high ^ (UInt64(key.kind) &* 0x9e37_79b9_7f4a_7c15)
    return UInt32(truncatingIfNeeded: Hash64.of(first, key.low, seed: seed) >> 32)
  }
}
