import CrenelBooking
import CrenelModel

extension Setup {
  /// Whether `--site` names a file, and no shipped profile.
  static func isPath(_ site: String) -> Bool {
    site.contains("/") || site.hasSuffix(".yml") || site.hasSuffix(".yaml")
  }

  /// The profile of a shipped name or a file.
  static func profile(_ site: String) throws -> SiteProfile {
    if isPath(site) {
      return try profile(at: site)
    }
    let folder = try Resources.home() + "/rules/sites/"
    let path = folder + site + ".yml"
    guard TextFiles.exists(path) else {
      let known = TextFiles.yamlFiles(in: folder).map {
        String($0.dropFirst(folder.count).dropLast(4))
      }
      throw Diagnostic(
        code: "unknown-site", at: SourcePosition(file: "--site"),
        "there is no shipped profile '\(site)'",
        hint: "one of: \(known.joined(separator: ", ")); or the path of a profile of your own")
    }
    return try profile(at: path)
  }

  private static func profile(at path: String) throws -> SiteProfile {
    try SiteProfileParser.parse(TextFiles.text(path), file: path) { TimeZones.rules($0) != nil }
  }

  /// The secret in a file, without the line feed at its end; 32 bytes or more.
  static func key(_ path: String) throws -> [UInt8] {
    var bytes = try TextFiles.bytes(path)
    while let last = bytes.last, last == 0x0a || last == 0x0d { bytes.removeLast() }
    guard bytes.count >= 32 else {
      throw Diagnostic(
        code: "short-key", at: SourcePosition(file: path),
        "the key has \(English.counted(bytes.count, "byte")); at least 32 are needed",
        hint: "make one with: openssl rand -hex 32")
    }
    return bytes
  }

  /// Where the shipped list of throw-away mail domains is, below the folder of ``Resources``.
  static let domainsFile = "/rules/data/disposable-domains.txt"

  /// The shipped list of throw-away mail domains.
  static func disposableDomains() throws -> DisposableDomains {
    let path = try Resources.home() + domainsFile
    return DisposableDomains(TextFiles.exists(path) ? try TextFiles.text(path) : "")
  }
}
