public import CrenelBooking
public import CrenelModel

/// The table slots of an exchange's subjects, valid until the next ``FeatureStage/update``.
public struct Subjects: Sendable, BitwiseCopyable {
  /// Slot of the client.
  public var client: Int32
  /// Slot of the session.
  public var session: Int32
}

/// How large the tables are and how keys are hashed.
public struct FeatureConfiguration: Sendable, Hashable {
  /// Clients kept at once.
  public var clientCapacity = 65_536
  /// Sessions kept at once.
  public var sessionCapacity = 65_536
  /// Seed of the tables' hashes; from the configuration, so that replays agree.
  public var seed: UInt64 = 0
  /// How long a hold lasts, in nanoseconds (site profile).
  public var holdLifetime: Int64 = 3_600_000_000_000
  /// Seconds east of UTC of the site, for hours of the day.
  public var utcOffset: Int64 = 0

  /// Creates the default configuration.
  public init() {}
}

/// What the tables had to give up.
public struct FeatureCounters: Sendable, Hashable {
  /// Clients dropped to make room.
  public var evictedClients: UInt64 = 0
  /// Sessions dropped to make room.
  public var evictedSessions: UInt64 = 0

  /// Creates counters at zero.
  public init() {}
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
