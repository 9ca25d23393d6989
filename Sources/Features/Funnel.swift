import CrenelBooking
import CrenelModel

/// What a subject did past the list of slots: the deep state, of which there are fewer.
struct Funnel: BitwiseCopyable {
  /// The subject it belongs to; -1: nobody.
  var owner: Int32 = -1

  var held = HeldSlots()
  var holds: UInt32 = 0
  var expired: UInt32 = 0
  var reheld: UInt32 = 0
  var confirms: UInt32 = 0
  var cancels: UInt32 = 0
  var nightBookings: UInt32 = 0

  var mailboxes = SmallSet()
  var spellings = SmallSet()
  var documents = SmallSet()
  var aliases: UInt32 = 0
  var disposables: UInt32 = 0

  /// Latest form, captcha and reaction, in nanoseconds; -1 is none.
  var form = DurationBounds(min: -1, max: -1)
  var fastestForm: Int64 = -1
  var forms: UInt32 = 0
  var captcha = DurationBounds(min: -1, max: -1)
  var reaction = DurationBounds(min: -1, max: -1)

  /// Sessions only: what was shown and not sent.
  var shownForm = Awaited()
  var shownCaptcha = Awaited()
  /// Sessions only: the fifth address and those after it.
  var addresses = AddressList<12>()

  /// Counts what the step did to slots and identities.
  mutating func note(
    _ facts: Facts, _ step: Step, _ site: FeatureConfiguration
  ) {
    noteIdentities(step)
    guard facts.isDone else { return }
    if facts.kind == .hold, site.counts(facts.kind, sends: facts.sends) {
      holds.bump()
      if held.hold(facts, lifetime: site.holdLifetime) { reheld.bump() }
      if !site.hasConfirmation, site.isNight(facts) { nightBookings.bump() }
    }
    if site.isConfirmation(facts.kind, sends: facts.sends) {
      confirms.bump()
      if site.isNight(facts) { nightBookings.bump() }
    }
    if facts.kind == .cancel, site.counts(.cancel, sends: facts.sends) { cancels.bump() }
    if site.settlesHold(facts.kind, sends: facts.sends) {
      held.settle(session: facts.session, slot: facts.slot)
    }
  }

  /// Takes over what the session measured.
  mutating func adopt(_ measured: Measured) {
    if let time = measured.form {
      form = time
      fastestForm = fastestForm < 0 ? time.max : min(fastestForm, time.max)
      forms.bump()
    }
    if let time = measured.captcha { captcha = time }
    if let time = measured.reaction { reaction = time }
  }

  /// Measures the form and the captcha of a session.
  mutating func measure(_ facts: Facts, into measured: inout Measured) {
    guard !facts.isLate else { return }
    switch facts.kind {
    case .identity: Self.follow(&shownForm, facts, into: &measured.form)
    case .captcha: Self.follow(&shownCaptcha, facts, into: &measured.captcha)
    default: break
    }
    guard facts.showsPage || facts.showsAgain else { return }
    // It may have been shown: what is measured later may have taken that long, and is no less.
    if facts.mayBe.contains(.identity) { shownForm.show(facts.end, isAgain: true) }
    if facts.mayBe.contains(.captcha) { shownCaptcha.show(facts.end, isAgain: true) }
  }

  private static func follow(
    _ shown: inout Awaited, _ facts: Facts, into time: inout DurationBounds?
  ) {
    if facts.sends {
      time = shown.act(facts.start, isOne: facts.byCookie)
      if facts.showsAgain { shown.show(facts.end, isAgain: true) }
    } else if facts.showsPage {
      shown.show(facts.end)
    }
  }

  private mutating func noteIdentities(_ step: Step) {
    if step.document.isPresent { _ = documents.insert(folded(step.document.low)) }
    guard step.mailbox.isPresent, !step.mailboxTraits.contains(.malformed) else { return }
    let mailbox = folded(step.mailbox.low)
    let isKnown = mailboxes.contains(mailbox)
    if mailboxes.insert(mailbox), step.mailboxTraits.contains(.disposable) { disposables.bump() }
    let spelling = step.mailboxSpelling.isPresent ? step.mailboxSpelling : step.mailbox
    if spellings.insert(folded(spelling.low)), isKnown { aliases.bump() }
  }
}
