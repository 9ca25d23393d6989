import CPCAP
import CrenelModel
import Glibc

/// One open interface; a class because it owns a libpcap handle, which is closed once.
@safe
final class LiveInterface {
  let name: String
  /// What can be waited on; -1 when it cannot.
  let descriptor: Int32
  /// What the first bytes of its packets are.
  let link: LinkType
  /// What kept it from being opened just as asked.
  let warning: Diagnostic?
  private let handle: OpaquePointer
  private let unit: Int64  // nanoseconds in one unit of a packet's fraction of a second
  private var counted = pcap_stat()
  private var total = LiveDrops()

  /// What one look for a packet found.
  enum Look {
    case packet
    case nothing
    case failed(Diagnostic)
  }

  /// Opens an interface; throws what is wrong and what to do about it.
  init(_ name: String, _ settings: LiveSettings) throws(Diagnostic) {
    self.name = name
    var text = [CChar](repeating: 0, count: Int(PCAP_ERRBUF_SIZE))
    guard let handle = unsafe pcap_create(name, &text) else {
      throw LiveProblem.failed(name, PCAPText.read(text))
    }
    var isOpen = false
    defer { if !isOpen { unsafe pcap_close(handle) } }
    warning = try unsafe Self.activate(handle, name, settings)
    try unsafe Self.setFilter(handle, settings.filter, name)
    guard unsafe pcap_setnonblock(handle, 1, &text) == 0 else {
      throw LiveProblem.failed(name, PCAPText.read(text))
    }
    let isNano = unsafe pcap_get_tstamp_precision(handle) == PCAP_TSTAMP_PRECISION_NANO
    unit = isNano ? 1 : 1_000
    link = LinkType(rawValue: UInt16(truncatingIfNeeded: unsafe pcap_datalink(handle)))
    descriptor = unsafe pcap_get_selectable_fd(handle)
    unsafe self.handle = handle
    isOpen = true
  }

  /// Starts the capture; gives what could not be had as asked.
  private static func activate(
    _ handle: OpaquePointer, _ name: String, _ settings: LiveSettings
  ) throws(Diagnostic) -> Diagnostic? {
    unsafe pcap_set_snaplen(handle, Int32(clamping: max(1, min(settings.snapLength, 1 << 18))))
    unsafe pcap_set_promisc(handle, settings.isPromiscuous ? 1 : 0)
    unsafe pcap_set_timeout(handle, Int32(clamping: max(1, settings.delay)))
    unsafe pcap_set_buffer_size(handle, Int32(clamping: max(1, settings.bufferSize)))
    unsafe pcap_set_tstamp_precision(handle, PCAP_TSTAMP_PRECISION_NANO)  // microseconds if refused
    let status = unsafe pcap_activate(handle)
    guard status != 0 else { return nil }
    let message = unsafe PCAPText.error(handle, status)
    guard status > 0 else { throw LiveProblem.opening(name, status, message) }
    return Diagnostic(.warning, code: "capture-warning", at: SourcePosition(file: name), message)
  }

  deinit { unsafe pcap_close(handle) }

  private static func setFilter(
    _ handle: OpaquePointer, _ expression: String, _ name: String
  ) throws(Diagnostic) {
    guard !expression.isEmpty else { return }
    var program = unsafe bpf_program()
    guard unsafe pcap_compile(handle, &program, expression, 1, PacketFilter.noNetmask) == 0 else {
      throw PacketFilter.refused(expression, unsafe PCAPText.error(handle, PCAP_ERROR))
    }
    defer { unsafe pcap_freecode(&program) }
    guard unsafe pcap_setfilter(handle, &program) == 0 else {
      throw LiveProblem.failed(name, unsafe PCAPText.error(handle, PCAP_ERROR))
    }
  }

  /// Appends the next packet the kernel has, without waiting.
  ///
  /// Frame number and offset are left to the caller, who knows the order among interfaces.
  func take(into batch: inout PacketBatch) -> Look {
    var header: UnsafeMutablePointer<pcap_pkthdr>?
    var data: UnsafePointer<UInt8>?
    let result = unsafe pcap_next_ex(handle, &header, &data)
    guard result == 1, let found = unsafe header?.pointee, let data = unsafe data else {
      guard result < 0 else { return .nothing }
      let hint = "the interface went away or went down; start again when it is back"
      return .failed(LiveProblem.failed(name, unsafe PCAPText.error(handle, result), hint: hint))
    }
    let count = Int(found.caplen)
    let start = batch.bytes.count
    // libpcap keeps `caplen` bytes at `data` until the next call.
    unsafe batch.bytes.append(contentsOf: UnsafeBufferPointer(start: data, count: count))
    let seconds = Timestamp(seconds: Int64(found.ts.tv_sec)) ?? .distantFuture
    batch.packets.append(
      Packet(
        at: seconds.adding(Int64(found.ts.tv_usec) &* unit),
        bytes: ByteRange(start..<(start + count)), originalLength: found.len, link: link,
        frame: 0, offset: 0))
    return .packet
  }

  /// The counts since it was opened; libpcap's own are 32 bits wide and wrap.
  func drops() -> LiveDrops {
    var now = pcap_stat()
    guard unsafe pcap_stats(handle, &now) == 0 else { return total }
    total.received &+= UInt64(now.ps_recv &- counted.ps_recv)
    total.droppedByKernel &+= UInt64(now.ps_drop &- counted.ps_drop)
    total.droppedByInterface &+= UInt64(now.ps_ifdrop &- counted.ps_ifdrop)
    counted = now
    return total
  }
}
