import CPCAP
import CrenelModel
import Glibc

/// Why an interface cannot be opened, and what to do about it.
enum LiveProblem {
  /// What a failed `pcap_activate` means.
  static func opening(_ name: String, _ status: Int32, _ message: String) -> Diagnostic {
    let code: String
    let hint: String?
    switch status {
    case PCAP_ERROR_NO_SUCH_DEVICE:
      code = "no-such-interface"
      hint = "there are: " + interfaces().joined(separator: ", ")
    case PCAP_ERROR_PERM_DENIED, PCAP_ERROR_PROMISC_PERM_DENIED:
      code = "capture-not-permitted"
      hint = "run it as root, or once: setcap cap_net_raw=ep $(command -v crenel)"
    case PCAP_ERROR_IFACE_NOT_UP:
      code = "interface-down"
      hint = "bring it up: ip link set \(name) up"
    default:
      code = "capture-failed"
      hint = nil
    }
    return Diagnostic(code: code, at: SourcePosition(file: name), message, hint: hint)
  }

  /// What libpcap could not do.
  static func failed(_ name: String, _ message: String, hint: String? = nil) -> Diagnostic {
    Diagnostic(code: "capture-failed", at: SourcePosition(file: name), message, hint: hint)
  }

  /// The names of the interfaces of this machine that traffic comes by now: those that the kernel
  /// has and that are up, and `any`; not what else libpcap can read, such as `nflog`, or Bluetooth.
  static func interfaces() -> [String] {
    var text = [CChar](repeating: 0, count: Int(PCAP_ERRBUF_SIZE))
    var first: UnsafeMutablePointer<pcap_if_t>?
    guard unsafe pcap_findalldevs(&first, &text) == 0 else { return [] }
    defer { unsafe pcap_freealldevs(first) }
    var names: [String] = []
    var next = unsafe first
    while let interface = unsafe next {
      let isUp = unsafe interface.pointee.flags & UInt32(PCAP_IF_UP) != 0
      let isNetwork = unsafe if_nametoindex(interface.pointee.name) != 0
      let name = unsafe String(cString: interface.pointee.name)
      if isUp && isNetwork || name == "any" { names.append(name) }
      unsafe next = interface.pointee.next
    }
    return names
  }
}
