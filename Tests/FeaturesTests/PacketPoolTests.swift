import CrenelBooking
import CrenelModel
import CrenelTestKit
import Testing

@testable import CrenelFeatures

/// A stage fed with exchanges of logs and captures, and all that each subject was given.
private struct PooledFeed: ~Copyable {
  var stage: FeatureStage
  var given: [String: [ExchangePlace]] = [:]
  private var count: UInt64 = 0

  init(clients: Int, sessions: Int) {
    var configuration = FeatureConfiguration()
    configuration.clientCapacity = clients
    configuration.sessionCapacity = sessions
    stage = FeatureStage(configuration)
  }

  /// One exchange, captured or of a log; the latest places of both its subjects and what they were given.
  mutating func add(
    client: UInt32, session: UInt64, isCaptured: Bool, kind: StepKind = .list
  ) -> [(kept: [ExchangePlace], given: [ExchangePlace])] {
    count += 1
    var exchange = Exchange(
      at: Timestamp(nanoseconds: Int64(count) * Nanoseconds.second),
      provenance: Provenance(source: 1, offset: count * 100, length: 90, line: count))
    exchange.client = ClientAddress(ipv4: client)
    var batch = ExchangeBatch()
    if isCaptured {
      var detail = PacketDetail()
      detail.requestFrames.add(SourcedFrame(source: 1, number: count).rawValue)
      detail.responseFrames.add(SourcedFrame(source: 2, number: count + 3).rawValue)
      detail.requestStream.offset = count * 7
      detail.responseStream.length = count * 9
      batch.details = [detail]
      exchange.detail = 0
    }
    var step = Step()
    step.kind = kind
    step.client = exchange.client
    step.session = session
    step.flags = .sessionByCookie
    let subjects = stage.update(exchange, step, in: batch)
    if kind != .asset {
      given["c\(client)", default: []].append(batch.place(of: exchange))
      given["s\(session)", default: []].append(batch.place(of: exchange))
    }
    return [
      (stage.recent(.client, of: subjects, limit: 99), given["c\(client)"] ?? []),
      (stage.recent(.session, of: subjects, limit: 99), given["s\(session)"] ?? []),
    ]
  }
}

@Suite("Places of captures")
struct PacketPoolTests {
  @Test(
    "the last twelve of each subject are those it was given, packets and all, beside a log's",
    arguments: 0..<10 as Range<UInt64>)
  func latest(seed: UInt64) {
    var random = Seeded(seed)
    var feed = PooledFeed(clients: 100, sessions: 100)
    for _ in 0..<600 {
      let found = feed.add(
        client: .random(in: 1...5, using: &random), session: .random(in: 1...20, using: &random),
        isCaptured: Int.random(in: 0...3, using: &random) > 0,
        kind: Int.random(in: 0...5, using: &random) == 0 ? .asset : .list)
      for subject in found {
        #expect(subject.kept == subject.given.suffix(12), "seed \(seed)")
      }
    }
  }

  @Test(
    "subjects that had to go leave their room to others, and nothing of theirs is told of these",
    arguments: 0..<10 as Range<UInt64>)
  func evicted(seed: UInt64) {
    var random = Seeded(seed)
    let (clients, sessions) = (3, 5)
    var feed = PooledFeed(clients: clients, sessions: sessions)
    for _ in 0..<3_000 {
      let found = feed.add(
        client: .random(in: 1...8, using: &random), session: .random(in: 1...30, using: &random),
        isCaptured: Int.random(in: 0...9, using: &random) > 0)
      for subject in found {
        // A subject that came back begins anew.
        #expect(!subject.kept.isEmpty, "seed \(seed)")
        #expect(subject.kept == subject.given.suffix(subject.kept.count), "seed \(seed)")
      }
    }
    let entries = feed.stage.captured.count
    #expect(entries <= 12 * (clients + sessions) + 1, "seed \(seed)")
  }

  @Test("a log takes no room for packets")
  func logs() {
    var feed = PooledFeed(clients: 4, sessions: 4)
    for i in 0..<100 { _ = feed.add(client: UInt32(i % 9), session: UInt64(i), isCaptured: false) }
    let isEmpty = feed.stage.captured.isEmpty
    #expect(isEmpty)
  }

  @Test("a place that does not fit is left out, with its packets or without")
  func fits() {
    let largest = Provenance(
      source: 0xffff, offset: 1 << 48 - 1, length: 0xff_fffe, line: 1 << 40 - 1)
    #expect(PackedPlace(largest)?.provenance == largest && PackedPlace(largest)?.entry == nil)
    for change: (inout Provenance) -> Void in [
      { $0.source += 1 }, { $0.offset += 1 }, { $0.length += 1 }, { $0.line += 1 },
    ] {
      var place = largest
      change(&place)
      #expect(PackedPlace(place)?.provenance == nil)
    }
  }
}
