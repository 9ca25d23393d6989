import CrenelModel

/// Datagrams whose fragments are being collected, the oldest given up first.
///
/// Bounded by ``FragmentLimits``; beside the payloads it keeps up to 8 KiB a datagram. Time is that
/// of the packets only.
struct FragmentTable: ~Copyable {
  private let limits: FragmentLimits
  private var datagrams: [Datagram] = []
  private var places: [FragmentKey: Int] = [:]
  /// Places in `datagrams` that are free.
  private var free: [Int] = []
  private var oldest = -1
  private var newest = -1
  /// Bytes of the payload buffers, free ones included.
  private(set) var bytesHeld = 0

  /// Creates an empty table.
  init(limits: FragmentLimits) { self.limits = limits }

  /// Datagrams that are being collected.
  var count: Int { places.count }

  /// Adds a fragment; the place of the datagram that it completes, for ``take(_:into:)``.
  mutating func add(
    _ fragment: Fragment, _ bytes: Span<UInt8>, _ mark: PacketMark,
    _ anomalies: inout AnomalyCounters
  ) -> Int? {
    expire(mark.at, &anomalies)
    let end = fragment.offset &+ fragment.bytes.count
    guard fragment.bytes.count > 0, end <= 65_535 else {
      anomalies.record(.badHeader, frame: mark.frame)
      return nil
    }
    let place = place(for: fragment.key, mark, &anomalies)
    guard !datagrams[place].isVoid else { return nil }
    datagrams[place].fragments &+= 1
    guard datagrams[place].fragments <= limits.fragments else {
      anomalies.record(.fragmentLost, frame: mark.frame)
      datagrams[place].isVoid = true
      return nil
    }
    guard makeRoom(place, end, &anomalies) else { return nil }
    if let anomaly = datagrams[place].place(fragment, bytes) {
      anomalies.record(anomaly, frame: mark.frame)
    }
    return datagrams[place].isComplete && !datagrams[place].isVoid ? place : nil
  }

  /// Hands out the payload of a complete datagram and forgets it; what the payload is.
  mutating func take(_ place: Int, into payload: inout [UInt8]) -> UInt8 {
    payload.removeAll(keepingCapacity: true)
    payload.append(contentsOf: datagrams[place].buffer[datagrams[place].payload])
    let next = datagrams[place].next
    remove(place)
    return next
  }

  /// Counts what never became complete, at the end of the input.
  mutating func finish(_ anomalies: inout AnomalyCounters) {
    while oldest >= 0 { giveUp(oldest, &anomalies) }
  }

  // MARK: - Age

  private func isExpired(_ place: Int, _ now: Timestamp) -> Bool {
    now.since(datagrams[place].startedAt) > limits.timeout
  }

  /// Gives up the datagrams whose time is over.
  private mutating func expire(_ now: Timestamp, _ anomalies: inout AnomalyCounters) {
    while oldest >= 0, isExpired(oldest, now) { giveUp(oldest, &anomalies) }
  }

  private mutating func giveUp(_ place: Int, _ anomalies: inout AnomalyCounters) {
    if !datagrams[place].isVoid {
      anomalies.record(.fragmentLost, frame: datagrams[place].firstFrame)
    }
    remove(place)
  }

  // MARK: - Places

  /// The place of a datagram, a new one where it is not known yet.
  private mutating func place(
    for key: FragmentKey, _ mark: PacketMark, _ anomalies: inout AnomalyCounters
  ) -> Int {
    if let place = places[key] {
      // Where packets are out of order in time, the oldest may hide one that is over.
      guard isExpired(place, mark.at) else { return place }
      giveUp(place, &anomalies)
    } else if places.count >= max(1, limits.datagrams) {
      giveUp(oldest, &anomalies)
    }
    let place: Int
    if let last = free.popLast() {
      place = last
      datagrams[place].restart(key, mark)
    } else {
      place = datagrams.count
      datagrams.append(Datagram(key, mark))
    }
    places[key] = place
    datagrams[place].older = newest
    datagrams[place].newer = -1
    if newest >= 0 { datagrams[newest].newer = place } else { oldest = place }
    newest = place
    return place
  }

  private mutating func remove(_ place: Int) {
    let (older, newer) = (datagrams[place].older, datagrams[place].newer)
    if older >= 0 { datagrams[older].newer = newer } else { oldest = newer }
    if newer >= 0 { datagrams[newer].older = older } else { newest = older }
    places[datagrams[place].key] = nil
    free.append(place)
  }

  // MARK: - Memory

  /// Makes room for `count` bytes at `place`; where that takes the datagram itself, `false`.
  private mutating func makeRoom(
    _ place: Int, _ count: Int, _ anomalies: inout AnomalyCounters
  ) -> Bool {
    let size = datagrams[place].buffer.count
    guard count > size else { return true }
    // In steps, so that a datagram of many fragments grows few times.
    let wanted = min(max(count, size &* 2, 2_048), 65_536)
    if bytesHeld &+ wanted &- size > limits.bytes {
      for spare in free { release(spare) }
    }
    while bytesHeld &+ wanted &- size > limits.bytes {
      let victim = oldest
      giveUp(victim, &anomalies)
      release(victim)
      guard victim != place else { return false }
    }
    datagrams[place].grow(to: wanted)
    bytesHeld &+= wanted &- size
    return true
  }

  private mutating func release(_ place: Int) {
    bytesHeld &-= datagrams[place].buffer.count
    datagrams[place].release()
  }
}
