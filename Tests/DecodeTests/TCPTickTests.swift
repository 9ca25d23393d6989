import CrenelModel
import CrenelTestKit
import Testing

@testable import CrenelDecode

/// A segment of one of a few connections, some seconds after the one before.
private struct TimedStep {
  var port: UInt16
  var step: Step
  var seconds: Int
}

/// Connections with holes, closes and long silences, mixed.
private func steps(_ random: inout Seeded) -> [TimedStep] {
  var places = [Int](repeating: 0, count: 6)
  return (0..<60).map { _ in
    let port = Int.random(in: 0..<6, using: &random)
    let seconds = [0, 0, 1, 4, 11, 29, 31, 61, 150, 301].randomElement(using: &random) ?? 0
    let step: Step
    switch Int.random(in: 0..<10, using: &random) {
    case 0: step = .syn
    case 1: step = .fin(.client, at: places[port])
    case 2: step = .fin(.server, at: 0)
    case 3: step = .rst(.client, at: places[port])
    default:
      let hole = Int.random(in: 0..<3, using: &random) == 0 ? 5 : 0
      step = .client("ab", at: places[port] + hole)
      places[port] += 2 + hole
    }
    return TimedStep(port: 50_000 + UInt16(port), step: step, seconds: seconds)
  }
}

@Suite("Idle ticks")
struct TCPTickTests {
  /// What is told, and by which frames, with a tick after every `tick` seconds of silence.
  private func told(_ steps: [TimedStep], tick: Int) -> [String] {
    var wire = TCPWire()
    for timed in steps {
      var left = timed.seconds
      while left > tick {
        wire.play(.pause(Double(tick)))
        left -= tick
      }
      var step = timed.step
      step.after = Double(left)
      wire.client.port = timed.port
      wire.play(step)
    }
    wire.finish()
    return wire.recorder.words + wire.recorder.marks.map { "\($0)" }
  }

  @Test("ticks between packets change nothing", arguments: 0..<200 as Range<UInt64>)
  func invariant(seed: UInt64) {
    var random = Seeded(seed)
    let steps = steps(&random)
    let plain = told(steps, tick: .max)
    for tick in [1, 7, 40] { #expect(told(steps, tick: tick) == plain, "seed \(seed), \(tick) s") }
  }

  @Test("a connection that is silent for long is closed by a tick, without a packet")
  func closes() {
    var wire = TCPWire()
    wire.play([.syn, .client("ab", at: 0), .pause(299)])
    let before = wire.told
    wire.play(.pause(2))
    let after = wire.told
    #expect(before == "open c0:ab" && after == "open c0:ab idle")
  }

  @Test("the end of time is no trap")
  func end() {
    var wire = TCPWire()
    wire.play([.syn, .client("ab", at: 0), .client("z", at: 9)])
    wire.reassembler.advance(to: .distantFuture, into: &wire.recorder)
    wire.reassembler.advance(to: .distantFuture, into: &wire.recorder)
    let told = wire.told
    #expect(told == "open c0:ab c2~7 c9:z idle")
  }
}
