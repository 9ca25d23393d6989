import CrenelAlerts
import CrenelBooking
import CrenelEngine
import CrenelFeatures
import CrenelModel
import CrenelRules

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
