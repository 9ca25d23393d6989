import CrenelModel
import CrenelTestKit
import Testing

@testable import CrenelRules

/// A post of which no page must have come before within 30 s.
func absenceRules(
  groupBy: String = "[client]", page: String = "{url.path|startswith: /page}",
  timespan: String = "30s"
) -> String {
  """
  title: Page
  id: page
  name: page
  logsource: {product: crenel, service: booking}
  detection:
    hit: \(page)
    condition: hit
  ---
  title: Post
  id: post
  name: post
  logsource: {product: crenel, service: booking}
  detection:
    hit: {url.path|contains: post}
    condition: hit
  ---
  title: Post without page
  id: bare
  correlation:
    type: event_count
    rules: [page]
    group-by: \(groupBy)
    timespan: \(timespan)
    condition: {eq: 0}
  crenel:
    absent_before: [post]
  """
}

private let second = Nanoseconds.second
private let origin: Int64 = 1_700_000_000 * Nanoseconds.second

/// A request of a client at a second, exact or with a stamp that wide.
private func request(
  _ path: String, _ at: Double, client: Int = 1, width: Double = 0, source: UInt32 = 0
) -> Sample {
  var sample = Sample.get(path)
  sample.at = origin + Int64(at * 1e9)
  sample.client = "192.0.2.\(client)"
  sample.session = UInt64(client)
  sample.source = source
  let bounds = TimeBounds(
    earliest: Timestamp(nanoseconds: sample.at),
    latest: Timestamp(nanoseconds: sample.at + Int64(width * 1e9)))
  sample.start = bounds
  sample.end = bounds
  return sample
}

private func fires(_ text: String, _ samples: [Sample]) throws -> [Bool] {
  try judge(text, samples).fired.map { $0.contains("bare") }
}

/// Somebody's page at the beginning, which shows that the log has pages.
private let opening = [request("/page", 0, client: 9)]

@Suite("Absence over a window")
struct AbsenceTests {
  @Test(
    "fires when no page came at most 30 s before the post, both ends included",
    arguments: [
      ([request("/post", 100)], true),
      ([request("/page", 69.9), request("/post", 100)], true),
      ([request("/page", 70), request("/post", 100)], false),
      ([request("/page", 100), request("/post", 100)], false),
      ([request("/post", 100), request("/page", 100)], true),
      ([request("/page", 90, client: 2), request("/post", 100)], true),
      ([request("/page/post", 100)], true),
      ([request("/page/post", 90), request("/page/post", 100)], false),
      ([request("/other", 90), request("/post", 100)], true),
    ] as [([Sample], Bool)])
  func window(samples: [Sample], isBare: Bool) throws {
    let fired = try fires(absenceRules(), opening + samples)
    let post = samples.lastIndex { $0.texts[.path]?.contains("post") == true } ?? 0
    #expect(fired[post + 1] == isBare)
  }

  @Test(
    "is not told before the input covers the window, nor before it showed a page of anybody",
    arguments: [
      ([request("/post", 0)], false),
      ([request("/page", 0, client: 9), request("/post", 30)], false),
      ([request("/page", 0, client: 9), request("/post", 30.1)], true),
      ([request("/other", 0), request("/post", 100)], false),
      // A second source that begins, as a rotated log or another server does.
      (opening + [request("/other", 80, source: 1), request("/post", 100)], false),
      (opening + [request("/other", 60, source: 1), request("/post", 100, source: 1)], true),
    ] as [([Sample], Bool)])
  func coverage(samples: [Sample], isBare: Bool) throws {
    let judged = try judge(absenceRules(), samples)
    #expect(judged.fired.last?.contains("bare") == isBare)
    #expect(judged.counters.openAbsences == (isBare ? 0 : 1))
    let trace = try #require(judged.traces.last?.last)
    #expect(trace.condition == "no page in the 30 s before post")
    #expect(trace.fired == isBare && trace.conditions[0].isUndecided == !isBare)
  }

