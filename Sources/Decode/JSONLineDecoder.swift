import CrenelModel

/// Reads JSON lines by a field map.
struct JSONLineDecoder {
  private let roles: [FieldRole]
  private let forms: [(name: [UInt8], slot: Int)]
  private var scanner: JSONScanner
  private var finisher: Finisher
  private let takers: TextLineDecoder

  /// Whether the line read last had a key for the client, be it a socket without an address.
  private(set) var sawClient = false

  /// The slots that say what was asked for, and those of the status: a line that has a key for both
  /// is of a request, be it one that the server could not read.
  private let requestSlots: UInt64
  private let statusSlots: UInt64
  /// Which port goes with which client.
  private let ports: JSONPorts

  /// The slot of a request body, when a form field is asked for.
  private let bodySlot: Int?

  /// Names asked for are looked for at these paths: `json.x` at `x`, `body.x` and `fields.x`;
  /// `form.x` at `form.x`, and in `request_body` as a web form; `cookie.x` at `cookie_x`,
  /// `cookies.x` and `cookie.x`; `header.x` at `http_x`, `headers.x`, `request.headers.x` and
  /// `request_x`, in any letter case.
  init(map: JSONFieldMap, configuration: DecoderConfiguration) {
    var tree = JSONPathTree()
    var roles: [FieldRole] = []
    for entry in map.entries where roles.count < JSONScanner.slots {
      for (rank, path) in entry.paths.enumerated() {
        tree.insert(
          path.split(separator: ".").map(String.init),
          as: JSONPathTree.Leaf(slot: UInt8(roles.count), rank: UInt8(clamping: rank)),
          ignoresCase: path.contains("eaders.") || path.hasPrefix("request_"))
      }
      roles.append(entry.role)
    }
    var forms: [(name: [UInt8], slot: Int)] = []
    for (slot, name) in configuration.names.names.enumerated()
    where roles.count < JSONScanner.slots - 1 {
      for (rank, path) in Self.paths(of: name).enumerated() {
        tree.insert(
          path, as: JSONPathTree.Leaf(slot: UInt8(roles.count), rank: UInt8(clamping: rank)),
          ignoresCase: name.hasPrefix("header."))
      }
      if name.hasPrefix("form.") { forms.append((Array(name.dropFirst(5).utf8), slot)) }
      roles.append(.extra(slot))
    }
    bodySlot = forms.isEmpty ? nil : roles.count
    if let bodySlot {
      tree.insert(
        ["request_body"], as: JSONPathTree.Leaf(slot: UInt8(bodySlot), rank: 0), ignoresCase: false)
      roles.append(.ignored)
    }
    self.roles = roles
    self.forms = forms
    requestSlots = Self.slots(of: [.request, .text(.target), .text(.path)], roles)
    statusSlots = Self.slots(of: [.status], roles)
    ports = JSONPorts(map)
    scanner = JSONScanner(tree)
    finisher = Finisher(configuration, stamp: map.stamp)
    var format = CompiledFormat()
    format.escapes = .none
    takers = TextLineDecoder(format, configuration)
  }

  private static func slots(of wanted: Set<FieldRole>, _ roles: [FieldRole]) -> UInt64 {
    roles.enumerated().reduce(0) { wanted.contains($1.element) ? $0 | 1 << UInt64($1.offset) : $0 }
  }

  private static func paths(of name: String) -> [[String]] {
    let parts = name.split(separator: ".", maxSplits: 1).map(String.init)
    guard parts.count == 2 else { return [] }
    let key = parts[1].split(separator: ".").map(String.init)
    switch parts[0] {
    case "json": return [key, ["body"] + key, ["fields"] + key]
    case "form": return [["form"] + key]
    case "cookie": return [["cookie_" + parts[1]], ["cookies", parts[1]], ["cookie", parts[1]]]
    case "header":
      return [
        ["http_" + parts[1]], ["headers", parts[1]], ["request", "headers", parts[1]],
        ["request_" + parts[1]],
      ]
    default: return []
    }
  }

