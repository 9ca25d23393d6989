import CrenelModel
import Foundation

/// Named time zones, from the system's zone database, as plain values.
enum TimeZones {
  /// The first and the last year whose changes of offset are taken.
  private static let years = (first: -2_208_988_800.0, last: 4_102_444_800.0)  // 1900 to 2100

  /// The rules of a zone; `nil` when the name is not known.
  ///
  /// Takes names of the zone database (`Europe/Paris`), `UTC`, and offsets (`+02:00`, `-0530`).
  static func rules(_ name: String) -> ZoneRules? {
    if let offset = fixedOffset(name) { return ZoneRules(name: name, offset: offset) }
    guard let zone = TimeZone(identifier: name) else { return nil }
    var transitions: [ZoneRules.Transition] = []
    var instant = Date(timeIntervalSince1970: years.first)
    let initial = Int64(zone.secondsFromGMT(for: instant))
    while let next = zone.nextDaylightSavingTimeTransition(after: instant),
      next.timeIntervalSince1970 < years.last, next > instant, transitions.count < 1_000
    {
      transitions.append(
        ZoneRules.Transition(
          at: Int64(next.timeIntervalSince1970), offset: Int64(zone.secondsFromGMT(for: next))))
      instant = next
    }
    return ZoneRules(name: name, initialOffset: initial, transitions: transitions)
  }

  /// Seconds east of UTC for `UTC`, `Z`, `+HH:MM`, `-HHMM`.
  private static func fixedOffset(_ name: String) -> Int64? {
    if name == "UTC" || name == "Z" { return 0 }
    guard let sign = name.first, sign == "+" || sign == "-" else { return nil }
    let digits = name.dropFirst().filter { $0 != ":" }
    guard digits.utf8.count == 4, digits.utf8.allSatisfy({ (0x30...0x39).contains($0) }),
      let number = Int64(digits), number % 100 < 60, number / 100 <= 14
    else { return nil }
    return (sign == "-" ? -1 : 1) * (number / 100 * 3_600 + number % 100 * 60)
  }
}
