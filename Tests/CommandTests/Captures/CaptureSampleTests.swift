import CrenelTestKit
import Foundation
import Testing

/// A sample that holds a capture, and beside it the log that the server wrote of the same requests.
private struct Pair: CustomTestStringConvertible, Sendable {
  var sample: Sample
  var testDescription: String { sample.name }

  static let all: [Pair] = Sample.all.filter { $0.name.hasSuffix("-capture") }.map(Pair.init)

  func options() throws -> [String] {
    let text = String(
      decoding: try SharedData.bytes(sample.folder + "/replay.args"), as: UTF8.self)
    return text.split(separator: "\n").map(String.init)
  }

  /// JSON lines of a verb on the capture, or on the log.
  func rows(_ verb: String, ofLog: Bool) throws -> [[String: Any]] {
    let files = ofLog ? ["server.jsonl.gz"] : try sample.files()
    let run = try Command([verb, "--json", "--quiet"] + options() + files, in: sample.folder)
    #expect(run.status == 0, "\(run.errors)")
    return try verb == "exchanges" ? exchangeRows(run.output) : alerts(run.output)
  }

  /// Requests, in one order for both: TLS connections are in no log.
  func requests(ofLog: Bool) throws -> [[String: Any]] {
    try rows("exchanges", ofLog: ofLog).filter { $0["network.protocol"] as? String != "tls" }
      .sorted { Self.order($0).lexicographicallyPrecedes(Self.order($1)) }
  }

  private static func order(_ row: [String: Any]) -> [String] {
    ["@timestamp", "source.ip", "url.original"].map { row[$0] as? String ?? "" }
  }
}

/// Seconds of a time with any number of digits behind the point.
private func seconds(_ text: Any?) throws -> Double {
  let text = try #require(text as? String)
  let date = try Date(
    String(text.prefix(19)) + "Z",
    strategy: Date.ISO8601FormatStyle(includingFractionalSeconds: false))
  return date.timeIntervalSince1970 + (Double("0" + text.dropFirst(19).dropLast()) ?? 0)
}

/// What is at a path of nested objects.
private func value(_ row: [String: Any], _ path: String) -> Any? {
  path.split(separator: "/").reduce(row as Any?) { ($0 as? [String: Any])?[String($1)] }
}

/// A value as text, so that numbers, texts and lists compare alike.
private func text(_ value: Any?) -> String {
  guard let value else { return "-" }
  if let list = value as? [Any] { return list.map { text($0) }.joined(separator: ",") }
  if let object = value as? [String: Any] {
    return object.sorted { $0.key < $1.key }.map { "\($0.key):\(text($0.value))" }.description
  }
  return "\(value)"
}

/// The innocent explanations of an alert with what came of them and why, but for the clock's words.
private func benign(_ alert: [String: Any]) throws -> [String] {
  let found = try #require(value(alert, "crenel/benign") as? [[String: Any]])
  return found.map { entry in
    let name = text(entry["hypothesis"])
    let because = name.contains("clock_resolution") ? "" : text(entry["because"])
    return "\(name) \(text(entry["result"])) \(because)"
  }
}

