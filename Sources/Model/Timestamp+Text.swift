extension Timestamp {
  /// RFC 3339 in UTC with milliseconds, rounded down: `2021-03-01T08:00:03.412Z`.
  public var rfc3339: String {
    let civil = CivilTime(self)
    let rest = nanoseconds - nanoseconds.floorDivided(by: Nanoseconds.second) * Nanoseconds.second
    func padded(_ value: Int, _ width: Int) -> String {
      let digits = String(value)
      return String(repeating: "0", count: max(0, width - digits.utf8.count)) + digits
    }
    let date = "\(padded(civil.year, 4))-\(padded(civil.month, 2))-\(padded(civil.day, 2))"
    let time = "\(padded(civil.hour, 2)):\(padded(civil.minute, 2)):\(padded(civil.second, 2))"
    return "\(date)T\(time).\(padded(Int(rest / Nanoseconds.millisecond), 3))Z"
  }
}
