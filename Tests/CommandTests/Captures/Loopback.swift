import CrenelTestKit
import Foundation
import Testing

/// Programs that captures are made and compared with, where they are installed.
enum Tool {
  /// Where a program is; `nil` where it is not installed.
  static func find(_ name: String) -> String? {
    ["/usr/sbin/", "/usr/bin/", "/sbin/", "/bin/"].map { $0 + name }.first {
      FileManager.default.isExecutableFile(atPath: $0)
    }
  }

  /// The first of the programs that is not installed; `nil` where all are.
  static func missing(_ names: [String]) -> String? { names.first { find($0) == nil } }

  /// What keeps this process from capturing loopback with these programs; `nil` where nothing does.
  static func obstacle(_ names: [String]) -> String? {
    guard geteuid() == 0 else { return "skipped: not root" }
    return missing(names).map { "skipped: no \($0)" }
  }
}

/// A folder that anybody may read, gone with its owner.
final class ScratchFolder {
  let path: String

  init() throws {
    path = FileManager.default.temporaryDirectory.path() + "crenel-live-\(UUID().uuidString)"
    try FileManager.default.createDirectory(
      atPath: path, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o755])
  }

  deinit { try? FileManager.default.removeItem(atPath: path) }

  func text(_ name: String) -> String {
    String(decoding: (try? SharedData.bytes(path + "/" + name)) ?? [], as: UTF8.self)
  }
}

/// A loopback of the test's own, in a network namespace where the system lets it make one.
final class Loopback {
  /// Words before a command that is to run there.
  let prefix: [String]
  private let name = "crenel-\(getpid())-\(UInt32.random(in: 0...999_999))"
  private let ip = Tool.find("ip")

  /// Whether nothing but the test is there.
  var isPrivate: Bool { !prefix.isEmpty }

  init() throws {
    guard let ip, try Running.run([ip, "netns", "add", name]).status == 0 else {
      prefix = []
      return
    }
    guard try Running.run([ip, "-n", name, "link", "set", "lo", "up"]).status == 0 else {
      _ = try? Running.run([ip, "netns", "del", name])
      prefix = []
      return
    }
    prefix = [ip, "netns", "exec", name]
  }

  deinit {
    if isPrivate, let ip { _ = try? Running.run([ip, "netns", "del", name]) }
  }

  /// A TCP port of loopback that nothing listens on.
  static func freePort() throws -> Int {
    let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    defer { close(descriptor) }
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
    var length = socklen_t(MemoryLayout<sockaddr_in>.size)
    let result = unsafe withUnsafeMutablePointer(to: &address) { pointer in
      unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { generic in
        unsafe bind(descriptor, generic, length) + getsockname(descriptor, generic, &length)
      }
    }
    try #require(result == 0)
    return Int(UInt16(bigEndian: address.sin_port))
  }
}

/// A program that runs beside the test; ended with it at the latest.
final class Running {
  private let process = Process()
  private let scratch: ScratchFolder

  /// Its number, also of what `ip netns exec` became.
  var id: Int32 { process.processIdentifier }
  var output: String { scratch.text("out") }
  var errors: String { scratch.text("err") }

  init(_ words: [String]) throws {
    scratch = try ScratchFolder()
    for name in ["/out", "/err"] { try Data().write(to: URL(filePath: scratch.path + name)) }
    process.executableURL = URL(filePath: words[0])
    process.arguments = Array(words.dropFirst())
    process.environment = ProcessInfo.processInfo.environment.merging(
      ["CRENEL_HOME": SharedData.package]
    ) { $1 }
    process.standardInput = FileHandle.nullDevice
    process.standardOutput = try FileHandle(
      forWritingTo: URL(filePath: scratch.path + "/out"))
    process.standardError = try FileHandle(forWritingTo: URL(filePath: scratch.path + "/err"))
    // Threads of a pool have signals blocked, and programs inherit that.
    var (none, before) = (sigset_t(), sigset_t())
    unsafe sigemptyset(&none)
    unsafe pthread_sigmask(SIG_SETMASK, &none, &before)
    defer { unsafe pthread_sigmask(SIG_SETMASK, &before, nil) }
    try process.run()
  }

  deinit { if process.isRunning { kill(id, SIGKILL) } }

  /// Waits until standard error holds `text`; `false` when it does not within some seconds.
  func says(_ text: String) -> Bool {
    Self.within(20) { self.errors.contains(text) || !self.process.isRunning }
      && errors.contains(text)
  }

  /// Sends a signal and gives the exit status; it must end within some seconds.
  func end(_ signal: Int32) throws -> Int32 {
    kill(id, signal)
    return try status(within: 30)
  }

  /// Waits for the end; kills it and fails after so many seconds.
  func status(within seconds: Double) throws -> Int32 {
    let isEnded = Self.within(seconds) { !self.process.isRunning }
    if !isEnded { kill(id, SIGKILL) }
    try #require(isEnded, "it did not end: \(errors)")
    return process.terminationStatus
  }

  /// Looks every few milliseconds whether something holds, for so many seconds.
  static func within(_ seconds: Double, _ holds: () -> Bool) -> Bool {
    let end = Date() + seconds
    while Date() < end {
      if holds() { return true }
      usleep(20_000)
    }
    return holds()
  }

  /// Runs a program to its end, a minute at most.
  static func run(
    _ words: [String], within seconds: Double = 60
  ) throws -> (status: Int32, output: String, errors: String) {
    let running = try Running(words)
    let status = try running.status(within: seconds)
    return (status, running.output, running.errors)
  }
}
