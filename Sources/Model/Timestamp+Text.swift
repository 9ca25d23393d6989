extension Timestamp {
  /// RFC 3339 in UTC with milliseconds, rounded down: `2021-03-01T08:00:03.412Z`.
  public var rfc3339: String { rfc3339(digits: 3) }

  /// RFC 3339 in UTC with `digits` of a second, 1 to 9, rounded down.
  public func rfc3339(digits: Int) -> String {
    let civil = CivilTime(self)
    let rest = nanoseconds - nanoseconds.floorDivided(by: Nanoseconds.second) * Nanoseconds.second
    func padded(_ value: Int, _ width: Int) -> String {
      let digits = String(value)
      return String(repeating: "0", count: max(0, width - digits.utf8.count)) + digits
    }
    let date = "\(padded(civil.year, 4))-\(padded(civil.month, 2))-\(padded(civil.day, 2))"
    let time = "\(padded(civil.hour, 2)):\(padded(civil.minute, 2)):\(padded(civil.second, 2))"
    let fraction = padded(Int(rest), 9).prefix(max(1, min(9, digits)))
    return "\(date)T\(time).\(fraction)Z"
  }
}
