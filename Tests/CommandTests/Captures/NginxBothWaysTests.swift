import CrenelTestKit
import Foundation
import Testing

/// An exchange as `crenel exchanges` writes it.
private struct Seen {
  var row: [String: Any]

  func text(_ name: String) -> String { row[name].map { "\($0)" } ?? "-" }
  func number(_ name: String) -> Int { row[name] as? Int ?? -1 }

  /// The connection, by the client's end of it.
  var connection: String { text("source.ip") + " " + text("source.port") }
  /// Which request it is.
  var key: String { connection + " " + text("crenel.connection_request") }

  /// Where request and response lie in their streams, and what was odd.
  var streams: [String] {
    let packets = row["crenel.packets"] as? [String: Any] ?? [:]
    return ["request", "response"].flatMap { side in
      let place = packets[side] as? [String: Any] ?? [:]
      return ["stream_offset", "stream_bytes"].map { "\(side) \($0) \(place[$0] ?? "-")" }
    } + (packets["anomalies"] as? [String] ?? [])
  }

  /// One end of a time, in nanoseconds.
  func time(_ name: String, _ end: String) throws -> Int64 {
    let text = try #require((row[name] as? [String: Any])?[end] as? String)
    let parts = text.dropLast().split(separator: ".")
    let formatter = ISO8601DateFormatter()
    let seconds = try #require(formatter.date(from: parts[0] + "Z")).timeIntervalSince1970
    let digits = parts[1] + String(repeating: "0", count: 9 - parts[1].count)
    return Int64(seconds) * 1_000_000_000 + (Int64(digits) ?? 0)
  }
}

/// The exchanges of an input by ``Seen/key``, each there once.
private func seen(_ output: String) throws -> [String: Seen] {
  var all: [String: Seen] = [:]
  for row in try exchangeRows(output) {
    let entry = Seen(row: row)
    #expect(all.updateValue(entry, forKey: entry.key) == nil, "twice: \(entry.key)")
  }
  return all
}

/// What keeps it from running here.
private let obstacle = Tool.obstacle(["nginx", "tcpdump", "curl", "bash"])

@Suite("nginx, captured and logged at once", .serialized)
struct NginxBothWaysTests {
  /// By how much nginx's clock may be away from the packets': it is read once in a round of its
  /// loop, which a busy machine may let wait.
  private static let slack: Int64 = 2_000_000_000

  @Test(
    "a capture file, a live capture and the log give the same exchanges",
    .enabled(if: obstacle == nil, "\(obstacle ?? "")"), .timeLimit(.minutes(5)))
  func bothWays() throws {
    let loopback = try Loopback()
    let site = try NginxSite(on: loopback)
    let file = site.folder + "/capture.pcap"
    let tcpdump = try #require(Tool.find("tcpdump"))
    let dump = try Running(
      loopback.prefix + [
        tcpdump, "-i", "lo", "-U", "--immediate-mode", "-B", "65536", "-Z", "root", "-w", file,
        site.filter,
      ])
    let live = try Running(
      loopback.prefix + [
        Command.path, "exchanges", "--interface", "lo", "--bpf", site.filter, "--user", "nobody",
      ])
    try #require(dump.says("listening on"), "\(dump.errors)")
    try #require(live.says("capturing on"), "\(live.errors)")

    let downloads = try site.visit()
    let streams = try site.multiplex()
    let isBrowsed = try site.browse()
    // At once: what the kernel still holds must come all the same.
    #expect(try live.end(SIGINT) == 0, "\(live.errors)")
    let lines = site.logged(atLeast: downloads.count + streams)
    Self.waitForEnd(of: file, exchanges: lines)
    _ = try dump.end(SIGINT)
    try site.end()

    let log = try seen(try Command(["exchanges", "--quiet", site.log]).output)
    let fileRun = try Command(["exchanges", "--quiet", file])
    let packets = try seen(fileRun.output)
    #expect(fileRun.status == 0 && log.count == site.logged(atLeast: lines))
    let chunked = try Self.chunked(site.log)
    let captured = try seen(live.output)
    let difference = try Self.compare(packets, log, "file", chunked: chunked)
    _ = try Self.compare(captured, log, "live", chunked: chunked)
    try Self.checkLive(captured, file: packets)
    Self.checkDownloads(downloads, packets)
    Self.checkKinds(log)
    print(
      "nginx both ways: \(log.count) exchanges, \(streams) of them streams of one connection, "
        + (isBrowsed ? "a browser among the clients" : "no browser (chromium, in a namespace)")
        + (loopback.isPrivate ? ", in a network namespace" : ", on the machine's loopback")
        + "; clocks at most \(difference / 1_000) us apart")
  }

  /// Waits until a capture that is being written has so many exchanges and grows no more.
  private static func waitForEnd(of file: String, exchanges: Int) {
    var size = -1
    _ = Running.within(20) {
      let before = size
      usleep(400_000)
      size = (try? SharedData.bytes(file).count) ?? 0
      guard size == before, let run = try? Command(["exchanges", "--quiet", file]) else {
        return false
      }
      return run.output.count { $0 == "\n" } >= exchanges
    }
  }

