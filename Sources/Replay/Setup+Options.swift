import CrenelCapture
import CrenelDecode
import CrenelModel

extension Setup {
  static func zone(_ name: String?) throws -> ZoneRules? {
    guard let name else { return nil }
    guard let rules = TimeZones.rules(name) else {
      throw Diagnostic(
        code: "unknown-zone", at: SourcePosition(file: "--tz"), "'\(name)' is no known time zone",
        hint: "a name such as Europe/Paris, UTC, or an offset such as +02:00")
    }
    return rules
  }

  static func format(_ text: String) throws -> LogFormat? {
    text == "auto" ? nil : try LogFormat.parse(text)
  }

  static func duration(_ text: String, option: String) throws -> Int64 {
    guard let value = DurationText.nanoseconds(text) else {
      throw Diagnostic(
        code: "bad-duration", at: SourcePosition(file: option), "'\(text)' is no length of time",
        hint: "a whole number with ms, s, m, h or d, such as 5s")
    }
    return value
  }

  static func stamp(_ text: String) throws -> StampKind? {
    switch text {
    case "start": return .start
    case "end": return .end
    case "unknown": return nil
    default:
      throw Diagnostic(
        code: "bad-stamp", at: SourcePosition(file: "--stamp"),
        "'\(text)' is not one of start, end, unknown",
        hint: "nginx stamps the end of a request, Apache's %t its start")
    }
  }

  static func networks(_ texts: [String]) throws -> [Network] {
    var found: [Network] = []
    var mistakes: [Diagnostic] = []
    for text in texts {
      if let network = Network(text) {
        found.append(network)
      } else {
        mistakes.append(
          Diagnostic(
            code: "bad-network", at: SourcePosition(file: "--trusted-proxy"),
            "'\(text)' is no address or network", hint: "such as 192.0.2.10 or 192.0.2.0/24"))
      }
    }
    guard mistakes.isEmpty else { throw Diagnostics(mistakes) }
    return found
  }

  /// Refuses an expression that libpcap does not take.
  static func check(bpf: String) throws { _ = try PacketFilter(bpf) }

  /// The filter of `--bpf`, `nil` without one; throws `bad-bpf`.
  func packetFilter() throws(Diagnostic) -> PacketFilter? {
    try bpf.map { expression throws(Diagnostic) in try PacketFilter(expression) }
  }
}
