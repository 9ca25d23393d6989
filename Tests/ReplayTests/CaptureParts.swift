import CrenelCapture
import CrenelModel
import CrenelTestKit
import Foundation

@testable import CrenelReplay

/// The packets of a capture, to be written into other files, in a folder of their own.
final class CaptureParts {
  /// A packet, as it was read.
  struct Kept {
    var at: Timestamp
    var bytes: [UInt8]
    var originalLength: UInt32
  }

  /// What a run gave.
  struct Outcome {
    /// Exchanges as JSON, in order.
    var rows: [[String: Any]] = []
    var report: InputReport

    /// The exchanges without what says where they were found.
    var content: [String] {
      rows.map { row in
        var row = row
        row["log"] = nil
        var crenel = row["crenel"] as? [String: Any] ?? [:]
        var packets = crenel["packets"] as? [String: Any] ?? [:]
        for side in ["request", "response"] {
          var range = packets[side] as? [String: Any] ?? [:]
          for key in ["source", "first_frame", "last_source", "last_frame"] { range[key] = nil }
          packets[side] = range
        }
        crenel["packets"] = packets
        row["crenel"] = crenel
        let data = try? JSONSerialization.data(withJSONObject: row, options: .sortedKeys)
        return String(decoding: data ?? Data(), as: UTF8.self)
      }
    }
  }

  private struct Consumer: ExchangeConsumer {
    var encoder: ExchangeEncoder
    var lines: [[UInt8]] = []
    var isDone: Bool { false }

    mutating func consume(_ batch: borrowing ExchangeBatch, _ range: Range<Int>) {
      for i in range { lines.append(encoder.line(batch.exchanges[i], in: batch)) }
    }
  }

  /// The packets of the sample, in order.
  private(set) var packets: [Kept] = []
  private let link: LinkType
  private let folder =
    FileManager.default.temporaryDirectory.path() + "crenel-parts-\(UUID().uuidString)"

  /// Takes the packets of a sample's capture.
  init(_ sample: String = "14-browser-capture/traffic.pcap.gz") throws {
    let path = SharedData.package + "samples/" + sample
    let size = UInt64(try SharedData.bytes(path).count)
    var reader = try PacketReader(InputSource(name: path, path: path, size: size))
    var batch = PacketBatch()
    var link = LinkType.ethernet
    while reader.fill(&batch) {
      for packet in batch.packets {
        link = packet.link
        packets.append(
          Kept(
            at: packet.at, bytes: Array(batch.bytes[packet.bytes.indices]),
            originalLength: packet.originalLength))
      }
    }
    self.link = link
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
  }

  deinit { try? FileManager.default.removeItem(atPath: folder) }

  /// A pcap file, in nanoseconds, of the packets with these indices, `delay` nanoseconds later.
  func pcap(_ indices: some Sequence<Int>, delay: Int64 = 0) -> [UInt8] {
    var bytes: [UInt8] = []
    func word(_ value: UInt32) {
      for shift in stride(from: UInt32(0), to: 32, by: 8) {
        bytes.append(UInt8(truncatingIfNeeded: value >> shift))
      }
    }
    for value in [0xa1b2_3c4d, 0x0004_0002, 0, 0, 262_144, UInt32(link.rawValue)] { word(value) }
    for index in indices {
      let packet = packets[index]
      let at = packet.at.nanoseconds + delay
      word(UInt32(truncatingIfNeeded: at / 1_000_000_000))
      word(UInt32(truncatingIfNeeded: at % 1_000_000_000))
      word(UInt32(packet.bytes.count))
      word(packet.originalLength)
      bytes += packet.bytes
    }
    return bytes
  }

  /// Writes a file and gives its path.
  func write(_ name: String, _ bytes: [UInt8]) throws -> String {
    let path = folder + "/" + name
    try Data(bytes).write(to: URL(filePath: path))
    return path
  }

  /// The exchanges of files given together, in event order.
  func exchanges(_ paths: [String], chunk: Int = 65_536, bpf: String? = nil) throws -> Outcome {
    var options = RunOptions(inputs: paths, label: "test")
    options.bpf = bpf
    options.chunkSize = chunk
    options.showsProgress = false
    let setup = try Setup(options)
    let inputs = try ReplayInputs(options, setup)
    var consumer = Consumer(encoder: ExchangeEncoder(names: setup.names, sources: inputs.names))
    inputs.run(&consumer)
    let rows = try consumer.lines.map { line in
      try JSONSerialization.jsonObject(with: Data(line)) as? [String: Any] ?? [:]
    }
    return Outcome(rows: rows, report: inputs.report)
  }

  /// The exchanges of all packets in one file.
  func whole() throws -> Outcome { try exchanges([write("whole.pcap", pcap(packets.indices))]) }
}

/// Frames of a side of an exchange as it names them: the file's path and the frame's number.
struct NamedFrame: Hashable {
  var path: String
  var frame: Int

  init(_ path: String, _ frame: Int) {
    self.path = path
    self.frame = frame
  }

  /// Where the exchange began, and the first and last frame of each side that was captured.
  static func all(of row: [String: Any]) -> [NamedFrame] {
    let log = row["log"] as? [String: Any] ?? [:]
    let own = (log["file"] as? [String: Any])?["path"] as? String ?? "-"
    var frames = [NamedFrame(own, log["line"] as? Int ?? 0)]
    for side in ["request", "response"] {
      let crenel = row["crenel"] as? [String: Any] ?? [:]
      let packets = crenel["packets"] as? [String: Any] ?? [:]
      guard let range = packets[side] as? [String: Any] else { continue }
      let first = range["source"] as? String ?? own
      frames.append(NamedFrame(first, range["first_frame"] as? Int ?? 0))
      frames.append(
        NamedFrame(range["last_source"] as? String ?? first, range["last_frame"] as? Int ?? 0))
    }
    return frames
  }
}
