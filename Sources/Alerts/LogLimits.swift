public import CrenelFeatures
import CrenelModel
public import CrenelRules

/// What a run's logs lack, and which rules are off or weaker for it; told once a run.
public struct LogLimits: Sendable {
  private let traits: LogTraits
  private let rules: [RuleMetadata]
  private let requests: UInt64
  private let encrypted: UInt64

  /// Compares what the logs have shown with what the rules read.
  ///
  /// `requests` were seen, and `encrypted` TLS connections, which show nothing of that.
  public init(_ traits: LogTraits, rules: [RuleMetadata], requests: UInt64, encrypted: UInt64) {
    self.traits = traits
    self.rules = rules
    self.requests = requests
    self.encrypted = encrypted
  }

  /// One line for each thing that is missing; empty when nothing is.
  public func text(_ language: Language) -> String {
    let isFrench = language == .fr
    let lines =
      requests > 0
      ? [cookies(isFrench), assets(isFrench), clock(isFrench), redirects(isFrench)]
      : [nothing(isFrench)]
    let begin = isFrench ? "limite\u{a0}: " : "limit: "
    return lines.compactMap { $0.map { begin + $0 + "\n" } }.joined()
  }

  private func nothing(_ isFrench: Bool) -> String? {
    guard encrypted > 0 else { return nil }
    return isFrench
      ? "seulement des connexions TLS, dont le contenu n’est pas lu, et aucune requête\u{a0}: rien "
        + "ne peut être jugé\u{a0}; captez derrière ce qui termine TLS, ou lisez le journal du serveur"
      : "only TLS connections, the inside of which is not read, and no request: nothing can be "
        + "judged; capture behind what ends TLS, or read the server's log"
  }

  private func cookies(_ isFrench: Bool) -> String? {
    guard !traits.hasCookies else { return nil }
    return isFrench
      ? "aucun cookie de session\u{a0}: des personnes de même adresse et de même navigateur se "
        + "confondent, et aucune alerte ne dépasse le niveau faible"
      : "no session cookie: people with one address and browser look like one, and no alert is "
        + "above low"
  }

  private func assets(_ isFrench: Bool) -> String? {
    guard !traits.hasAssets else { return nil }
    let text =
      isFrench
      ? "aucune image, aucun style ni script de personne\u{a0}: ce que charge un client est inconnu"
      : "no images, styles or scripts of anybody: what a client loads is unknown"
    return text + affected(isFrench) { $0.hasSuffix(".asset_ratio") }
  }

  private func clock(_ isFrench: Bool) -> String? {
    guard traits.clockWidth >= Nanoseconds.second else { return nil }
    let width = traits.clockWidth / Nanoseconds.second
    let text =
      isFrench
      ? "horodatages à \(width)\u{a0}s près\u{a0}: seules les durées certaines malgré cela comptent"
      : "stamps of \(width) s: only durations that are certain in spite of it count"
    return text + affected(isFrench) { field in Self.timed.contains { field.contains($0) } }
  }

  private func redirects(_ isFrench: Bool) -> String? {
    guard !traits.hasRedirects else { return nil }
    let text =
      isFrench
      ? "aucune cible de redirection\u{a0}: un créneau libre peut rester inaperçu"
      : "no redirect targets: that a slot was free may not be seen"
    return text + affected(isFrench) { $0.contains(".reaction_ms") }
  }

  private static let timed = [".form_ms", ".reaction_ms", ".captcha_ms", ".gap_", ".retry_5xx_"]

  /// The rules with a condition on such a field.
  private func affected(_ isFrench: Bool, _ isWanted: (String) -> Bool) -> String {
    let names = rules.filter { $0.alerts && $0.conditions.values.contains { isWanted($0.field) } }
      .map(\.label)
    guard !names.isEmpty else { return "" }
    return (isFrench ? "\u{a0}; règles affaiblies\u{a0}: " : "; weaker rules: ")
      + names.joined(separator: ", ")
  }
}