  @Test(
    "is not told after lines that were not understood, exchanges without a target, or late ones",
    arguments: [(0, 75.0, false), (0, 60, true), (1, 75, false), (1, 60, true), (2, 75, false)]
      as [(Int, Double, Bool)])
  func gaps(kind: Int, at: Double, isBare: Bool) throws {
    var odd = request("/other", at)
    if kind == 0 { odd.unparsedBefore = 1 }
    if kind == 1 { odd.flags = .unknownTarget }
    if kind == 2 { odd.flags = .late }
    var post = request("/post", 100)
    post.unparsedBefore = odd.unparsedBefore
    #expect(try fires(absenceRules(), opening + [odd, post]).last == isBare)
  }

  @Test("a post that came late is not judged")
  func latePost() throws {
    var post = request("/post", 100)
    post.flags = .late
    #expect(try fires(absenceRules(), opening + [post]).last == false)
  }

  @Test(
    "must be true for every time that the stamps permit",
    arguments: [(68.0, 1.0, true), (69, 1, false), (69.5, 1, false), (40, 31, false)]
      as [(Double, Double, Bool)])
  func stamps(page: Double, width: Double, isBare: Bool) throws {
    let samples = [request("/page", page, width: width), request("/post", 100, width: 1)]
    #expect(try fires(absenceRules(), opening + samples).last == isBare)
  }

  @Test(
    "is not told where another log tells of the same time", arguments: [(90.0, false), (60, true)])
  func sources(at: Double, isBare: Bool) throws {
    let other = [
      request("/other", 50, source: 1), request("/other", at, source: 1), request("/x", at + 5),
    ]
    #expect(try fires(absenceRules(), opening + other + [request("/post", 100)]).last == isBare)
  }

  @Test("a page whose rule could not be decided leaves the absence undecided")
  func undecided() throws {
    let text = absenceRules(page: "{url.path|startswith: /page, url.query|re: '^(a+)+$'}")
    let padding = String(repeating: "a", count: 40) + "b"
    let judged = try judge(
      text,
      [
        request("/page?aa", 0, client: 9), request("/page?\(padding)", 90),
        request("/post", 100), request("/post", 130),
      ])
    #expect(judged.fired.map { $0.contains("bare") } == [false, false, false, true])
    #expect(judged.undecided.map(\.rule) == [0, 2])
    #expect(judged.undecided.map(\.requests) == [1, 1])
  }

  @Test("by session, a page of the session's address counts too: cookies are renewed")
  func session() throws {
    let text = absenceRules(groupBy: "[session]")
    var page = request("/page", 90)
    page.session = 77
    #expect(try fires(text, opening + [page, request("/post", 100)]).last == false)
    page.client = "192.0.2.50"
    #expect(try fires(text, opening + [page, request("/post", 100)]).last == true)
    page.session = 1
    #expect(try fires(text, opening + [page, request("/post", 100)]).last == false)
  }

  @Test("a page of which nobody knows whose it is may be anybody's")
  func nobody() throws {
    let text = absenceRules(groupBy: "[user.name]")
    var post = request("/post", 100)
    post.texts[.user] = "u"
    var page = request("/page", 80)
    #expect(try fires(text, opening + [page, post]).last == false)
    page.texts[.user] = "v"
    #expect(try fires(text, opening + [page, post]).last == true)
  }

  @Test("a group given up for want of room is one whose absence is not told")
  func evicted() {
    var windows = AbsenceWindows(timespans: [30], groupLimit: 2)
    var evicted: UInt64 = 0
    func key(_ number: UInt64) -> WindowKey { WindowKey(high: number, low: 0) }
    for (number, at) in [(1, 100), (2, 110), (1, 120)] as [(UInt64, Int64)] {
      windows.note(key(number), latest: at, isDecided: true, of: 0, evicted: &evicted)
    }
    #expect(evicted == 0 && windows.answer(key(3), since: 105, of: 0) == .absent)
    windows.note(key(3), latest: 125, isDecided: true, of: 0, evicted: &evicted)
    #expect(evicted == 1, "the group longest without a request goes")
    #expect(windows.answer(key(1), since: 111, of: 0) == .present)
    #expect(windows.answer(key(2), since: 110, of: 0) == .open)
    #expect(windows.answer(key(2), since: 111, of: 0) == .absent)
    windows.note(key(4), latest: 200, isDecided: true, of: 0, evicted: &evicted)
    #expect(evicted == 1, "its window was over")
  }

