import CrenelTestKit
import Foundation
import Testing

/// Zeek's answers for the captures of `../shared/data/pcap-http`, beside what `crenel exchanges` gives.
///
/// Differences are listed with their reason in `zeek-differences.tsv`; what is not listed fails, and so
/// does what is listed and does not occur. `CRENEL_RECORD=1` writes the list anew, and fails.
private enum Zeek {
  static let folder = (SharedData.root ?? "") + "/pcap-http/"

  static let captures: [String] = {
    let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
    return names.filter { $0.hasSuffix(".pcap") }.sorted()
  }()

  /// Fields of http.log with the names that ours have.
  static let fields: [(zeek: String, ours: String)] = [
    ("method", "http.request.method"), ("host", "url.domain"), ("uri", "url.original"),
    ("version", "http.version"), ("user_agent", "user_agent.original"),
    ("referrer", "http.request.referrer"), ("request_body_len", "http.request.body.bytes"),
    ("response_body_len", "http.response.body.bytes"),
    ("status_code", "http.response.status_code"),
  ]

  /// The rows of an http.log, in its order: some have all columns, some a few.
  static func rows(_ capture: String) throws -> [[String: String]] {
    let bytes = try SharedData.bytes(folder + capture + ".http.log")
    let text = String(decoding: bytes, as: UTF8.self)
    var names: [String] = []
    var rows: [[String: String]] = []
    for line in text.split(separator: "\n") {
      let cells = line.split(separator: "\t", omittingEmptySubsequences: false).map(String.init)
      if cells[0] == "#fields" {
        names = Array(cells.dropFirst())
      } else if line.hasPrefix("#") {
        continue
      } else if names.isEmpty {
        names = cells
      } else {
        rows.append(Dictionary(zip(names, cells), uniquingKeysWith: { first, _ in first }))
      }
    }
    return rows
  }

  /// What `crenel exchanges` gives, by the time of the request.
  static func exchanges(_ capture: String) throws -> [[String: Any]] {
    let run = try Command(["exchanges", "--quiet", folder + capture])
    return try exchangeRows(run.output).sorted { left, right in
      start(left) < start(right)
    }
  }

  private static func start(_ row: [String: Any]) -> String {
    let bounds = row["crenel.start"] as? [String: Any]
    let index = row["crenel.connection_request"] as? Int ?? 0
    return "\(bounds?["earliest"] as? String ?? "") \(String(format: "%06d", index))"
  }

  /// A value as http.log writes it: `-` for what is not there; all else byte for byte.
  static func normal(_ value: String?, _ field: String) -> String {
    guard let value, value != "(empty)", !value.isEmpty, value != "-" else { return "-" }
    if field == "status_code", value == "0" { return "-" }
    return value
  }
}

@Suite("Zeek's answers")
struct ZeekConformanceTests {
  /// Where the reasons are kept.
  static let list =
    URL(filePath: #filePath).deletingLastPathComponent().path() + "/zeek-differences.tsv"

  @Test(
    "rows are Zeek's, but for the differences that are listed with their reason",
    .enabled(if: SharedData.root != nil, "\(SharedData.skipped)"))
  func rows() throws {
    var found: [String] = []
    var compared = 0
    var rowCount = 0
    for capture in Zeek.captures {
      let (differences, fields, rows) = try Self.compare(capture)
      found += differences
      compared += fields
      rowCount += rows
    }
    print(
      "Zeek's http.log: \(Zeek.captures.count) captures, \(rowCount) rows, \(compared) fields compared, "
        + "\(found.count) differences, each listed with its reason")
    if ProcessInfo.processInfo.environment["CRENEL_RECORD"] != nil {
      let known = try Self.reasons()
      let lines = found.map { "\($0)\t\(known[$0] ?? "?")" }
      try Data((lines.joined(separator: "\n") + "\n").utf8).write(to: URL(filePath: Self.list))
      Issue.record("recorded \(Self.list); run again without CRENEL_RECORD")
      return
    }
    let known = try Self.reasons()
    #expect(known.values.allSatisfy { $0.count > 10 }, "every difference has a reason")
    let unexplained = found.filter { known[$0] == nil }
    let gone = known.keys.filter { !found.contains($0) }.sorted()
    #expect(unexplained.isEmpty, "\(unexplained.joined(separator: "\n"))")
    #expect(gone.isEmpty, "listed and not found: \(gone.joined(separator: "\n"))")
    #expect(rowCount >= 100 && compared > 800)
  }

  /// Differences of one capture: `capture, row, field, Zeek's, ours`.
  private static func compare(
    _ capture: String
  ) throws -> (differences: [String], fields: Int, rows: Int) {
    var expected = try Zeek.rows(capture)
    var ours = try Zeek.exchanges(capture)
    if expected.first?["ts"] == nil {
      // Rows without times are in no order of theirs.
      expected.sort { Self.key($0) { row, name in row[name.zeek] } < Self.key($1) { $0[$1.zeek] } }
      ours.sort {
        Self.key($0) { row, name in row[name.ours].map { "\($0)" } }
          < Self.key($1) { row, name in row[name.ours].map { "\($0)" } }
      }
    }
    var differences: [String] = []
    var fields = 0
    for index in 0..<max(expected.count, ours.count) {
      guard index < expected.count, index < ours.count else {
        let side = index < expected.count ? "only Zeek's" : "only ours"
        differences.append("\(capture)\t\(index + 1)\trow\t\(side)")
        continue
      }
      for field in Zeek.fields {
        guard let cell = expected[index][field.zeek] else { continue }
        fields += 1
        let value = ours[index][field.ours].map { "\($0)" }
        let wanted = Zeek.normal(cell, field.zeek)
        let got = Zeek.normal(value, field.zeek)
        if wanted != got {
          differences.append("\(capture)\t\(index + 1)\t\(field.zeek)\t\(wanted) | \(got)")
        }
      }
    }
    return (differences, fields, expected.count)
  }

  private static func key<Row>(
    _ row: Row, _ cell: (Row, (zeek: String, ours: String)) -> String?
  ) -> String {
    ["host", "uri", "method"].map { name in
      let field = Zeek.fields.first { $0.zeek == name }
      return Zeek.normal(field.flatMap { cell(row, $0) }, name)
    }
    .joined(separator: " ")
  }

  private static func reasons() throws -> [String: String] {
    let text = try String(contentsOfFile: list, encoding: .utf8)
    var reasons: [String: String] = [:]
    for line in text.split(separator: "\n") where !line.hasPrefix("#") {
      let cells = line.split(separator: "\t", omittingEmptySubsequences: false)
      guard cells.count == 5 else { continue }
      reasons[cells[0..<4].joined(separator: "\t")] = String(cells[4])
    }
    return reasons
  }
}
