import CrenelTestKit
import Foundation
import Testing

/// Paths of keys that hold a dot, below an object.
private func dotted(_ value: Any, at path: String = "") -> [String] {
  if let list = value as? [Any] { return list.flatMap { dotted($0, at: path + "[]") } }
  guard let object = value as? [String: Any] else { return [] }
  return object.flatMap { key, inner in
    (key.contains(".") ? [path] : []) + dotted(inner, at: path + "/" + key)
  }
}

@Suite("The shape of JSON lines")
struct ShapeTests {
  @Test(
    "is nested everywhere; keys with dots are names of fields and features only",
    arguments: ["exchanges", "features", "explain", "replay", "stats"],
    [
      "05-drop-sniper/traffic.log", "09-alias-farm/traffic.jsonl",
      "13-library-bot-capture/traffic.pcapng.gz",
    ])
  func nested(verb: String, file: String) throws {
    let path = SharedData.package + "samples/" + file
    var arguments = [verb, "--quiet", "--json", "--site", "ezbooking", path]
    if verb == "explain" {
      let first = try alerts(try Command(["exchanges", "--quiet", path]).output).first {
        ($0["network"] as? [String: Any])?["protocol"] as? String != "tls"
      }
      let client = try #require((first?["source"] as? [String: Any])?["ip"] as? String)
      arguments += ["--client", client]
    }
    let run = try Command(arguments)
    #expect(run.status == 0, "\(run.errors)")
    let rows = try alerts(run.output)
    #expect(!rows.isEmpty || verb == "replay")
    let names: Set = ["/crenel/field", "/crenel/features"]
    #expect(Set(rows.flatMap { dotted($0) }).subtracting(names).isEmpty)
  }
}
