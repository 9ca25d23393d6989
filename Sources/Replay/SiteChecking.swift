import CrenelBooking
import CrenelDecode
public import CrenelModel

/// `crenel site check`: how a log falls into steps.
public enum SiteChecking {
  /// Checks the profile and, where there are inputs, runs them through it; writes the result.
  public static func run(
    _ options: RunOptions, isJSON: Bool, isQuiet: Bool
  ) throws(Diagnostics) -> InputReport {
    let setup = try Setup(options)
    for warning in setup.profile.warnings { StandardError.write(warning.description + "\n") }
    var output = OutputStream.standardOutput()
    guard !options.inputs.isEmpty else {
      output.write(
        isJSON
          ? "{\"profile\":\"ok\"}\n"
          : "\(setup.profile.id): \(English.counted(setup.profile.rules.count, "step rule")), "
            + "no error\n")
      try output.finish()
      return InputReport(sources: [])
    }
    let inputs = try ReplayInputs(options, setup)
    var consumer = Consumer(
      booking: try BookingStage(
        profile: setup.profile, names: setup.names, siteKey: nil,
        disposable: setup.disposableDomains, seed: options.hashSeed),
      check: SiteCheck(setup.profile))
    inputs.run(&consumer)
    output.write(isJSON ? consumer.check.json : Array(consumer.check.text.utf8))
    try output.finish()
    var report = inputs.report
    report.undecided = consumer.check.undecided
    report.tell(isQuiet: isQuiet)
    StandardError.write(RunRemarks.text(consumer.booking.undecided, names: inputs.names))
    return report
  }

  private struct Consumer: ExchangeConsumer, ~Copyable {
    var booking: BookingStage
    var check: SiteCheck

    var isDone: Bool { false }

    mutating func consume(_ batch: borrowing ExchangeBatch, _ range: Range<Int>) {
      for i in range where batch.exchanges[i].flags.isDisjoint(with: .uncounted) {
        let step = booking.classify(batch, i)
        check.add(batch.exchanges[i], step, in: batch)
      }
    }
  }
}

/// Counts of how exchanges fell into a profile's steps.
struct SiteCheck {
  private let profile: SiteProfile
  private var byRule: [UInt64]
  private var byStep = [UInt64](repeating: 0, count: StepKind.allCases.count)
  private var unknown: [String: UInt64] = [:]
  private var otherUnknown: UInt64 = 0
  private var exchanges: UInt64 = 0
  /// Those whose step is not known, since an expression gave up; they count in no step.
  private(set) var undecided: UInt64 = 0
  private var byCookie: UInt64 = 0
  private var services: UInt64 = 0
  private var slots: UInt64 = 0
  private var mailboxes: UInt64 = 0
  private var documents: UInt64 = 0

  /// Shapes of unknown paths that are counted one by one.
  private static let shapes = 10_000

  init(_ profile: SiteProfile) {
    self.profile = profile
    byRule = Array(repeating: 0, count: profile.rules.count)
  }

  mutating func add(_ exchange: Exchange, _ step: Step, in batch: borrowing ExchangeBatch) {
    exchanges &+= 1
    if step.flags.contains(.sessionByCookie) { byCookie &+= 1 }
    guard !step.isUndecided else {
      undecided &+= 1
      return
    }
    byStep[Int(step.kind.rawValue)] &+= 1
    if step.service.count > 0 { services &+= 1 }
    if step.slot.count > 0 { slots &+= 1 }
    if step.mailbox.isPresent { mailboxes &+= 1 }
    if step.document.isPresent { documents &+= 1 }
    if step.rule >= 0 {
      byRule[Int(step.rule)] &+= 1
    } else if step.kind == .other {
      let shape = Self.shape(exchange, batch)
      if unknown[shape] != nil || unknown.count < Self.shapes {
        unknown[shape, default: 0] &+= 1
      } else {
        otherUnknown &+= 1
      }
    }
  }

