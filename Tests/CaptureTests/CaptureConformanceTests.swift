import CrenelCapture
import CrenelModel
import CrenelTestKit
import Foundation
import Testing

private let tools = ["mergecap", "tshark"].map { "/usr/bin/" + $0 }
private let hasTools = tools.allSatisfy(FileManager.default.isExecutableFile(atPath:))

/// The captures beside the checkout.
private let captures: [String] = {
  guard let root = SharedData.root else { return [] }
  return ["pcap-http", "ja4"].flatMap { folder in
    let names = (try? FileManager.default.contentsOfDirectory(atPath: root + "/" + folder)) ?? []
    return names.filter { $0.hasSuffix(".pcap") || $0.hasSuffix(".pcapng") }.sorted()
      .map { root + "/" + folder + "/" + $0 }
  }
}()

/// What a program prints.
private func output(_ tool: String, _ arguments: [String]) throws -> [UInt8] {
  let process = Process()
  let pipe = Pipe()
  process.executableURL = URL(filePath: tool)
  process.arguments = arguments
  process.standardOutput = pipe
  process.standardError = FileHandle.nullDevice
  try process.run()
  let data = pipe.fileHandleForReading.readDataToEndOfFile()
  process.waitUntilExit()
  return Array(data)
}

/// A packet as tshark is asked to print it: number, time, bytes stored, bytes on the wire.
private func line(_ packet: ReadPacket, number: Int) -> String {
  let fraction = String(packet.at % 1_000_000_000 + 1_000_000_000).dropFirst()
  return "\(number)\t\(packet.at / 1_000_000_000).\(fraction)\t\(packet.bytes.count)\t"
    + "\(packet.original)"
}

private func source(_ path: String) -> InputSource {
  InputSource(name: path, path: path, size: nil)
}

@Suite("Captures of others")
struct CaptureConformanceTests {
  /// One run over all files joined, since each start of tshark takes half a second.
  @Test(
    "number, time and lengths of every packet are those of tshark",
    .enabled(if: !captures.isEmpty, "skipped: no ../shared/data"),
    .enabled(if: hasTools, "skipped: no mergecap and tshark"))
  func sameAsTshark() throws {
    let scratch = try Scratch()
    let joined = scratch.path + "/joined"
    _ = try output(tools[0], ["-a", "-w", joined] + captures)
    let fields = ["frame.number", "frame.time_epoch", "frame.cap_len", "frame.len"]
    let printed = try output(
      tools[1], ["-n", "-r", joined, "-T", "fields"] + fields.flatMap { ["-e", $0] })
    let expected = String(decoding: printed, as: UTF8.self).split(separator: "\n").map(String.init)
    var packets: [ReadPacket] = []
    for path in captures {
      let result = CaptureResult(try PacketReader(source(path)))
      #expect(result.problems.isEmpty, "\(path)")
      #expect(result.packets.map(\.frame) == (1...UInt64(result.packets.count)).map { $0 })
      packets += result.packets
    }
    #expect(packets.enumerated().map { line($1, number: $0 + 1) } == expected)
    let whole = CaptureResult(try PacketReader(source(joined)))
    #expect(whole.packets.map { line($0, number: Int($0.frame)) } == expected)
    #expect(whole.packets.map(\.link) == packets.map(\.link))
    #expect(whole.packets.map(\.bytes) == packets.map(\.bytes))
  }

  @Test(
    "every packet is where it is said to be in the file, whatever the chunk size",
    .enabled(if: !captures.isEmpty, "skipped: no ../shared/data"), arguments: captures)
  func places(path: String) throws {
    let file = try SharedData.bytes(path)
    let result = CaptureResult(try PacketReader(source(path), chunkSize: 1_000))
    for packet in result.packets {
      #expect(file[Int(packet.offset)...].starts(with: packet.bytes), "frame \(packet.frame)")
    }
    #expect(CaptureResult(try PacketReader(source(path))) == result)
  }
}
