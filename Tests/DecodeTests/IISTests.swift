import CrenelDecode
import CrenelModel
import Testing

@Suite("IIS")
struct IISTests {
  private static let fields =
    "#Fields: date time cs-method cs-uri-stem cs-uri-query cs-username c-ip cs(User-Agent) "
    + "cs(Cookie) cs(Referer) cs(Accept-Language) sc-status X-Forwarded-For\n"

  private static func line(
    query: String = "-", user: String = "-", client: String = "10.0.0.1", cookie: String = "-",
    chain: String = "-"
  ) -> String {
    "2026-03-01 08:00:00 GET /a+b \(query) \(user) \(client) Mozilla/5.0+(X11;+Linux) \(cookie) "
      + "https://h.example/a+b?q=c+d fr,+en;q=0.8 200 \(chain)"
  }

  private static func read(_ line: String) throws -> Decoded {
    var configuration = DecoderConfiguration()
    configuration.client = .forwarded
    configuration.trustedProxies = [Network("10.0.0.0/8")].compactMap { $0 }
    let log = try Decoded(fields + line, "iis", configuration)
    try #require(log.counters.exchanges == 1, "\(log.counters.unparsed.entries)")
    return log
  }

  @Test(
    "a chain of proxies is walked although its spaces are written as a plus",
    arguments: [
      ("203.0.113.5,+10.0.0.8", "203.0.113.5", 0), ("203.0.113.5,10.0.0.8", "203.0.113.5", 0),
      ("6.6.6.6,+203.0.113.5", "203.0.113.5", 0), ("203.0.113.5", "203.0.113.5", 0),
      ("203.0.113.5:33453,+10.0.0.8:49770", "203.0.113.5", 33453),
      ("[2001:db8::5]:4711,++10.0.0.8", "2001:db8::5", 4711), ("-", "10.0.0.1", 0),
    ] as [(String, String, UInt16)])
  func chain(written: String, client: String, port: UInt16) throws {
    let log = try Self.read(Self.line(chain: written))
    #expect(log[0].client.description == client && log[0].port == port)
    #expect(log[0].peer.description == "10.0.0.1" && !log[0].flags.contains(.forwardingUnclear))
    if written != "-" {
      #expect(log.text(.forwardedFor) == written.replacing("+", with: " "))
    }
  }

  @Test("an address that a module took from the chain is read likewise")
  func clientList() throws {
    let log = try Self.read(Self.line(client: "203.0.113.5,+10.0.0.8"))
    #expect(log[0].client.description == "203.0.113.5")
  }

  @Test("cookies are parted, and a plus within one is kept")
  func cookies() throws {
    let log = try Self.read(Self.line(cookie: "a=1+2=;+SESSION=x+y/z==;+b=3;c=;+"))
    #expect(log.text(.cookies) == "a=1+2=; SESSION=x+y/z==; b=3;c=; ")
  }

  @Test("a plus stays one where spaces are rare: in paths, queries, referrers and users' names")
  func kept() throws {
    let log = try Self.read(Self.line(query: "mail=a+b", user: "me+x@example.org"))
    #expect(log.text(.path) == "/a+b" && log.text(.query) == "mail=a+b")
    #expect(log.text(.target) == "/a+b" && log.text(.user) == "me+x@example.org")
    #expect(log.text(.referrer) == "https://h.example/a+b?q=c+d")
    #expect(log.text(.userAgent) == "Mozilla/5.0 (X11; Linux)")
    #expect(log.text(.acceptLanguage) == "fr, en;q=0.8")
  }
}
