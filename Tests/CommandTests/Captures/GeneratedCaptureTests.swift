import CrenelTestKit
import Foundation
import Testing

/// The capture that the benchmarks are made of, small, with what is known to be in it.
private struct Generated {
  static let script: String? = SharedData.root.map { $0 + "/../bench/genpcap.py" }

  /// What keeps it from being made here.
  static let obstacle: String? = {
    guard let script, FileManager.default.fileExists(atPath: script) else {
      return "skipped: no ../shared/bench"
    }
    return Tool.missing(["python3", "tshark"]).map { "skipped: no \($0)" }
  }()

  let scratch: ScratchFolder
  var path: String { scratch.path + "/generated.pcap" }

  init(seed: Int) throws {
    scratch = try ScratchFolder()
    let python = try #require(Tool.find("python3"))
    let script = try #require(Self.script)
    let run = try Running.run(
      [python, script, "6", scratch.path + "/generated.pcap", "\(seed)"], within: 240)
    try #require(run.status == 0, "\(run.errors)")
  }

  /// What each exchange is, without its time, and the times at which there was one, in microseconds.
  func truth() -> [String: [Int]] {
    var times: [String: [Int]] = [:]
    for line in scratch.text("generated.pcap.truth.tsv").split(separator: "\n") {
      let cells = line.split(separator: "\t", maxSplits: 1).map(String.init)
      times[cells[1], default: []].append(Self.microseconds(cells[0]))
    }
    return times.mapValues { $0.sorted() }
  }

  /// `1777593600.033620`, in microseconds.
  static func microseconds(_ text: String) -> Int {
    let parts = text.split(separator: ".").compactMap { Int($0) }
    return parts[0] * 1_000_000 + parts[1]
  }

  /// A number or two of each packet that tshark's filter chooses.
  func tshark(_ filter: String, _ fields: [String]) throws -> [[String]] {
    let tshark = try #require(Tool.find("tshark"))
    let run = try Running.run(
      [tshark, "-o", "tcp.reassemble_out_of_order:TRUE", "-r", path, "-Y", filter, "-T", "fields"]
        + fields.flatMap { ["-e", $0] }, within: 240)
    try #require(run.status == 0, "\(run.errors)")
    return run.output.split(separator: "\n").map {
      $0.split(separator: "\t", omittingEmptySubsequences: false).map(String.init)
    }
  }

  /// Writes the packets anew: each less than 32 places and 50 ms late, and some of them twice.
  ///
  /// Later, and an acknowledgement could overtake the bytes it is for by so much that they count as
  /// lost to the capture (`TCPLimits.acknowledgedHoleSegments` and `answeredHoleTime`).
  func shuffle(to other: String, seed: UInt64) throws {
    let bytes = try SharedData.bytes(path)
    var records: [ArraySlice<UInt8>] = []
    var at = 24
    while at + 16 <= bytes.count {
      let length = (0..<4).reduce(0) { $0 | Int(bytes[at + 8 + $1]) << ($1 * 8) }
      records.append(bytes[at..<(at + 16 + length)])
      at += 16 + length
    }
    var random = Seeded(seed)
    var order: [(place: Double, record: Int)] = []
    let times = records.map { record in
      [0, 4].map { word in
        (0..<4).reduce(0) { $0 | Int(record[record.startIndex + word + $1]) << ($1 * 8) }
      }
    }.map { $0[0] * 1_000_000 + $0[1] }
    var end = 0
    for record in records.indices {
      while end < records.count, times[end] < times[record] + 50_000 { end += 1 }
      let late = Double(record) + Double.random(in: 0..<31, using: &random)
      order.append((min(late, Double(end)), record))
      if Int.random(in: 0..<20, using: &random) == 0 {
        order.append((Double(record) + Double.random(in: 0..<400, using: &random), record))
      }
    }
    order.sort { $0.place < $1.place }
    var out = Data(bytes.prefix(24))
    for entry in order { out.append(contentsOf: records[entry.record]) }
    try out.write(to: URL(filePath: other))
  }
}