  /// Compares exchange by exchange; by how much the clocks differ at most, in nanoseconds.
  private static func compare(
    _ packets: [String: Seen], _ log: [String: Seen], _ name: String, chunked: Set<String>
  ) throws -> Int64 {
    #expect(Set(packets.keys) == Set(log.keys), "\(name)")
    var difference: Int64 = 0
    var numbers: [String: Set<String>] = [:]
    for (key, logged) in log {
      guard let captured = packets[key] else { continue }
      for field in [
        "http.request.method", "url.original", "url.path", "url.query", "url.domain",
        "http.version", "http.response.status_code", "user_agent.original",
        "http.request.referrer", "http.response.headers.location", "http.response.bytes",
        "http.request.headers.accept_language", "crenel.field.form.email",
      ] {
        #expect(captured.text(field) == logged.text(field), "\(name) \(key) \(field)")
      }
      checkBytes(captured, logged, "\(name) \(key)", isChunked: chunked.contains(key))
      difference = max(difference, try checkTimes(captured, logged, "\(name) \(key)"))
      numbers[captured.text("crenel.connection"), default: []].insert(captured.connection)
    }
    #expect(numbers.values.allSatisfy { $0.count == 1 }, "a number a connection")
    #expect(numbers.count == Set(log.values.map(\.connection)).count)
    return difference
  }

  /// Counts of bytes: equal, but for what nginx counts in another way.
  private static func checkBytes(
    _ captured: Seen, _ logged: Seen, _ name: String, isChunked: Bool
  ) {
    let body = captured.number("http.response.body.bytes")
    let moreBody = logged.number("http.response.body.bytes") - body
    if captured.text("crenel.header_names").contains("Expect") {
      // All but the last response's head is body to nginx: an interim response too,
      #expect(moreBody == "HTTP/1.1 100 Continue\r\n\r\n".utf8.count, "\(name)")
    } else if isChunked {
      // and the frames of chunks: one chunk at least, and the last.
      #expect(moreBody >= String(body, radix: 16).count + 4 + 5, "\(name)")
    } else {
      #expect(moreBody == 0, "\(name)")
    }
    let more = captured.number("http.request.bytes") - logged.number("http.request.bytes")
    if captured.text("http.version") == "2" {
      // Nine bytes before each frame, and five of priority, are not counted by nginx.
      #expect([9, 14, 18].contains(more), "\(name): \(more)")
    } else {
      #expect(more == 0, "\(name): \(more)")
    }
  }

  /// Packets are exact; what the log says lies around them, as far as nginx's clock goes.
  private static func checkTimes(
    _ captured: Seen, _ logged: Seen, _ name: String
  ) throws -> Int64 {
    var difference: Int64 = 0
    for field in ["crenel.start", "crenel.end"] {
      let exact = try captured.time(field, "earliest")
      #expect(try captured.time(field, "latest") == exact, "\(name) \(field)")
      // The log's ends are written to the millisecond.
      let earliest = try logged.time(field, "earliest")
      let latest = try logged.time(field, "latest") + 999_999
      #expect(earliest <= latest)
      let away = max(0, earliest - exact, exact - latest)
      #expect(away <= slack, "\(name) \(field): \(away) ns away")
      difference = max(difference, away)
    }
    return difference
  }

  /// Which responses came in chunks, by the log's own word.
  private static func chunked(_ path: String) throws -> Set<String> {
    let log = String(decoding: try SharedData.bytes(path), as: UTF8.self)
    let rows = try alerts(log).filter { $0["framing"] as? String == "chunked" }
    return Set(
      rows.map { row in
        ["remote_addr", "remote_port", "connection_requests"].map { row[$0] as? String ?? "" }
          .joined(separator: " ")
      })
  }

  /// Both captures are of the same packets: but for the kernel's two looks at the clock, and the
  /// order in which two processors hand over what they do at once, all is equal.
  private static func checkLive(_ live: [String: Seen], file: [String: Seen]) throws {
    let apart = ["@timestamp", "crenel.start", "crenel.end", "event.duration", "log"]
    for (key, captured) in live {
      let other = try #require(file[key])
      for name in Set(captured.row.keys).union(other.row.keys) where !apart.contains(name) {
        if name == "crenel.packets" {
          #expect(captured.streams == other.streams, "\(key)")
        } else if name != "crenel.connection" {
          #expect(captured.text(name) == other.text(name), "\(key) \(name)")
        }
      }
      for name in ["crenel.start", "crenel.end"] {
        let difference = try captured.time(name, "earliest") - other.time(name, "earliest")
        #expect(abs(difference) < slack, "\(key) \(name)")
      }
    }
  }

  /// What curl counted of each response is what the packets say, connection by connection.
  private static func checkDownloads(_ downloads: [NginxSite.Download], _ packets: [String: Seen]) {
    var counts: [Int: Int] = [:]
    for download in downloads {
      counts[download.port, default: 0] += 1
      let key = "\(download.port) \(counts[download.port, default: 0])"
      let found = packets.values.filter { $0.key.hasSuffix(" " + key) }
      #expect(found.count == 1, "\(download)")
      #expect(found.first?.number("http.response.status_code") == download.status, "\(download)")
      #expect(found.first?.number("http.response.body.bytes") == download.bytes, "\(download)")
    }
    #expect(downloads.count >= 37)
  }

  /// That the traffic had what is to be compared.
  private static func checkKinds(_ log: [String: Seen]) {
    let all = log.values
    #expect(all.contains { $0.text("http.response.headers.location").hasSuffix("/index.html") })
    for status in ["200", "302", "404"] {
      #expect(all.contains { $0.text("http.response.status_code") == status }, "\(status)")
    }
    for version in ["1.0", "1.1", "2"] {
      #expect(all.contains { $0.text("http.version") == version }, "\(version)")
    }
    #expect(all.contains { $0.text("source.ip") == "::1" })
    #expect(all.filter { $0.text("crenel.field.form.email") != "-" }.count == 3)
    #expect(all.contains { $0.number("crenel.connection_request") == 5 })
  }
}
