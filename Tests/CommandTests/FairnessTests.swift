import CrenelTestKit
import Foundation
import Testing

/// Lines of a log in the format nginx-crenel, written request by request.
struct Diary: Sendable {
  static let firefox = "Mozilla/5.0 (X11; Linux x86_64; rv:144.0) Gecko/20100101 Firefox/144.0"
  static let start = 1_772_470_800.0
  static let base = "/booking/create/14500"

  private(set) var lines: [String] = []
  var sid = "p1"
  var ip = "192.0.2.77"

  /// A log in which somebody else's style was loaded, so that the run shows assets.
  init(asset: Bool = true, at time: Double = Diary.start) {
    guard asset else { return }
    let (ip, sid) = (self.ip, self.sid)
    (self.ip, self.sid) = ("198.51.100.5", "x1")
    add(time, "GET", "/design/site/css/site.css", 200)
    (self.ip, self.sid) = (ip, sid)
  }

  mutating func add(
    _ time: Double, _ method: String, _ path: String, _ status: Int, to location: String = "-",
    took: String = "0.010"
  ) {
    let stamp = String(format: "%.3f", time)
    lines.append(
      #"\#(ip) - - [\#(stamp)] "\#(method) \#(path) HTTP/1.1" \#(status) 1234 "-" "\#(Self.firefox)" "#
        + #"rt=\#(took) c=1:1 host="h" lang="fr" loc="\#(location)" sid="\#(sid)""#)
  }

  /// The parts of a page.
  mutating func parts(_ time: Double) {
    for (place, path) in ["css/site.css", "js/site.js", "img/logo.png"].enumerated() {
      add(time + 0.03 + 0.05 * Double(place), "GET", "/design/site/" + path, 200)
    }
  }

  /// The alerts of a replay of the log, in a folder of its own.
  func alerts(site: String = "ezbooking", more: [String] = []) throws -> [[String: Any]] {
    try Self.alerts([lines], site: site, more: more)
  }

  /// The alerts of a replay of a log cut into files.
  static func alerts(
    _ files: [[String]], site: String = "ezbooking", more: [String] = []
  ) throws -> [[String: Any]] {
    let folder = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString).path()
    try FileManager.default.createDirectory(
      atPath: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(atPath: folder) }
    var names: [String] = []
    for (place, lines) in files.enumerated() {
      names.append("\(place).log")
      let text = lines.map { $0 + "\n" }.joined()
      try Data(text.utf8).write(to: URL(filePath: folder + "/" + names[place]))
    }
    let run = try Command(
      ["replay", "--json", "--quiet", "--site", site] + more + names, in: folder)
    #expect(run.status == 0, "\(run.errors)")
    return try CommandTests.alerts(run.output)
  }
}

/// Somebody who looks like a robot and is none.
struct Innocent: CustomTestStringConvertible, Sendable {
  var testDescription: String
  var site = "ezbooking"
  var diary: Diary

  static let all: [Innocent] = [
    Innocent(
      testDescription: "corrects the form three times; it was shown before the log began",
      diary: correction(from: Diary.start)),
    Innocent(
      testDescription: "corrects the form three times under a cookie renewed at login",
      diary: renewed()),
    Innocent(
      testDescription: "types a number into a page that checks at every key", diary: typing()),
    Innocent(
      testDescription: "walks through a form in steps on a site known by words only",
      site: "generic", diary: wizard()),
    Innocent(
      testDescription:
        "has a neighbour with the same browser, no cookie, and a mistake in the form",
      diary: neighbours()),
    Innocent(testDescription: "presses F5 while the site answers 502", diary: outage()),
    Innocent(
      testDescription: "asks at a person's times through a company's four ways out",
      diary: egress()),
    Innocent(
      testDescription: "clicks through five slots of which each turns out to be taken",
      diary: clicks()),
  ]

  private static func correction(from time: Double) -> Diary {
    var diary = Diary()
    for round in 0..<4 {
      diary.add(
        time + 5 + 20 * Double(round), "POST", Diary.base + "/8", round < 3 ? 200 : 302)
    }
    return diary
  }

  private static func renewed() -> Diary {
    var diary = Diary()
    let time = Diary.start + 7_200
    diary.sid = "before"
    diary.add(time, "GET", Diary.base + "/0", 200)
    diary.add(time + 20, "GET", Diary.base + "/8", 200)
    diary.sid = "after"
    for round in 0..<4 {
      diary.add(time + 60 + 20 * Double(round), "POST", Diary.base + "/8", 302)
    }
    return diary
  }

  private static func typing() -> Diary {
    var diary = Diary()
    var time = Diary.start + 1
    for key in 0..<40 {
      diary.add(time, "POST", "/ezjscore/call/bookingserver::verifyagdref", 200)
      time += 0.25 + 0.07 * Double(key % 9)
    }
    return diary
  }