@Suite(
  "The benchmark's capture", .enabled(if: Generated.obstacle == nil, "\(Generated.obstacle ?? "")"))
struct GeneratedCaptureTests {
  private static func exchanges(_ path: String) throws -> (rows: [[String: Any]], errors: String) {
    let run = try Command(["exchanges", path])
    #expect(run.status == 0, "\(run.errors)")
    return (try exchangeRows(run.output), run.errors)
  }

  /// A row as the truth file has it: client, method, host, target, status, user agent.
  private static func key(_ row: [String: Any]) -> String {
    [
      "source.ip", "http.request.method", "url.domain", "url.original",
      "http.response.status_code", "user_agent.original",
    ].map { row[$0].map { "\($0)" } ?? "-" }.joined(separator: "\t")
  }

  private static func start(_ row: [String: Any]) throws -> Int {
    let text = try #require((row["crenel.start"] as? [String: Any])?["earliest"] as? String)
    let parts = text.dropLast().split(separator: ".")
    let seconds = try #require(ISO8601DateFormatter().date(from: parts[0] + "Z"))
    return Int(seconds.timeIntervalSince1970) * 1_000_000 + (Int(parts[1].prefix(6)) ?? 0)
  }

  @Test("requests, responses, pairing and times are those of the truth file and of tshark")
  func truth() throws {
    let generated = try Generated(seed: 11)
    let truth = generated.truth()
    let (rows, errors) = try Self.exchanges(generated.path)
    var times: [String: [Int]] = [:]
    for row in rows { times[Self.key(row), default: []].append(try Self.start(row)) }
    #expect(rows.count == truth.values.reduce(0) { $0 + $1.count }, "none lost, none doubled")
    #expect(Set(times.keys) == Set(truth.keys))
    var reordered = 0
    for (key, expected) in truth {
      for (ours, theirs) in zip((times[key] ?? []).sorted(), expected) {
        // The truth is rounded, stamps of packets are cut; and where the first segment of a request
        // comes after its second, the request is where its first byte is, a gap of 0.12 ms later.
        if (119...121).contains(ours - theirs) { reordered += 1 }
        #expect((-1...0).contains(ours - theirs) || (119...121).contains(ours - theirs), "\(key)")
      }
    }
    #expect(reordered <= rows.count / 100)
    #expect(!errors.contains("times "), "no anomaly: \(errors)")

    // tshark 4.0 calls one of the chunked responses malformed and leaves it out: at most one in a
    // thousand may be missing, and none may be more.
    let requests = try generated.tshark("http.request", ["http.request.method"])
    let responses = try generated.tshark("http.response", ["http.response.code"])
    let asked = requests.reduce(0) { $0 + $1[0].split(separator: ",").count }
    let answered = responses.reduce(0) { $0 + $1[0].split(separator: ",").count }
    #expect(asked == rows.count)
    #expect((rows.count - rows.count / 1_000...rows.count).contains(answered))
    print(
      "benchmark capture: \(rows.count) exchanges, all in the truth file; tshark has \(asked) "
        + "requests and \(answered) responses; \(reordered) requests began out of order")
  }

  @Test("reordered and repeated packets give the same exchanges")
  func shuffled() throws {
    let generated = try Generated(seed: 12)
    let other = generated.scratch.path + "/shuffled.pcap"
    try generated.shuffle(to: other, seed: 3)
    let plain = try Self.exchanges(generated.path).rows
    let shuffled = try Self.exchanges(other).rows
    func lines(_ rows: [[String: Any]]) -> [String] {
      rows.map { row in
        let port = row["source.port"] as? Int ?? 0
        let place = row["crenel.connection_request"] as? Int ?? 0
        let numbers = [
          "http.request.bytes", "http.request.body.bytes", "http.response.bytes",
          "http.response.body.bytes",
        ].map { "\(row[$0] as? Int ?? -1)" }.joined(separator: " ")
        return "\(Self.key(row))\t\(port)\t\(place)\t\(numbers)"
      }.sorted()
    }
    let (before, after) = (lines(plain), lines(shuffled))
    #expect(before.count == after.count)
    #expect(before == after)
  }
}
