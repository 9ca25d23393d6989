import CrenelCapture
import CrenelModel
import Foundation

/// Whether compressed input can be read here: a gzip file of ours through the reader.
enum CompressionCheck {
  /// `gzip -9n` of "crenel\n".
  private static let sample: [UInt8] = [
    0x1f, 0x8b, 0x08, 0x00, 0x00, 0x00, 0x00, 0x00, 0x02, 0x03, 0x4b, 0x2e, 0x4a, 0xcd, 0x4b, 0xcd,
    0xe1, 0x02, 0x00, 0xbf, 0x99, 0x72, 0x8c, 0x07, 0x00, 0x00, 0x00,
  ]

  /// Says which library does it; throws when it does not.
  static func run() throws -> String {
    let folder = FileManager.default.temporaryDirectory.path()
    let path = folder + "crenel-doctor-\(ProcessInfo.processInfo.processIdentifier).gz"
    try Data(sample).write(to: URL(filePath: path))
    defer { try? FileManager.default.removeItem(atPath: path) }
    var reader = try LogReader(InputSource(name: path, path: path, size: UInt64(sample.count)))
    var bytes: [UInt8] = []
    _ = reader.fill(&bytes)
    guard bytes == Array("crenel\n".utf8) else {
      throw Diagnostic(
        code: "no-decompression", at: SourcePosition(file: "libarchive"),
        "a small gzip file came out wrong", hint: "install the package libarchive13 again")
    }
    return "gz is read (gz, xz, zst and bz2 by libarchive)"
  }
}
