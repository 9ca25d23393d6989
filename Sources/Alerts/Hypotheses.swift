import CrenelBooking
import CrenelFeatures
public import CrenelModel
public import CrenelRules

/// What became of a benign explanation.
public enum BenignResult: String, Sendable {
  /// What was seen speaks against it.
  case rejected
  /// What was seen is compatible with it; the alert is capped.
  case plausible
  /// The source does not hold what is needed to tell.
  case untested
}

/// A benign explanation, tested.
public struct BenignFinding: Sendable, Hashable {
  /// Which.
  public var hypothesis: Hypothesis
  /// What became of it.
  public var result: BenignResult
  /// Why.
  public var because: LocalizedText
}

extension Hypothesis {
  /// The name for people.
  public var title: LocalizedText {
    switch self {
    case .sharedAddress: LocalizedText(en: "shared address", fr: "adresse partagée")
    case .autoRefresh: LocalizedText(en: "automatic reload", fr: "rechargement automatique")
    case .impatientPerson: LocalizedText(en: "impatient person", fr: "personne impatiente")
    case .clockResolution: LocalizedText(en: "coarse clock", fr: "horloge trop grossière")
    case .fastAutofill: LocalizedText(en: "form autofill", fr: "remplissage automatique")
    case .associationDesk:
      LocalizedText(en: "association's desk", fr: "permanence d’une association")
    case .declaredAutomation:
      LocalizedText(en: "declared automation", fr: "automate déclaré")
    case .relayEgress:
      LocalizedText(en: "relay or shared way out", fr: "relais ou sortie partagée")
    case .checkAtEveryKey:
      LocalizedText(en: "check at every key", fr: "vérification à chaque touche")
    }
  }

  /// The explanations to test for a rule: two for all, the clock where a duration is called
  /// short, then those it names, each once.
  static func all(for rule: RuleMetadata, _ reasons: [ReportedReason]) -> [Hypothesis] {
    var list: [Hypothesis] = [.sharedAddress, .declaredAutomation]
    let isAboutSpeed = reasons.contains { reason in
      guard case .feature = reason.measure, reason.unit == "ms" else { return false }
      return reason.comparison == .less || reason.comparison == .lessOrEqual
    }
    if isAboutSpeed { list.append(.clockResolution) }
    for named in rule.benign where !list.contains(named) { list.append(named) }
    return list
  }
}

/// Tests benign explanations against what is known of a subject.
struct HypothesisTest {
  let rule: RuleMetadata
  let reasons: [ReportedReason]
  let step: Step
  let resolution: Int64
  let isWithinClock: Bool
  /// Reads a feature of the exchange's subjects; NaN when it is absent.
  let value: (SubjectKind, Feature) -> Double

  /// The features that some test reads.
  static let needs: [Feature] = [
    .agentsPerAddress, .declaredAutomation, .assetRatio, .serverErrors, .gapLogDeviation,
    .formCount, .formFastest, .libraryAgent, .networks, .oracleCalls,
  ]

  init(
    _ rule: RuleMetadata, _ reasons: [ReportedReason], _ step: Step, resolution: Int64,
    isWithinClock: Bool, value: @escaping (SubjectKind, Feature) -> Double
  ) {
    self.rule = rule
    self.reasons = reasons
    self.step = step
    self.resolution = resolution
    self.isWithinClock = isWithinClock
    self.value = value
  }

  /// All findings, in the order of ``Hypothesis/all(for:_:)``.
  var findings: [BenignFinding] { Hypothesis.all(for: rule, reasons).map { test($0) } }

  private func test(_ hypothesis: Hypothesis) -> BenignFinding {
    let (result, en, fr) =
      switch hypothesis {
      case .sharedAddress: sharedAddress
      case .autoRefresh: autoRefresh
      case .impatientPerson: impatientPerson
      case .clockResolution: clockResolution
      case .fastAutofill: fastAutofill
      case .associationDesk: associationDesk
      case .declaredAutomation: declaredAutomation
      case .relayEgress: relayEgress
      case .checkAtEveryKey: checkAtEveryKey
      }
    return BenignFinding(
      hypothesis: hypothesis, result: result, because: LocalizedText(en: en, fr: fr))
  }