  private static func wizard() -> Diary {
    var diary = Diary()
    diary.sid = "-"
    var time = Diary.start + 5
    for step in ["nouveau", "motif", "agenda", "coordonnees"] {
      diary.add(time, "GET", "/rdv/" + step, 200)
      diary.add(time + 25, "POST", "/rdv/" + step, 302)
      time += 26
    }
    diary.add(time, "GET", "/rdv/merci", 200)
    return diary
  }

  /// A form comes back with a mistake, and goes out again 0.7 s after the neighbour's was shown.
  private static func neighbours() -> Diary {
    var diary = Diary()
    diary.sid = "-"
    func walk(_ diary: inout Diary, _ time: Double, slot: Int) {
      diary.add(time, "GET", Diary.base + "/0", 200)
      diary.parts(time)
      diary.add(time + 9, "POST", Diary.base + "/1", 302, to: Diary.base + "/3")
      diary.add(time + 14, "GET", Diary.base + "/5/\(slot)", 302)
    }
    let time = Diary.start + 10
    walk(&diary, time, slot: 1_772_000_000)
    diary.add(time + 31, "GET", Diary.base + "/8", 200)
    diary.add(time + 180, "POST", Diary.base + "/8", 302)
    walk(&diary, time + 300, slot: 1_772_000_600)
    diary.add(time + 331, "GET", Diary.base + "/8", 200)
    diary.add(time + 420, "POST", Diary.base + "/8", 200)
    walk(&diary, time + 421, slot: 1_772_001_200)
    diary.add(time + 440, "GET", Diary.base + "/8", 200)
    diary.add(time + 440.7, "POST", Diary.base + "/8", 302)
    diary.add(time + 560, "POST", Diary.base + "/8", 302)
    return diary
  }

  private static func outage() -> Diary {
    var diary = Diary()
    var time = Diary.start + 5
    diary.add(time, "GET", Diary.base + "/0", 200)
    diary.parts(time)
    time += 20
    var random = Seeded(4)
    for _ in 0..<26 {
      diary.add(time, "GET", Diary.base + "/0", 502)
      time += 0.5 + Double(random.next() % 2_000) / 1_000
    }
    diary.add(time, "GET", Diary.base + "/0", 200)
    return diary
  }

  private static func egress() -> Diary {
    var diary = Diary()
    var random = Seeded(5)
    var time = Diary.start + 1
    let exits = ["192.0.2.1", "192.0.2.2", "198.51.100.9", "203.0.113.4"]
    let gaps = [3.0, 28, 8, 5, 12, 41, 9, 95, 17, 6, 33, 14]
    for poll in 0..<30 {
      diary.ip = exits[Int(random.next() % 4)]
      diary.add(time, "POST", Diary.base + "/1", 302, to: Diary.base + "/2")
      time += gaps[poll % gaps.count] + Double(random.next() % 900) / 1_000
    }
    return diary
  }

  private static func clicks() -> Diary {
    var diary = Diary()
    let time = Diary.start + 1
    diary.add(time, "POST", Diary.base + "/1", 302, to: Diary.base + "/3")
    for click in 0..<5 {
      diary.add(
        time + 3 + 1.5 * Double(click), "GET", Diary.base + "/5/177200000\(click)", 302)
    }
    return diary
  }
}

@Suite("Fairness")
struct FairnessTests {
  static func level(_ alert: [String: Any]) -> String {
    (alert["rule"] as? [String: Any])?["level"] as? String ?? ""
  }

  @Test("no person is accused above low", arguments: Innocent.all)
  func innocent(who: Innocent) throws {
    for alert in try who.diary.alerts(site: who.site) {
      #expect(["informational", "low"].contains(Self.level(alert)), "\(alert["crenel"] ?? "")")
    }
  }

  @Test("exactly the least that a person needs is not faster than a person")
  func equality() throws {
    var diary = Diary()
    diary.add(Diary.start + 5, "GET", Diary.base + "/0", 200)
    diary.add(Diary.start + 10, "POST", Diary.base + "/1", 302, to: Diary.base + "/3")
    diary.add(Diary.start + 20, "GET", Diary.base + "/8", 200, took: "0.000")
    diary.add(Diary.start + 21.5, "POST", Diary.base + "/8", 302, took: "0.000")
    #expect(try diary.alerts().allSatisfy { Self.level($0) == "informational" })
  }

  @Test("a whole funnel in steps of 50 ms is found in a log without images")
  func robotWithoutAssets() throws {
    var diary = Diary(asset: false)
    let start = Diary.start + 5
    diary.add(start, "GET", Diary.base + "/0", 200, took: "0.000")
    diary.add(start + 0.05, "POST", Diary.base + "/1", 302, to: Diary.base + "/3", took: "0.000")
    diary.add(start + 0.1, "GET", Diary.base + "/5/1772000000", 302, took: "0.000")
    diary.add(start + 0.15, "GET", Diary.base + "/8", 200, took: "0.000")
    diary.add(start + 0.2, "POST", Diary.base + "/8", 302, took: "0.000")
    let alerts = try diary.alerts()
    #expect(!alerts.isEmpty && alerts.allSatisfy { Self.level($0) == "low" })
  }

