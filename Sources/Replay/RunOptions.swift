public import CrenelModel

/// What to read and how, as given on the command line.
public struct RunOptions: Sendable {
  /// Paths, patterns, folders, or `-`.
  public var inputs: [String]
  /// The word on the progress line.
  public var label: String
  /// `--format`.
  public var format = "auto"
  /// `--site`: a shipped profile's name, or a file.
  public var site = "generic"
  /// `--tz`: the zone of stamps without an offset.
  public var zone: String?
  /// `--lateness`.
  public var lateness = "5s"
  /// `--stamp`: when the server stamps its lines, if the format does not say.
  public var stamp = "unknown"
  /// `--trusted-proxy`, in addition to the profile's.
  public var trustedProxies: [String] = []
  /// `--site-key`: the file with the secret that keys tokens.
  public var siteKeyFile: String?
  /// `--rules`: files or folders; empty for the shipped rules.
  public var rules: [String] = []
  /// `--set`: thresholds for this run, `knob=value` or `rule-id.knob=value`.
  public var knobs: [String] = []
  /// Whether rules are needed at all.
  public var needsRules = false
  /// Whether a progress line may be shown.
  public var showsProgress = true
  /// Whether standard error is kept to what went wrong.
  public var isQuiet = false
  /// Bytes read at a time; no result depends on it.
  public var chunkSize = 64 * 1_024
  /// Seed of the tables' hashes; no result depends on it.
  public var hashSeed: UInt64 = 0

  /// Mistakes of the command line found so far; ``Setup`` throws them with those it finds.
  public var mistakes: [Diagnostic] = []
  /// Where settings stand that a file gives in place of an option, by the option.
  var places: [String: SourcePosition] = [:]
  /// `--alerts`: the file that gets the alerts, for it to be checked with the rest.
  var alertsFile: String?
  /// `--bpf`: which packets of captures are taken.
  public var bpf: String?
  /// What to capture live, in place of `inputs`.
  public var live = LiveOptions()

  /// Creates options with the defaults of the command line.
  public init(inputs: [String], label: String) {
    self.inputs = inputs
    self.label = label
  }

  /// A mistake in an option, with its place in the file that gave it, if one did.
  func placed(_ mistake: Diagnostic) -> Diagnostic {
    guard let place = places[mistake.position.file] else { return mistake }
    var mistake = mistake
    mistake.position = place
    return mistake
  }
}

/// Lengths of time as people write them: `500ms`, `5s`, `2m`, `1h`, `7d`.
enum DurationText {
  /// The length in nanoseconds; `nil` for anything else, or more than a year.
  static func nanoseconds(_ text: String) -> Int64? {
    let units: [(suffix: String, scale: Int64)] = [
      ("ms", Nanoseconds.millisecond), ("s", Nanoseconds.second), ("m", Nanoseconds.minute),
      ("h", Nanoseconds.hour), ("d", Nanoseconds.day),
    ]
    for unit in units where text.hasSuffix(unit.suffix) {
      let digits = text.dropLast(unit.suffix.count)
      guard !digits.isEmpty, digits.utf8.allSatisfy({ (0x30...0x39).contains($0) }),
        let number = Int64(digits), number <= 365 * Nanoseconds.day / unit.scale
      else { continue }
      return number * unit.scale
    }
    return nil
  }
}
