import CPCAP

/// What libpcap says in words.
enum PCAPText {
  /// The text in a buffer that a call of libpcap filled.
  static func read(_ buffer: [CChar]) -> String {
    let bytes = buffer.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }
    return bytes.isEmpty ? "libpcap does not say why" : String(decoding: bytes, as: UTF8.self)
  }

  /// What a status means, with what a handle adds to it.
  static func error(_ handle: OpaquePointer, _ status: Int32) -> String {
    let detail = unsafe pcap_geterr(handle).map { unsafe String(cString: $0) } ?? ""
    let meaning = unsafe pcap_statustostr(status).map { unsafe String(cString: $0) } ?? ""
    // PCAP_ERROR and PCAP_WARNING mean no more than that there is a detail.
    if status == PCAP_ERROR || status == PCAP_WARNING { return detail.isEmpty ? meaning : detail }
    // Where libpcap has nothing to add, it says the same once more.
    return detail.isEmpty || detail == meaning ? meaning : "\(meaning) (\(detail))"
  }
}
