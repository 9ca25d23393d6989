import CrenelCapture
import CrenelModel
import Foundation
import Testing

private let isRoot = geteuid() == 0

/// A set of capabilities of this process, as `/proc/self/status` has it.
private func capabilities(_ name: String) -> UInt64? {
  let text = try? String(contentsOfFile: "/proc/thread-self/status", encoding: .utf8)
  let line = text?.split(separator: "\n").first { $0.hasPrefix(name + ":") }
  return line.flatMap { UInt64($0.dropFirst(name.count + 1).drop { $0 == "\t" }, radix: 16) }
}

/// Whether this process may empty its bounding set (CAP_SETPCAP, number 8).
private let maySetCapabilities = (capabilities("CapEff") ?? 0) & 1 << 8 != 0

/// Each runs in a process of its own, for what is given up is gone.
@Suite("Giving up privileges")
struct PrivilegeDropTests {
  @Test(
    "the bounding set is empty afterwards",
    .enabled(if: isRoot && maySetCapabilities, "skipped: no CAP_SETPCAP"))
  func boundingSet() async {
    await #expect(processExitsWith: .success) {
      let before = capabilities("CapBnd")
      let report = try PrivilegeDrop.become(user: "nobody")
      #expect(before != 0 && report.hasEmptyBoundingSet && capabilities("CapBnd") == 0)
    }
  }

  @Test(
    "where it cannot be emptied, all else is given up even so",
    .enabled(if: isRoot && maySetCapabilities, "skipped: no CAP_SETPCAP"))
  func keptBoundingSet() async {
    await #expect(processExitsWith: .success) {
      // An ordinary user no longer has the right to empty it.
      _ = setuid(65_534)
      let report = try PrivilegeDrop.become(user: "nobody")
      #expect(!report.wasRoot && !report.hasEmptyBoundingSet)
      #expect(report.hasNoCapabilities && report.cannotGainPrivileges)
    }
  }

  @Test("root becomes the user for good", .enabled(if: isRoot, "skipped: not run as root"))
  func root() async {
    await #expect(processExitsWith: .success) {
      let report = try PrivilegeDrop.become(user: "nobody")
      let user = try #require(unsafe getpwnam("nobody")?.pointee.pw_uid)
      #expect(report.wasRoot && report.hasNoCapabilities && report.cannotGainPrivileges)
      #expect(report.user == user && getuid() == user && geteuid() == user)
      #expect(setuid(0) != 0 && seteuid(0) != 0 && setgid(0) != 0)
      let secret = unsafe open("/etc/shadow", O_RDONLY)
      let groups = getgroups(0, nil)
      #expect(secret < 0 && groups <= 1)
    }
  }

  @Test("an interface that was opened before goes on", .enabled(if: isRoot, "skipped: not root"))
  func capture() async {
    await #expect(processExitsWith: .success) {
      var settings = LiveSettings(interfaces: ["lo"])
      settings.bufferSize = 1 << 20
      guard var capture = try? LiveCapture(settings) else { return }
      _ = try PrivilegeDrop.become(user: "nobody")
      var batch = PacketBatch()
      let isRunning = capture.fill(&batch, timeout: 10)
      #expect(isRunning)
      #expect(throws: Diagnostic.self) { _ = try LiveCapture(settings) }
      #expect(capture.problems.isEmpty)
    }
  }

  @Test("a permission that is missing is told with both remedies", .enabled(if: isRoot, "not root"))
  func permission() async {
    await #expect(processExitsWith: .success) {
      _ = try PrivilegeDrop.become(user: "nobody")
      let error = #expect(throws: Diagnostic.self) {
        _ = try LiveCapture(LiveSettings(interfaces: ["lo"]))
      }
      #expect(error?.code == "capture-not-permitted")
      #expect(error?.hint?.contains("setcap") == true)
    }
  }

  @Test(
    "an unknown user, and root itself, are refused before anything is given up",
    .enabled(if: isRoot, "skipped: not run as root"),
    arguments: [("no-such-user-here", "unknown-user"), ("root", "still-root")])
  func refused(name: String, code: String) {
    let error = #expect(throws: Diagnostic.self) { try PrivilegeDrop.become(user: name) }
    #expect(error?.code == code && geteuid() == 0)
  }
}