  private typealias Answer = (BenignResult, String, String)

  private var sharedAddress: Answer {
    if rule.subject == .session, step.flags.contains(.sessionByCookie) {
      return (
        .rejected, "the evidence is of one session cookie",
        "les faits portent sur un seul cookie de session"
      )
    }
    let agents = value(.client, .agentsPerAddress)
    let (count, text) = (Self.count(agents), Self.whole(agents))
    // Four browsers are more than one household's usual two or three devices (BOTS L13).
    if agents >= 4 {
      return (
        .plausible, "\(text) different browsers came from this address",
        "\(text) navigateurs différents sont venus de cette adresse"
      )
    }
    // Without a cookie a session is an address and an agent: two people with one browser are one.
    if !step.flags.contains(.sessionByCookie) {
      return (
        .untested, "no session cookie tells several people with one browser apart",
        "aucun cookie de session ne distingue plusieurs personnes ayant le même "
          + "navigateur"
      )
    }
    return (
      .rejected, "\(text) \(English.form(count, "browser")) in all came from this address",
      "\(text) \(French.form(count, "navigateur")) en tout depuis cette adresse"
    )
  }

  private var declaredAutomation: Answer {
    if step.flags.contains(.declared) || value(.client, .declaredAutomation) == 1 {
      return (
        .plausible, "the client says what it is, or the site's profile names it",
        "le client se déclare, ou le profil du site le nomme"
      )
    }
    return (.rejected, "nothing declares this client", "rien ne déclare ce client")
  }

  private var clockResolution: Answer {
    let width = Self.milliseconds(resolution, " ")
    let largeur = Self.milliseconds(resolution, "\u{a0}")
    if isWithinClock {
      return (
        .plausible, "compatible with a person: the log's clock is \(width) wide",
        "compatible avec une personne\u{a0}: l’horloge du journal est à \(largeur) près"
      )
    }
    guard resolution >= Nanoseconds.microsecond else {
      return (
        .rejected, "packets were stamped when they were captured: every duration is exact",
        "les paquets sont horodatés à leur capture\u{a0}: chaque durée est exacte"
      )
    }
    return (
      .rejected, "every duration holds for all times that stamps of \(width) permit",
      "chaque durée vaut pour toutes les heures que permettent des horodatages à \(largeur) près"
    )
  }

  private var autoRefresh: Answer {
    let assets = value(rule.subject, .assetRatio)
    if assets.isNaN {
      return (
        .untested, "this log shows no images, styles or scripts of anybody",
        "ce journal ne montre d’images, de styles ni de scripts de personne"
      )
    }
    if assets > 0.02 {
      return (
        .plausible, "images, styles or scripts were loaded with the pages",
        "des images, styles ou scripts ont été chargés avec les pages"
      )
    }
    return (
      .rejected, "no image, style or script was asked for, while a reloaded tab asks for some",
      "ni image, ni style, ni script n’a été demandé, alors qu’un onglet rechargé en demande"
    )
  }

  /// Reads what the rule does not: a browser's page parts, the spread of polls, and endurance.
  private var impatientPerson: Answer {
    let errors = value(rule.subject, .serverErrors)
    if value(rule.subject, .assetRatio) > 0.02 {
      return (
        .plausible, "images, styles or scripts were loaded: a browser, with a person before it",
        "des images, styles ou scripts ont été chargés\u{a0}: un navigateur, une personne devant"
      )
    }
    // People's gaps have a standard deviation of 0.39 and more (BOTS L03).
    if value(rule.subject, .gapLogDeviation) > 0.3 {
      return (
        .plausible, "the times between looks at the list vary as a person's do",
        "les délais entre consultations de la liste varient comme ceux d’une personne"
      )
    }
    // People reload up to 60 times in a burst, then pause (BOTS L03).
    if errors > 60 {
      return (
        .rejected, "\(Self.whole(errors)) errors are more than a person's burst of reloads",
        "\(Self.whole(errors)) erreurs dépassent la rafale de rechargements d’une personne"
      )
    }
    let count = Self.count(errors)
    return (
      .untested, "\(English.counted(count, "error")) may be one person's burst of reloads",
      "\(count) \(French.form(count, "erreur peut", "erreurs peuvent")) être la rafale de "
        + "rechargements d’une personne"
    )
  }

