import Glibc

/// A line on standard error that says how far a long run is: share, rate and time left.
///
/// Drawn only on a terminal, at most ten times a second, and wiped at the end. The clock is the
/// process's monotonic one; nothing of it reaches any result.
public struct Progress: ~Copyable {
  /// What takes the line off the terminal.
  static let wipe = "\r\u{1b}[K"

  private let isShown: Bool
  private let label: String
  private let total: UInt64
  private let width: Int
  private let started: UInt64
  private var drawn: UInt64 = 0
  private var isOnScreen = false

  /// Creates a progress line.
  ///
  /// - Parameters:
  ///   - label: What runs, such as `replay`.
  ///   - total: Bytes to read in all; 0 when unknown (standard input).
  ///   - isWanted: Whether to show it at all.
  public init(label: String, total: UInt64, isWanted: Bool) {
    let terminal = Terminal(descriptor: 2)
    isShown = isWanted && terminal.isTerminal
    self.label = label
    self.total = total
    width = terminal.width
    started = Self.now()
  }

  /// Shows the state when a tenth of a second has gone by since the last time.
  public mutating func update(bytes: UInt64, exchanges: UInt64) {
    guard isShown else { return }
    let now = Self.now()
    guard now &- drawn >= 100_000_000 else { return }
    drawn = now
    let line = Self.line(
      label: label, bytes: bytes, total: total, exchanges: exchanges,
      seconds: Double(now &- started) / 1e9, width: width)
    StandardError.write(Self.wipe + line)
    isOnScreen = true
  }

  /// Wipes the line.
  public mutating func finish() {
    if isOnScreen { StandardError.write(Self.wipe) }
    isOnScreen = false
  }

  /// The text of the line, cut to `width` columns.
  static func line(
    label: String, bytes: UInt64, total: UInt64, exchanges: UInt64, seconds: Double, width: Int
  ) -> String {
    let rate = seconds > 0 ? Double(bytes) / seconds : 0
    var parts = [label]
    if total > 0 {
      let share = min(1, Double(bytes) / Double(total))
      let cells = 20
      let full = Int(share * Double(cells))
      parts.append(
        String(repeating: "█", count: full) + String(repeating: "░", count: cells - full))
      parts.append("\(Int(share * 100)) %")
    }
    parts.append("\(amount(Double(exchanges))) exchanges")
    parts.append("\(amount(rate))B/s")
    if total > bytes, rate > 0 {
      parts.append("ETA \(Int((Double(total - bytes) / rate).rounded(.up))) s")
    }
    return String(parts.joined(separator: "  ").prefix(max(10, width - 1)))
  }

  /// A number with a decimal prefix: `1.2 M`.
  static func amount(_ value: Double) -> String {
    for (limit, scale, unit) in [(1e9, 1e9, "G"), (1e6, 1e6, "M"), (1e3, 1e3, "k")]
    where value >= limit {
      let tenths = Int(value / scale * 10)
      return "\(tenths / 10).\(tenths % 10) \(unit)"
    }
    return "\(Int(value)) "
  }

  private static func now() -> UInt64 {
    var time = timespec()
    unsafe clock_gettime(CLOCK_MONOTONIC, &time)
    return UInt64(time.tv_sec) &* 1_000_000_000 &+ UInt64(time.tv_nsec)
  }
}
