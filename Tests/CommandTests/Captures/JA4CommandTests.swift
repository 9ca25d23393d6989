import CrenelTestKit
import Foundation
import Testing

/// The published fingerprints of `../shared/data/ja4`, beside what `crenel exchanges` gives.
///
/// Where the table is not followed, `ja4-differences.tsv` says why; what is not listed fails, and so
/// does what is listed and does not occur.
private enum Published {
  static let folder = (SharedData.root ?? "") + "/ja4/"

  /// The rows of a table: those of the captures as they are, tab between the cells.
  static func lines(_ path: String) throws -> [String] {
    let text = String(decoding: try SharedData.bytes(path), as: UTF8.self)
    return text.split(separator: "\n").map(String.init).filter { !$0.hasPrefix("#") }
  }

  static let rows: [String: [String]] = {
    let table = (try? lines(folder + "expected.tsv").dropFirst()) ?? []
    return Dictionary(grouping: table) { String($0.prefix { $0 != "\t" }) }
  }()

  /// A row for each hello of each TLS connection.
  static func exchanges(_ capture: String) throws -> [String] {
    let run = try Command(["exchanges", "--quiet", folder + capture])
    #expect(run.status == 0, "\(run.errors)")
    return try exchangeRows(run.output).filter { $0["network.protocol"] as? String == "tls" }
      .flatMap { exchange -> [String] in
        let cells = [
          "source.ip", "source.port", "destination.ip", "destination.port",
          "tls.client.server_name",
        ].map { exchange[$0].map { "\($0)" } ?? "" }
        return ["tls.client.ja4", "crenel.tls.second_hello.ja4"]
          .compactMap { exchange[$0] as? String }
          .map { ([capture] + cells + [$0]).joined(separator: "\t") }
      }
  }
}

@Suite("The command's JA4 of published captures")
struct JA4CommandTests {
  static let list =
    URL(filePath: #filePath).deletingLastPathComponent().path() + "/ja4-differences.tsv"

  @Test(
    "every row of the table comes from a connection, but for those listed with their reason",
    .enabled(if: SharedData.root != nil, "\(SharedData.skipped)"))
  func rows() throws {
    var differences: [String] = []
    for capture in Published.rows.keys.sorted() {
      var ours = try Published.exchanges(capture)
      let expected = Published.rows[capture] ?? []
      let hellos = ours.count
      var missing: [String] = []
      for row in expected {
        if let index = ours.firstIndex(of: row) {
          ours.remove(at: index)
        } else {
          missing.append(row)
        }
      }
      print(
        "ja4 \(capture): \(expected.count) rows, \(hellos) hellos by the command, "
          + "\(expected.count - missing.count) equal")
      differences += missing.map { "only theirs\t\($0)" } + ours.map { "only ours\t\($0)" }
    }
    let listed = try Published.lines(Self.list).map { line in
      let cells = line.components(separatedBy: "\t")
      #expect((cells.last?.count ?? 0) > 20, "a reason: \(line)")
      return cells.dropLast().joined(separator: "\t")
    }
    #expect(differences.sorted() == listed.sorted(), "\(differences.joined(separator: "\n"))")
    let count = Published.rows.values.reduce(0) { $0 + $1.count }
    print("ja4: \(count) rows of \(Published.rows.count) captures, \(listed.count) differences")
    #expect(count == 160 && Published.rows.count == 16)
  }
}
