import CrenelAlerts
import CrenelBooking
import CrenelEngine
import CrenelFeatures
import CrenelModel
import CrenelRules

/// What a run left undecided, dropped or did not count; told once, at its end.
struct RunRemarks {
  /// What was not looked at to its end, or forgotten: told always.
  private var losses: [LocalizedText] = []
  /// What a rule's author or an operator may want to know.
  private var notes: [LocalizedText] = []

  /// Takes the counters of a pipeline that has taken everything in; `names` are its sources'.
  init(_ pipeline: borrowing Pipeline, rules: [RuleMetadata], names: [String]) {
    for undecided in pipeline.rules.undecided {
      losses.append(
        Self.text(
          undecided, rules[Int(undecided.rule)], names[Int(undecided.first.source)],
          pipeline.booking.profile.rules))
    }
    losses += pipeline.booking.undecided.map {
      Self.text($0, names[Int($0.first.source)])
    }
    let dropped = Self.dropped(pipeline)
    if !dropped.isEmpty {
      losses.append(
        LocalizedText(
          en: "dropped to make room, and begun anew: "
            + dropped.map(\.en).joined(separator: ", "),
          fr: "oubliés faute de place, et repris à zéro\u{a0}: "
            + dropped.map(\.fr).joined(separator: ", ")))
    }
    losses += Self.count(
      pipeline.rules.counters.droppedNumbers,
      en: "numbers left out of sums, means and percentiles, because a window had too many",
      fr: "nombres laissés hors des sommes, moyennes et centiles, faute de place dans une fenêtre")
    notes += Self.count(
      pipeline.rules.counters.ungrouped,
      en: "events of correlations not counted, for want of a field they group by or count",
      fr: "événements de corrélations non comptés, faute d’un champ de groupement ou de comptage")
    notes += Self.count(
      pipeline.rules.counters.openAbsences,
      en: "matches before which it could not be told whether something was absent",
      fr: "constats avant lesquels une absence n’a pas pu être établie")
    notes += Self.count(
      pipeline.alerts.staffVerdicts, en: "matches of the site's staff, which make no alert",
      fr: "constats sur le personnel du site, sans alerte")
  }

  /// One line each; only what was lost when `isBrief`.
  func text(isBrief: Bool, _ language: Language) -> String {
    (isBrief ? losses : losses + notes).map { TerminalText.escapedLines($0[language]) + "\n" }
      .joined()
  }

  /// What was counted, and how often; nothing when it never was.
  private static func count(_ count: UInt64, en: String, fr: String) -> [LocalizedText] {
    count > 0 ? [LocalizedText(en: "\(en): \(count)", fr: "\(fr)\u{a0}: \(count)")] : []
  }

  private static func text(
    _ undecided: UndecidedRule, _ rule: RuleMetadata, _ source: String, _ steps: [StepRule]
  ) -> LocalizedText {
    let causes = text(undecided.causes, steps)
    let name = rule.label
    let place = "\(source):\(undecided.first.line)"
    let count = undecided.requests
    return LocalizedText(
      en: "\(place): rule '\(name)' could not be decided for \(count) "
        + "\(English.form(count, "request")), of which this is the first: \(causes.en); "
        + "the rule did not fire there",
      fr: "\(place)\u{a0}: règle «\u{a0}\(name)\u{a0}» indécidable pour "
        + "\(French.counted(count, "requête")), dont voici la première\u{a0}: "
        + "\(causes.fr)\u{a0}; la règle ne s’y est pas déclenchée")
  }

  /// Which expressions reached their step limit: a rule's own, or the profile's with their places.
  static func text(_ causes: [UndecidedCause], _ steps: [StepRule]) -> LocalizedText {
    let texts = causes.map { cause in
      switch cause {
      case .rule:
        LocalizedText(
          en: "a regular expression of the rule reached its step limit",
          fr: "une expression régulière de la règle a atteint sa limite")
      case .step(let rule):
        LocalizedText(
          en: "the regular expression at \(place(of: rule, steps)) reached its step limit",
          fr: "l’expression régulière de \(place(of: rule, steps)) a atteint sa limite")
      }
    }
    return LocalizedText(
      en: texts.map(\.en).joined(separator: ", and "),
      fr: texts.map(\.fr).joined(separator: ", et "))
  }

  /// Where a step rule's expression stands in the profile.
  private static func place(of rule: Int16, _ steps: [StepRule]) -> String {
    steps.indices.contains(Int(rule)) ? "\(steps[Int(rule)].expressionPlace)" : "?"
  }

  /// One line for each step rule of a profile that left steps unknown; `names` are the sources'.
  static func text(_ undecided: [UndecidedStep], names: [String]) -> String {
    undecided.map { TerminalText.escapedLines(text($0, names[Int($0.first.source)]).en) + "\n" }
      .joined()
  }

  private static func text(_ undecided: UndecidedStep, _ source: String) -> LocalizedText {
    let place = "\(source):\(undecided.first.line)"
    let count = undecided.requests
    return LocalizedText(
      en: "\(place): the booking step of \(English.counted(count, "request")), of which this "
        + "is the first, is not known: the regular expression at \(undecided.place) reached its "
        + "step limit; no rule that hangs on the booking step fired there",
      fr: "\(place)\u{a0}: étape de réservation inconnue pour "
        + "\(French.counted(count, "requête")), dont voici la première\u{a0}: l’expression "
        + "régulière de \(undecided.place) a atteint sa limite\u{a0}; aucune règle qui en dépend "
        + "ne s’y est déclenchée")
  }

  /// What tables gave up, by kind.
  private static func dropped(_ pipeline: borrowing Pipeline) -> [LocalizedText] {
    let features = pipeline.features.counters
    let sessions = features.evictedSessions &+ pipeline.booking.evictedSessions
    let groups = pipeline.rules.counters.evictedGroups
    let kinds = [
      dropped(features.evictedClients, en: ("client", nil), fr: ("client", nil)),
      dropped(sessions, en: ("session", nil), fr: ("session", nil)),
      dropped(
        features.evictedFunnels, en: ("booking under way", "bookings under way"),
        fr: ("réservation en cours", "réservations en cours")),
      dropped(
        groups, en: ("group of correlations", "groups of correlations"),
        fr: ("groupe de corrélations", "groupes de corrélations")),
      dropped(
        pipeline.alerts.evictedAlerts, en: ("open alert", nil),
        fr: ("alerte ouverte", "alertes ouvertes")),
    ]
    return kinds.compactMap { $0 }
  }

  /// How many of a kind, with the forms for one and for many; `nil` for none.
  static func dropped(
    _ count: UInt64, en: (one: String, many: String?), fr: (one: String, many: String?)
  ) -> LocalizedText? {
    guard count > 0 else { return nil }
    return LocalizedText(
      en: English.counted(count, en.one, en.many), fr: French.counted(count, fr.one, fr.many))
  }
}
