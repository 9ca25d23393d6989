import CrenelBooking
import CrenelFeatures
import CrenelModel
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

/// The innocent explanations that are tested (BOTS 5); rules name more of them in `crenel.benign`.
public enum Hypothesis: String, CaseIterable, Sendable {
  /// Many people behind one address.
  case sharedAddress = "shared_address"
  /// A browser extension reloads a page for a person.
  case autoRefresh = "auto_refresh"
  /// A person presses F5 in anxiety.
  case impatientPerson = "impatient_person"
  /// The clock of the log is too coarse to tell.
  case clockResolution = "clock_resolution"
  /// A browser or password manager filled the form.
  case fastAutofill = "fast_autofill"
  /// A social worker books for many people.
  case associationDesk = "association_desk"
  /// Automation that says what it is.
  case declaredAutomation = "declared_automation"

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
    }
  }

  /// The explanations to test for a rule: three for all, then those it names, each once.
  static func all(for rule: RuleMetadata) -> [Hypothesis] {
    var list: [Hypothesis] = [.sharedAddress, .declaredAutomation, .clockResolution]
    for name in rule.benign {
      if let named = Hypothesis(rawValue: name), !list.contains(named) { list.append(named) }
    }
    return list
  }
}

/// Tests benign explanations against what is known of a subject.
struct HypothesisTest {
  let rule: RuleMetadata
  let reasons: [Reason]
  let step: Step
  let resolution: Int64
  /// Reads a feature of the exchange's subjects; NaN when it is absent.
  let value: (SubjectKind, Feature) -> Double

  /// All findings, in the order of ``Hypothesis/all(for:)``.
  init(
    _ rule: RuleMetadata, _ reasons: [Reason], _ step: Step, resolution: Int64,
    value: @escaping (SubjectKind, Feature) -> Double
  ) {
    self.rule = rule
    self.reasons = reasons
    self.step = step
    self.resolution = resolution
    self.value = value
  }

  var findings: [BenignFinding] { Hypothesis.all(for: rule).map { test($0) } }

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
    let text = Self.whole(agents)
    // Four browsers are more than one household's usual two or three devices (BOTS L13).
    if agents >= 4 {
      return (
        .plausible, "\(text) different browsers came from this address",
        "\(text) navigateurs différents sont venus de cette adresse"
      )
    }
    return (
      .rejected, "\(text) browser\(agents == 1 ? "" : "s") in all came from this address",
      "\(text) navigateur\(agents == 1 ? "" : "s") en tout depuis cette adresse"
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
    let width = Self.milliseconds(resolution)
    return (
      .rejected, "every duration holds for all times that stamps of \(width) permit",
      "chaque durée vaut pour toutes les heures que permettent des horodatages à \(width) près"
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
      .rejected, "no images, styles or scripts were loaded, as a reloaded tab would",
      "ni image, ni style, ni script n’a été chargé, comme le ferait un onglet rechargé"
    )
  }

  private var impatientPerson: Answer {
    let ratio = value(rule.subject, .retry5xxRatio)
    let errors = value(rule.subject, .serverErrors)
    let spread = value(rule.subject, .gapLogDeviation)
    if errors >= 20, ratio >= 0.8 {
      return (
        .rejected, "\(Self.whole(errors)) errors in a row were each retried at once",
        "\(Self.whole(errors)) erreurs de suite ont chacune été retentées aussitôt"
      )
    }
    if spread.isNaN {
      return (
        .untested, "there are too few reloads to tell", "trop peu de rechargements pour le dire"
      )
    }
    // People's gaps have a standard deviation of 0.39 and more (BOTS L03).
    if spread > 0.3 {
      return (
        .plausible, "the times between reloads vary as a person's do",
        "les délais entre rechargements varient comme ceux d’une personne"
      )
    }
    return (
      .rejected, "the times between reloads vary less than any person's",
      "les délais entre rechargements varient moins que ceux d’une personne"
    )
  }

  private var fastAutofill: Answer {
    let forms = value(rule.subject, .formCount)
    let assets = value(rule.subject, .assetRatio)
    let fastest = value(rule.subject, .formFastest)
    if fastest <= 1_000 {
      return (
        .rejected, "less than a second leaves no time to see the form and send it",
        "moins d’une seconde ne laisse pas le temps de voir le formulaire et de l’envoyer"
      )
    }
    if forms <= 1, assets > 0.02 {
      return (
        .plausible, "one form only, in a browser that loads its pages",
        "un seul formulaire, dans un navigateur qui charge ses pages"
      )
    }
    return (
      .rejected, "the form's page was not loaded as a browser loads it, or it was sent repeatedly",
      "la page du formulaire n’a pas été chargée par un navigateur, ou il a été envoyé plusieurs fois"
    )
  }

  private var associationDesk: Answer {
    let fastest = value(rule.subject, .formFastest)
    if fastest <= 1_500 || value(rule.subject, .libraryAgent) == 1 {
      return (
        .rejected, "forms were sent faster than by hand, or by a program",
        "des formulaires ont été envoyés plus vite qu’à la main, ou par un programme"
      )
    }
    let agents = value(.client, .agentsPerAddress)
    let assets = value(rule.subject, .assetRatio)
    if agents >= 2 || assets > 0.02 {
      return (
        .plausible, "browsers that load their pages, forms at a person's pace",
        "des navigateurs qui chargent leurs pages, des formulaires au rythme d’une personne"
      )
    }
    return (
      .rejected, "one client that loads no page", "un seul client, qui ne charge aucune page"
    )
  }

  private static func whole(_ value: Double) -> String {
    value.isNaN ? "0" : JSONWriter.text(of: value.rounded())
  }

  private static func milliseconds(_ nanoseconds: Int64) -> String {
    nanoseconds >= Nanoseconds.second
      ? "\(nanoseconds / Nanoseconds.second) s"
      : "\(max(1, nanoseconds / Nanoseconds.millisecond)) ms"
  }
}
