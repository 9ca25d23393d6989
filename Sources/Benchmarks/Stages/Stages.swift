// One benchmark a stage, and the whole pipeline, over the lines of the samples. Times compare with
// the reference loop of the same run; they are no gates (docs/speed.md). Built only when
// CRENEL_BENCHMARKS is set (make bench).

import Benchmark
import CrenelAlerts
import CrenelBooking
import CrenelDecode
import CrenelEngine
import CrenelFeatures
import CrenelModel
import CrenelRules
import Foundation

/// The folder of the package.
private let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
  .deletingLastPathComponent().deletingLastPathComponent().path()

private func text(_ path: String) -> String {
  String(decoding: (try? Data(contentsOf: URL(filePath: root + path))) ?? Data(), as: UTF8.self)
}

private let profile = try? SiteProfileParser.parse(
  text("rules/sites/ezbooking.yml"), file: "ezbooking")

private func rules(_ names: inout FieldNames) -> RuleSet? {
  let folder = root + "rules/booking"
  let files = (try? FileManager.default.contentsOfDirectory(atPath: folder).sorted()) ?? []
  return try? RuleSet.parse(
    files: files.map { ("booking/" + $0, text("rules/booking/" + $0)) }, names: &names)
}

/// A chunk of combined lines, and a sample in the recommended format.
private let combined = (0..<1_000).map { i in
  "192.0.2.\(i % 250) - - [01/May/2026:00:00:\(i / 400 < 10 ? "0" : "")\(i / 400) +0000] "
    + "\"GET /booking/create/14500/\(i % 9)?x=\(i) HTTP/1.1\" 200 \(i) \"-\" \"Mozilla/5.0 (\(i % 40))\"\n"
}.joined()
private let crenel = text("samples/05-drop-sniper/traffic.log")

private func decoded(_ log: String, _ format: String, _ names: FieldNames) -> ExchangeBatch {
  var batch = ExchangeBatch()
  var configuration = DecoderConfiguration()
  configuration.names = names
  guard let parsed = try? LogFormat.parse(format),
    var decoder = try? LogDecoder(parsed, configuration)
  else { return batch }
  batch.bytes = Array(log.utf8)
  decoder.decode(&batch, lines: batch.bytes.indices, offset: 0)
  return batch
}

let benchmarks = { @Sendable () -> Void in
  let settings = Benchmark.Configuration(
    metrics: [.wallClock, .throughput], maxDuration: .seconds(2))

  Benchmark("reference: sum of the bytes", configuration: settings) { benchmark in
    let bytes = Array(combined.utf8)
    for _ in benchmark.scaledIterations {
      var sum: UInt64 = 0
      for byte in bytes { sum &+= UInt64(byte) }
      blackHole(sum)
    }
  }
  for (name, log, format) in [
    ("combined", combined, "combined"), ("nginx-crenel", crenel, "nginx-crenel"),
  ] {
    Benchmark("decode \(name)", configuration: settings) { benchmark in
      guard let parsed = try? LogFormat.parse(format),
        var decoder = try? LogDecoder(parsed, DecoderConfiguration())
      else { return benchmark.error("no decoder") }
      let bytes = Array(log.utf8)
      var batch = ExchangeBatch()
      benchmark.startMeasurement()
      for _ in benchmark.scaledIterations {
        batch.removeAll()
        batch.bytes.append(contentsOf: bytes)
        decoder.decode(&batch, lines: batch.bytes.indices, offset: 0)
        blackHole(batch.exchanges.count)
      }
    }
  }
  Benchmark("booking", configuration: settings) { benchmark in
    guard let profile,
      var stage = try? BookingStage(profile: profile, names: profile.requestedNames, siteKey: nil)
    else { return benchmark.error("no profile") }
    let batch = decoded(crenel, "nginx-crenel", profile.requestedNames)
    benchmark.startMeasurement()
    for _ in benchmark.scaledIterations {
      for i in batch.exchanges.indices { blackHole(stage.classify(batch, i).kind) }
    }
  }
  Benchmark("pipeline", configuration: settings) { benchmark in
    guard let profile else { return benchmark.error("no profile") }
    var names = profile.requestedNames
    guard let set = rules(&names) else { return benchmark.error("no rules") }
    let batch = decoded(crenel, "nginx-crenel", names)
    for _ in benchmark.scaledIterations {
      guard
        let booking = try? BookingStage(profile: profile, names: names, siteKey: nil)
      else { return benchmark.error("no stage") }
      var pipeline = Pipeline(
        booking: booking, features: FeatureStage(FeatureConfiguration()),
        rules: RuleEngine(set, names: names, seed: 0),
        alerts: AlertStage(AlertConfiguration(), rules: set.metadata))
      for i in batch.exchanges.indices { pipeline.process(batch, i) }
      pipeline.finish()
      blackHole(pipeline.drain().count)
    }
  }
}
