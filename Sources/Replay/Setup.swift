import CrenelAlerts
public import CrenelBooking
import CrenelCapture
public import CrenelDecode
import CrenelEngine
import CrenelFeatures
public import CrenelModel
public import CrenelRules

/// Everything a run needs besides its input, read and checked before the first byte is.
public struct Setup: Sendable {
  /// The site's profile.
  public var profile: SiteProfile
  /// The rules, compiled; empty when the verb needs none.
  public var rules: RuleSet
  /// The texts that profile and rules ask the decoder for.
  public var names: FieldNames
  /// What decoders are told, but for the number of the source.
  public var decoder: DecoderConfiguration
  /// Which packets of captures are taken; `nil` for all.
  var bpf: String?
  /// Seed of the tables' hashes; no result depends on it.
  var hashSeed: UInt64
  /// The format asked for; `nil` to find out.
  public var format: LogFormat?
  /// How late a line may be, in nanoseconds.
  public var lateness: Int64
  /// The secret that keys tokens; `nil` without one.
  public var siteKey: [UInt8]?
  /// Domains of throw-away mailboxes.
  public var disposableDomains: DisposableDomains
  /// The site's zone, for hours of the day.
  public var siteZone: ZoneRules
  /// Things that can be used but are likely not what was meant.
  public var warnings: [Diagnostic]
  /// The inputs, found; `nil` where none is named.
  let inputs: InputPlan?