  private var fastAutofill: Answer {
    let forms = value(rule.subject, .formCount)
    if value(rule.subject, .formFastest) < 1_000 {
      return (
        .rejected, "less than a second leaves no time to see the form and send it",
        "moins d’une seconde ne laisse pas le temps de voir le formulaire et de l’envoyer"
      )
    }
    if forms <= 1 {
      return (
        .plausible, "one form only, and a second or more for it",
        "un seul formulaire, et une seconde au moins pour lui"
      )
    }
    return (
      .rejected, "\(Self.whole(forms)) forms were timed in this session",
      "\(Self.whole(forms)) formulaires ont été chronométrés dans cette session"
    )
  }

  private var associationDesk: Answer {
    let fastest = value(rule.subject, .formFastest)
    if fastest < 1_500 || value(rule.subject, .libraryAgent) == 1 {
      return (
        .rejected, "forms were sent faster than by hand, or by a program",
        "des formulaires ont été envoyés plus vite qu’à la main, ou par un programme"
      )
    }
    if value(rule.subject, .assetRatio) > 0.02 || value(.client, .agentsPerAddress) >= 2 {
      return (
        .plausible, "browsers that load their pages, forms at a person's pace",
        "des navigateurs qui chargent leurs pages, des formulaires au rythme d’une personne"
      )
    }
    return (
      .untested, "the log does not show who fills in the forms",
      "le journal ne montre pas qui remplit les formulaires"
    )
  }

  private var relayEgress: Answer {
    let networks = value(.session, .networks)
    let text = Self.whole(networks)
    if networks >= 8 {
      return (
        .rejected, "\(text) networks: a relay or a company has few for one session",
        "\(text) réseaux\u{a0}: un relais ou une entreprise en a peu pour une même session"
      )
    }
    let count = Self.count(networks)
    return (
      .untested,
      "the log does not say whose the "
        + English.form(count, "network is", "\(count) networks are"),
      "le journal ne dit pas à qui "
        + French.form(count, "appartient le réseau", "appartiennent les \(count) réseaux")
    )
  }

  private var checkAtEveryKey: Answer {
    let calls = value(rule.subject, .oracleCalls)
    let text = Self.whole(calls)
    // A number has ten digits; six entries of it, each key a call.
    if calls >= 60 {
      return (
        .rejected, "\(text) calls: more than a number of ten digits typed six times",
        "\(text) appels\u{a0}: plus qu’un numéro de dix chiffres saisi six fois"
      )
    }
    let count = Self.count(calls)
    return (
      .plausible,
      "\(English.counted(count, "call")): as many as a page makes that checks at every key",
      "\(count) \(French.form(count, "appel"))\u{a0}: autant qu’en fait une page qui vérifie à "
        + "chaque touche"
    )
  }

  /// A count that a feature holds; 0 where it is absent.
  private static func count(_ value: Double) -> UInt64 {
    value.isNaN || value < 0 ? 0 : UInt64(exactly: value.rounded()) ?? .max
  }

  private static func whole(_ value: Double) -> String {
    value.isNaN ? "0" : JSONWriter.text(of: value.rounded())
  }

  private static func milliseconds(_ nanoseconds: Int64, _ space: String) -> String {
    nanoseconds >= Nanoseconds.second
      ? "\(nanoseconds / Nanoseconds.second)\(space)s"
      : "\(max(1, nanoseconds / Nanoseconds.millisecond))\(space)ms"
  }
}
