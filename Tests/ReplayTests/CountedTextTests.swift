import CrenelAlerts
import CrenelCapture
import CrenelDecode
import CrenelModel
import Testing

@testable import CrenelReplay

/// What is told of a count, in both languages.
private struct Told: CustomTestStringConvertible, Sendable {
  var testDescription: String
  /// The text, in English and French, for a count.
  var text: @Sendable (UInt64) -> LocalizedText
  /// What must stand in it for 0, 1 and 2; `nil` where nothing is told.
  var en: [String?]
  var fr: [String?]

  static let all: [Told] = [
    Told(
      testDescription: "packets lost in the kernel", text: { lost(kernel: $0) },
      en: ["0 packets were lost in", "1 packet was lost in", "2 packets were lost in"],
      fr: ["0 paquet perdu dans", "1 paquet perdu dans", "2 paquets perdus dans"]),
    Told(
      testDescription: "packets that were cut",
      text: { count in
        var report = CaptureReport()
        report.file.cut = count
        return remarks(report)
      },
      en: [nil, "1 packet was cut", "2 packets were cut"],
      fr: [nil, "1 paquet coupé par", "2 paquets coupés par"]),
    Told(
      testDescription: "packets behind an idle tick",
      text: { count in
        var report = CaptureReport()
        report.live = LiveReport(drops: LiveDrops(), idleTicks: 0, lateAfterTick: count)
        return remarks(report)
      },
      en: [nil, "1 packet came", "2 packets came"],
      fr: [nil, "1 paquet arrivé plus", "2 paquets arrivés plus"]),
    Told(
      testDescription: "lines that were not understood",
      text: { count in
        var report = SourceReport(format: "x", reason: SourceReport.asAsked)
        for _ in 0..<count {
          report.counters.unparsed.record(
            .lineTooLong, at: Provenance(source: 0, offset: 0, length: 1, line: 1), column: 1)
        }
        return facts(report)
      },
      en: [nil, "1 line not understood", "2 lines not understood"],
      fr: [nil, "1 ligne non comprise :", "2 lignes non comprises :"]),
    Told(
      testDescription: "lines and exchanges",
      text: { count in
        var report = SourceReport(format: "x", reason: SourceReport.asAsked)
        report.counters.lines = count
        report.counters.exchanges = count
        return LocalizedText(en: report.summary(.en), fr: report.summary(.fr))
      },
      en: ["0 lines, 0 exchanges", "1 line, 1 exchange", "2 lines, 2 exchanges"],
      fr: ["0 ligne, 0 échange", "1 ligne, 1 échange", "2 lignes, 2 échanges"]),
    Told(
      testDescription: "bookings that were dropped",
      text: {
        RunRemarks.dropped(
          $0, en: ("booking under way", "bookings under way"),
          fr: ("réservation en cours", "réservations en cours")) ?? LocalizedText(en: "", fr: "")
      },
      en: [nil, "1 booking under way", "2 bookings under way"],
      fr: [nil, "1 réservation en cours", "2 réservations en cours"]),
    Told(
      testDescription: "warnings",
      text: { count in
        let warning = Diagnostic(.warning, code: "x", at: SourcePosition(file: "f"), "m")
        let remarks = SetupRemarks(
          passedOver: [], warnings: Array(repeating: warning, count: Int(count)))
        return LocalizedText(en: remarks.text(.en), fr: remarks.text(.fr))
      },
      en: [nil, "1 warning on", "2 warnings on"],
      fr: [nil, "1 avertissement sur", "2 avertissements sur"]),
  ]

  private static func lost(kernel: UInt64) -> LocalizedText {
    var drops = LiveDrops()
    drops.received = 10
    drops.droppedByKernel = kernel
    drops.droppedByInterface = 3
    var report = CaptureReport()
    report.live = LiveReport(drops: drops, idleTicks: 0, lateAfterTick: 0)
    return remarks(report)
  }

  private static func remarks(_ report: CaptureReport) -> LocalizedText {
    LocalizedText(
      en: report.remarks(.en).joined(separator: "\n"),
      fr: report.remarks(.fr).joined(separator: "\n"))
  }

  private static func facts(_ report: SourceReport) -> LocalizedText {
    LocalizedText(
      en: report.facts(.en).joined(separator: "\n"), fr: report.facts(.fr).joined(separator: "\n"))
  }
}

@Suite("Messages that hold a count")
struct CountedTextTests {
  @Test(
    "agree with it in English and French, for nothing, one and more",
    arguments: Told.all, [0, 1, 2] as [UInt64])
  fileprivate func agreement(told: Told, count: UInt64) {
    let text = told.text(count)
    for (found, wanted) in [(text.en, told.en[Int(count)]), (text.fr, told.fr[Int(count)])] {
      // Hard spaces stand where French has them; the table writes them as others.
      let plain = String(found.map { $0 == "\u{a0}" ? " " : $0 })
      if let wanted {
        #expect(plain.contains(wanted), "\(plain)")
      } else {
        #expect(plain.isEmpty)
      }
    }
  }
}
