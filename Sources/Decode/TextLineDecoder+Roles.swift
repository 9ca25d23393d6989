import CrenelModel

extension TextLineDecoder {
  /// Puts a field where it belongs; says why when it is not what its role wants.
  func take(
    _ role: FieldRole, _ range: Range<Int>, _ bytes: Span<UInt8>, _ exchange: inout Exchange,
    _ fields: inout LineFields
  ) -> RejectReason? {
    switch role {
    case .text(let field):
      if !isAbsent(bytes, range) { exchange[field] = ByteRange(range) }
    case .extra(let slot):
      if !isAbsent(bytes, range) { exchange.extras[slot] = ByteRange(range) }
    case .ignored, .upstreamList: break
    case .version:
      if let version = HTTPVersion.range(bytes, range) { exchange[.version] = version }
    case .ident:
      guard isDash(bytes, range) || isIdent(bytes, range) else { return .noMatch }
    case .remote, .remoteWithPort, .peer: takeAddress(role, range, bytes, &fields)
    case .request:
      if isDash(bytes, range) {
        exchange.flags.insert(.malformedRequest)
      } else {
        fields.request = ByteRange(range)
      }
    case .queryWithMark:
      if !isDash(bytes, range) { fields.query = ByteRange(range) }
    case .clfTime, .isoTime, .epoch, .anyTime, .timePart, .fraction:
      return fields.stampsEnd
        ? takeTime(role, range, bytes, &fields.end) : takeTime(role, range, bytes, &fields.stamp)
    case .elapsed(let unit): takeElapsed(unit, range, bytes, &fields)
    case .haproxyTimers: return takeTimers(range, bytes, &fields)
    case .status:
      guard let status = Self.status(bytes, range) else { return .badStatus }
      exchange.status = status
    case .port, .peerPort, .bodyBytes, .responseBytes, .requestBytes, .connection,
      .connectionRequest:
      return takeNumber(role, range, bytes, &exchange, &fields)
    }
    return nil
  }

  private func takeAddress(
    _ role: FieldRole, _ range: Range<Int>, _ bytes: Span<UInt8>, _ fields: inout LineFields
  ) {
    if role == .peer {
      fields.peer = ByteRange(range)
      return
    }
    // Of `%h` and `%a` the one that is an address.
    if fields.remote.isPresent, ForwardedChain.address(bytes, range) == nil { return }
    fields.remote = ByteRange(range)
    fields.remoteHasPort = role == .remoteWithPort
  }

  /// Whether a word can be a name of RFC 1413: no address, and no part of a list of them.
  private func isIdent(_ bytes: Span<UInt8>, _ range: Range<Int>) -> Bool {
    find(UInt8(ascii: ","), in: bytes, from: range.lowerBound, to: range.upperBound)
      == range.upperBound && ClientAddress(parsing: bytes.extracting(range)) == nil
  }

  /// `-` alone, or nothing where a server writes nothing for "not there".
  private func isAbsent(_ bytes: Span<UInt8>, _ range: Range<Int>) -> Bool {
    isDash(bytes, range) || range.isEmpty && format.escapes != .backslash
  }

  private func takeTime(
    _ role: FieldRole, _ range: Range<Int>, _ bytes: Span<UInt8>, _ stamp: inout StampFields
  ) -> RejectReason? {
    switch role {
    case .clfTime: stamp.take(.clf, range, bytes)
    case .isoTime: stamp.take(.iso, range, bytes)
    case .epoch(let unit): stamp.take(.epoch(unit), range, bytes)
    case .anyTime: stamp.take(StampParser.kind(bytes, range), range, bytes)
    case .fraction(let unit): stamp.take(fraction: unit, range)
    case .timePart(let part):
      stamp.take(.parts, range, bytes)
      return stamp.parts.take(part, range, bytes) ? nil : .badTime
    default: break
    }
    return nil
  }

  /// Takes how long an exchange took; of several the finest stays.
  private func takeElapsed(
    _ unit: ElapsedUnit, _ range: Range<Int>, _ bytes: Span<UInt8>, _ fields: inout LineFields
  ) {
    if fields.elapsed.count > 0, !isDash(bytes, fields.elapsed.indices) {
      guard !range.isEmpty, !isDash(bytes, range),
        unit.width(range, bytes) < fields.elapsedUnit.width(fields.elapsed.indices, bytes)
      else { return }
    }
    fields.elapsed = ByteRange(range)
    fields.elapsedUnit = unit
  }

