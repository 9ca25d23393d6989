import CrenelTestKit
import Foundation
import Testing

private let sniper = SharedData.package + "samples/05-drop-sniper/traffic.log"

/// A line of a log in the combined format, so many seconds after eight.
private func line(_ second: Int, client: String = "192.0.2.7") -> String {
  let time = String(format: "%02d:%02d", second / 60, second % 60)
  return "\(client) - - [01/Mar/2021:08:\(time) +0000] \"GET /p HTTP/1.1\" 200 5 \"-\" \"x\"\n"
}

/// Files in a folder that is removed at the end.
private func folder(_ files: [String: String]) throws -> ScratchFolder {
  let scratch = try ScratchFolder()
  for (name, text) in files {
    let url = URL(filePath: scratch.path + "/" + name)
    try FileManager.default.createDirectory(
      at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
    try Data(text.utf8).write(to: url)
  }
  return scratch
}

@Suite("Mistakes in files are told with their place")
struct PlacedMistakeTests {
  @Test("a profile's time zone is told where it stands, and as no option")
  func zone() throws {
    let scratch = try folder([
      "s.yml": "id: x\ntitle: x\ntimezone: Mars/X\nsteps: [{ step: list, path: /x }]\n"
    ])
    let run = try Command(["site", "check", "s.yml"], in: scratch.path)
    #expect(run.status == 2 && run.output.isEmpty)
    #expect(run.errors.contains("s.yml:3:11: error[unknown-zone]"), "\(run.errors)")
    #expect(!run.errors.contains("--tz") && run.errors.count { $0 == "[" } == 1)
    let other = try Command(["stats", "--site", "s.yml", "--tz", "UTC", sniper], in: scratch.path)
    #expect(other.status == 2, "--tz does not stand in for the site's own zone")
  }

  @Test("a profile's warning is told, and the profile is taken")
  func method() throws {
    let scratch = try folder([
      "s.yml": "id: x\ntitle: x\nsteps: [{ step: list, method: GETT, path: /x }]\n"
    ])
    let run = try Command(["site", "check", "s.yml"], in: scratch.path)
    #expect(run.status == 0 && run.output.contains("1 step rule, no error"))
    #expect(run.errors.contains("s.yml:3:31: warning[unknown-method]"), "\(run.errors)")
  }

  @Test("what is wrong with cases is told with the case, of all of them at once")
  func cases() throws {
    let rules = ["one", "two"].map { name in
      """
      title: \(name)
      id: \(name)
      name: \(name)
      logsource: { product: crenel, service: booking }
      detection: { a: { url.path: /p }, condition: a }
      level: low
      """
    }
    let scratch = try folder([
      "r/one.yml": rules[0], "r/two.yml": rules[1],
      "t/one/fires.log": line(1), "t/one/near-miss.log": line(1),
      "t/two/fires.log": line(1), "t/two/near-miss.log": line(1),
      "t/one/case.yml": "site: nosuch\nformat: foo\ntz: Mars/X\nbogus: 1\n",
      "t/two/case.yml": "- a\n",
    ])
    let run = try Command(["rules", "test", "--rules", "r", "--cases", "t"], in: scratch.path)
    #expect(run.status == 2)
    for place in [
      "t/one/case.yml:1:7: error[unknown-site]", "t/one/case.yml:2:9: error[unknown-format]",
      "t/one/case.yml:3:5: error[unknown-zone]", "t/one/case.yml:4:1: error[unknown-key]",
      "t/two/case.yml:1:1: error[bad-case]",
    ] {
      #expect(run.errors.components(separatedBy: place).count == 2, "\(place): \(run.errors)")
    }
    #expect(!run.errors.contains("--format:") && !run.errors.contains("--tz:"))
  }

  @Test("a repeated key hides no other mistake, in cases and profiles")
  func repeatedKeys() throws {
    let rule =
      "title: x\nid: one\nname: one\nlogsource: { product: crenel, service: booking }\n"
      + "detection: { a: { url.path: /p }, condition: a }\nlevel: low\n"
    let scratch = try folder([
      "r/one.yml": rule, "t/one/fires.log": line(1), "t/one/near-miss.log": line(1),
      "t/one/case.yml": "site: ezbooking\nsite: generic\nformat: 5\ntz: X\n",
      "s.yml": "id: x\nid: y\ntitle: x\ntimezone: Mars/X\nsteps: [{ stepp: list, path: /x }]\n",
    ])
    let cases = try Command(["rules", "test", "--rules", "r", "--cases", "t"], in: scratch.path)
    let site = try Command(["site", "check", "s.yml"], in: scratch.path)
    #expect(cases.status == 2 && site.status == 2)
    let errors = cases.errors + site.errors
    for place in [
      "t/one/case.yml:2:1: error[yaml-repeated-key]", "t/one/case.yml:3:9: error[unknown-format]",
      "t/one/case.yml:4:5: error[unknown-zone]", "s.yml:2:1: error[yaml-repeated-key]",
      "s.yml:4:11: error[unknown-zone]", "s.yml:5:11: error[unknown-key]",
    ] {
      #expect(errors.contains(place), "\(place): \(errors)")
    }
  }

  @Test("a file for alerts is left as it is when another mistake ends the run")
  func alertsFile() throws {
    let scratch = try folder(["old": "kept\n"])
    let run = try Command(
      ["replay", "--alerts", "old", "--lang", "de", sniper], in: scratch.path)
    #expect(run.status == 2 && !run.errors.contains("old"))
    #expect(try SharedData.bytes(scratch.path + "/old") == Array("kept\n".utf8))
    let bad = try Command(["replay", "--alerts", ".", "--lang", "de", sniper], in: scratch.path)
    #expect(bad.errors.contains("error[unwritable-file]: the file cannot be written: Is a dir"))
  }

  @Test("the help of a command with subcommands has an example", arguments: ["rules", "site"])
  func examples(verb: String) throws {
    #expect(try Command([verb, "--help"]).output.contains("EXAMPLE"))
  }
}

@Suite("Counts are true, and in good grammar")
struct CountTests {
  @Test("stats gives no count of late lines, for it does not count them")
  func late() throws {
    let scratch = try folder(["a.log": line(100) + line(10) + line(101)])
    let json = try Command(["stats", "--json", "a.log"], in: scratch.path).output
    #expect(!json.contains("\"late\"") && !json.contains("backward_steps"), "\(json)")
    let replay = try Command(["replay", "--json", "a.log"], in: scratch.path).errors
    #expect(replay.contains("a.log:2: 1 late line, the latest"), "\(replay)")
    #expect(replay.contains("the clock went back 1 time, at most"), "\(replay)")
  }

  @Test(
    "an input that is named twice is read once, with a warning",
    arguments: [
      (["a.log", "a.log"], 1), (["a.log", "./a.log"], 1), (["-", "-"], 1), ([".", "."], 1),
      ([".", "a.log"], 1), (["a.log", "a.log", "a.log"], 1), (["a.log", "."], 0), (["*.log"], 0),
    ])
  func twice(inputs: [String], warnings: Int) throws {
    let scratch = try folder(["a.log": line(1)])
    let run = try Command(
      ["stats", "--json", "--strict"] + inputs, in: scratch.path, input: Array(line(1).utf8))
    #expect(run.status == 0 && run.output.contains(#"{"lines":1,"#), "\(run.output)")
    #expect(run.errors.components(separatedBy: "warning[input-twice]").count == warnings + 1)
    #expect(run.output.contains(#""code":"input-twice","option":"input""#) == (warnings > 0))
  }

  @Test("the lines of a log that is not recognised are counted as not understood")
  func unknown() throws {
    let scratch = try folder(["a.log": String(repeating: "what is this\n", count: 9) + "\n"])
    let run = try Command(["stats", "--json", "a.log"], in: scratch.path)
    #expect(run.status == 3)
    #expect(run.output.contains(#"{"lines":10,"exchanges":0,"unparsed":9,"#), "\(run.output)")
    #expect(run.output.contains(#""reason":"not-decoded","count":9,"first_line":1"#))
    #expect(!run.output.contains("was not read"))
    let long = try folder(["a.log": String(repeating: "what is this\n", count: 99_999)])
    #expect(try Command(["stats", "a.log"], in: long.path).output.contains("was not read"))
  }

  @Test(
    "what is not in an input that was cut may have been there: both are told, and the end is 3",
    arguments: [["--client", "192.0.2.9"], ["--alert", "0000"]])
  func absent(who: [String]) throws {
    let code = who[0] == "--client" ? "no-such-client" : "no-such-alert"
    let archive = SharedData.package + "samples/03-association-desk/traffic.log.gz"
    let bytes = try SharedData.bytes(archive)
    let whole = try Command(["explain"] + who + ["-"], input: bytes)
    #expect(whole.status == 2 && whole.errors.contains("error[\(code)]"), "\(whole.errors)")
    let cut = try Command(["explain"] + who + ["-"], input: bytes.dropLast(99))
    #expect(cut.status == 3 && cut.errors.contains("error[\(code)]"), "\(cut.errors)")
    #expect(cut.errors.contains("error[truncated-archive]"), "\(cut.errors)")
  }

  @Test(
    "one is singular",
    arguments: [
      (["stats", "--text"], ["the first line has this shape", ", 1 line, 1 exchange\n"]),
      (["stats", "--text", "--lang", "fr"], ["la première ligne a cette forme"]),
      (["explain", "--text", "--client", "192.0.2.7"], ["1 request\n"]),
    ])
  func singular(words: [String], texts: [String]) throws {
    let scratch = try folder(["a.log": line(1)])
    let run = try Command(words + ["a.log"], in: scratch.path)
    for text in texts { #expect(run.output.contains(text), "\(run.output)") }
    let junk = try folder(["a.log": "what is this\n"])
    let output = try Command(["stats", "--text", "--lang", "fr", "a.log"], in: junk.path).output
    #expect(output.contains("ne convient à la première ligne"), "\(output)")
  }

  @Test("French texts of shipped rules have hard spaces before units and signs")
  func hardSpaces() throws {
    let folder = SharedData.package + "rules/booking"
    let soft = try Regex(#"[0-9}] (s|ms|min|h|%|€)(?![a-zà-ÿ])| [;:!?%»]|« "#)
    for name in try FileManager.default.contentsOfDirectory(atPath: folder) {
      let text = String(decoding: try SharedData.bytes(folder + "/" + name), as: UTF8.self)
      let french = text.split(separator: "\n").filter { $0.contains(#/ (title_)?fr: /#) }
      for line in french {
        #expect(line.firstMatch(of: soft) == nil, "\(name): \(line)")
      }
    }
  }
}
