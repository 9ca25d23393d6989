import CrenelModel
import CrenelTestKit
import Testing

private let second = Nanoseconds.second
private let window = 30 * Nanoseconds.second

/// A request as it really was.
private struct Request {
  var path: String
  var client: Int
  var start: Int64
  var end: Int64
}

/// A log: how it stamps, and from when on its lines are there.
private struct Log {
  var source: UInt32
  var stampsEnd: Bool
  /// Width of a stamp in nanoseconds.
  var width: Int64
  var hasElapsed: Bool

  /// The most that a request takes, for logs that do not say.
  static let bound = 4 * second

  init(_ source: UInt32, _ random: inout Seeded, isExact: Bool = false) {
    self.source = source
    stampsEnd = random.next() % 2 == 0
    width = isExact ? 1 : [1, Nanoseconds.millisecond, second, second][Int(random.next() % 4)]
    hasElapsed = isExact || random.next() % 2 == 0
  }

  /// The line of a request.
  func line(_ request: Request, unparsed: UInt32) -> Sample {
    let stamp = (stampsEnd ? request.end : request.start) / width * width
    let elapsed = request.end - request.start
    let shortest = hasElapsed ? max(0, elapsed - width) : 0
    let longest = hasElapsed ? elapsed + width : Self.bound
    func bounds(_ first: Int64, _ last: Int64) -> TimeBounds {
      TimeBounds(
        earliest: Timestamp(nanoseconds: first), latest: Timestamp(nanoseconds: last))
    }
    var sample = Sample.get(request.path)
    sample.client = "192.0.2.\(request.client)"
    sample.session = UInt64(request.client)
    sample.source = source
    sample.at = stamp
    sample.unparsedBefore = unparsed
    let last = stamp + width - 1
    sample.start = stampsEnd ? bounds(stamp - longest, last - shortest) : bounds(stamp, last)
    sample.end = stampsEnd ? bounds(stamp, last) : bounds(stamp + shortest, last + longest)
    return sample
  }
}

/// Random requests of three clients, in the order in which they began.
private func requests(_ random: inout Seeded, _ count: Int = 160) -> [Request] {
  var now: Int64 = 1_700_000_000 * second
  return (0..<count).map { _ in
    now += Int64(random.next() % 12_000) * Nanoseconds.millisecond
    let path = ["/page", "/post", "/post", "/other"][Int(random.next() % 4)]
    let elapsed = Int64(random.next() % 3_000) * Nanoseconds.millisecond
    return Request(
      path: path, client: Int(random.next() % 3), start: now, end: now + elapsed)
  }
}

@Suite("Absence, against what really happened and against looking at everything again")
struct AbsencePropertyTests {
  /// Whether a page of the client was complete at most 30 s before a post began.
  private func hadPage(_ post: Request, _ all: some Sequence<Request>) -> Bool {
    all.contains {
      $0.path == "/page" && $0.client == post.client && $0.end <= post.start
        && $0.end >= post.start - window
    }
  }

  @Test(
    "what fires is true, whatever the logs stamp and lack", arguments: 0..<60 as Range<UInt64>)
  func sound(seed: UInt64) throws {
    var random = Seeded(seed)
    let all = requests(&random)
    let logs = (0..<(1 + UInt32(random.next() % 3))).map { Log($0, &random) }
    var lines: [(sample: Sample, request: Request, order: Int)] = []
    let owners = all.map { _ in UInt32(random.next() % UInt64(logs.count)) }
    for log in logs {
      // A line is written when the answer is complete; the first ones are of another file.
      let own = zip(all, owners).filter { $0.1 == log.source }.map(\.0)
        .sorted { $0.end < $1.end }
      var unparsed: UInt32 = 0
      for request in own.dropFirst(Int(random.next() % 20)) {
        if random.next() % 25 == 0 {
          unparsed += 1
        } else {
          lines.append((log.line(request, unparsed: unparsed), request, lines.count))
        }
      }
    }
    lines.sort { ($0.sample.at, $0.order) < ($1.sample.at, $1.order) }
    // A post may come late, with a place on the clock that is not its own.
    for place in lines.indices where random.next() % 30 == 0 && lines[place].request.path == "/post"
    {
      let other = min(lines.count - 1, place + Int(random.next() % 10))
      lines.insert(lines.remove(at: place), at: other)
      lines[other].sample.at = lines[max(0, other - 1)].sample.at
      lines[other].sample.flags = .late
    }
    let judged = try judge(absenceRules(), lines.map(\.sample))
    let count = judged.fired.count { $0.contains("bare") }
    #expect(count > 0 || logs.count > 1, "seed \(seed): the streams are worth their while")
    for (place, line) in lines.enumerated() where judged.fired[place].contains("bare") {
      // Another log that was silent all the time is taken to have nothing to tell.
      let own = zip(all, owners).filter { $0.1 == line.sample.source }.map(\.0)
      let isFalse = hadPage(line.request, own + lines[..<place].map(\.request))
      #expect(!isFalse, "seed \(seed), post at \(line.request.start)")
    }
  }

