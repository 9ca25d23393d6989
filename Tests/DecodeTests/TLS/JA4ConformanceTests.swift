import CrenelModel
import CrenelTestKit
import Testing

@testable import CrenelDecode

/// One line of the table of published fingerprints.
private struct Row: Hashable {
  var stream: MiniStream
  var serverName: String
  var ja4: String
}

/// The published rows of each capture.
private func rows() throws -> [String: [Row]] {
  guard let root = SharedData.root else { return [:] }
  let table = String(
    decoding: try SharedData.bytes(root + "/ja4/expected.tsv"), as: UTF8.self)
  var rows: [String: [Row]] = [:]
  for line in table.split(separator: "\n").dropFirst() {
    let parts = line.split(separator: "\t", omittingEmptySubsequences: false).map(String.init)
    let stream = MiniStream(
      source: parts[1], sourcePort: Int(parts[2]) ?? 0, destination: parts[3],
      destinationPort: Int(parts[4]) ?? 0)
    rows[parts[0], default: []].append(Row(stream: stream, serverName: parts[5], ja4: parts[6]))
  }
  return rows
}

private let captures: [String] = ((try? rows()) ?? [:]).keys.sorted()

/// Rows where the table holds what older tools printed and the specification says otherwise.
///
/// The first ALPN value is the two bytes ba ad. The specification takes the first and the last
/// digit of their hexadecimal spelling; tools once wrote 99 for any value out of ASCII.
private let corrected = [
  "t13d151699_8daaf6152771_e5627efa2ab1": "t13d1516bd_8daaf6152771_e5627efa2ab1"
]

/// Every ClientHello of one direction: the first through a connection, as in a run; then what a
/// HelloRetryRequest made the client send again.
private func hellos(_ bytes: [UInt8], _ stream: MiniStream) -> [Row] {
  var found: [Row] = []
  var rest = bytes[...]
  while !rest.isEmpty {
    let part = Array(rest)
    if TLSConnection.looksLikeClientHello(part.span) == .yes {
      let seen = SeenTLS([part], [])
      found.append(
        Row(
          stream: stream, serverName: seen.batch.string(seen.detail.serverName) ?? "",
          ja4: seen.text(.ja4) ?? ""))
    }
    // To the next record; a proxy's greeting before the first one is passed byte by byte.
    let isRecord = part.count >= 5 && (20...23).contains(part[0]) && part[1] == 3
    rest = rest.dropFirst(isRecord ? 5 + Int(part[3]) << 8 + Int(part[4]) : 1)
    if isRecord, part[0] == 23 { break }
  }
  return found
}

@Suite("JA4 of published captures")
struct JA4ConformanceTests {
  @Test("the fingerprints are those of the table", arguments: captures)
  func published(capture: String) throws {
    let root = try #require(SharedData.root)
    let expected = try #require(try rows()[capture])
    let streams = MiniCapture(try SharedData.bytes(root + "/ja4/" + capture)).streams
    var compared = 0
    for (stream, wanted) in Dictionary(grouping: expected, by: \.stream) {
      let got = hellos(streams[stream] ?? [], stream).map { "\($0.ja4) \($0.serverName)" }
      let names = wanted.map { "\(corrected[$0.ja4] ?? $0.ja4) \($0.serverName)" }
      #expect(got.sorted() == names.sorted(), "\(capture) \(stream)")
      compared += names.count
    }
    print("ja4 \(capture): \(compared) of \(expected.count) rows")
    #expect(compared == expected.count)
  }

  @Test("the captures are there, or it is said that they are not")
  func present() {
    if captures.isEmpty { print(SharedData.skipped) }
    #expect(captures.isEmpty || captures.count == 16)
  }
}
