/// A set of up to 16 hashes of 32 bits, for counting what is different; 68 bytes.
///
/// Further ones are not taken in, so a count of 16 means 16 or more. Two values with one hash
/// count as one: the count is never too high.
struct SmallSet: BitwiseCopyable {
  /// Most members.
  static let capacity = 16

  private var members = InlineArray<16, UInt32>(repeating: 0)
  /// How many members there are.
  private(set) var count: UInt8 = 0

  /// Whether there is no room.
  var isFull: Bool { Int(count) == Self.capacity }

  /// Whether `member` is in the set.
  func contains(_ member: UInt32) -> Bool {
    for i in 0..<Int(count) where members[i] == member { return true }
    return false
  }

  /// Takes `member` in; whether it is new and there was room.
  mutating func insert(_ member: UInt32) -> Bool {
    guard Int(count) < Self.capacity, !contains(member) else { return false }
    members[Int(count)] = member
    count &+= 1
    return true
  }
}
