public import CrenelBooking
public import CrenelModel

/// The table slots of an exchange's subjects, valid until the next ``FeatureStage/update``.
public struct Subjects: Sendable, BitwiseCopyable {
  /// Slot of the client.
  public var client: Int32
  /// Slot of the session.
  public var session: Int32
}

/// State of every client and session; one owner, fed one exchange at a time in event order.
public struct FeatureStage: ~Copyable {
  /// What the tables had to give up so far.
  public private(set) var counters = FeatureCounters()

  /// Creates a stage that has seen nobody.
  public init(_ configuration: FeatureConfiguration) {}

  /// Folds one exchange in and says where its subjects are.
  public mutating func update(
    _ exchange: Exchange, _ step: Step, in batch: borrowing ExchangeBatch
  ) -> Subjects {
    Subjects(client: 0, session: 0)
  }

  /// The value of a feature now; NaN when it is absent (see its meaning).
  public func value(_ name: FeatureName, of subjects: Subjects) -> Double { .nan }

  /// The subject's latest exchanges, oldest first, at most `limit`, for evidence.
  public func recent(_ kind: SubjectKind, of subjects: Subjects, limit: Int) -> [Provenance] { [] }

  /// The addresses seen for the subject, in order of first sight, at most 16 kept.
  public func addresses(_ kind: SubjectKind, of subjects: Subjects) -> [ClientAddress] { [] }
}