  private func takeNumber(
    _ role: FieldRole, _ range: Range<Int>, _ bytes: Span<UInt8>, _ exchange: inout Exchange,
    _ fields: inout LineFields
  ) -> RejectReason? {
    guard !isDash(bytes, range), !range.isEmpty else { return nil }
    var digits = range
    // HAProxy marks a count that was still running with a plus.
    if bytes[digits.lowerBound] == UInt8(ascii: "+") {
      digits = (digits.lowerBound &+ 1)..<digits.upperBound
    }
    guard let value = decimal(bytes, digits) else { return .badNumber }
    switch role {
    case .port: exchange.port = UInt16(exactly: value) ?? 0
    case .peerPort: fields.peerPort = UInt16(exactly: value) ?? 0
    case .bodyBytes: exchange.bodyBytes = value
    case .responseBytes: exchange.responseBytes = value
    case .requestBytes: exchange.requestBytes = value
    case .connection: exchange.connection = UInt64(clamping: value)
    case .connectionRequest: exchange.connectionRequest = UInt32(clamping: value)
    default: break
    }
    return nil
  }

  /// The last of HAProxy's five timers: the whole time, in milliseconds.
  private func takeTimers(
    _ range: Range<Int>, _ bytes: Span<UInt8>, _ fields: inout LineFields
  ) -> RejectReason? {
    var start = range.upperBound
    while start > range.lowerBound, bytes[start &- 1] != UInt8(ascii: "/") { start &-= 1 }
    guard start > range.lowerBound else { return .badNumber }
    if byte(bytes, start) == UInt8(ascii: "+") { start &+= 1 }
    fields.elapsed = ByteRange(start..<range.upperBound)
    fields.elapsedUnit = .milliseconds
    return nil
  }

  /// `-`, `000` and `0` are "not sent"; otherwise 100...599 in three digits.
  static func status(_ bytes: Span<UInt8>, _ range: Range<Int>) -> UInt16? {
    if isDash(bytes, range) { return 0 }
    if range.count == 2, equals(bytes, range, "-1") { return 0 }  // HAProxy: no answer
    guard let value = decimal(bytes, range) else { return nil }
    if value == 0 { return 0 }
    return (100...599).contains(value) && range.count == 3 ? UInt16(value) : nil
  }
}

extension TimeParts {
  /// Takes one part in; `false` when it is none.
  mutating func take(_ part: TimePart, _ range: Range<Int>, _ bytes: Span<UInt8>) -> Bool {
    let first = range.lowerBound
    switch part {
    case .monthName:
      guard range.count == 3, let month = StampParser.month(bytes, at: first) else { return false }
      civil.month = month
    case .clock:
      guard range.count == 8, let seconds = StampParser.timeOfDay(bytes, at: first) else {
        return false
      }
      civil.hour = Int(seconds / 3_600)
      civil.minute = Int(seconds / 60 % 60)
      civil.second = Int(seconds % 60)
    case .date:
      guard range.count == 10, let year = decimal(bytes, first..<(first &+ 4)),
        byte(bytes, first &+ 4) == UInt8(ascii: "-"), byte(bytes, first &+ 7) == UInt8(ascii: "-")
      else { return false }
      civil.year = Int(year)
      civil.month = twoDigits(bytes, first &+ 5)
      civil.day = twoDigits(bytes, first &+ 8)
    case .offset:
      guard let seconds = StampParser.offset(bytes, range) else { return false }
      offset = seconds
      hasOffset = true
    case .year, .month, .day, .hour, .minute, .second:
      guard let value = decimal(bytes, range).flatMap(Int.init(exactly:)) else { return false }
      switch part {
      case .year: civil.year = value
      case .month: civil.month = value
      case .day: civil.day = value
      case .hour: civil.hour = value
      case .minute: civil.minute = value
      default: civil.second = value
      }
    }
    return true
  }
}