  /// Method and path with numbers and long tokens folded: `GET /a/{n}`.
  private static func shape(_ exchange: Exchange, _ batch: borrowing ExchangeBatch) -> String {
    let path = batch.string(exchange[.path]) ?? "(none)"
    let segments = path.split(separator: "/", omittingEmptySubsequences: false).prefix(8)
    let folded = segments.map { segment -> String in
      let hasDigit = segment.contains { $0.isNumber }
      if !segment.isEmpty, segment.allSatisfy(\.isNumber) { return "{n}" }
      return segment.count > 16 && hasDigit ? "{token}" : String(segment.prefix(48))
    }
    return (batch.string(exchange[.method]) ?? "-") + " " + folded.joined(separator: "/")
  }

  private var topUnknown: [(shape: String, count: UInt64)] {
    unknown.map { (shape: $0.key, count: $0.value) }
      .sorted { ($1.count, $0.shape) < ($0.count, $1.shape) }
  }

  /// The result as one JSON line.
  var json: [UInt8] {
    var writer = JSONWriter()
    writer.beginObject()
    writer.string("profile", profile.id)
    writer.int("exchanges", exchanges)
    writer.int("undecided", undecided)
    writer.beginObject("steps")
    for kind in StepKind.allCases where byStep[Int(kind.rawValue)] > 0 {
      writer.key(kind.name)
      writer.int(nil, byStep[Int(kind.rawValue)])
    }
    writer.endObject()
    writer.beginArray("rules")
    for (index, rule) in profile.rules.enumerated() {
      writer.beginObject()
      writer.string("step", rule.step.name)
      writer.int("line", rule.position.line)
      writer.int("count", byRule[index])
      writer.endObject()
    }
    writer.endArray()
    writer.beginArray("unknown")
    for entry in topUnknown.prefix(100) {
      writer.beginObject()
      writer.string("path", entry.shape)
      writer.int("count", entry.count)
      writer.endObject()
    }
    writer.endArray()
    writer.int("sessions_by_cookie", byCookie)
    writer.int("with_service", services)
    writer.int("with_slot", slots)
    writer.int("with_mailbox", mailboxes)
    writer.int("with_document", documents)
    writer.endObject()
    writer.newline()
    return writer.bytes
  }

  /// The result for people.
  var text: String {
    var text = "\(profile.id): \(TerminalText.escaped(profile.title))\n"
    text += English.counted(exchanges, "exchange") + "\n\n"
    for kind in StepKind.allCases where byStep[Int(kind.rawValue)] > 0 {
      text += row(kind.name, byStep[Int(kind.rawValue)])
    }
    if undecided > 0 { text += row("not decided", undecided) }
    let unused = profile.rules.indices.filter { byRule[$0] == 0 }
    if !unused.isEmpty {
      text += "\nrules that nothing matched:\n"
      for index in unused {
        text += "  \(profile.rules[index].position)  \(profile.rules[index].step.name)\n"
      }
    }
    if !unknown.isEmpty {
      text += "\nmost frequent paths without a rule:\n"
      for entry in topUnknown.prefix(20) {
        text += "  \(entry.count)  \(TerminalText.escaped(entry.shape, limit: 120))\n"
      }
      if otherUnknown > 0 { text += "  \(otherUnknown)  (further shapes)\n" }
    }
    text += "\n" + row("session by cookie", byCookie) + row("service known", services)
    text += row("slot known", slots) + row("mailbox given", mailboxes)
    return text + row("number given", documents)
  }

  private func row(_ name: String, _ count: UInt64) -> String {
    let share = exchanges == 0 ? 0 : Double(count) / Double(exchanges) * 100
    let tenths = Int((share * 10).rounded())
    return name + String(repeating: " ", count: max(1, 20 - name.count))
      + "\(count)  \(tenths / 10).\(tenths % 10) %\n"
  }
}
