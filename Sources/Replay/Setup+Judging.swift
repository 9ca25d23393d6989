import CrenelBooking
import CrenelModel
import CrenelRules

extension Setup {
  /// Gives the rules; the names that they ask for take slots after those that are there.
  typealias RuleLoader = (inout FieldNames) throws -> RuleSet

  /// What requests are judged by: the site and the rules.
  struct Judging {
    var profile: SiteProfile
    var rules: RuleSet
    var names: FieldNames
    var key: [UInt8]?
    var domains: DisposableDomains

    /// `nil` when something is wrong, which `attempts` then has.
    init?(_ options: RunOptions, _ load: RuleLoader, _ attempts: inout Attempts) {
      let profile = attempts.value { try Setup.profile(options.site) }
      var names = profile?.requestedNames ?? FieldNames()
      let rules = attempts.value {
        options.needsRules ? try load(&names) : try RuleSet.parse(files: [], names: &names)
      }
      let key = attempts.value { try options.siteKeyFile.map(Setup.key) }
      let domains = attempts.value { try Setup.disposableDomains() }
      guard let profile, let rules, let key, let domains else { return nil }
      self.profile = profile
      self.rules = rules
      self.names = names
      self.key = key
      self.domains = domains
    }
  }
}
