import CrenelCapture
import CrenelModel
import Foundation
import Testing

/// Whether this process may capture here at all.
private let isPermitted: Bool = {
  var settings = LiveSettings(interfaces: ["lo"])
  settings.bufferSize = 1 << 20
  return (try? { _ = try LiveCapture(settings) }()) != nil
}()

/// A UDP socket on loopback that sends to itself.
private final class Loopback {
  private(set) var port: UInt16 = 0
  private let descriptor = socket(AF_INET, Int32(SOCK_DGRAM.rawValue), 0)
  private var address = sockaddr_in()

  init() throws {
    address.sin_family = sa_family_t(AF_INET)
    address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
    var length = socklen_t(MemoryLayout<sockaddr_in>.size)
    let descriptor = descriptor
    let result = unsafe withUnsafeMutablePointer(to: &address) { pointer in
      unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { generic in
        unsafe bind(descriptor, generic, length) + getsockname(descriptor, generic, &length)
      }
    }
    try #require(result == 0)
    port = UInt16(bigEndian: address.sin_port)
  }

  deinit { close(descriptor) }

  func send(_ text: String) {
    let bytes = Array(text.utf8)
    _ = unsafe withUnsafePointer(to: &address) { pointer in
      unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { generic in
        unsafe sendto(
          descriptor, bytes, bytes.count, 0, generic,
          socklen_t(MemoryLayout<sockaddr_in>.size))
      }
    }
  }
}

private func settings(_ filter: String) -> LiveSettings {
  var settings = LiveSettings(interfaces: ["lo"])
  settings.filter = filter
  settings.bufferSize = 2 << 20
  settings.delay = 10
  return settings
}

@Suite("Capturing live", .enabled(if: isPermitted, "skipped: capturing on lo is not permitted"))
struct LiveCaptureTests {
  @Test("what is sent over loopback is captured once, in order, with exact times")
  func captures() throws {
    let socket = try Loopback()
    var capture = try LiveCapture(settings("udp and dst port \(socket.port)"))
    let before = Date().timeIntervalSince1970
    for i in 1...5 { socket.send("datagram \(i)") }
    var packets: [ReadPacket] = []
    var batch = PacketBatch()
    for _ in 0..<100 where packets.count < 5 {
      let isRunning = capture.fill(&batch, timeout: 100)
      #expect(isRunning)
      packets += batch.packets.map { ReadPacket($0, in: batch) }
    }
    #expect(packets.map(\.frame) == [1, 2, 3, 4, 5])
    for (i, packet) in packets.enumerated() {
      #expect(packet.bytes.suffix(10) == Array("datagram \(i + 1)".utf8)[...])
      #expect(packet.link == 1 && Int(packet.original) == packet.bytes.count)
      #expect(abs(Double(packet.at) / 1e9 - before) < 60)
      #expect(packet.offset == 40 + UInt64(i) * UInt64(packet.bytes.count + 16))
    }
    #expect(capture.drops().received >= 5 && capture.drops().droppedByKernel == 0)
  }

  @Test("a quiet interface gives an empty batch after the time-out")
  func quiet() throws {
    var capture = try LiveCapture(settings("udp and host 203.0.113.7"))
    var batch = PacketBatch()
    let isRunning = capture.fill(&batch, timeout: 20)
    #expect(isRunning && batch.packets.isEmpty)
  }

  @Test("once stopped it gives what the kernel holds, then ends")
  func stops() throws {
    let socket = try Loopback()
    var capture = try LiveCapture(settings("udp and dst port \(socket.port)"))
    socket.send("last")
    capture.stop()
    var batch = PacketBatch()
    var count = 0
    var rounds = 0
    while capture.fill(&batch, timeout: 60_000) {
      count += batch.packets.count
      rounds += 1
      try #require(rounds < 100)
    }
    #expect(count == 1)
    let isRunning = capture.fill(&batch)
    #expect(!isRunning)
  }

  @Test("a wait is ended by a stop from another thread")
  func stopsWaiting() throws {
    let stopper = LiveStop()
    var capture = try LiveCapture(settings("udp and host 203.0.113.7"), stopper: stopper)
    let thread = Thread { stopper.stop() }
    thread.start()
    var batch = PacketBatch()
    let begin = Date()
    while capture.fill(&batch, timeout: 60_000) {}
    #expect(stopper.isStopped && Date().timeIntervalSince(begin) < 30)
  }

  @Test("the snap length cuts packets and keeps their length on the wire")
  func snap() throws {
    let socket = try Loopback()
    var short = settings("udp and dst port \(socket.port)")
    short.snapLength = 44
    var capture = try LiveCapture(short)
    socket.send("of this, two bytes are captured")
    var batch = PacketBatch()
    for _ in 0..<100 where batch.packets.isEmpty { _ = capture.fill(&batch, timeout: 100) }
    let packet = try #require(batch.packets.first)
    #expect(packet.bytes.count == 44 && packet.originalLength == 42 + 31)
  }

  @Test("several interfaces are captured together, in the order of time")
  func several() throws {
    let socket = try Loopback()
    var both = settings("udp and dst port \(socket.port)")
    both.interfaces = ["lo", "any"]
    var capture = try LiveCapture(both)
    for i in 1...3 { socket.send("datagram \(i)") }
    var batch = PacketBatch()
    var packets: [Packet] = []
    for _ in 0..<100 where packets.count < 6 {
      _ = capture.fill(&batch, timeout: 100)
      #expect(zip(batch.packets, batch.packets.dropFirst()).allSatisfy { $0.at <= $1.at })
      packets += batch.packets
    }
    #expect(packets.map(\.frame) == Array(1...6))
    #expect(Set(packets.map(\.link)) == [.ethernet, .linuxSLL])
  }

  @Test(
    "what cannot be opened is told, with a remedy",
    arguments: [
      ("nosuch0", "", "no-such-interface"), ("lo", "prot 80", "bad-bpf"), (nil, "", "no-interface"),
    ] as [(String?, String, String)])
  func refused(interface: String?, filter: String, code: String) {
    var wrong = settings(filter)
    wrong.interfaces = interface.map { [$0] } ?? []
    let error = #expect(throws: Diagnostic.self) { _ = try LiveCapture(wrong) }
    #expect(error?.code == code && error?.hint != nil, "\(String(describing: error))")
  }
}