  /// Reads profile, rules, zone, key and format, and finds the inputs.
  ///
  /// Throws all mistakes of all of them at once, with those of the command line found before.
  public init(_ options: RunOptions) throws(Diagnostics) {
    var mistakes = options.mistakes
    func attempt<Value>(_ body: () throws -> Value) -> Value? {
      do {
        return try body()
      } catch let error as Diagnostics {
        mistakes += error.items
      } catch let error as Diagnostic {
        // Profile, rules and lists are all looked for in one folder: say once that there is none.
        if !mistakes.contains(error) { mistakes.append(error) }
      } catch {
        mistakes.append(
          Diagnostic(code: "internal", at: SourcePosition(file: "crenel"), "\(error)"))
      }
      return nil
    }
    let profile = attempt { try Setup.profile(options.site) }
    var names = profile?.requestedNames ?? FieldNames()
    let rules = attempt { () throws -> RuleSet in
      guard options.needsRules else { return try RuleSet.parse(files: [], names: &names) }
      return try Setup.rules(options.rules, knobs: options.knobs, names: &names)
    }
    let key = attempt { try options.siteKeyFile.map(Setup.key) }
    let zone = attempt { try Setup.zone(options.zone) }
    let format = attempt { try Setup.format(options.format) }
    let lateness = attempt { try Setup.duration(options.lateness, option: "--lateness") }
    let stamp = attempt { try Setup.stamp(options.stamp) }
    let proxies = attempt { try Setup.networks(options.trustedProxies) }
    let domains = attempt { try Setup.disposableDomains() }
    let inputs = attempt { try options.inputs.isEmpty ? nil : InputPlan(options.inputs) }
    _ = attempt { try options.bpf.map(Setup.check(bpf:)) }
    if let path = options.alertsFile {
      _ = attempt {
        var files = FilesRead((inputs ?? nil)?.sources ?? [])
        files.add(options)
        try OutputStream.check(path, sparing: files, option: "--alerts")
      }
    }
    guard mistakes.isEmpty, let profile, let rules, let key, let zone, let format, let lateness,
      let stamp, let proxies, let domains, let inputs
    else { throw Diagnostics(mistakes.map(options.placed)) }

    self.profile = profile
    self.rules = rules
    self.names = names
    self.inputs = inputs
    self.format = format
    self.lateness = lateness
    bpf = options.bpf
    hashSeed = options.hashSeed
    siteKey = key
    disposableDomains = domains
    let siteZone = profile.timezone.flatMap(TimeZones.rules)  // known: the profile was checked
    self.siteZone = siteZone ?? .utc
    warnings = profile.warnings + rules.warnings
    decoder = DecoderConfiguration()
    decoder.names = names
    decoder.zone = zone ?? siteZone
    decoder.stamp = stamp
    decoder.trustedProxies = profile.trustedProxies + proxies
    decoder.client =
      profile.usesForwardedAddress || !proxies.isEmpty ? .forwarded : .remote
  }
}

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

  /// The rules of files and folders, or the shipped ones.
  static func rules(
    _ paths: [String], knobs: [String], names: inout FieldNames
  ) throws -> RuleSet {
    var files: [(name: String, text: String)] = []
    var mistakes: [Diagnostic] = []
    for path in try rulePaths(paths, &mistakes) {
      do {
        files.append((path, try TextFiles.text(path)))
      } catch {
        mistakes.append(error)
      }
    }
    let knobs = overrides(knobs, &mistakes)
    do {
      let set = try RuleSet.parse(files: files, knobs: knobs, names: &names)
      if mistakes.isEmpty { return set }
    } catch {
      mistakes += error.items
    }
    throw Diagnostics(mistakes)
  }

  /// The rule files to read, in order; what is no rule file or folder is added to `mistakes`.
  private static func rulePaths(
    _ paths: [String], _ mistakes: inout [Diagnostic]
  ) throws -> [String] {
    let roots = paths.isEmpty ? [try Resources.home() + "/rules/booking"] : paths
    var found: [String] = []
    for root in roots {
      guard !root.isEmpty else {
        mistakes.append(
          Diagnostic(
            code: "no-rules", at: SourcePosition(file: root),
            "an empty name was given for a rule file or folder",
            hint: "name one, or leave it out for the shipped rules; a variable of a script that is"
              + " not set gives an empty name"))
        continue
      }
      guard TextFiles.exists(root) else {
        mistakes.append(
          Diagnostic(
            code: "no-rules", at: SourcePosition(file: root), "there is no such file or folder",
            hint: "give a rule file, or a folder of .yml files"))
        continue
      }
      let files = TextFiles.isFolder(root) ? TextFiles.ruleFiles(in: root) : [root]
      if files.isEmpty {
        mistakes.append(
          Diagnostic(
            code: "no-rules", at: SourcePosition(file: root), "no rule file in this folder",
            hint: "rules are .yml files; folders named tests and sites are left out"))
      }
      found += files
    }
    return found
  }

  /// `knob=value` pairs as numbers; what is none is added to `mistakes`.
  static func overrides(_ texts: [String], _ mistakes: inout [Diagnostic]) -> [String: Double] {
    var values: [String: Double] = [:]
    for text in texts {
      let parts = text.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
      guard parts.count == 2, !parts[0].isEmpty, let value = Double(parts[1]), value.isFinite
      else {
        mistakes.append(
          Diagnostic(
            code: "bad-knob", at: SourcePosition(file: "--set"), "'\(text)' is not knob=number",
            hint: "crenel rules list shows the knobs of each rule"))
        continue
      }
      values[String(parts[0])] = value
    }
    return values
  }

  /// The secret in a file, without the line feed at its end; 32 bytes or more.
  static func key(_ path: String) throws -> [UInt8] {
    var bytes = try TextFiles.bytes(path)
    while let last = bytes.last, last == 0x0a || last == 0x0d { bytes.removeLast() }
    guard bytes.count >= 32 else {
      throw Diagnostic(
        code: "short-key", at: SourcePosition(file: path),
        "the key has \(bytes.count) bytes; at least 32 are needed",
        hint: "make one with: openssl rand -hex 32")
    }
    return bytes
  }

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

  /// Where the shipped list of throw-away mail domains is, below the folder of ``Resources``.
  static let domainsFile = "/rules/data/disposable-domains.txt"

  /// The filter of `--bpf`, `nil` without one; throws `bad-bpf`.
  func packetFilter() throws(Diagnostic) -> PacketFilter? {
    try bpf.map { expression throws(Diagnostic) in try PacketFilter(expression) }
  }

  /// The shipped list of throw-away mail domains.
  static func disposableDomains() throws -> DisposableDomains {
    let path = try Resources.home() + domainsFile
    return DisposableDomains(TextFiles.exists(path) ? try TextFiles.text(path) : "")
  }
}

extension Setup {
  /// The pipeline of a run; profile and rules were checked when the setup was made.
  func pipeline(hashSeed: UInt64) throws(Diagnostics) -> Pipeline {
    var features = FeatureConfiguration()
    features.seed = hashSeed
    features.ipv4Prefix = profile.ipv4Prefix
    features.ipv6Prefix = profile.ipv6Prefix
    features.holdLifetime = profile.holdLifetime
    features.shownSteps = StepKinds(profile.shownSteps)
    features.sentSteps = StepKinds(profile.sentSteps)
    features.knowsOrder = !profile.goesByWords
    features.zone = siteZone
    var alerts = AlertConfiguration()
    alerts.siteKey = siteKey
    return Pipeline(
      booking: try BookingStage(
        profile: profile, names: names, siteKey: siteKey, disposable: disposableDomains,
        seed: hashSeed),
      features: FeatureStage(features),
      rules: RuleEngine(rules, names: names, seed: hashSeed, zone: siteZone),
      alerts: AlertStage(alerts, rules: rules.metadata))
  }
}
