import CrenelTestKit
import Testing

private let capture = SharedData.package + "samples/13-library-bot-capture/traffic.pcapng.gz"

@Suite("Captures that lack requests")
struct PartialCaptureTests {
  @Test(
    "replay says of nothing but TLS that nothing can be judged, not that cookies are missing",
    arguments: [
      ("en", "limit: only TLS connections"), ("fr", "limite\u{a0}: seulement des connexions TLS"),
    ])
  func limits(language: String, text: String) throws {
    let run = try Command(["replay", "--lang", language, "--bpf", "tcp port 443", capture])
    #expect(run.status == 0 && run.output.isEmpty)
    let limits = run.errors.split(separator: "\n").filter { $0.hasPrefix("limit") }
    #expect(limits.count == 1 && limits.first?.hasPrefix(text) == true, "\(run.errors)")
  }

  @Test("explain says that a client has only TLS connections, and how many")
  func explain() throws {
    let run = try Command(
      ["explain", "--client", "198.51.100.21", "--bpf", "tcp port 443", capture])
    #expect(run.status == 2 && run.errors.contains("error[only-tls]"), "\(run.errors)")
    #expect(run.errors.contains("3 TLS connections") && run.errors.contains("what ends TLS"))
    let other = try Command(
      ["explain", "--client", "192.0.2.99", "--bpf", "tcp port 443", capture])
    #expect(other.errors.contains("error[no-such-client]"))
  }

  @Test("stats counts packets where there are no lines, and answers without a request apart")
  func stats() throws {
    let answers = try Command(["stats", "--text", "--bpf", "tcp src port 8080", capture]).output
    #expect(answers.contains("\npackets               425\n"), "\(answers)")
    #expect(answers.contains("\ntargets not captured  175\n"), "\(answers)")
    #expect(!answers.contains("\nmethod"))
    #expect(!answers.contains("\nlines") && !answers.contains("not understood"))
    let questions = try Command(["stats", "--text", "--bpf", "tcp dst port 8080", capture]).output
    #expect(questions.contains("\nstatus not captured   "), "\(questions)")
    let json = try Command(["stats", "--json", "--bpf", "tcp src port 8080", capture]).output
    #expect(json.contains(#""packets":425"#) && json.contains(#""unknown_targets":175"#))
    let log = SharedData.package + "samples/05-drop-sniper/traffic.log"
    #expect(
      try Command(["stats", "--text", log]).output.contains("\nlines                 1093\n"))
  }
}
