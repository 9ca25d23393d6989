import CrenelBooking
import CrenelFeatures
import CrenelModel
import CrenelPattern

/// Where a text was found: in the batch's bytes or in the engine's own.
struct Located {
  var range: ByteRange
  var isOwn = false

  static let absent = Located(range: .absent)
}

extension RuleEngine {
  /// Whether one test holds.
  mutating func holds(
    _ test: Test, _ batch: borrowing ExchangeBatch, _ index: Int, _ step: borrowing Step,
    _ features: borrowing FeatureStage, _ subjects: Subjects
  ) -> Bool {
    switch test.match {
    case .members(let set):
      let value = test.field == .step ? step.kind.rawValue : step.outcome.rawValue
      return (set >> UInt32(value)) & 1 != (test.isNegated ? 1 : 0)
    case .number(let comparison, let threshold):
      let value = number(test.field, batch, index, step, features, subjects)
      let relation = test.isNegated ? comparison.inverse : comparison
      if hasOpenSteps, relation.mayTurn(above: value, threshold) {
        giveUp(on: test.field, features, subjects)
      }
      return relation.holds(value, threshold)
    case .time(_, let comparison, let threshold):
      let value = measured(test, batch, index, step, features, subjects)
      return (test.isNegated ? comparison.inverse : comparison).holds(value, threshold)
    case .otherNumber(let other, let comparison):
      let left = number(test.field, batch, index, step, features, subjects)
      let right = number(other, batch, index, step, features, subjects)
      if hasOpenSteps {
        giveUp(on: test.field, features, subjects)
        giveUp(on: other, features, subjects)
      }
      return !left.isNaN && !right.isNaN
        && (test.isNegated ? comparison.inverse : comparison).holds(left, right)
    case .present: return isPresent(test.field, batch, index, step, features, subjects)
    case .absent: return !isPresent(test.field, batch, index, step, features, subjects)
    case .text, .networks, .regexes, .otherText:
      guard let matches = matches(test, batch, index, step) else { return false }
      return matches != test.isNegated
    }
  }

  /// Notes that a test hangs on an expression that gave up.
  mutating func giveUp(_ cause: UndecidedCause) {
    hasGivenUp = true
    if !causes.contains(cause) { causes.append(cause) }
  }

  /// Notes that a test hangs on a feature, if that lacks steps which are not known.
  private mutating func giveUp(
    on field: Field, _ features: borrowing FeatureStage, _ subjects: Subjects
  ) {
    guard case .feature(let name) = field else { return }
    let rule = features.openRule(of: name, subjects)
    if rule >= 0 { giveUp(.step(rule)) }
  }

  /// The number a comparison reads: the value, or a part of the time.
  mutating func measured(
    _ test: Test, _ batch: borrowing ExchangeBatch, _ index: Int, _ step: borrowing Step,
    _ features: borrowing FeatureStage, _ subjects: Subjects
  ) -> Double {
    guard case .time(let part, _, _) = test.match else {
      return number(test.field, batch, index, step, features, subjects)
    }
    let at = batch.exchanges[index].at
    let offset = zone.offset(at: at.nanoseconds.floorDivided(by: Nanoseconds.second))
    return Double(part.value(of: CivilTime(at, offset: offset)))
  }

  /// A field as a number; NaN when it is absent or none.
  mutating func number(
    _ field: Field, _ batch: borrowing ExchangeBatch, _ index: Int, _ step: borrowing Step,
    _ features: borrowing FeatureStage, _ subjects: Subjects
  ) -> Double {
    switch field {
    case .feature(let name): return feature(name, features, subjects)
    case .number(let number): return number.value(of: batch.exchanges[index])
    case .text, .extra, .service, .slot, .fileExtension, .raw:
      let range = range(of: field, batch, index, step)
      guard range.isPresent else { return .nan }
      return Decimal.value(batch.bytes.span.extracting(range.indices))
    default: return .nan
    }
  }

  private mutating func isPresent(
    _ field: Field, _ batch: borrowing ExchangeBatch, _ index: Int, _ step: borrowing Step,
    _ features: borrowing FeatureStage, _ subjects: Subjects
  ) -> Bool {
    switch field.kind {
    case .feature, .number: !number(field, batch, index, step, features, subjects).isNaN
    case .address: address(field, batch, index).kind != .none
    case .text: range(of: field, batch, index, step).isPresent
    case .category, .time, .subject: true
    case .nothing: false
    }
  }

