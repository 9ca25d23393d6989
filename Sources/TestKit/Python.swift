internal import Foundation

/// Scripts that tests run with Debian's Python: validators that others wrote.
public enum Python {
  /// Status with which a script says that a module it needs is not installed.
  public static let lacksModule: Int32 = 77

  /// Runs a script and gives its exit status and what it printed; its errors go where the test's go.
  public static func run(
    _ script: String, _ arguments: [String]
  ) throws -> (status: Int32, output: String) {
    let process = Process()
    process.executableURL = URL(filePath: "/usr/bin/python3")
    process.arguments = ["-c", script] + arguments
    let pipe = Pipe()
    process.standardOutput = pipe
    try process.run()
    let output = pipe.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    return (process.terminationStatus, String(decoding: output, as: UTF8.self))
  }
}
