import CrenelEngine
import CrenelModel
import CrenelTestKit
import Testing

/// Feeds sources to a merger in batches of random size and gathers what it gives.
private func merged(
  _ sources: [[Int64]], lateness: Int64, random: inout Seeded
) -> (given: [(source: Int, offset: UInt64, at: Int64)], late: UInt64) {
  var merger = EventMerger(lateness: lateness, sourceCount: sources.count)
  var positions = Array(repeating: 0, count: sources.count)
  var given: [(source: Int, offset: UInt64, at: Int64)] = []
  loop: while true {
    switch merger.next() {
    case .run(let run):
      for i in run.exchanges {
        let exchange = merger.batches[run.batch].exchanges[i]
        given.append((run.source, exchange.provenance.offset, exchange.at.nanoseconds))
      }
    case .needs(let source):
      guard positions[source] < sources[source].count else {
        merger.end(source: source)
        continue
      }
      var batch = ExchangeBatch()
      let count = Int.random(in: 0...7, using: &random)
      for index in positions[source]..<min(positions[source] + count, sources[source].count) {
        batch.exchanges.append(
          Exchange(
            at: Timestamp(nanoseconds: sources[source][index]),
            provenance: Provenance(
              source: UInt32(source), offset: UInt64(index), length: 10, line: 1)))
      }
      positions[source] += batch.exchanges.count
      merger.push(&batch, source: source)
    case .finished: break loop
    }
  }
  let late = sources.indices.reduce(UInt64(0)) { $0 + merger.report(source: $1).late }
  return (given, late)
}

@Suite("Merging by event time")
struct EventMergerTests {
  @Test("late lines inside the bound give the order of all lines sorted", arguments: 0..<40)
  func insideTheBound(seed: UInt64) {
    var random = Seeded(seed)
    let lateness: Int64 = 50
    var sources: [[Int64]] = []
    for _ in 0..<Int.random(in: 1...4, using: &random) {
      var clock: Int64 = Int64.random(in: 0...200, using: &random)
      sources.append(
        (0..<Int.random(in: 0...60, using: &random)).map { _ in
          clock += Int64.random(in: 0...20, using: &random)
          return clock - Int64.random(in: 0...25, using: &random)
        })
    }
    let result = merged(sources, lateness: lateness, random: &random)
    #expect(result.late == 0)
    var expected: [(source: Int, offset: UInt64, at: Int64)] = []
    for (source, times) in sources.enumerated() {
      for (offset, at) in times.enumerated() { expected.append((source, UInt64(offset), at)) }
    }
    expected.sort { ($0.at, $0.source, $0.offset) < ($1.at, $1.source, $1.offset) }
    #expect(result.given.map(\.source) == expected.map(\.source), "seed \(seed)")
    #expect(result.given.map(\.offset) == expected.map(\.offset), "seed \(seed)")
  }

  @Test("nothing is lost and time never goes back, whatever comes in", arguments: 0..<40)
  func anything(seed: UInt64) {
    var random = Seeded(seed &+ 1_000)
    let sources = (0..<3).map { _ in
      (0..<40).map { _ in Int64.random(in: -500...500, using: &random) }
    }
    let result = merged(sources, lateness: 30, random: &random)
    #expect(result.given.count == 120)
    #expect(Set(result.given.map { "\($0.source):\($0.offset)" }).count == 120)
    #expect(zip(result.given, result.given.dropFirst()).allSatisfy { $0.at <= $1.at })
    #expect(result.late > 0)
  }

  @Test("what comes out does not depend on how it was cut into batches")
  func batches() {
    var first = Seeded(1)
    var second = Seeded(2)
    var random = Seeded(3)
    let sources = (0..<2).map { _ in
      (0..<80).map { Int64($0 * 10) + Int64.random(in: -200...200, using: &random) }
    }
    let a = merged(sources, lateness: 100, random: &first)
    let b = merged(sources, lateness: 100, random: &second)
    #expect(a.given.map(\.offset) == b.given.map(\.offset))
    #expect(a.given.map(\.at) == b.given.map(\.at) && a.late == b.late)
  }

  @Test("of a source that is in order nothing is held back")
  func inOrder() {
    var merger = EventMerger(lateness: 1_000, sourceCount: 1)
    merger.trustOrder(of: 0)
    for part in 0..<100 as Range<Int64> {
      var batch = ExchangeBatch()
      batch.exchanges = (0..<10 as Range<Int64>).map {
        Exchange(
          at: Timestamp(nanoseconds: part * 5 + $0 / 2),
          provenance: Provenance(
            source: 0, offset: UInt64(part * 10 + $0), length: 1, line: 1))
      }
      merger.push(&batch, source: 0)
      let step = merger.next()
      #expect(step == .run(MergeRun(batch: 0, exchanges: 0..<10, source: 0)))
      let asked = merger.next()
      let count = merger.count
      #expect(asked == .needs(source: 0) && count == 0)
    }
  }

  @Test("a rotated set asks for one file after the other")
  func lazyOpening() {
    var merger = EventMerger(
      lateness: 10, firsts: [Timestamp(nanoseconds: 0), Timestamp(nanoseconds: 1_000)])
    #expect(merger.next() == .needs(source: 0))
    var batch = ExchangeBatch()
    batch.exchanges = [
      Exchange(
        at: Timestamp(nanoseconds: 5),
        provenance: Provenance(source: 0, offset: 0, length: 1, line: 1))
    ]
    merger.push(&batch, source: 0)
    #expect(merger.next() == .needs(source: 0))
    merger.end(source: 0)
    #expect(merger.next() == .run(MergeRun(batch: 0, exchanges: 0..<1, source: 0)))
    #expect(merger.next() == .needs(source: 1))
  }
}