  func address(
    _ field: Field, _ batch: borrowing ExchangeBatch, _ index: Int
  ) -> ClientAddress {
    field == .peer ? batch.exchanges[index].peer : batch.exchanges[index].client
  }

  /// The range of a text field in the batch's bytes.
  func range(
    of field: Field, _ batch: borrowing ExchangeBatch, _ index: Int, _ step: borrowing Step
  ) -> ByteRange {
    switch field {
    case .text(let text): return batch.exchanges[index].texts[text.rawValue]
    case .extra(let slot): return batch.exchanges[index].extras[Int(slot)]
    case .raw: return batch.exchanges[index].raw
    case .service: return step.service
    case .slot: return step.slot
    case .fileExtension:
      return Self.fileExtension(
        of: batch.exchanges[index].texts[TextField.path.rawValue], in: batch.bytes.span)
    default: return .absent
    }
  }

  /// What stands after the last dot of the last segment; absent without one.
  private static func fileExtension(of path: ByteRange, in bytes: Span<UInt8>) -> ByteRange {
    var place = path.indices.upperBound
    while place > path.indices.lowerBound {
      place &-= 1
      if bytes[place] == UInt8(ascii: "/") { return .absent }
      if bytes[place] == UInt8(ascii: ".") {
        return ByteRange(place &+ 1..<path.indices.upperBound)
      }
    }
    return .absent
  }

  /// A field as text; numbers and addresses are written into the engine's own bytes.
  mutating func locate(
    _ field: Field, _ batch: borrowing ExchangeBatch, _ index: Int, _ step: borrowing Step
  ) -> Located {
    let start = scratch.count
    switch field {
    case .client, .peer:
      let address = address(field, batch, index)
      switch address.kind {
      case .none: return .absent
      case .name: return Located(range: batch.exchanges[index].texts[TextField.clientName.rawValue])
      case .ipv4, .ipv6: AddressText.append(address, to: &scratch)
      }
    case .number(let number):
      let value = number.value(of: batch.exchanges[index])
      guard !value.isNaN, value >= 0, value < 9e18 else { return .absent }
      Decimal.append(UInt64(value), to: &scratch)
    default: return Located(range: range(of: field, batch, index, step))
    }
    return Located(range: ByteRange(start..<scratch.count), isOwn: true)
  }

  // MARK: - Texts, networks, expressions

  /// Whether the field's value matches; `nil` when the field is absent.
  private mutating func matches(
    _ test: Test, _ batch: borrowing ExchangeBatch, _ index: Int, _ step: borrowing Step
  ) -> Bool? {
    scratch.removeAll(keepingCapacity: true)
    if case .networks(let run) = test.match { return isIn(run, test.field, batch, index, step) }
    let text = locate(test.field, batch, index, step)
    guard text.range.isPresent else { return nil }
    switch test.match {
    case .text(let place):
      if text.isOwn {
        return program.texts.matches(
          Int(place), scratch.span.extracting(text.range.indices), scanned: nil)
      }
      let value = batch.bytes.span.extracting(text.range.indices)
      return program.texts.matches(
        Int(place), value,
        scanned: scans.find(program.texts.tests[Int(place)], value, program.scans))
    case .regexes(let run):
      var hasLimit = false
      for place in run.indices {
        let outcome =
          text.isOwn
          ? regexes[place].match(scratch.span.extracting(text.range.indices))
          : regexes[place].match(batch.bytes.span.extracting(text.range.indices))
        if outcome == .matched { return true }
        if outcome == .limitExceeded { hasLimit = true }
      }
      if hasLimit { giveUp(.rule) }
      return false
    case .otherText(let field, let relation, let isCased):
      let other = locate(field, batch, index, step)
      guard other.range.isPresent else { return nil }
      return compare(text, relation, other, isCased: isCased, batch)
    default: return nil
    }
  }

  private func compare(
    _ left: Located, _ relation: TextPool.Relation, _ right: Located, isCased: Bool,
    _ batch: borrowing ExchangeBatch
  ) -> Bool {
    switch (left.isOwn, right.isOwn) {
    case (false, false):
      TextPool.compare(
        batch.bytes.span.extracting(left.range.indices), relation,
        batch.bytes.span.extracting(right.range.indices), isCased: isCased)
    case (false, true):
      TextPool.compare(
        batch.bytes.span.extracting(left.range.indices), relation,
        scratch.span.extracting(right.range.indices), isCased: isCased)
    case (true, false):
      TextPool.compare(
        scratch.span.extracting(left.range.indices), relation,
        batch.bytes.span.extracting(right.range.indices), isCased: isCased)
    case (true, true):
      TextPool.compare(
        scratch.span.extracting(left.range.indices), relation,
        scratch.span.extracting(right.range.indices), isCased: isCased)
    }
  }

