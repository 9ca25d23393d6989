/// What a user agent says of itself.
struct AgentClass: OptionSet, BitwiseCopyable {
  let rawValue: UInt8

  /// It names itself a crawler or gives a page about itself.
  static let declared = AgentClass(rawValue: 1)
  /// It is a browser driven by a program.
  static let headless = AgentClass(rawValue: 2)
  /// It is an HTTP library or a command-line tool.
  static let library = AgentClass(rawValue: 4)

  /// Bytes of an agent that are looked at.
  static let reach = 1_024

  init(rawValue: UInt8) { self.rawValue = rawValue }

  /// Reads the class of an agent, regardless of case.
  init(_ agent: Span<UInt8>) {
    var found = AgentClass()
    let end = min(agent.count, Self.reach)
    for i in 0..<end {
      let first = lowered(agent[i])
      guard first >= 0x61, first <= 0x7a || first == 0x2b else {
        if first == 0x2b { found.formUnion(AgentWord.match(agent, at: i, first: first)) }
        continue
      }
      found.formUnion(AgentWord.match(agent, at: i, first: first))
    }
    self = found
  }
}

/// A word in an agent and what it says.
private struct AgentWord {
  let text: [UInt8]
  let says: AgentClass
  /// Whether it counts only where no letter stands before it.
  let isWhole: Bool

  init(_ text: String, _ says: AgentClass, isWhole: Bool = false) {
    self.text = Array(text.utf8)
    self.says = says
    self.isWhole = isWhole
  }

  /// `bot/` is preceded by `cu` in the name of a telephone.
  static let telephone: [UInt8] = Array("cu".utf8)

  static let all: [AgentWord] =
    ["+http", "bot/", "crawler", "spider"].map { AgentWord($0, .declared) }
    + [
      "headlesschrome", "phantomjs", "slimerjs", "playwright", "puppeteer", "selenium", "htmlunit",
      "jsdom",
    ].map { AgentWord($0, .headless) }
    + [
      "python-requests", "python-urllib", "python-httpx", "aiohttp", "curl/", "wget/",
      "libwww-perl",
      "lwp::", "go-http-client", "okhttp", "node-fetch", "undici", "axios/", "apache-httpclient",
      "jakarta commons", "scrapy", "mechanize", "faraday", "guzzlehttp", "reqwest",
      "postmanruntime",
      "restsharp", "superagent", "httpie", "insomnia", "grpc-",
    ].map { AgentWord($0, .library) }
    + ["python/", "java/", "ruby", "php/", "dart/", "got (", "httpx/", "node.js", "rest-client"].map
  {
    AgentWord($0, .library, isWhole: true)
  }

  /// The words that begin with each byte from `+` to `z`.
  static let byFirst: [[AgentWord]] = (0x2b...0x7a).map { first in
    all.filter { $0.text.first == UInt8(first) }
  }

  static func match(_ agent: Span<UInt8>, at start: Int, first: UInt8) -> AgentClass {
    var found = AgentClass()
    for word in byFirst[Int(first) - 0x2b] where word.lies(at: start, in: agent) {
      found.formUnion(word.says)
    }
    return found
  }

  private func lies(at start: Int, in agent: Span<UInt8>) -> Bool {
    guard start + text.count <= agent.count else { return false }
    for i in text.indices where lowered(agent[start + i]) != text[i] { return false }
    if isWhole, start > 0, (0x61...0x7a).contains(lowered(agent[start - 1])) { return false }
    guard text.first == 0x62, start >= 2 else { return true }
    return lowered(agent[start - 2]) != Self.telephone[0]
      || lowered(agent[start - 1]) != Self.telephone[1]
  }
}

/// An ASCII letter in lower case; other bytes as they are.
private func lowered(_ byte: UInt8) -> UInt8 {
  byte >= 0x41 && byte <= 0x5a ? byte | 0x20 : byte
}

/// The classes of agents seen lately, by hash: 512 places, the newcomer takes the place.
struct AgentCache: ~Copyable {
  private var keys = [UInt64](repeating: 0, count: 512)
  private var classes = [UInt8](repeating: 0, count: 512)

  /// The class of the agent with the hash `key` (not 0), read from its bytes unless remembered.
  mutating func classify(_ key: UInt64, _ agent: Span<UInt8>) -> AgentClass {
    let place = Int(truncatingIfNeeded: key ^ (key >> 32)) & 511
    if keys[place] != key {
      keys[place] = key
      classes[place] = AgentClass(agent).rawValue
    }
    return AgentClass(rawValue: classes[place])
  }
}