@Suite("Samples of captures")
struct CaptureSampleTests {
  @Test("there are two")
  func present() { #expect(Pair.all.count == 2) }

  @Test("a capture on standard input and as a file gives each exchange once", arguments: Pair.all)
  fileprivate func standardInput(pair: Pair) throws {
    let file = try #require(try pair.sample.files().first)
    let bytes = try SharedData.bytes(pair.sample.folder + "/" + file)
    let options = try ["exchanges", "--quiet"] + pair.options()
    let run = try Command(options + ["-", file], in: pair.sample.folder, input: bytes)
    #expect(run.status == 0, "\(run.errors)")
    #expect(try alerts(run.output).count == pair.rows("exchanges", ofLog: false).count)
  }

  @Test("a capture and the server's log of it give the same requests", arguments: Pair.all)
  fileprivate func sameRequests(pair: Pair) throws {
    let captured = try pair.requests(ofLog: false)
    let logged = try pair.requests(ofLog: true)
    #expect(captured.count == logged.count && captured.count > 90)
    let columns = [
      "source.ip", "http.request.method", "url.original", "url.domain", "http.version",
      "http.response.status_code", "http.response.body.bytes", "user_agent.original",
      "http.request.referrer", "http.request.headers.accept_language",
      "http.response.headers.location", "crenel.field.cookie.eZSESSID", "crenel.field.form.email",
      "crenel.field.form.number_agdref", "crenel.connection_request",
    ]
    for (packets, line) in zip(captured, logged) {
      for column in columns {
        #expect(text(packets[column]) == text(line[column]), "\(column) of \(packets)")
      }
      // The capture's exact time lies in what the log's stamps permit: a millisecond, cut off.
      for end in ["crenel.start", "crenel.end"] {
        let exact = try seconds(value(packets, end + "/earliest"))
        #expect(try exact > seconds(value(line, end + "/earliest")) - 0.000_001)
        #expect(try exact < seconds(value(line, end + "/latest")) + 0.001_001)
      }
    }
  }

  @Test(
    "a capture and the server's log of it give the same alerts, but for where the evidence is",
    arguments: Pair.all)
  fileprivate func sameAlerts(pair: Pair) throws {
    let captured = try pair.rows("replay", ofLog: false)
    let logged = try pair.rows("replay", ofLog: true)
    #expect(captured.count == logged.count)
    // Left out: ids and evidence, which name the file; messages and the values of reasons, in
    // which the log's clock adds up to 3 ms (below); what is said of the clock, which is exact here.
    let columns = [
      "event/action", "event/severity", "rule/id", "rule/version", "rule/level", "source/ip",
      "related/ip", "related/user", "url/domain", "service/id", "crenel/verdict",
      "crenel/confidence", "crenel/actor", "crenel/subject", "crenel/families", "crenel/capped",
      "crenel/matches", "crenel/completeness",
    ]
    for (packets, line) in zip(captured, logged) {
      for column in columns {
        #expect(text(value(packets, column)) == text(value(line, column)), "\(column)")
      }
      #expect(try benign(packets) == benign(line))
      for time in ["@timestamp", "event/start", "event/end"] {
        let difference = try seconds(value(packets, time)) - seconds(value(line, time))
        #expect(abs(difference) <= 0.001_001, "\(time)")
      }
      try compareReasons(packets, line)
    }
  }

  @Test("each piece of evidence has the packets that `exchanges` gives of its request")
  func evidence() throws {
    let pair = try #require(Pair.all.first)
    var known: Set<String> = []
    for row in try pair.rows("exchanges", ofLog: false) {
      var place = try #require(row["crenel.packets"] as? [String: Any])
      place["anomalies"] = nil
      place["start"] = value(row, "crenel.start/earliest")
      for key in ["offset", "length", "line"] { place[key] = value(row, "log/" + key) }
      known.insert(text(place))
    }
    let records = try pair.rows("replay", ofLog: false)
    let found = try records.flatMap {
      try #require(value($0, "crenel/evidence") as? [[String: Any]])
    }
    #expect(found.count > 2 * records.count)
    for evidence in found {
      var place = evidence
      (place["source"], place["sha256"]) = (nil, nil)
      #expect(place["request"] != nil && place["response"] != nil && place["start"] != nil)
      #expect(known.contains(text(place)), "\(place)")
    }
  }

  private func compareReasons(_ packets: [String: Any], _ line: [String: Any]) throws {
    let ours = try #require(value(packets, "crenel/reasons") as? [[String: Any]])
    let theirs = try #require(value(line, "crenel/reasons") as? [[String: Any]])
    #expect(ours.count == theirs.count)
    for (exact, coarse) in zip(ours, theirs) {
      for key in ["feature", "comparison", "threshold", "unit"] {
        #expect(text(exact[key]) == text(coarse[key]))
      }
      if exact["unit"] as? String == "ms" {
        // Never longer than the log permits: two stamps of 1 ms and a request time rounded to 1 ms.
        let longer = (coarse["value"] as? Double ?? 0) - (exact["value"] as? Double ?? 0)
        #expect((0...3).contains(longer), "\(exact) and \(coarse)")
      } else {
        #expect(text(exact["value"]) == text(coarse["value"]))
      }
    }
  }

  @Test(
    "JA4 and header names of each client are the recorded ones; CRENEL_RECORD=1 rewrites them and fails",
    arguments: Pair.all)
  fileprivate func fingerprints(pair: Pair) throws {
    var counts: [String: Int] = [:]
    for row in try pair.rows("exchanges", ofLog: false) {
      let shown = row["tls.client.ja4"] ?? row["crenel.header_names"]
      let kind =
        "\(text(row["network.protocol"]))/\(text(row["http.version"] ?? row["tls.version"]))"
      counts["\(text(row["source.ip"]))\t\(kind)\t\(text(shown))", default: 0] += 1
    }
    let lines = counts.map { "\($0.key)\t\($0.value)\n" }.sorted()
    let output = "# client\tprotocol\tJA4, or header names\ttimes\n" + lines.joined()
    let path = pair.sample.folder + "/expected-fingerprints.tsv"
    if ProcessInfo.processInfo.environment["CRENEL_RECORD"] == "1" {
      try Data(output.utf8).write(to: URL(filePath: path))
      Issue.record("rewritten; read the difference")
      return
    }
    #expect(output == String(decoding: try SharedData.bytes(path), as: UTF8.self))
  }

  @Test("the robot's TLS is a library's, the browsers' is Chromium's, GREASE and order aside")
  func ja4() throws {
    for pair in Pair.all {
      let (robots, _) = try pair.sample.labels()
      let hellos = try pair.rows("exchanges", ofLog: false).filter {
        $0["network.protocol"] as? String == "tls"
      }
      #expect(hellos.count >= 6)
      for hello in hellos {
        let isRobot = robots.contains(text(hello["source.ip"]))
        #expect(
          text(hello["tls.client.ja4"])
            == (isRobot
              ? "t13d1812h1_85036bcba153_b26ce05bbdd6" : "t13d1517h2_8daaf6152771_cb7bf5808d99"))
        #expect(text(hello["tls.client.server_name"]) == "rdv.prefecture.example")
      }
    }
  }

  @Test("a capture of browsers has every way in, and no anomaly")
  func ways() throws {
    let pair = try #require(Pair.all.last)
    let run = try Command(
      ["stats", "--json", "--quiet"] + pair.options() + pair.sample.files(),
      in: pair.sample.folder)
    let source = try #require(
      (alerts(run.output).first?["sources"] as? [[String: Any]])?.first)
    #expect(text(value(source, "capture/connections/http1")) == "5")
    #expect(text(value(source, "capture/connections/http2")) == "1")
    #expect(text(value(source, "capture/connections/tls")) == "6")
    #expect((value(source, "capture/anomalies") as? [Any])?.isEmpty == true)
  }
}
