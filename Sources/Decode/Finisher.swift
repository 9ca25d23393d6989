import CrenelModel

/// What every format ends with: addresses, times and the request made sense of.
struct Finisher {
  private let configuration: DecoderConfiguration
  private let clients: ClientFinder
  /// When the server stamps its lines: what the configuration says, else the format.
  let formatStamp: StampKind
  var stamps: StampParser

  init(_ configuration: DecoderConfiguration, stamp: StampKind) {
    self.configuration = configuration
    clients = ClientFinder(configuration)
    formatStamp = configuration.stamp ?? stamp
    stamps = StampParser(zone: configuration.zone)
  }

  /// Completes `exchange`; says why when the line cannot be one.
  mutating func finish(
    _ fields: borrowing LineFields, _ exchange: inout Exchange, _ bytes: Span<UInt8>
  ) -> RejectReason? {
    if let reason = when(fields, bytes, &exchange) { return reason }
    if fields.request.isPresent {
      takeRequest(fields.request.indices, bytes, &exchange)
    } else if exchange[.target].isPresent, !exchange[.path].isPresent {
      RequestTarget.split(target: exchange[.target].indices, bytes, into: &exchange)
    } else if !exchange[.target].isPresent, exchange[.path].isPresent {
      exchange[.target] = exchange[.path]
    }
    if !fields.request.isPresent, exchange[.target].count == 0 {
      exchange.flags.insert(.malformedRequest)
    }
    if fields.query.count > 0 { takeQuery(fields.query.indices, bytes, &exchange) }
    if exchange[.host].isPresent {
      exchange[.host] = ByteRange(RequestTarget.host(bytes, exchange[.host].indices))
    }
    return who(fields, &exchange, bytes)
  }

  /// A request line, unless the server wrote something in place of one that it could not read.
  private func takeRequest(
    _ line: Range<Int>, _ bytes: Span<UInt8>, _ exchange: inout Exchange
  ) {
    if line.isEmpty || RequestTarget.standsForNone(bytes, line) {
      exchange.flags.insert(.malformedRequest)
    } else {
      RequestTarget.split(requestLine: line, bytes, into: &exchange)
    }
  }

  /// A query of its own, with or without its `?`.
  private func takeQuery(
    _ range: Range<Int>, _ bytes: Span<UInt8>, _ exchange: inout Exchange
  ) {
    let hasMark = byte(bytes, range.lowerBound) == UInt8(ascii: "?")
    exchange[.query] = ByteRange((range.lowerBound &+ (hasMark ? 1 : 0))..<range.upperBound)
  }

  // MARK: - When

  private mutating func when(
    _ fields: borrowing LineFields, _ bytes: Span<UInt8>, _ exchange: inout Exchange
  ) -> RejectReason? {
    guard fields.end.kind == .none else { return bothEnds(fields, bytes, &exchange) }
    switch stamp(fields.stamp, bytes) {
    case .rejected(let reason): return reason
    case .stamp(let stamp):
      guard let elapsed = elapsed(fields, bytes, &exchange) else { return .badNumber }
      place(stamp, formatStamp, elapsed, &exchange)
      return nil
    }
  }

  /// Places an exchange by a stamp of its start and one of its end: the finer one first, then
  /// whatever the other says more narrowly.
  private mutating func bothEnds(
    _ fields: borrowing LineFields, _ bytes: Span<UInt8>, _ exchange: inout Exchange
  ) -> RejectReason? {
    guard case .stamp(let end) = stamp(fields.end, bytes) else { return .badTime }
    guard let elapsed = elapsed(fields, bytes, &exchange) else { return .badNumber }
    guard fields.stamp.kind != .none else {
      place(end, .end, elapsed, &exchange)
      return nil
    }
    let start: Stamp
    switch stamp(fields.stamp, bytes) {
    case .rejected(let reason): return reason
    case .stamp(let stamp): start = stamp
    }
    if end.resolution < start.resolution {
      place(end, .end, elapsed, &exchange)
      exchange.start = Self.narrower(start.bounds, exchange.start)
    } else {
      place(start, .start, elapsed, &exchange)
      exchange.end = Self.narrower(end.bounds, exchange.end)
    }
    return nil
  }

  private static func narrower(_ left: TimeBounds, _ right: TimeBounds) -> TimeBounds {
    left.latest.since(left.earliest) <= right.latest.since(right.earliest) ? left : right
  }

  private mutating func stamp(
    _ fields: borrowing StampFields, _ bytes: Span<UInt8>
  ) -> StampReading {
    let reading: StampReading
    switch fields.kind {
    case .none: return .rejected(.badTime)
    case .clf: reading = stamps.clf(bytes, fields.range.indices)
    case .iso: reading = stamps.iso(bytes, fields.range.indices)
    case .epoch(let unit): reading = stamps.epoch(bytes, fields.range.indices, unit: unit)
    case .parts:
      guard let seconds = fields.parts.civil.secondsSinceEpoch(offset: fields.parts.offset) else {
        return .rejected(.badTime)
      }
      reading =
        fields.parts.hasOffset
        ? StampParser.stamp(seconds, 0, Nanoseconds.second)
        : stamps.local(seconds, 0, Nanoseconds.second)
    }
    guard fields.fraction.isPresent, case .stamp(let whole) = reading else { return reading }
    return refined(whole, fields, bytes)
  }

