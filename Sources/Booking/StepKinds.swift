/// A set of booking steps.
public struct StepKinds: Hashable, Sendable, BitwiseCopyable, ExpressibleByArrayLiteral {
  /// One bit for each ``StepKind``, by its raw value.
  public private(set) var bits: UInt32

  /// Creates a set of the kinds given.
  public init(arrayLiteral kinds: StepKind...) {
    bits = 0
    for kind in kinds { insert(kind) }
  }

  /// Creates a set of the kinds in a sequence.
  public init(_ kinds: some Sequence<StepKind>) {
    bits = 0
    for kind in kinds { insert(kind) }
  }

  /// Whether no kind is in the set.
  public var isEmpty: Bool { bits == 0 }

  /// Adds a kind.
  public mutating func insert(_ kind: StepKind) { bits |= Self.bit(kind) }

  /// Adds the kinds of another set.
  public mutating func formUnion(_ other: StepKinds) { bits |= other.bits }

  /// Whether a kind is in the set.
  public func contains(_ kind: StepKind) -> Bool { bits & Self.bit(kind) != 0 }

  /// The kinds of either set.
  public func union(_ other: StepKinds) -> StepKinds {
    var copy = self
    copy.formUnion(other)
    return copy
  }

  /// The bit of one kind.
  private static func bit(_ kind: StepKind) -> UInt32 { 1 << UInt32(kind.rawValue) }
}
