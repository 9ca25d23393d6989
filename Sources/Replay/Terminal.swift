import Foundation
import Glibc

/// What the terminal behind a descriptor can show.
public struct Terminal: Sendable {
  /// Whether the descriptor is a terminal.
  public var isTerminal: Bool
  /// Whether colours are wanted: a terminal, `NO_COLOR` unset or empty, `TERM` not `dumb`.
  public var hasColour: Bool
  /// Columns; 80 when unknown.
  public var width: Int

  /// Looks at a descriptor (1 for standard output, 2 for standard error).
  public init(descriptor: Int32) {
    let environment = ProcessInfo.processInfo.environment
    isTerminal = isatty(descriptor) == 1
    // https://no-color.org: set and not empty means no colour.
    let refused = environment["NO_COLOR"].map { !$0.isEmpty } ?? false
    hasColour = isTerminal && !refused && environment["TERM"] != "dumb"
    width = 80
    var size = winsize()
    if isTerminal, unsafe ioctl(descriptor, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 {
      width = Int(size.ws_col)
    } else if let columns = environment["COLUMNS"].flatMap(Int.init), columns > 20 {
      width = columns
    }
  }
}