  /// A stamp made finer by a fraction of the second in a field of its own.
  private func refined(
    _ whole: Stamp, _ fields: borrowing StampFields, _ bytes: Span<UInt8>
  ) -> StampReading {
    guard let digits = decimal(bytes, fields.fraction.indices),
      case let unit = fields.fractionUnit.rawValue, digits < Nanoseconds.second / unit
    else { return .rejected(.badTime) }
    guard unit < whole.resolution else { return .stamp(whole) }
    func within(_ instant: Timestamp) -> Timestamp {
      let seconds = instant.nanoseconds.floorDivided(by: Nanoseconds.second)
      return Timestamp(nanoseconds: seconds &* Nanoseconds.second).adding(digits * unit)
    }
    return .stamp(
      Stamp(
        bounds: TimeBounds(
          earliest: within(whole.bounds.earliest),
          latest: within(whole.bounds.latest).adding(unit - 1)),
        resolution: unit))
  }

  private func elapsed(
    _ fields: borrowing LineFields, _ bytes: Span<UInt8>, _ exchange: inout Exchange
  ) -> Elapsed? {
    var range = fields.elapsed.indices
    guard fields.elapsed.count > 0, !isDash(bytes, range) else { return .absent }
    if bytes[range.lowerBound] == UInt8(ascii: "-") { return .absent }  // -1: not measured
    if fields.elapsedUnit == .suffixedMilliseconds {
      guard range.count > 2, starts(bytes, (range.upperBound &- 2)..<range.upperBound, with: "ms")
      else { return nil }
      range = range.lowerBound..<(range.upperBound &- 2)
    }
    guard
      let (value, width) = decimalTime(
        bytes, range, unit: fields.elapsedUnit.nanoseconds)
    else { return nil }
    exchange.elapsed = value
    return fields.elapsedUnit == .nginxSeconds
      ? Elapsed(difference: value, width: width) : Elapsed(truncated: value, width: width)
  }

  /// Places an exchange on the clock: bounds that are true for every time the log allows.
  func place(
    _ stamp: Stamp, _ kind: StampKind, _ elapsed: Elapsed, _ exchange: inout Exchange
  ) {
    let bounds =
      elapsed.isPresent
      ? elapsed.bounds : DurationBounds(min: 0, max: configuration.elapsedBound)
    let first = stamp.bounds.earliest
    let last = stamp.bounds.latest
    exchange.at = first
    exchange.resolution = stamp.resolution
    switch kind {
    case .start:
      exchange.start = stamp.bounds
      exchange.end = TimeBounds(
        earliest: first.adding(bounds.min), latest: last.adding(bounds.max))
    case .end:
      exchange.flags.insert(.stampedAtEnd)
      exchange.end = stamp.bounds
      exchange.start = TimeBounds(
        earliest: first.adding(-bounds.max), latest: last.adding(-bounds.min))
    case .unknown:
      exchange.start = TimeBounds(earliest: first.adding(-bounds.max), latest: last)
      exchange.end = TimeBounds(earliest: first, latest: last.adding(bounds.max))
    }
  }

  // MARK: - Who

  private func who(
    _ fields: borrowing LineFields, _ exchange: inout Exchange, _ bytes: Span<UInt8>
  ) -> RejectReason? {
    if fields.remote.count > 0,
      !takeRemote(fields.remote.indices, bytes, fields.remoteHasPort, &exchange)
    {
      return .badAddress
    }
    if fields.peer.count > 0, let peer = ForwardedChain.address(bytes, fields.peer.indices) {
      exchange.peer = peer
      if peer == exchange.client, exchange.port == 0 { exchange.port = fields.peerPort }
    } else {
      exchange.peer = exchange.client
    }
    clients.find(&exchange, bytes)
    if exchange.client.kind == .none, starts(bytes, fields.remote.indices, with: "unix:") {
      exchange[.clientName] = fields.remote
    }
    return nil
  }

  /// The client as the server logged it: an address, a list that ends with it, or a name; `false`
  /// when it is none of these.
  private func takeRemote(
    _ range: Range<Int>, _ bytes: Span<UInt8>, _ hasPort: Bool, _ exchange: inout Exchange
  ) -> Bool {
    if !hasPort, let address = ClientAddress(parsing: bytes.extracting(range)) {
      exchange.client = address
      return true
    }
    guard !isDash(bytes, range), !starts(bytes, range, with: "unix:") else { return true }
    let host = hasPort ? HostPort.certain(bytes, range) : HostPort.likely(bytes, range)
    if let port = host.port { exchange.port = port }
    if let address = ClientAddress(parsing: bytes.extracting(host.host)) {
      exchange.client = address
      return true
    }
    guard !isDash(bytes, host.host) else { return true }
    if clients.isList(bytes, range) {
      if !exchange[.forwardedFor].isPresent { exchange[.forwardedFor] = ByteRange(range) }
      let nearest = clients.nearest(bytes, range)
      if let nearest { exchange.client = nearest.address }
      exchange.port = nearest?.port ?? 0
      return true
    }
    guard HostPort.isName(bytes, host.host) else { return false }
    exchange[.clientName] = ByteRange(host.host)
    exchange.client = ClientAddress(name: bytes.extracting(host.host))
    return true
  }
}
