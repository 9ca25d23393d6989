import CrenelDecode
import CrenelFeatures
import CrenelModel
import CrenelRules

/// `crenel doctor`: whether everything is in place.
public enum Doctor {
  private struct Check {
    var name: String
    var isGood: Bool
    var detail: String
  }

  /// Runs all checks and writes them to standard output; whether all are good.
  public static func run(isJSON: Bool) throws -> Bool {
    let checks = [home(), rules(), sites(), samples(), zones(), decompression()]
    var output = OutputStream.standardOutput()
    var writer = JSONWriter()
    for check in checks {
      if isJSON {
        writer.beginObject()
        writer.string("check", check.name)
        writer.bool("ok", check.isGood)
        writer.string("detail", check.detail)
        writer.endObject()
        writer.newline()
      } else {
        let mark = check.isGood ? "ok  " : "FAIL"
        output.write("\(mark)  \(check.name): \(TerminalText.escapedLines(check.detail))\n")
      }
    }
    if isJSON { output.write(writer.bytes) }
    try output.finish()
    return checks.allSatisfy(\.isGood)
  }

  private static func check(_ name: String, _ body: () throws -> String) -> Check {
    do {
      return Check(name: name, isGood: true, detail: try body())
    } catch {
      return Check(name: name, isGood: false, detail: "\(error)")
    }
  }

  private static func home() -> Check { check("shipped files") { try Resources.home() } }

  private static func rules() -> Check {
    check("shipped rules") {
      var names = FieldNames()
      let set = try Setup.rules([], knobs: [], names: &names)
      return English.counted(set.metadata.count, "rule") + ", "
        + English.counted(set.warnings.count, "warning")
    }
  }

  private static func sites() -> Check {
    check("shipped site profiles") {
      let folder = try Resources.home() + "/rules/sites"
      let files = TextFiles.yamlFiles(in: folder)
      for file in files { _ = try Setup.profile(file) }
      return files.map { String($0.dropFirst(folder.count + 1).dropLast(4)) }
        .joined(separator: ", ")
    }
  }

  private static func samples() -> Check {
    check("samples") {
      let folder = try Resources.home() + "/samples"
      guard TextFiles.isFolder(folder) else {
        throw Diagnostic(
          code: "no-samples", at: SourcePosition(file: folder), "there is no such folder",
          hint: "install again with: make install")
      }
      return folder
    }
  }

  private static func zones() -> Check {
    check("time zones") {
      guard TimeZones.rules("Europe/Paris")?.transitions.isEmpty == false else {
        throw Diagnostic(
          code: "no-zones", at: SourcePosition(file: "tzdata"),
          "the zone database does not know Europe/Paris", hint: "install the package tzdata")
      }
      return "Europe/Paris is known"
    }
  }

  private static func decompression() -> Check {
    check("compressed input") { try CompressionCheck.run() }
  }
}