  @Test("what a log lacks, and the rules that are weaker for it, is said once")
  func limits() throws {
    let line = #"192.0.2.1 - - [02/Mar/2026:17:00:00 +0000] "GET / HTTP/1.1" 200 1 "-" "x""#
    let path = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString + ".log")
    try Data((line + "\n").utf8).write(to: path)
    defer { try? FileManager.default.removeItem(at: path) }
    let run = try Command(["replay", "--json", path.path()])
    let said = run.errors.split(separator: "\n").filter { $0.hasPrefix("limit: ") }
    #expect(said.count == 4 && said[0].contains("no session cookie"))
    #expect(said[1].contains("no images") && said[1].contains("booking-without-pages"))
    #expect(said[2].contains("stamps of 1 s") && said[2].contains("form-faster-than-typing"))
    #expect(said[3].contains("no redirect targets"))
    let french = try Command(["replay", "--json", "--lang", "fr", path.path()])
    #expect(french.errors.contains("limite\u{a0}: aucun cookie de session"))
    #expect(try Command(["replay", "--json", "--quiet", path.path()]).errors.isEmpty)
  }

  @Test("cutting a log into files changes no alert, whichever file shows images")
  func cuts() throws {
    var diary = Diary()
    diary.sid = "bot"
    for poll in 1..<60 {
      diary.add(
        Diary.start + 30 * Double(poll), "POST", Diary.base + "/1", 302, to: Diary.base + "/2")
    }
    func ids(_ files: [[String]]) throws -> [String] {
      try Diary.alerts(files).map { alert in
        let event = alert["event"] as? [String: Any]
        return "\(event?["id"] ?? "") \(event?["action"] ?? "")"
      }
    }
    let whole = try ids([diary.lines])
    #expect(whole.count == 3)
    for cut in [1, 20, 40] {
      #expect(try ids([Array(diary.lines[..<cut]), Array(diary.lines[cut...])]) == whole)
    }
  }

  @Test(
    "what everybody's requests show is no family, however high the rule",
    arguments: [
      "a: { cs-method: GET, sc-status: 200 }", "a: { c-ip|cidr: 192.0.2.0/24, sc-status|lt: 400 }",
      "a: { booking.step: landing, session.asset_ratio|lte: 1, sc-status: 200 }",
      "a: { session.requests_1m|gte: 1, booking.outcome|neq: failure, session.asset_ratio|lte: 1 }",
    ])
  func noFamily(selection: String) throws {
    var diary = Diary()
    diary.add(Diary.start + 5, "GET", Diary.base + "/0", 200)
    let rule = """
      title: Everybody
      logsource: { product: crenel, service: booking }
      detection:
        \(selection)
        condition: a
      level: critical
      """
    let path = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString + ".yml")
    try Data(rule.utf8).write(to: path)
    defer { try? FileManager.default.removeItem(at: path) }
    let alerts = try diary.alerts(more: ["--rules", path.path()])
    #expect(!alerts.isEmpty && alerts.allSatisfy { Self.level($0) == "low" })
    for alert in alerts {
      let crenel = alert["crenel"] as? [String: Any]
      for case let reason as [String: Any] in crenel?["reasons"] as? [Any] ?? [] {
        #expect(reason["feature"] as? String != "text")
        #expect(reason["value"] is String || reason["value"] is NSNumber)
        #expect(reason["threshold"] is String || reason["threshold"] is NSNumber)
      }
    }
  }

  @Test("a duration that is short only for some times of a coarse clock is said to be a person's")
  func coarseClock() throws {
    let agent = Diary.firefox
    func line(_ second: Int, _ request: String, _ status: Int) -> String {
      #"203.0.113.9 - - [02/Mar/2026:17:00:\#(second) +0000] "\#(request) HTTP/1.1" \#(status) 12 "#
        + #""-" "\#(agent)""#
    }
    let css = #"198.51.100.5 - - [02/Mar/2026:17:00:00 +0000] "GET /a.css HTTP/1.1" 200 1 "-" "x""#
    let alerts = try Diary.alerts([
      [
        css, line(10, "GET /booking/create/14500/0", 200),
        line(20, "GET /booking/create/14500/8", 200),
        line(22, "POST /booking/create/14500/8", 302),
      ]
    ])
    let opened = try #require(alerts.first)
    #expect(Self.level(opened) == "informational")
    let crenel = opened["crenel"] as? [String: Any]
    #expect((crenel?["capped"] as? [String])?.contains("clock") == true)
    let message = (crenel?["message"] as? [String: String])?["en"]
    #expect(message?.hasPrefix("Compatible with a person") == true)
  }
}
