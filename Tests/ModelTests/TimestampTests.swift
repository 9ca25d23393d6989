import CrenelModel
import CrenelTestKit
import Foundation
import Testing

@Suite("Time")
struct TimestampTests {
  @Test(
    "civil times and seconds since the epoch agree with known instants",
    arguments: [
      (CivilTime(year: 1970, month: 1, day: 1), Int64(0)),
      (CivilTime(year: 2000, month: 2, day: 29, hour: 12), 951_825_600),
      (CivilTime(year: 2026, month: 11, day: 24, hour: 8, minute: 0, second: 3), 1_795_507_203),
      (CivilTime(year: 1969, month: 12, day: 31, hour: 23, minute: 59, second: 59), -1),
      (CivilTime(year: 2262, month: 1, day: 1), nil),
      (CivilTime(year: 2023, month: 2, day: 29), nil),
      (CivilTime(year: 2023, month: 13, day: 1), nil),
      (CivilTime(year: 2023, month: 1, day: 1, hour: 24), nil),
      (CivilTime(year: 2016, month: 12, day: 31, hour: 23, minute: 59, second: 60), 1_483_228_800),
    ] as [(CivilTime, Int64?)])
  func civil(time: CivilTime, seconds: Int64?) {
    #expect(time.secondsSinceEpoch() == seconds)
  }

  @Test("civil times round-trip and agree with the Gregorian calendar of the system")
  func roundTrip() throws {
    var calendar = Calendar(identifier: .gregorian)
    calendar.timeZone = try #require(TimeZone(identifier: "UTC"))
    var random = Seeded(7)
    for _ in 0..<2_000 {
      let seconds = Int64.random(in: -4_000_000_000...9_000_000_000, using: &random)
      let instant = try #require(Timestamp(seconds: seconds))
      let civil = CivilTime(instant)
      #expect(civil.secondsSinceEpoch() == seconds)
      let parts = calendar.dateComponents(
        [.year, .month, .day, .hour, .minute, .second, .weekday],
        from: Date(timeIntervalSince1970: Double(seconds)))
      guard civil.year > 1582 else { continue }
      #expect(parts.year == civil.year && parts.month == civil.month && parts.day == civil.day)
      #expect(
        parts.hour == civil.hour && parts.minute == civil.minute && parts.second == civil.second)
      #expect(((parts.weekday ?? 0) + 5) % 7 + 1 == civil.weekday)
    }
  }

  @Test("arithmetic saturates instead of trapping")
  func saturation() {
    #expect(Timestamp.distantFuture.adding(1) == .distantFuture)
    #expect(Timestamp.distantPast.adding(-1) == .distantPast)
    #expect(Timestamp.distantFuture.since(.distantPast) == .max)
    #expect(Timestamp.distantPast.since(.distantFuture) == .min)
    #expect(Timestamp(seconds: .max) == nil)
  }

  @Test("durations between intervals bound every pair of instants")
  func durations() {
    var random = Seeded(11)
    for _ in 0..<500 {
      func interval(_ from: Int64) -> TimeBounds {
        let first = from + Int64.random(in: 0...50, using: &random)
        return TimeBounds(
          earliest: Timestamp(nanoseconds: first),
          latest: Timestamp(nanoseconds: first + Int64.random(in: 0...50, using: &random)))
      }
      let earlier = interval(0)
      let later = interval(100)
      let bounds = later.duration(since: earlier)
      for a in [earlier.earliest, earlier.latest] {
        for b in [later.earliest, later.latest] {
          #expect(bounds.min <= b.since(a) && b.since(a) <= bounds.max)
        }
      }
    }
  }

  @Test(
    "instants are written in RFC 3339, rounded down",
    arguments: [
      (Int64(1_614_585_603_412_999_999), "2021-03-01T08:00:03.412Z"),
      (0, "1970-01-01T00:00:00.000Z"),
      (-1, "1969-12-31T23:59:59.999Z"),
    ])
  func text(nanoseconds: Int64, text: String) {
    #expect(Timestamp(nanoseconds: nanoseconds).rfc3339 == text)
  }
}