  /// Reads one line into `exchange`; says why when it cannot, and where.
  mutating func decode(
    _ line: Range<Int>, _ bytes: inout [UInt8], _ exchange: inout Exchange
  ) -> LineOutcome {
    let start = Self.documentStart(bytes.span, line)
    if let failure = scanner.scan(bytes.span, start..<line.upperBound) {
      return .rejected(failure.reason, at: failure.at)
    }
    var fields = LineFields()
    var left = scanner.found
    while left != 0 {
      let slot = left.trailingZeroBitCount
      left &= left &- 1
      var value = scanner.values[slot]
      if value.hasEscapes { value.range = JSONText.decode(value.range.indices, &bytes) }
      if slot == bodySlot {
        takeForm(value.range, &bytes, &exchange)
        continue
      }
      if roles[slot] == .text(.forwardedFor), value.more.isPresent {
        value.range = joined(value.more.indices, &bytes)
      }
      if value.isReal, roles[slot].isCount { value.range = whole(value.range.indices, &bytes) }
      guard value.range.count > 0 else { continue }
      let role = slot == ports.slot && !isClientsPort(value) ? .peerPort : roles[slot]
      if let reason = take(role, value.range.indices, bytes.span, &exchange, &fields) {
        return .rejected(reason, at: Int(value.range.offset))
      }
    }
    // Without another client, the address of the connection is the client.
    if !fields.remote.isPresent { fields.remote = fields.peer }
    sawClient = fields.remote.isPresent || exchange[.forwardedFor].isPresent
    let keys = scanner.found | scanner.nulls
    let isUnread = keys & requestSlots != 0 && scanner.found & statusSlots != 0
    guard fields.hasStamp, isUnread || hasRequest(fields, exchange) else {
      return .rejected(.missingField, at: start)
    }
    if let reason = finisher.finish(fields, &exchange, bytes.span) {
      let place = fields.place(of: reason)
      return .rejected(reason, at: place.isPresent ? Int(place.offset) : start)
    }
    return .exchange
  }

  private func isClientsPort(_ port: JSONScanner.Value) -> Bool {
    let hasClient = scanner.found & 1 << UInt64(ports.clientSlot) != 0
    return ports.isClients(
      port.rank, besideClient: hasClient ? scanner.values[ports.clientSlot].rank : nil)
  }

  private func hasRequest(_ fields: LineFields, _ exchange: Exchange) -> Bool {
    fields.request.isPresent || exchange[.target].isPresent || exchange[.path].isPresent
      || exchange.flags.contains(.malformedRequest)
  }

  private func take(
    _ role: FieldRole, _ range: Range<Int>, _ bytes: Span<UInt8>, _ exchange: inout Exchange,
    _ fields: inout LineFields
  ) -> RejectReason? {
    if role == .remoteWithPort, fields.remote.isPresent { return nil }
    return takers.take(role, range, bytes, &exchange, &fields)
  }

  /// Fields of a form that came as the request's body.
  private func takeForm(
    _ body: ByteRange, _ bytes: inout [UInt8], _ exchange: inout Exchange
  ) {
    guard body.count > 0 else { return }
    for form in forms where !exchange.extras[form.slot].isPresent {
      exchange.extras[form.slot] = JSONText.form(form.name, in: body.indices, &bytes)
    }
  }

  /// The digits of a whole number that is written as `1e3` or `12.0`, appended to `bytes`; as it
  /// stands when it is no whole number of nanoseconds' reach.
  private func whole(_ range: Range<Int>, _ bytes: inout [UInt8]) -> ByteRange {
    guard let value = decimalTime(bytes.span, range, unit: 1)?.nanoseconds else {
      return ByteRange(range)
    }
    let start = bytes.count
    var divisor: Int64 = 1
    while value / divisor >= 10 { divisor *= 10 }
    while divisor > 0 {
      bytes.append(0x30 + UInt8(value / divisor % 10))
      divisor /= 10
    }
    return ByteRange(start..<bytes.count)
  }

  /// The strings of an array, joined by commas, appended to `bytes`.
  private func joined(_ array: Range<Int>, _ bytes: inout [UInt8]) -> ByteRange {
    let start = bytes.count
    var isInside = false
    var isFirst = true
    for i in array {
      let byte = bytes[i]
      if byte == UInt8(ascii: "\"") {
        isInside.toggle()
        if isInside, !isFirst { bytes.append(UInt8(ascii: ",")) }
        isFirst = false
      } else if isInside {
        bytes.append(byte)
      }
    }
    return ByteRange(start..<bytes.count)
  }

  /// Where the document begins: behind spaces, or behind `TIME stdout F ` of a container runtime.
  static func documentStart(_ bytes: Span<UInt8>, _ line: Range<Int>) -> Int {
    let first = FormatDetector.firstVisible(bytes, line)
    guard byte(bytes, first) != UInt8(ascii: "{") else { return first }
    let document = LineHeader.containerRuntime.end(bytes, line)
    return byte(bytes, document) == UInt8(ascii: "{") ? document : first
  }
}