  @Test("state is bounded however many groups there are")
  func bounded() {
    var windows = AbsenceWindows(timespans: [30], groupLimit: 8)
    var evicted: UInt64 = 0
    for number in 0..<1_000 as Range<UInt64> {
      windows.note(
        WindowKey(high: number, low: 0), latest: Int64(number), isDecided: true, of: 0,
        evicted: &evicted)
      #expect(windows.answer(WindowKey(high: number, low: 0), since: 0, of: 0) == .present)
    }
    #expect(windows.count == 8 && evicted > 900)
  }

  @Test(
    "mistakes are told",
    arguments: [
      (absenceRules().replacing("{eq: 0}", with: "{lt: 1}"), ["bad-value"]),
      (absenceRules().replacing("{eq: 0}", with: "{eq: 1}"), ["bad-value"]),
      (absenceRules().replacing("rules: [page]", with: "rules: [pag]"), ["unknown-rule"]),
      (absenceRules().replacing("[post]", with: "[psot]"), ["unknown-rule"]),
      (absenceRules(page: "{client.polls|gte: 3}"), ["bad-value"]),
      (
        absenceRules().replacing("type: event_count", with: "type: value_count")
          .replacing("{eq: 0}", with: "{eq: 0, field: url.path}"), ["bad-value"]
      ),
      (
        absenceRules().replacing("rules: [page]", with: "rules: [bare]"),
        ["circular-correlation", "bad-value"]
      ),
      (rule("url.path: /") + "\ncrenel: {absent_before: [test]}", ["misplaced-key"]),
    ] as [(String, [String])])
  func mistakes(text: String, codes: [String]) {
    #expect(refusal(text) == codes)
  }

  @Test("a filter of what may be absent is told: what it drops counts as absent")
  func filtered() throws {
    let filter = """

      ---
      title: Office
      logsource: {product: crenel}
      filter:
        rules: any
        office: {user_agent.original: Office}
        condition: not office
      """
    #expect(try warnings(absenceRules() + filter).map(\.code) == ["filter-on-absent"])
    let counts = filter.replacing("{user_agent.original: Office}", with: "{client.polls|gte: 3}")
    #expect(refusal(absenceRules() + counts) == ["bad-value"])
  }

  @Test(
    "a count that nothing can come to is told",
    arguments: [
      ("event_count", "{lt: 1}", true), ("event_count", "{lte: 1}", false),
      ("event_count", "{gt: 3, lt: 4}", true), ("event_count", "{gt: 3, lt: 5}", false),
      ("event_count", "{neq: 1}", false), ("event_count", "{gte: 10000}", false),
      ("temporal", "{gt: 2}", true), ("temporal_ordered", "{gte: 2}", false),
    ] as [(String, String, Bool)])
  func counts(type: String, condition: String, isNeverTrue: Bool) throws {
    let text = absenceRules().replacing("event_count", with: type)
      .replacing("{eq: 0}", with: condition)
      .replacing("rules: [page]", with: "rules: [page, post]")
      .replacing("crenel:\n  absent_before: [post]", with: "")
    #expect(try warnings(text).map(\.code) == (isNeverTrue ? ["never-true"] : []))
  }

  @Test("a count of none is never true without crenel.absent_before, and said so")
  func neverTrue() throws {
    let text = absenceRules().replacing("crenel:\n  absent_before: [post]", with: "")
    #expect(try warnings(text).map(\.code) == ["never-true"])
    #expect(try fires(text, opening + [request("/post", 100)]).last == false)
  }
}