  @Test(
    "with exact times in one log it fires whenever it is true and the log covers the window",
    arguments: 0..<30 as Range<UInt64>)
  func complete(seed: UInt64) throws {
    var random = Seeded(seed &+ 900)
    let all = requests(&random).sorted { $0.end < $1.end }
    let log = Log(0, &random, isExact: true)
    let lines = all.enumerated()
      .map { (sample: log.line($0.element, unparsed: 0), request: $0.element, order: $0.offset) }
      .sorted { ($0.sample.at, $0.order) < ($1.sample.at, $1.order) }
    let judged = try judge(absenceRules(), lines.map(\.sample))
    var count = 0
    for (place, line) in lines.enumerated() where line.request.path == "/post" {
      let before = lines[..<place]
      let isShown = before.contains { $0.request.path == "/page" }
      let isCovered = line.request.start - window > lines[0].request.end + 2
      // A page that is in the log before the post, and was asked for before it, may be shown at any
      // time of both.
      let overlaps = before.contains {
        $0.request.path == "/page" && $0.request.client == line.request.client
          && $0.request.end >= line.request.start - window - 2
      }
      let expected = isShown && isCovered && !overlaps
      if expected { count += 1 }
      #expect(
        judged.fired[place].contains("bare") == expected, "seed \(seed), line \(place + 1)")
    }
    #expect(count > 3, "seed \(seed): the stream is worth its while")
  }

  @Test(
    "agrees with looking at all requests again, with ties, gaps, late lines and two sources",
    arguments: 0..<60 as Range<UInt64>)
  func again(seed: UInt64) throws {
    var random = Seeded(seed &+ 5_000)
    let samples = stream(&random)
    let judged = try judge(absenceRules(groupBy: "[session]"), samples)
    for index in samples.indices {
      let isPost = samples[index].texts[.path] == "/post"
      let expected = isPost && isAbsent(samples, index)
      #expect(judged.fired[index].contains("bare") == expected, "seed \(seed) at \(index)")
    }
  }

  private func stream(_ random: inout Seeded) -> [Sample] {
    var now: Int64 = 1_700_000_000 * second
    var unparsed: [UInt32] = [0, 0]
    let other = random.next() % 3
    return (0..<140).map { _ in
      now += Int64(random.next() % 12) * second
      let source = other > 0 && random.next() % 4 == 0 ? 1 : 0
      if random.next() % 40 == 0 { unparsed[source] += 1 }
      let request = Request(
        path: ["/page", "/post", "/post", "/other"][Int(random.next() % 4)],
        client: Int(random.next() % 4), start: now,
        end: now + Int64(random.next() % 2) * second)
      var log = Log(UInt32(source), &random, isExact: random.next() % 2 == 0)
      log.stampsEnd = false
      var sample = log.line(request, unparsed: unparsed[source])
      sample.at = now
      sample.session = random.next() % 5
      if random.next() % 50 == 0 {
        sample.flags = .late
        sample.start = sample.start.map {
          TimeBounds(
            earliest: $0.earliest.adding(-60 * second), latest: $0.latest.adding(-60 * second))
        }
      }
      return sample
    }
  }

  /// The definition, by looking at everything before.
  private func isAbsent(_ samples: [Sample], _ index: Int) -> Bool {
    let post = samples[index]
    func end(_ sample: Sample) -> Int64 { max(sample.at, sample.end?.latest.nanoseconds ?? 0) }
    guard let start = post.start, !post.flags.contains(.late) else { return false }
    let from = start.earliest.nanoseconds - window
    let before = samples[..<index]
    // With a session that is none (0) a request is nobody's; a post then is not judged.
    guard post.session != 0 else { return false }
    let pages = before.filter { $0.texts[.path] == "/page" }
    guard !pages.isEmpty else { return false }
    for page in pages where end(page) >= from {
      if page.session == 0 || page.session == post.session || page.client == post.client {
        return false
      }
    }
    for place in 0...index {
      let sample = samples[place]
      let earlier = samples[..<place].last { $0.source == sample.source }
      let lacks = earlier.map { $0.unparsedBefore < sample.unparsedBefore } ?? true
      if lacks || sample.flags.contains(.late), end(sample) >= from { return false }
    }
    let others = before.filter { $0.source != post.source }
    return others.allSatisfy { $0.at < from }
  }
}
