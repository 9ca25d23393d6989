public import CrenelModel
import Glibc

/// Captures from live interfaces, through libpcap.
///
/// Packets of several interfaces are given in the order of time within a batch; from one batch to
/// the next that order can be off by the kernel's delay.
public struct LiveCapture: ~Copyable {
  /// Bytes after which a batch is full.
  static let batchSize = 256 * 1_024

  /// Ends the capture from elsewhere.
  public let stopper: LiveStop
  /// What kept interfaces from being opened just as asked, or ended them.
  public private(set) var problems: [Diagnostic]

  private var interfaces: [LiveInterface]
  private var finished = LiveDrops()  // of interfaces that ended
  private let delay: Int32
  private var frame: UInt64 = 0
  private var place: UInt64 = 24  // a pcap file's header comes first
  private let interfaceCount: Int
  private var isDraining = false
  private var drainLimit: Int  // bytes taken once stopped, so that traffic cannot prevent the end

  /// Opens the interfaces and starts to capture.
  ///
  /// Throws the first of `no-such-interface`, `capture-not-permitted`, `interface-down`,
  /// `bad-bpf`, `capture-failed`, `no-interface`.
  public init(_ settings: LiveSettings, stopper: LiveStop = LiveStop()) throws(Diagnostic) {
    interfaces = try Self.open(settings)
    self.stopper = stopper
    problems = interfaces.compactMap(\.warning)
    delay = Int32(clamping: max(1, settings.delay))
    interfaceCount = interfaces.count
    drainLimit = interfaceCount * max(settings.bufferSize, Self.batchSize)
  }

  /// Replaces `batch` by the next packets; `false` when the capture has ended and all were given.
  ///
  /// Waits at most `timeout` milliseconds for the first one and gives an empty batch when it is
  /// quiet for so long, or when a signal came. It ends by ``stop()``, or with the last interface.
  /// Frames are numbered from 1; offsets are those of a pcap file of all packets given.
  public mutating func fill(_ batch: inout PacketBatch, timeout: Int = 1_000) -> Bool {
    batch.removeAll()
    if stopper.isStopped, !isDraining {
      isDraining = true
      // The kernel may hold packets back for the delay before it shows them.
      _ = poll(nil, 0, delay &* 2)
    }
    take(into: &batch)
    if batch.packets.isEmpty, !isDraining, !interfaces.isEmpty {
      wait(Int32(clamping: max(0, timeout)))
      // A stop that came meanwhile is dealt with by the next call.
      if !stopper.isStopped { take(into: &batch) }
    }
    number(&batch)
    guard isDraining else { return !batch.packets.isEmpty || !interfaces.isEmpty }
    drainLimit -= batch.bytes.count
    if drainLimit <= 0 { closeAll() }
    return !batch.packets.isEmpty
  }

  /// The time up to which all packets were given when ``fill(_:timeout:)`` gave none: a second ago
  /// by the clock that the kernel stamps packets with.
  ///
  /// A second is ten times what the kernel holds packets back for, unless `delay` is larger.
  public func quietTime() -> Timestamp {
    var now = timespec()
    unsafe clock_gettime(CLOCK_REALTIME, &now)
    let margin = max(Nanoseconds.second, Int64(delay) * 2 * Nanoseconds.millisecond)
    return (Timestamp(seconds: Int64(now.tv_sec)) ?? .distantFuture)
      .adding(Int64(now.tv_nsec)).adding(-margin)
  }

  /// Asks the capture to end; packets the kernel holds already are still given.
  public func stop() { stopper.stop() }

  /// Packets received and lost since the capture was opened, by all interfaces.
  public func drops() -> LiveDrops {
    interfaces.reduce(into: finished) { $0.add($1.drops()) }
  }

  private static func open(_ settings: LiveSettings) throws(Diagnostic) -> [LiveInterface] {
    guard !settings.interfaces.isEmpty else {
      throw Diagnostic(
        code: "no-interface", at: SourcePosition(file: "interface"), "no interface is named",
        hint: "there are: " + LiveProblem.interfaces().joined(separator: ", "))
    }
    var interfaces: [LiveInterface] = []
    for name in settings.interfaces { interfaces.append(try LiveInterface(name, settings)) }
    return interfaces
  }

  // MARK: - One batch

  /// Appends what the kernel has, from each interface its share of a batch.
  private mutating func take(into batch: inout PacketBatch) {
    let share = Self.batchSize / max(1, interfaces.count)
    var failed: [Int] = []
    for (i, interface) in interfaces.enumerated() {
      let limit = batch.bytes.count + share
      look: while batch.bytes.count < limit {
        switch interface.take(into: &batch) {
        case .packet: continue
        case .nothing: break look
        case .failed(let problem):
          problems.append(problem)
          failed.append(i)
          break look
        }
      }
    }
    for i in failed.reversed() { finished.add(interfaces.remove(at: i).drops()) }
  }

  /// Waits for a packet, the stop or a signal, at most so many milliseconds.
  private func wait(_ timeout: Int32) {
    var watched = interfaces.map {
      pollfd(fd: $0.descriptor, events: Int16(POLLIN), revents: 0)
    }
    // What cannot be waited on is looked at again and again; `poll` ignores its -1.
    let isBlind = interfaces.contains { $0.descriptor < 0 }
    watched.append(pollfd(fd: stopper.descriptor, events: Int16(POLLIN), revents: 0))
    _ = unsafe poll(&watched, nfds_t(watched.count), isBlind ? min(timeout, delay) : timeout)
  }

  /// Puts the packets in order of time and numbers them.
  private mutating func number(_ batch: inout PacketBatch) {
    if interfaceCount > 1 {
      batch.packets.sort { ($0.at, $0.bytes.offset) < ($1.at, $1.bytes.offset) }
    }
    for i in batch.packets.indices {
      frame &+= 1
      batch.packets[i].frame = frame
      batch.packets[i].offset = place &+ 16  // a record header comes before each packet
      place = batch.packets[i].offset &+ UInt64(batch.packets[i].bytes.count)
    }
  }

  private mutating func closeAll() {
    for interface in interfaces { finished.add(interface.drops()) }
    interfaces.removeAll()
  }
}
