import CrenelModel

/// What every format ends with: addresses, times and the request made sense of.
struct Finisher {
  private let configuration: DecoderConfiguration
  private let clients: ClientFinder
  private let formatStamp: StampKind
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
    switch stamp(fields, bytes) {
    case .rejected(let reason): return reason
    case .stamp(let stamp):
      guard let elapsed = elapsed(fields, bytes, &exchange) else { return .badNumber }
      place(stamp, elapsed, &exchange)
    }
    if fields.request.isPresent {
      RequestTarget.split(requestLine: fields.request.indices, bytes, into: &exchange)
    } else if exchange[.target].isPresent, !exchange[.path].isPresent {
      RequestTarget.split(target: exchange[.target].indices, bytes, into: &exchange)
    } else if !exchange[.target].isPresent, exchange[.path].isPresent {
      exchange[.target] = exchange[.path]
    }
    if fields.query.count > 0 { takeQuery(fields.query.indices, bytes, &exchange) }
    if exchange[.host].isPresent {
      exchange[.host] = ByteRange(RequestTarget.host(bytes, exchange[.host].indices))
    }
    who(fields, &exchange, bytes)
    return nil
  }

  /// A query of its own, with or without its `?`.
  private func takeQuery(
    _ range: Range<Int>, _ bytes: Span<UInt8>, _ exchange: inout Exchange
  ) {
    let hasMark = byte(bytes, range.lowerBound) == UInt8(ascii: "?")
    exchange[.query] = ByteRange((range.lowerBound &+ (hasMark ? 1 : 0))..<range.upperBound)
  }

  // MARK: - When

  private mutating func stamp(
    _ fields: borrowing LineFields, _ bytes: Span<UInt8>
  ) -> StampReading {
    let reading: StampReading
    switch fields.timeKind {
    case .none: return .rejected(.badTime)
    case .clf: reading = stamps.clf(bytes, fields.time.indices)
    case .iso: reading = stamps.iso(bytes, fields.time.indices)
    case .epoch(let unit): reading = stamps.epoch(bytes, fields.time.indices, unit: unit)
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

  /// A stamp of whole seconds made finer by a fraction in a field of its own.
  private func refined(
    _ whole: Stamp, _ fields: borrowing LineFields, _ bytes: Span<UInt8>
  ) -> StampReading {
    guard let digits = decimal(bytes, fields.fraction.indices),
      case let unit = fields.fractionUnit.rawValue, digits < Nanoseconds.second / unit
    else { return .rejected(.badTime) }
    return .stamp(Stamp(first: whole.bounds.earliest.adding(digits * unit), resolution: unit))
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
    let unit: Int64 =
      switch fields.elapsedUnit {
      case .nginxSeconds, .seconds: Nanoseconds.second
      case .milliseconds, .suffixedMilliseconds: Nanoseconds.millisecond
      case .microseconds: Nanoseconds.microsecond
      case .nanoseconds: 1
      }
    guard let (value, width) = decimalTime(bytes, range, unit: unit) else { return nil }
    exchange.elapsed = value
    return fields.elapsedUnit == .nginxSeconds
      ? Elapsed(difference: value, width: width) : Elapsed(truncated: value, width: width)
  }

  /// Places an exchange on the clock: bounds that are true for every time the log allows.
  func place(_ stamp: Stamp, _ elapsed: Elapsed, _ exchange: inout Exchange) {
    let bounds =
      elapsed.isPresent
      ? elapsed.bounds : DurationBounds(min: 0, max: configuration.elapsedBound)
    let first = stamp.bounds.earliest
    let last = stamp.bounds.latest
    exchange.at = first
    exchange.resolution = stamp.resolution
    switch formatStamp {
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
  ) {
    let remote = fields.remote.indices
    if fields.remote.count > 0 { takeRemote(remote, bytes, fields.remoteHasPort, &exchange) }
    if fields.peer.count > 0, let peer = ForwardedChain.address(bytes, fields.peer.indices) {
      exchange.peer = peer
    } else {
      exchange.peer = exchange.client
    }
    clients.find(&exchange, bytes)
  }

  /// The client as the server logged it: an address, a list that ends with it, or a name.
  private func takeRemote(
    _ range: Range<Int>, _ bytes: Span<UInt8>, _ hasPort: Bool, _ exchange: inout Exchange
  ) {
    if !hasPort, let address = ClientAddress(parsing: bytes.extracting(range)) {
      exchange.client = address
      return
    }
    guard !isDash(bytes, range), !starts(bytes, range, with: "unix:") else { return }
    if hasPort {
      let host = RequestTarget.host(bytes, range)
      if host != range, let port = decimal(bytes, (host.upperBound &+ 1)..<range.upperBound) {
        exchange.port = UInt16(clamping: port)
      }
      if let address = ForwardedChain.address(bytes, range) {
        exchange.client = address
        return
      }
      guard !isDash(bytes, host) else { return }
    }
    let comma = find(UInt8(ascii: ","), in: bytes, from: range.lowerBound, to: range.upperBound)
    if comma < range.upperBound {
      if !exchange[.forwardedFor].isPresent { exchange[.forwardedFor] = ByteRange(range) }
      if let nearest = clients.nearest(bytes, range) { exchange.client = nearest }
      return
    }
    exchange[.clientName] = ByteRange(range)
    exchange.client = ClientAddress(name: bytes.extracting(range))
  }
}
