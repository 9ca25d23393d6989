import CrenelTestKit
import Foundation
import Testing

/// What keeps it from running here.
private let obstacle = Tool.obstacle(["python3"])

@Suite("--interface", .serialized, .enabled(if: obstacle == nil, "\(obstacle ?? "")"))
struct LiveCommandTests {
  private static let filter = "tcp port 9"

  private func capture(
    _ loopback: Loopback, _ filter: String = filter, more: [String] = []
  ) throws -> Running {
    let running = try Running(
      loopback.prefix + [Command.path, "exchanges", "--interface", "lo", "--bpf", filter] + more)
    try #require(running.says("capturing on lo"), "\(running.errors)")
    return running
  }

  private static func account(_ name: String) throws -> (user: UInt32, group: UInt32) {
    let entry = unsafe getpwnam(name)
    return unsafe (try #require(entry).pointee.pw_uid, try #require(entry).pointee.pw_gid)
  }

  /// Lines of `/proc/PID/status`, by their names.
  private func status(_ id: Int32) throws -> [String: String] {
    let text = try String(contentsOfFile: "/proc/\(id)/status", encoding: .utf8)
    return Dictionary(
      text.split(separator: "\n").compactMap { line in
        let parts = line.split(separator: ":", maxSplits: 1)
        return parts.count == 2
          ? (String(parts[0]), parts[1].trimmingCharacters(in: .whitespaces)) : nil
      }, uniquingKeysWith: { first, _ in first })
  }

  @Test("the rights of root are gone while it runs", arguments: [SIGINT, SIGTERM])
  func privileges(signal: Int32) throws {
    let running = try capture(try Loopback(), more: ["--user", "nobody"])
    let nobody = try Self.account("nobody")
    let (user, group) = (nobody.user, nobody.group)
    let status = try status(running.id)
    #expect(status["Uid"] == [String](repeating: "\(user)", count: 4).joined(separator: "\t"))
    #expect(status["Gid"] == [String](repeating: "\(group)", count: 4).joined(separator: "\t"))
    #expect(status["Groups"] == "\(group)")
    for name in ["CapInh", "CapPrm", "CapEff", "CapAmb"] {
      #expect(status[name] == "0000000000000000", "\(name)")
    }
    #expect(status["NoNewPrivs"] == "1")
    let own = try self.status(getpid())
    if let rights = UInt64(own["CapEff"] ?? "", radix: 16), rights & 1 << 8 != 0 {
      #expect(status["CapBnd"] == "0000000000000000")
    }
    let end = try running.end(signal)
    #expect(end == 0 && running.output.isEmpty, "\(running.errors)")
    #expect(running.errors.contains("lo: live capture (as asked), 0 packets"))
  }

  @Test("each thread has given them up, and other users can be named")
  func threads() throws {
    let running = try capture(try Loopback(), more: ["--user", "daemon"])
    let daemon = try Self.account("daemon").user
    let tasks = try FileManager.default.contentsOfDirectory(atPath: "/proc/\(running.id)/task")
    for task in tasks.compactMap({ Int32($0) }) {
      #expect(try status(task)["Uid"]?.hasPrefix("\(daemon)\t") == true)
    }
    #expect(try running.end(SIGTERM) == 0)
  }

  /// One request and its answer, after which both ends hold the connection and say nothing more.
  private static let quietPair = """
    import socket, sys, time
    listener = socket.create_server(("127.0.0.1", int(sys.argv[1])))
    client = socket.create_connection(listener.getsockname())
    server = listener.accept()[0]
    client.sendall(b"GET /probe HTTP/1.1\\r\\nHost: rdv.example\\r\\n\\r\\n")
    server.recv(1000)
    server.sendall(b"HTTP/1.1 200 OK\\r\\nContent-Length: 2\\r\\n\\r\\nOK")
    client.recv(1000)
    print("answered", flush=True)
    time.sleep(60)
    """

  private static let rule = """
    title: A probe
    id: 5d1c86a4-2a4b-4f0e-9f5e-0d6f0a6d1c11
    level: low
    logsource: { product: crenel, service: booking }
    detection: { selection: { url.path: /probe }, condition: selection }
    crenel: { verdict: api-client }
    """

  @Test("a complete exchange, and its alert, are told at once, without another packet")
  func atOnce() throws {
    let loopback = try Loopback()
    let port = try Loopback.freePort()
    let rules = try ScratchFolder()
    try Data(Self.rule.utf8).write(to: URL(filePath: rules.path + "/probe.yml"))
    let exchanges = try capture(loopback, "tcp port \(port)")
    let replay = try Running(
      loopback.prefix + [
        Command.path, "replay", "--json", "--rules", rules.path, "--interface", "lo", "--bpf",
        "tcp port \(port)",
      ])
    try #require(replay.says("capturing on lo"), "\(replay.errors)")
    let python = try #require(Tool.find("python3"))
    let pair = try Running(loopback.prefix + [python, "-c", Self.quietPair, "\(port)"])
    try #require(Running.within(20) { pair.output.contains("answered") }, "\(pair.errors)")
    let answered = Date()
    let isTold = Running.within(1.5) {
      exchanges.output.contains("/probe") && replay.output.contains("\"action\":\"opened\"")
    }
    print("live: told \(Int(Date().timeIntervalSince(answered) * 1_000)) ms after the answer")
    #expect(isTold, "\(exchanges.output) \(replay.output)")
    _ = try pair.end(SIGKILL)
    #expect(try exchanges.end(SIGINT) == 0 && replay.end(SIGINT) == 0)
    #expect(exchanges.output.split(separator: "\n").count == 1, "\(exchanges.output)")
    let ticks = exchanges.errors.firstMatch(of: #/ (1 idle tick|([2-9]|[1-9]\d+) idle ticks)\b/#)
    #expect(ticks != nil, "\(exchanges.errors)")
  }

  @Test("the hint names interfaces that traffic comes by, and says nothing twice")
  func interfaces() throws {
    let run = try Running.run([Command.path, "exchanges", "--interface", "nosuch0"])
    let hint = try #require(run.errors.split(separator: "\n").last { $0.contains("there are:") })
    let names = hint.split(separator: ":").last?.split(separator: ",")
      .map { $0.trimmingCharacters(in: .whitespaces) }
    for name in names ?? [] where name != "any" {
      let flags = try String(contentsOfFile: "/sys/class/net/\(name)/flags", encoding: .utf8)
      #expect(Int(flags.dropFirst(2).prefix { $0.isHexDigit }, radix: 16).map { $0 & 1 } == 1)
    }
    #expect(names?.contains("lo") == true)
    #expect(run.errors.components(separatedBy: "No such device exists").count == 2, "\(run.errors)")
  }

  @Test("packets that a small buffer could not hold are counted, told, and not fatal")
  func drops() throws {
    let loopback = try Loopback()
    let port = try Loopback.freePort()
    let running = try capture(loopback, "udp port \(port)", more: ["--buffer-size", "1"])
    // Held still while a burst of 12 MB passes, 1 MiB of which has room.
    kill(running.id, SIGSTOP)
    let burst = """
      import socket, sys
      s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
      for _ in range(400): s.sendto(bytes(30000), ("127.0.0.1", int(sys.argv[1])))
      """
    let python = try #require(Tool.find("python3"))
    let sent = try Running.run(loopback.prefix + [python, "-c", burst, "\(port)"])
    kill(running.id, SIGCONT)
    #expect(sent.status == 0, "\(sent.errors)")
    #expect(try running.end(SIGINT) == 0)
    let lost = try #require(
      try #/lo: (\d+) packets were lost in the kernel and (\d+) in the interface, of (\d+)/#
        .firstMatch(in: running.errors), "\(running.errors)")
    let (kernel, received) = (Int(lost.output.1) ?? 0, Int(lost.output.3) ?? 0)
    // The kernel counts a packet of loopback when it is sent and when it comes.
    #expect(kernel > 0 && kernel < received && (400...800).contains(received), "\(running.errors)")
    #expect(running.errors.contains("a larger --buffer-size or a --bpf expression helps"))
  }

  @Test(
    "what cannot be captured ends with 2, its code, its reason and what to do",
    arguments: [
      (["--interface", "nosuch0"], "error[no-such-interface]", "there are: "),
      (["--interface", "lo", "--bpf", "prot 80"], "error[bad-bpf]", "man 7 pcap-filter"),
      (["--interface", "lo", "--user", "nosuchuser"], "error[unknown-user]", "useradd"),
      (["--interface", "lo", "--user", "root"], "error[still-root]", "nobody"),
    ] as [([String], String, String)])
  func refused(arguments: [String], code: String, remedy: String) throws {
    let run = try Running.run([Command.path, "exchanges"] + arguments)
    #expect(run.status == 2 && run.output.isEmpty, "\(run.errors)")
    #expect(run.errors.contains(code), "\(run.errors)")
    #expect(
      run.errors.contains { $0 == "\n" } && run.errors.contains(remedy), "\(run.errors)")
  }

  @Test("who may not capture is told how to be let")
  func notPermitted() throws {
    let setpriv = try #require(Tool.find("setpriv"))
    let run = try Running.run([
      setpriv, "--reuid", "nobody", "--clear-groups", Command.path, "exchanges", "--interface",
      "lo",
    ])
    // Where the build lies in a folder that nobody may enter, there is nothing to run.
    if run.errors.contains("failed to execute") { return print("skipped: \(run.errors)") }
    #expect(run.status == 2 && run.errors.contains("error[capture-not-permitted]"))
    #expect(run.errors.contains("setcap cap_net_raw=ep"), "\(run.errors)")
  }
}
