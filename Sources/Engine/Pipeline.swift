// CrenelEngine: the one pipeline, exchanges in, alerts out. Replay, rule tests and a daemon run
// this object; it knows no files, clocks or formats.

public import CrenelAlerts
public import CrenelBooking
public import CrenelFeatures
public import CrenelModel
public import CrenelRules

/// Steps, features, rules and alerts, fed one exchange at a time in event order.
///
/// The order of the exchanges is the caller's business (``EventMerger``). Everything here follows
/// from the exchanges given so far, so two runs over the same ones give the same alerts.
public struct Pipeline: ~Copyable {
  /// What one exchange became on its way; valid until the next one.
  public struct Passage: Sendable, BitwiseCopyable {
    /// Its place in the funnel.
    public var step: Step
    /// Where its client and session are counted.
    public var subjects: Subjects
  }

  /// Exchanges to steps.
  public private(set) var booking: BookingStage
  /// Steps to features.
  public private(set) var features: FeatureStage
  /// Features to verdicts.
  public private(set) var rules: RuleEngine
  /// Verdicts to alerts.
  public private(set) var alerts: AlertStage
  /// Exchanges taken in.
  public private(set) var exchanges: UInt64 = 0
  /// TLS connections passed by.
  public private(set) var encrypted: UInt64 = 0

  private var verdicts: [Verdict] = []
  private var unparsed: [UInt32] = []  // by source
  private var completeness = Completeness()

  /// Creates a pipeline that has seen nothing.
  public init(
    booking: consuming BookingStage, features: consuming FeatureStage,
    rules: consuming RuleEngine, alerts: consuming AlertStage
  ) {
    self.booking = booking
    self.features = features
    self.rules = rules
    self.alerts = alerts
    verdicts.reserveCapacity(64)
  }

  /// Takes in one exchange; what it raised waits in ``drain()``.
  ///
  /// A TLS connection is no request, and neither is one whose target the capture lacks
  /// (``ExchangeFlags/uncounted``): it has no step, counts in no feature and matches no rule. `nil`
  /// for it; the clock goes on, and what is missing is noted.
  @discardableResult
  public mutating func process(_ batch: borrowing ExchangeBatch, _ index: Int) -> Passage? {
    let exchange = batch.exchanges[index]
    guard exchange.flags.isDisjoint(with: .uncounted) else {
      rules.passOver(exchange)
      note(exchange)
      alerts.advance(to: exchange.at)
      if exchange.flags.contains(.encrypted) { encrypted &+= 1 }
      return nil
    }
    let step = booking.classify(batch, index)
    let subjects = features.update(exchange, step, in: batch)
    verdicts.removeAll(keepingCapacity: true)
    rules.evaluate(batch, index, step, features, subjects, into: &verdicts)
    note(exchange)
    alerts.advance(to: exchange.at)
    for verdict in verdicts {
      alerts.raise(verdict, exchange, step, in: batch, features, subjects)
    }
    exchanges &+= 1
    return Passage(step: step, subjects: subjects)
  }

  /// Keeps the statement of what is missing true up to this exchange.
  private mutating func note(_ exchange: Exchange) {
    if exchange.flags.contains(.late) { completeness.late &+= 1 }
    let source = Int(exchange.provenance.source)
    if exchange.unparsedBefore > 0, source < 1 << 20 {
      while unparsed.count <= source { unparsed.append(0) }
      if exchange.unparsedBefore > unparsed[source] {
        completeness.unparsed &+= UInt64(exchange.unparsedBefore &- unparsed[source])
        unparsed[source] = exchange.unparsedBefore
      }
    }
    completeness.evicted =
      features.counters.total &+ booking.evictedSessions &+ rules.counters.evictedGroups
    completeness.undecided = rules.counters.undecided
    alerts.completeness = completeness
  }

  /// Every detection with each of its conditions, at the exchange processed last.
  public mutating func explain(
    _ batch: borrowing ExchangeBatch, _ index: Int, _ passage: Passage
  ) -> [RuleTrace] {
    rules.explain(batch, index, passage.step, features, passage.subjects)
  }

  /// Closes what is open, at the end of the input.
  public mutating func finish() { alerts.finish() }

  /// The alert records since the last call, in order.
  public mutating func drain() -> [AlertRecord] { alerts.drain() }
}
