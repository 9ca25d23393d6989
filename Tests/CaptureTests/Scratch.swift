import CrenelCapture
import CrenelTestKit
import Foundation

/// A folder of its own for one test.
struct Scratch: ~Copyable {
  let path = FileManager.default.temporaryDirectory.path() + "crenel-capture-\(UUID().uuidString)"

  init() throws {
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
  }

  deinit { try? FileManager.default.removeItem(atPath: path) }

  func file(_ name: String, _ bytes: [UInt8]) throws -> InputSource {
    try Data(bytes).write(to: URL(filePath: path + "/" + name))
    return InputSource(name: name, path: path + "/" + name, size: UInt64(bytes.count))
  }

  /// What a compressor makes of `bytes`; the bytes themselves for `none`.
  func packed(_ tool: String, _ bytes: [UInt8]) throws -> [UInt8] {
    guard tool != "none" else { return bytes }
    let input = path + "/raw"
    try Data(bytes).write(to: URL(filePath: input))
    let process = Process()
    process.executableURL = URL(filePath: "/bin/sh")
    process.arguments = ["-c", "\(tool) -c < \(input) > \(input).out"]
    try process.run()
    process.waitUntilExit()
    return try SharedData.bytes(input + ".out")
  }
}
