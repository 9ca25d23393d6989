public import CrenelBooking
import CrenelCapture
public import CrenelDecode
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
  /// Things in profile and rules that can be used but are likely not what was meant.
  public var warnings: [Diagnostic]
  /// The inputs, found; `nil` where none is named.
  let inputs: InputPlan?

  /// Reads profile, rules, zone, key and format, and finds the inputs.
  ///
  /// Throws all mistakes of all of them at once, with those of the command line found before.
  public init(_ options: RunOptions) throws(Diagnostics) {
    try self.init(options) { names throws in
      try Setup.rules(options.rules, knobs: options.knobs, names: &names)
    }
  }

  /// The same with rules from elsewhere; they are not asked for when no rules are needed.
  init(_ options: RunOptions, rules load: RuleLoader) throws(Diagnostics) {
    var attempts = Attempts(options.mistakes)
    let judging = Judging(options, load, &attempts)
    let reading = Reading(options, &attempts)
    guard attempts.mistakes.isEmpty, let judging, let reading else {
      throw Diagnostics(attempts.mistakes.map(options.placed))
    }
    let profile = judging.profile
    self.profile = profile
    rules = judging.rules
    names = judging.names
    siteKey = judging.key
    disposableDomains = judging.domains
    warnings = profile.warnings + judging.rules.warnings
    inputs = reading.inputs
    format = reading.format
    lateness = reading.lateness
    bpf = options.bpf
    hashSeed = options.hashSeed
    let siteZone = profile.timezone.flatMap(TimeZones.rules)  // known: the profile was checked
    self.siteZone = siteZone ?? .utc
    decoder = DecoderConfiguration()
    decoder.names = judging.names
    decoder.zone = reading.zone ?? siteZone
    decoder.stamp = reading.stamp
    decoder.trustedProxies = profile.trustedProxies + reading.proxies
    decoder.client =
      profile.usesForwardedAddress || !reading.proxies.isEmpty ? .forwarded : .remote
  }

  /// What is told of rules and profile before a run.
  var remarks: SetupRemarks { SetupRemarks(passedOver: rules.passedOver, warnings: warnings) }
}
