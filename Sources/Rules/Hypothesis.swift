/// The innocent explanations that can be tested; rules name them in `crenel.benign`.
///
/// What each is tested by is CrenelAlerts' business.
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
  /// A privacy relay, or a company's way out, that changes addresses.
  case relayEgress = "relay_egress"
  /// A page checks a number at every key pressed.
  case checkAtEveryKey = "check_at_every_key"
}
