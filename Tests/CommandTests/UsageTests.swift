import CrenelTestKit
import Foundation
import Testing

private let sniper = SharedData.package + "samples/05-drop-sniper/traffic.log"
private let capture = SharedData.package + "samples/13-library-bot-capture/traffic.pcapng.gz"

/// A command line with all that is wrong with it.
struct WrongLine: CustomTestStringConvertible, Sendable {
  var words: [String]
  var codes: [String]
  var testDescription: String { words.joined(separator: " ") }

  init(_ line: String, _ codes: [String]) {
    words = line.split(separator: " ").map(String.init)
    self.codes = codes
  }

  static let all = [
    WrongLine(
      "replay --fail-on loud --lang xx --json --text --buffer-size x --user a --set nope --set b=c "
        + "--site nowhere --tz Mars/Olympus /nowhere.log",
      [
        "bad-level", "unknown-language", "excluding-options", "bad-buffer-size", "needs-interface",
        "bad-knob", "unknown-site", "unknown-zone", "no-such-file",
      ]),
    WrongLine("replay --fail-on loud", ["bad-level", "no-input"]),
    WrongLine("stats --lang xx --lateness soon", ["unknown-language", "bad-duration", "no-input"]),
    WrongLine(
      "explain --client <x> --alert ab --site nowhere /nowhere.log",
      ["bad-address", "short-alert-id", "excluding-options", "unknown-site", "no-such-file"]),
    WrongLine("explain --lang xx", ["nobody-named", "no-input", "unknown-language"]),
    WrongLine(
      "features --only a.b --csv --json --tz Mars/Olympus",
      ["unknown-feature", "excluding-options", "unknown-zone", "no-input"]),
    WrongLine("features --list --csv", ["excluding-options"]),
    WrongLine("features --list \(sniper)", ["excluding-options"]),
    WrongLine("rules list --lang xx --set q", ["unknown-language", "bad-knob"]),
    WrongLine(
      "exchanges --interface lo --interface lo --format combined --buffer-size 0 --bpf prot \(sniper)",
      [
        "interface-twice", "format-of-packets", "input-and-interface", "bad-buffer-size", "bad-bpf",
      ]),
    WrongLine(
      "replay --alerts /nowhere/x --lang de \(sniper)", ["unwritable-file", "unknown-language"]),
    WrongLine(
      "replay --alerts \(sniper) --lang de --fail-on x \(sniper)",
      ["output-is-input", "unknown-language", "bad-level"]),
    WrongLine("exchanges --user nobody \(sniper)", ["needs-interface"]),
    WrongLine("replay --buffer-size 64 \(capture)", ["needs-interface"]),
  ]
}

@Suite("Wrong command lines")
struct UsageTests {
  @Test("have all their mistakes told at once", arguments: WrongLine.all)
  func mistakes(line: WrongLine) throws {
    let run = try Command(line.words)
    #expect(run.status == 2 && run.output.isEmpty)
    for code in line.codes { #expect(run.errors.contains("error[\(code)]"), "\(run.errors)") }
    #expect(run.errors.count { $0 == "[" } >= line.codes.count)
  }

  @Test(
    "are answered with the usage of the verb, not of the command",
    arguments: [
      (["replay"], "crenel replay"), (["exchanges"], "crenel exchanges"),
      (["explain"], "crenel explain"), (["explain", sniper], "crenel explain"),
      (["stats"], "crenel stats"), (["features"], "crenel features"),
      (["replay", "--json", "--text", sniper], "crenel replay"),
      (["exchanges", "--interface", "lo", sniper], "crenel exchanges"),
      (["replay", "--nonsense"], "crenel replay"), (["site", "check"], "crenel site check"),
    ] as [([String], String)])
  func usage(words: [String], verb: String) throws {
    let run = try Command(words)
    #expect(run.status == 2)
    #expect(run.errors.contains("Usage: \(verb) "), "\(run.errors)")
    #expect(run.errors.contains("See '\(verb) --help'"), "\(run.errors)")
  }

  @Test(
    "with a word that is no command are answered with the nearest that is",
    arguments: [
      (["rpelay", "x"], "rpelay", "replay", "crenel"), (["stat"], "stat", "stats", "crenel"),
      (["help", "featrues"], "featrues", "features", "crenel"),
      (["rules", "chek"], "chek", "check", "crenel rules"),
      (["site", "chekc", "--tz", "UTC"], "chekc", "check", "crenel site"),
      (["frobnicate"], "frobnicate", nil, "crenel"), (["rules", "ls"], "ls", nil, "crenel rules"),
      (["a\u{1b}[2J"], #"a\x1b[2J"#, nil, "crenel"), ([""], "''", nil, "crenel"),
    ] as [([String], String, String?, String)])
  func command(words: [String], word: String, near: String?, verb: String) throws {
    let run = try Command(words)
    #expect(run.status == 2 && run.output.isEmpty)
    #expect(
      run.errors.hasPrefix("\(word): error[unknown-command]: there is no such command\n"),
      "\(run.errors)")
    let hint = near.map { "  hint: did you mean '\($0)'? one of: " } ?? "  hint: one of: "
    #expect(run.errors.contains(hint), "\(run.errors)")
    #expect(run.errors.contains("Usage: \(verb) <subcommand>\n"), "\(run.errors)")
  }

  @Test(
    "a warning tells of an option that had no effect on these inputs",
    arguments: [
      (["--bpf", "tcp", sniper], "--bpf"), (["--format", "combined", capture], "--format"),
      (["--bpf", "tcp", capture], nil), (["--format", "nginx-crenel", sniper], nil),
      (["--bpf", "tcp", "--format", "nginx-crenel", sniper, capture], nil),
    ] as [([String], String?)], ["replay", "exchanges", "stats", "features"])
  func unused(words: (arguments: [String], option: String?), verb: String) throws {
    let run = try Command([verb] + words.arguments)
    #expect(run.status == 0)
    #expect(run.errors.contains("warning[unused-option]") == (words.option != nil), "\(run.errors)")
    guard let option = words.option else { return }
    #expect(run.errors.contains("\(option): warning["))
    if verb == "stats" { #expect(run.output.contains(#""warnings":[{"code":"unused-option""#)) }
  }
}