  private func isIn(
    _ run: Slice, _ field: Field, _ batch: borrowing ExchangeBatch, _ index: Int,
    _ step: borrowing Step
  ) -> Bool? {
    var value = address(field, batch, index)
    if field.kind == .text {
      let range = range(of: field, batch, index, step)
      guard range.isPresent,
        let parsed = ClientAddress(parsing: batch.bytes.span.extracting(range.indices))
      else { return nil }
      value = parsed
    }
    guard value.kind != .none else { return nil }
    for place in run.indices where program.networks[place].contains(value) { return true }
    return false
  }

  /// 128 seeded bits of a field's value, byte for byte; `nil` when it is absent.
  mutating func fingerprint(
    of field: Field, _ batch: borrowing ExchangeBatch, _ index: Int, _ step: borrowing Step
  ) -> WindowKey? {
    if step.isUndecided, field.isOfStep { return nil }
    switch field {
    case .countedClient, .client, .peer:
      let value = field == .countedClient ? step.client : address(field, batch, index)
      guard value.kind != .none else { return nil }
      return WindowKey(high: value.high ^ UInt64(value.kind.rawValue) << 56, low: value.low)
    case .countedSession:
      return step.session == 0 ? nil : WindowKey(high: step.session, low: 0)
    case .step: return WindowKey(high: UInt64(step.kind.rawValue), low: 1)
    case .outcome: return WindowKey(high: UInt64(step.outcome.rawValue), low: 2)
    case .number(let number):
      let value = number.value(of: batch.exchanges[index])
      return value.isNaN ? nil : WindowKey(high: value.bitPattern, low: 3)
    default:
      let range = range(of: field, batch, index, step)
      guard range.isPresent else { return nil }
      let bytes = batch.bytes.span.extracting(range.indices)
      return WindowKey(high: Hash64.of(bytes, seed: seed), low: Hash64.of(bytes, seed: ~seed))
    }
  }
}

extension NumberField {
  /// The number; NaN when it was not logged.
  func value(of exchange: borrowing Exchange) -> Double {
    switch self {
    case .status: exchange.status == 0 ? .nan : Double(exchange.status)
    case .port: exchange.port == 0 ? .nan : Double(exchange.port)
    case .requestBytes: Self.present(exchange.requestBytes)
    case .bodyBytes: Self.present(exchange.bodyBytes)
    case .responseBytes: Self.present(exchange.responseBytes)
    case .sentBytes:
      Self.present(exchange.responseBytes >= 0 ? exchange.responseBytes : exchange.bodyBytes)
    case .elapsed: Self.present(exchange.elapsed)
    case .elapsedMilliseconds:
      exchange.elapsed < 0 ? .nan : Double(exchange.elapsed) / 1_000_000
    case .connection: exchange.connection == 0 ? .nan : Double(exchange.connection)
    case .connectionRequest:
      exchange.connectionRequest == 0 ? .nan : Double(exchange.connectionRequest)
    }
  }

  private static func present(_ value: Int64) -> Double { value < 0 ? .nan : Double(value) }
}

extension TimePart {
  /// The part of a civil time; weeks are ISO 8601 weeks, 1 to 53.
  func value(of time: CivilTime) -> Int {
    switch self {
    case .minute: time.minute
    case .hour: time.hour
    case .day: time.day
    case .month: time.month
    case .year: time.year
    case .week: Self.week(of: time)
    }
  }

  /// The week that holds the Thursday of the date's week.
  private static func week(of time: CivilTime) -> Int {
    let date = CivilTime(year: time.year, month: time.month, day: time.day)
    let day = (date.secondsSinceEpoch() ?? 0).floorDivided(by: 86_400)
    let thursday = day - Int64(date.weekday) + 4
    let instant = Timestamp(seconds: thursday * 86_400) ?? Timestamp(nanoseconds: 0)
    let year = CivilTime(instant).year
    let start = CivilTime(year: year, month: 1, day: 1).secondsSinceEpoch() ?? 0
    return Int((thursday - start.floorDivided(by: 86_400)) / 7) + 1
  }
}
