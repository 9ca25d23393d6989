import CPCAP
public import CrenelModel

/// Chooses packets by an expression of pcap-filter(7), as `tcpdump` does, in files too.
///
/// What an expression looks at depends on the link type, so it is compiled for each that occurs.
public struct PacketFilter: ~Copyable {
  /// The expression as the user wrote it.
  public let expression: String
  /// Packets of link types that the expression cannot be applied to; they are not chosen.
  public private(set) var inapplicable: UInt64 = 0

  private var programs: [(link: LinkType, program: FilterProgram?)] = []

  /// Compiles an expression; throws `bad-bpf`.
  ///
  /// It is tried for Ethernet, then for bare IP: what makes no sense for either is a mistake.
  public init(_ expression: String) throws(Diagnostic) {
    self.expression = expression
    do {
      programs = [(.ethernet, try FilterProgram(expression, .ethernet))]
    } catch {
      guard let program = try? FilterProgram(expression, .raw) else { throw error }
      programs = [(.ethernet, nil), (.raw, program)]
    }
  }

  /// Removes the packets of a batch that are not chosen; frame numbers and offsets stay.
  public mutating func apply(to batch: inout PacketBatch) {
    var kept = 0
    var at = 0  // in `programs`: packets of one link type mostly follow each other
    for i in batch.packets.indices {
      let packet = batch.packets[i]
      if programs[at].link != packet.link { at = index(of: packet.link) }
      guard let program = programs[at].program else {
        inapplicable &+= 1
        continue
      }
      guard program.matches(batch.bytes.span, packet) else { continue }
      batch.packets[kept] = packet
      kept &+= 1
    }
    batch.packets.removeLast(batch.packets.count - kept)
  }

  /// Where the program for a link type is, compiled if it is new.
  private mutating func index(of link: LinkType) -> Int {
    if let found = programs.firstIndex(where: { $0.link == link }) { return found }
    programs.append((link, try? FilterProgram(expression, link)))
    return programs.count - 1
  }

  /// `PCAP_NETMASK_UNKNOWN`: expressions about IPv4 broadcasts are refused rather than guessed.
  static let noNetmask: UInt32 = 0xffff_ffff

  /// What a person is told whose expression libpcap does not take.
  static func refused(_ expression: String, _ message: String) -> Diagnostic {
    Diagnostic(
      code: "bad-bpf", at: SourcePosition(file: "bpf"), "'\(expression)': \(message)",
      hint: "expressions are those of tcpdump, such as 'tcp port 80' (man 7 pcap-filter)")
  }
}

/// An expression compiled for one link type; a class because it owns memory of libpcap.
@safe
private final class FilterProgram {
  private var program: bpf_program

  init(_ expression: String, _ link: LinkType) throws(Diagnostic) {
    // libpcap knows bare IP by the number of this system, files by another.
    let number = link == .raw ? LinkType.dltRaw : link
    guard let handle = unsafe pcap_open_dead(Int32(number.rawValue), 1 << 18) else {
      throw PacketFilter.refused(expression, "out of memory")
    }
    defer { unsafe pcap_close(handle) }
    unsafe program = bpf_program()
    guard unsafe pcap_compile(handle, &program, expression, 1, PacketFilter.noNetmask) == 0 else {
      throw PacketFilter.refused(expression, unsafe PCAPText.error(handle, PCAP_ERROR))
    }
  }

  deinit { unsafe pcap_freecode(&program) }

  /// Whether the packet is chosen; `false` when it does not lie in `bytes`.
  func matches(_ bytes: Span<UInt8>, _ packet: Packet) -> Bool {
    let range = packet.bytes.indices
    guard range.upperBound <= bytes.count else { return false }
    var header = pcap_pkthdr()
    header.caplen = UInt32(truncatingIfNeeded: range.count)
    header.len = packet.originalLength
    return unsafe bytes.withUnsafeBufferPointer { buffer in
      guard let base = buffer.baseAddress else { return false }
      // `caplen` bytes from there on are inside the buffer, by the guard above.
      return unsafe pcap_offline_filter(&program, &header, base + range.lowerBound) != 0
    }
  }
}
