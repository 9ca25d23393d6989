import CrenelBooking
import CrenelModel
import CrenelTestKit
import Foundation
import Testing

/// One exchange, made by hand.
struct Request {
  var method = "GET"
  var path = "/"
  var query: String?
  var status: UInt16 = 200
  var location: String?
  var agent: String? = "Mozilla/5.0"
  var client = "192.0.2.7"
  var at: Int64 = 1_000
  var extras: [(Int, String)] = []

  func append(to batch: inout ExchangeBatch) {
    var exchange = Exchange(
      at: Timestamp(nanoseconds: at * Nanoseconds.second),
      provenance: Provenance(source: 0, offset: UInt64(batch.exchanges.count), length: 1, line: 1))
    func put(_ text: String?) -> ByteRange {
      guard let text else { return .absent }
      let start = batch.bytes.count
      batch.bytes += Array(text.utf8)
      return ByteRange(start..<batch.bytes.count)
    }
    exchange[.method] = put(method)
    exchange[.path] = put(path)
    exchange[.query] = put(query)
    exchange[.location] = put(location)
    exchange[.userAgent] = put(agent)
    exchange.status = status
    exchange.client = ClientAddress(parsing: Array(client.utf8).span) ?? .none
    for (slot, text) in extras { exchange.extras[slot] = put(text) }
    batch.exchanges.append(exchange)
  }
}

/// The steps of requests under a profile.
func steps(
  _ requests: [Request], _ profile: SiteProfile, names: FieldNames? = nil, key: [UInt8]? = nil
) throws -> (steps: [Step], batch: ExchangeBatch) {
  var batch = ExchangeBatch()
  for request in requests { request.append(to: &batch) }
  var stage = try BookingStage(
    profile: profile, names: names ?? profile.requestedNames, siteKey: key,
    disposable: DisposableDomains("yopmail.com\n# comment\n"))
  return (batch.exchanges.indices.map { stage.classify(batch, $0) }, batch)
}

func shipped(_ name: String) throws -> SiteProfile {
  let path = SharedData.package + "rules/sites/\(name).yml"
  let text = String(decoding: try SharedData.bytes(path), as: UTF8.self)
  return try SiteProfileParser.parse(text, file: path)
}

@Suite("Shipped profiles")
struct ShippedProfileTests {
  typealias Route = (
    site: String, method: String, path: String, query: String?, location: String?, step: StepKind,
    outcome: StepOutcome, service: String?, slot: String?
  )

  static let routes: [Route] = [
    ("ezbooking", "GET", "/booking/create/14500", nil, nil, .landing, .unknown, "14500", nil),
    (
      "ezbooking", "GET", "/index.php/booking/create/14500/0", nil, nil, .landing, .unknown,
      "14500", nil
    ),
    (
      "ezbooking", "POST", "/booking/create/14500/1", nil, "/booking/create/14500/2", .list, .none,
      "14500", nil
    ),
    (
      "ezbooking", "POST", "/booking/create/14500/1", nil, "https://h/booking/create/14500/3",
      .list, .available, "14500", nil
    ),
    ("ezbooking", "GET", "/booking/create/14500/1", nil, nil, .list, .unknown, "14500", nil),
    ("ezbooking", "GET", "/booking/create/14500/3", nil, nil, .select, .unknown, "14500", nil),
    (
      "ezbooking", "GET", "/ezjscore/call/bookingserver::planning::assign::1::2::-1", nil, nil,
      .list, .unknown, nil, nil
    ),
    ("ezbooking", "GET", "/booking/create/14500/4", nil, nil, .select, .unknown, "14500", nil),
    ("ezbooking", "POST", "/booking/create/14500/4", nil, nil, .hold, .success, "14500", nil),
    (
      "ezbooking", "GET", "/booking/create/14500/5/1614585600", nil, nil, .hold, .success, "14500",
      "1614585600"
    ),
    ("ezbooking", "POST", "/booking/create/14500/6", nil, nil, .captcha, .success, "14500", nil),
    ("ezbooking", "POST", "/booking/create/14500/8", nil, nil, .identity, .success, "14500", nil),
    ("ezbooking", "GET", "/booking/create/14500/9", nil, nil, .confirm, .success, "14500", nil),
    ("ezbooking", "GET", "/booking/confirm/abc", nil, nil, .confirmMail, .success, nil, nil),
    (
      "ezbooking", "POST", "/ezjscore/call/bookingserver::verify", nil, nil, .oracle, .success, nil,
      nil
    ),
    ("ezbooking", "GET", "/design/site.css", nil, nil, .asset, .unknown, nil, nil),
    ("ezbooking", "GET", "/actualites", nil, nil, .other, .unknown, nil, nil),
    (
      "rdvpref", "GET", "/rdvpref/reservation/demarche/1234/creneau/", nil, nil, .list, .unknown,
      "1234", nil
    ),
    (
      "rdvpref", "POST", "/rdvpref/reservation/demarche/1234/_validerCaptcha", nil, nil, .captcha,
      .success, "1234", nil
    ),
    (
      "rdvpref", "GET", "/rdvpref/reservation/demarche/1234/cgu/", nil, nil, .captcha, .unknown,
      "1234", nil
    ),
    (
      "rdvpref", "GET", "/rdvpref/reservation/demarche/1234/", nil, nil, .landing, .unknown, "1234",
      nil
    ),
    (
      "rdv-service-public", "GET", "/prendre_rdv", "motif_id=7&lieu_id=3", nil, .list, .unknown,
      "7", nil
    ),
    (
      "rdv-service-public", "GET", "/prendre_rdv", "departement=75", nil, .landing, .unknown, nil,
      nil
    ),
    (
      "rdv-service-public", "GET", "/users/rdv_wizard_step/new", "starts_at=2026-03-01", nil,
      .select, .unknown, nil, "2026-03-01"
    ),
    (
      "rdv-service-public", "POST", "/users/rdvs", nil, "/users/rdvs/99", .confirm, .success, nil,
      nil
    ),
    (
      "rdv-service-public", "POST", "/users/rdvs", nil, "/prendre_rdv", .confirm, .failure, nil, nil
    ),
    ("rdv-service-public", "PUT", "/users/rdvs/9/cancel", nil, nil, .cancel, .success, nil, nil),
    (
      "rdv-service-public", "POST", "/users/user_name_initials_verification", nil, nil, .oracle,
      .success, nil, nil
    ),
    ("rdv-service-public", "GET", "/admin/x", nil, nil, .staff, .unknown, nil, nil),
    ("rdv-service-public", "GET", "/prescripteur/start", nil, nil, .other, .unknown, nil, nil),
    (
      "zms-citizen", "GET", "/buergeransicht/api/citizen/available-calendar/", "serviceIds=5", nil,
      .list, .unknown, "5", nil
    ),
    (
      "zms-citizen", "POST", "/api/citizen/reserve-appointment/", nil, nil, .hold, .success, nil,
      nil
    ),
    (
      "zms-citizen", "POST", "/api/citizen/update-appointment/", nil, nil, .identity, .success, nil,
      nil
    ),
    (
      "zms-citizen", "POST", "/api/citizen/preconfirm-appointment/", nil, nil, .confirm, .success,
      nil, nil
    ),
    (
      "lutece-appointment", "GET", "/rdvtitres/jsp/site/Portal.jsp",
      "page=appointment&view=getViewAppointmentForm&id_form=4&starting_date_time=T9", nil, .hold,
      .success, "4", "T9"
    ),
    (
      "lutece-appointment", "GET", "/jsp/site/Portal.jsp",
      "page=appointment&view=getViewAppointmentCalendar&id_form=4", nil, .list, .unknown, "4", nil
    ),
    ("icpplus", "POST", "/icpplus/acValidarEntrada", nil, nil, .identity, .success, nil, nil),
    ("icpplus", "POST", "/icpplustieb/acOfertarCita", nil, nil, .hold, .success, nil, nil),
    ("icpplus", "POST", "/icpco/acGrabarCita", nil, nil, .confirm, .success, nil, nil),
    (
      "easyappointments", "POST", "/index.php/booking/get_available_hours", nil, nil, .list,
      .unknown, nil, nil
    ),
    ("easyappointments", "POST", "/booking/register", nil, nil, .confirm, .success, nil, nil),
    (
      "easyappointments", "POST", "/index.php/booking_cancellation/of/abc", nil, nil, .cancel,
      .success, nil, nil
    ),
    ("generic", "GET", "/fr/RDV/creneaux", nil, nil, .list, .unknown, nil, nil),
    ("generic", "POST", "/api/reserve", nil, nil, .hold, .success, nil, nil),
    ("generic", "GET", "/facebook/bookmarks", nil, nil, .other, .unknown, nil, nil),
    ("generic", "GET", "/slots.png", nil, nil, .list, .unknown, nil, nil),
  ]

  /// Routes that need more than a path: what is redirected where, sent in a form, or spelt otherwise.
  static let answers: [(site: String, request: Request, step: StepKind, outcome: StepOutcome)] = [
    (
      "rdvpref", captcha(to: "/rdvpref/reservation/demarche/12/cgu/?error=invalidCaptcha"),
      .captcha, .failure
    ),
    ("rdvpref", captcha(to: "/rdvpref/reservation/demarche/12/creneau/"), .captcha, .success),
    (
      "rdvpref",
      Request(
        path: "/rdvpref/reservation/demarche/12/creneau/", status: 302,
        location: "/rdvpref/reservation/demarche/12/cgu/"), .other, .unknown
    ),
    (
      "lutece-appointment", portal(to: "view=displayRecapAppointment&id_form=4"), .identity,
      .success
    ),
    ("lutece-appointment", portal(to: "view=getAppointmentCreated"), .confirm, .success),
    ("lutece-appointment", portal(to: "view=getAppointmentCanceled"), .cancel, .success),
    (
      "lutece-appointment", portal(to: "view=getViewAppointmentForm&id_form=4"), .identity, .failure
    ),
    ("lutece-appointment", portal(action: "doValidateForm"), .identity, .success),
    ("lutece-appointment", portal(action: "doMakeAppointment"), .confirm, .success),
    ("lutece-appointment", portal(action: "doCancelAppointment"), .cancel, .success),
    (
      "lutece-appointment",
      portal(to: "view=displayRecapAppointment", action: "doMakeAppointment"), .confirm, .failure
    ),
    (
      "lutece-appointment",
      Request(
        path: "/jsp/site/Portal.jsp;jsessionid=A1",
        query: "page=appointment&view=viewChangeDateAppointment&refAppointment=R"),
      .reschedule, .unknown
    ),
    ("rdv-service-public", Request(path: "/users/rdvs/9/edit"), .reschedule, .unknown),
    ("rdv-service-public", Request(method: "POST", path: "/users/rdvs/9"), .reschedule, .success),
    ("easyappointments", Request(path: "/index.php/booking/reschedule/abc"), .reschedule, .unknown),
    (
      "icpplus", Request(path: "/icpplus/citar;jsessionid=A1.b-2", query: "p=28"), .landing,
      .unknown
    ),
    ("icpplus", Request(method: "POST", path: "/icpplus/acCitar;jsessionid=A1"), .list, .unknown),
    ("ezbooking", Request(path: "/booking/create/14500/5/1614585600/"), .hold, .success),
    ("ezbooking", Request(path: "/index.php/booking/create/14500/"), .landing, .unknown),
    (
      "ezbooking",
      Request(
        method: "POST", path: "/booking/create/14500/1/", status: 302,
        location: "/booking/create/14500/2/"), .list, .none
    ),
    (
      "ezbooking",
      Request(path: "/ezjscore/call/bookingserver%3A%3Aplanning%3A%3Aassign::1"), .list, .unknown
    ),
    (
      "ezbooking", Request(method: "POST", path: "/ezjscore/call/bookingserver%3a%3averify"),
      .oracle, .success
    ),
  ]

  private static func captcha(to location: String) -> Request {
    Request(
      method: "POST", path: "/rdvpref/reservation/demarche/12/_validerCaptcha", status: 302,
      location: location)
  }

  /// A form sent to Lutece; its action is the profile's field `form.action`, in slot -1 until known.
  private static func portal(to view: String? = nil, action: String? = nil) -> Request {
    Request(
      method: "POST", path: "/rdv/jsp/site/Portal.jsp", status: 302,
      location: view.map { "Portal.jsp?page=appointment&\($0)" },
      extras: action.map { [(-1, $0)] } ?? [])
  }

  @Test("each answer and form falls into its step", arguments: answers.indices)
  func answer(index: Int) throws {
    var answer = Self.answers[index]
    let profile = try shipped(answer.site)
    if let action = answer.request.extras.first?.1 {
      answer.request.extras = [
        (try #require(profile.requestedNames.slot(of: "form.action")), action)
      ]
    }
    let (steps, _) = try steps([answer.request], profile)
    #expect(steps[0].kind == answer.step, "\(answer.site) \(answer.request.path)")
    #expect(steps[0].outcome == answer.outcome, "\(answer.site) \(answer.request.path)")
  }

  @Test("each route falls into its step", arguments: routes.indices)
  func route(index: Int) throws {
    let route = Self.routes[index]
    let request = Request(
      method: route.method, path: route.path, query: route.query,
      status: route.location == nil ? 200 : 302, location: route.location)
    let (steps, batch) = try steps([request], shipped(route.site))
    #expect(steps[0].kind == route.step, "\(route.site) \(route.method) \(route.path)")
    #expect(steps[0].outcome == route.outcome, "\(route.site) \(route.method) \(route.path)")
    #expect(batch.string(steps[0].service) == route.service)
    #expect(batch.string(steps[0].slot) == route.slot)
  }

  @Test("a failing answer is a failure, whatever the step")
  func failure() throws {
    let (steps, _) = try steps(
      [Request(method: "POST", path: "/booking/create/1/8", status: 502)], shipped("ezbooking"))
    #expect(steps[0].outcome == .failure)
  }

  @Test("any bytes are some step, and no trap")
  func hostile() throws {
    var random = Seeded(4)
    let profiles = try ["ezbooking", "lutece-appointment", "generic"].map(shipped)
    for _ in 0..<2_000 {
      func text() -> String {
        String(
          decoding: (0..<Int(random.next() % 60)).map { _ in
            Array("/booking/create/5?=&%{}*.\u{0}é"[...].utf8)[Int(random.next() % 28)]
          }, as: UTF8.self)
      }
      let request = Request(path: text(), query: text(), location: text())
      let (found, _) = try steps([request], profiles[Int(random.next() % 3)])
      #expect(found.count == 1)
    }
  }
}

@Suite("Profiles")
struct SiteProfileParserTests {
  @Test("every mistake is told with its place, at once")
  func mistakes() throws {
    let text = """
      id: x
      titel: y
      client: { address: elsewhere, ipv6_prefix: 200, trusted_proxies: [10.0.0.0/99] }
      hold: { ttl: soon }
      steps:
        - { step: lst, path: "/a" }
        - { step: list, path: "~(" }
        - { step: list, path: "a{b" }
        - { step: list }
        - { step: list, path: "/x", status: 9xx, outcome: maybe }
      fields: { mailbox: [mail] }
      staff: [nobody]
      """
    let error = try #require(throws: Diagnostics.self) {
      try SiteProfileParser.parse(text, file: "s.yml")
    }
    let found = error.items.map { "\($0.position.line) \($0.code)" }
    #expect(
      found.sorted()
        == [
          "1 missing-key", "10 bad-status", "10 unknown-outcome", "11 bad-field", "12 bad-network",
          "2 unknown-key", "3 bad-address-origin", "3 bad-network", "3 bad-prefix",
          "4 bad-duration",
          "6 unknown-step", "7 bad-regex", "8 bad-template", "9 rule-matches-all",
        ].sorted(), "\(error)")
    #expect(error.items.first { $0.code == "unknown-step" }?.hint?.contains("'list'") == true)
    #expect(error.items.allSatisfy { $0.position.file == "s.yml" })
  }

  @Test(
    "a mistake in a step rule hides no other of that rule",
    arguments: [
      (
        #"step: hodl, method: GETT, path: "booking/{a", status: 7xx, outcome: foo"#,
        ["bad-status", "bad-template", "unknown-method", "unknown-outcome", "unknown-step"]
      ),
      (#"path: "a", status: 7xx"#, ["bad-status", "bad-template", "no-step"]),
      (#"step: list, path: "/x", words: [a]"#, ["path-and-words"]),
      (#"step: list, query: "a={""#, ["bad-parameter"]),
      (#"step: list, query: "a={}""#, ["bad-parameter"]),
      (#"step: list, query: "=b""#, ["bad-parameter"]),
      (#"step: list, query: "&""#, ["bad-parameter", "bad-parameter"]),
      (#"step: list, form: "a=x{slot}""#, ["bad-parameter"]),
      (#"step: list, form: "~a=1""#, ["form-regex"]),
      (#"step: list, form: "~(", status: 7xx"#, ["bad-status", "form-regex"]),
      ("step: list, form: 5, location: 7", ["not-a-text", "not-a-text"]),
      ("step: list, query: ~", ["not-a-text"]),
      (#"step: list, path: "/x", method: [GET, P UT]"#, ["bad-method"]),
      (#"step: list, path: "/a?b=c""#, ["query-in-path"]),
      ("step: list, words: [a, a-b]", ["bad-word"]), ("step: list, words: réserver", ["bad-word"]),
      ("step: list, words: []", ["empty-list"]), (#"step: list, words: [""]"#, ["empty-text"]),
      (#"step: list, path: """#, ["empty-text"]),
      (#"step: list, path: "/x", location: """#, ["empty-text"]),
    ])
  func stepRules(rule: String, codes: [String]) throws {
    let error = try #require(throws: Diagnostics.self) {
      try SiteProfileParser.parse("id: x\ntitle: x\nsteps: [{ \(rule) }]", file: "s.yml")
    }
    #expect(error.items.map(\.code).sorted() == codes, "\(error)")
    #expect(error.items.allSatisfy { $0.position.line == 3 && $0.position.column > 0 })
  }

  @Test(
    "a method that no registry has is a warning with the nearest name",
    arguments: [("GETT", "did you mean 'GET'?"), ("XQZZY", "leave it"), ("PROPFIND", nil)]
      as [(String, String?)])
  func methods(name: String, hint: String?) throws {
    let warnings = try SiteProfileParser.parse(
      "id: x\ntitle: x\nsteps: [{ step: list, method: \(name), path: \"/x\" }]", file: "s.yml"
    ).warnings
    #expect(warnings.map(\.code) == (hint == nil ? [] : ["unknown-method"]))
    #expect(warnings.allSatisfy { $0.position.line == 3 && $0.severity == .warning })
    if let hint { #expect(warnings.first?.hint?.contains(hint) == true, "\(warnings)") }
  }

  @Test(
    "a line that can never work as written is a warning with its place and what may be meant",
    arguments: [
      ("fields: { slot: [path.slott] }", "unknown-part 1:18", "did you mean 'slot'?"),
      ("fields: { service: path.other }", "unknown-part 1:20", "one of: service, servlce, slot"),
      ("fields: { mailbox: path.slot }", "bad-part 1:20", "form.NAME"),
      ("session: { cookie: [] }", "empty-list 1:20", "leave it out"),
      ("session: { cookie: SES*ION }", "star-in-cookie 1:20", "such as SES*"),
    ])
  func idleLines(line: String, place: String, hint: String) throws {
    let warnings = try SiteProfileParser.parse(
      "\(line)\nid: x\ntitle: x\nsteps:\n"
        + #"- { step: list, path: "/x/{service}", query: "a={slot}&b={servlce}" }"#, file: "s.yml"
    ).warnings.filter { $0.code != "unused-part" }
    #expect(
      warnings.map { "\($0.code) \($0.position.line):\($0.position.column)" } == [place],
      "\(warnings)")
    #expect(warnings.allSatisfy { $0.severity == .warning && $0.hint?.contains(hint) == true })
  }

  @Test(
    "a part that nothing asks for is a warning: any group, and braces near a name that is asked for",
    arguments: [
      (#"path: "~^/(?<servce>a)""#, "servce", "did you mean 'service'?"),
      (#"path: "~^/(?<xqzzy>a)""#, "xqzzy", "path.xqzzy"),
      (#"path: "~^/(?<twice>a)\\k<twice>""#, nil, ""), (#"path: "/{slt}""#, "slt", "'slot'"),
      (#"path: "/{anything}""#, nil, ""), (#"path: "~^/(?<day>a)""#, nil, ""),
      (#"path: "/x", query: "a={servise}""#, "servise", "'service'"),
    ] as [(String, String?, String)])
  func unusedParts(rule: String, name: String?, hint: String) throws {
    let warnings = try SiteProfileParser.parse(
      "id: x\ntitle: x\nfields: { slot: path.day }\nsteps:\n- { step: hold, path: \"/{day}\" }\n"
        + "- { step: list, \(rule) }", file: "s.yml"
    ).warnings
    #expect(warnings.map(\.code) == (name == nil ? [] : ["unused-part"]), "\(warnings)")
    #expect(warnings.allSatisfy { $0.position.line == 6 && $0.hint?.contains(hint) == true })
    #expect(warnings.allSatisfy { $0.message.contains("'\(name ?? "")'") })
  }

  @Test(
    "shipped profiles give no warning",
    arguments: [
      "easyappointments", "ezbooking", "generic", "icpplus", "lutece-appointment",
      "rdv-service-public", "rdvpref", "zms-citizen",
    ])
  func clean(name: String) throws {
    #expect(try shipped(name).warnings.isEmpty)
  }

  @Test(
    "an empty text is told as one, and a step rule that is no map as one mistake",
    arguments: [
      (#"session: { cookie: "" }"#, ["empty-text"]), (#"title: """#, ["empty-text"]),
      (#"declared: { user_agents: "" }"#, ["empty-text"]), ("timezone: [1]", ["not-a-text"]),
      ("steps: [[1]]", ["not-a-map"]), ("steps: [5, x]", ["not-a-map", "not-a-map"]),
    ])
  func emptyTexts(line: String, codes: [String]) throws {
    let rest = ["title: x", #"steps: [{ step: list, path: "/x" }]"#]
      .filter { $0.prefix(5) != line.prefix(5) }
    let text = ([line, "id: x"] + rest).joined(separator: "\n")
    let error = try #require(throws: Diagnostics.self) {
      try SiteProfileParser.parse(text, file: "s.yml")
    }
    #expect(error.items.map(\.code) == codes, "\(error)")
    #expect(
      error.items.allSatisfy {
        $0.position.line == 1 && $0.message != "a text is expected, not text"
      })
  }

  @Test("an unknown time zone is told with its place, among the other mistakes")
  func zones() throws {
    let error = try #require(throws: Diagnostics.self) {
      try SiteProfileParser.parse(
        "id: x\ntimezone: Mars/X\nsteps: [{ step: lst, path: \"/x\" }]", file: "s.yml"
      ) { $0 == "Europe/Paris" }
    }
    #expect(error.items.map(\.code) == ["missing-key", "unknown-zone", "unknown-step"])
    #expect(error.items[1].position == SourcePosition(file: "s.yml", line: 2, column: 11))
  }

  @Test(
    "a step rule may ask for fields of the form, and take the service and slot from them",
    arguments: [
      ([("form.do", "book"), ("form.s", "14500"), ("form.t", "T9")], StepKind.hold),
      ([("form.do", "look"), ("form.s", "14500"), ("form.t", "T9")], .other),
      ([("form.do", "book"), ("form.s", "14500")], .other), ([], .other),
    ])
  func forms(fields: [(String, String)], kind: StepKind) throws {
    let profile = try SiteProfileParser.parse(
      """
      id: x
      title: x
      steps: [{ step: hold, form: "do=b*k&s={service}&t={slot}" }]
      """, file: "s.yml")
    let names = profile.requestedNames
    var request = Request(method: "POST")
    request.extras = try fields.map { (try #require(names.slot(of: $0.0)), $0.1) }
    let (steps, batch) = try steps([request], profile)
    #expect(steps[0].kind == kind)
    guard kind == .hold else { return }
    #expect(batch.string(steps[0].service) == "14500" && batch.string(steps[0].slot) == "T9")
  }

  @Test("any text is a profile or refused, never a trap")
  func hostile() throws {
    var random = Seeded(12)
    let base = Array(
      String(
        decoding: try SharedData.bytes(SharedData.package + "rules/sites/ezbooking.yml"),
        as: UTF8.self))
    for _ in 0..<150 {
      var text = base
      for _ in 0..<(1 + random.next() % 5) {
        let place = Int(random.next() % UInt64(text.count))
        text[place] = Array("{}[]:,~*\"'\n a1")[Int(random.next() % 14)]
      }
      _ = try? SiteProfileParser.parse(String(text), file: "m")
    }
    #expect(try SiteProfileParser.parse(String(base), file: "m").id == "ezbooking")
  }
}

@Suite("Sessions and identities")
struct IdentityTests {
  @Test("a cookie names the session; without it, client, agent and an hour")
  func sessions() throws {
    let profile = try shipped("ezbooking")
    let (found, _) = try steps(
      [
        Request(extras: [(0, "abc")]), Request(client: "192.0.2.8", extras: [(0, "abc")]),
        Request(extras: [(0, "def")]), Request(at: 2_000), Request(at: 3_000),
        Request(agent: "Other", at: 3_000), Request(at: 3_000 + 3_601),
      ], profile)
    #expect(found[0].session == found[1].session && found[0].session != found[2].session)
    #expect(found[0].flags.contains(.sessionByCookie))
    #expect(found[3].session == found[4].session && found[4].session != found[5].session)
    #expect(found[6].session != found[4].session && found[6].flags.contains(.opensSession))
  }

  @Test("sessions and agents have the same numbers under any seed")
  func seeds() throws {
    var batch = ExchangeBatch()
    for request in [
      Request(extras: [(0, "abc")]), Request(at: 2_000), Request(agent: "Other", at: 9_000),
    ] { request.append(to: &batch) }
    let profile = try shipped("ezbooking")
    var found: [[UInt64]] = []
    for seed: UInt64 in [0, 7] {
      var stage = try BookingStage(
        profile: profile, names: profile.requestedNames, siteKey: nil, seed: seed)
      found.append(
        batch.exchanges.indices.flatMap { index in
          let step = stage.classify(batch, index)
          return [step.session, step.agent]
        })
    }
    #expect(found[0] == found[1] && Set(found[0]).count == 5)
  }

  @Test(
    "a step is not known where an expression gave up, and no other part of its line says no",
    arguments: [
      ("/x", 200, nil, StepKind.list), ("/aaa", 200, nil, .hold), ("/y", 200, nil, .other),
      ("PAD", 200, nil, nil), ("PAD", 404, nil, .other), ("/x", 200, "PAD", nil),
    ] as [(String, UInt16, String?, StepKind?)])
  func undecided(path: String, status: UInt16, location: String?, kind: StepKind?) throws {
    let padding = "/" + String(repeating: "a", count: 40) + "b"
    let profile = try SiteProfileParser.parse(
      """
      id: pad
      title: Pad
      timezone: UTC
      session: { cookie: SID }
      steps:
        - { step: hold, path: "~^/(a+)+$", status: 200 }
        - { step: select, path: "/x", location: "~^/(a+)+$" }
        - { step: list, path: "/x" }
      """, file: "pad.yml")
    let request = Request(
      path: path == "PAD" ? padding : path, status: status, location: location.map { _ in padding })
    var batch = ExchangeBatch()
    request.append(to: &batch)
    var stage = try BookingStage(profile: profile, names: profile.requestedNames, siteKey: nil)
    let step = stage.classify(batch, 0)
    #expect((step.isUndecided ? nil : step.kind) == kind)
    #expect(stage.undecided.map(\.requests) == (kind == nil ? [1] : []))
    #expect(stage.undecided.allSatisfy { $0.place.line == (location == nil ? 6 : 7) })
  }

  @Test(
    "where an expression gives up, later rules tell what the step may be, and whether it is staff",
    arguments: [
      ([], ".css", [.select, .asset], false), ([], "", [.select, .other], false),
      ([#"step: asset, path: "/**""#], "", [.select, .asset], false),
      ([#"step: staff, path: "/**""#], "", [.select, .staff], true),
      ([#"step: staff, path: "~^/(aa*)+$""#], "", [.select, .staff, .other], true),
      ([#"step: list, path: "/**""#, #"step: staff, path: "/**""#], "", [.select, .list], false),
      ([#"step: staff, path: "/admin/**""#], "", [.select, .other], false),
    ] as [([String], String, StepKinds, Bool)])
  func mayBe(later: [String], ending: String, mayBe: StepKinds, isStaff: Bool) throws {
    let lines = ([#"step: select, path: "~^/(a+)+$""#] + later).map { "  - { \($0) }" }
    let profile = try SiteProfileParser.parse(
      "id: pad\ntitle: Pad\nsteps:\n" + lines.joined(separator: "\n"), file: "pad.yml")
    var batch = ExchangeBatch()
    Request(path: "/" + String(repeating: "a", count: 40) + "b" + ending).append(to: &batch)
    var stage = try BookingStage(profile: profile, names: profile.requestedNames, siteKey: nil)
    let step = stage.classify(batch, 0)
    #expect(step.isUndecided && step.kind == .other && step.rule == 0)
    #expect(step.mayBe == mayBe && step.flags.contains(.staff) == isStaff)
    let column = try #require(lines[0].firstIndex(of: "\""))
    #expect(
      stage.undecided.map(\.place) == [
        SourcePosition(
          file: "pad.yml", line: 4,
          column: lines[0].distance(from: lines[0].startIndex, to: column) + 1)
      ])
  }

  @Test("cookies are found in a Cookie header too, by name or prefix")
  func cookieHeader() throws {
    var batch = ExchangeBatch()
    Request().append(to: &batch)
    let header = "a=1; eZSESSIDabc=xyz; b=2"
    let start = batch.bytes.count
    batch.bytes += Array(header.utf8)
    batch.exchanges[0][.cookies] = ByteRange(start..<batch.bytes.count)
    let profile = try shipped("ezbooking")
    var stage = try BookingStage(profile: profile, names: FieldNames(), siteKey: nil)
    #expect(stage.classify(batch, 0).flags.contains(.sessionByCookie))
  }

  @Test(
    "spellings of one mailbox are one token",
    arguments: [
      ("m.dupon@gmail.com", "mdupon@gmail.com", true),
      ("MDupon@Gmail.com", "mdupon@gmail.com", false),
      ("mdupon+x@gmail.com", "mdupon@gmail.com", true),
      ("mdupon@googlemail.com", "mdupon@gmail.com", true),
      ("mdupon%40gmail.com", "mdupon@gmail.com", false),
      ("a.b@site.example", "ab@site.example", nil), ("a+t@site.example", "a@site.example", true),
      ("a-t@yahoo.fr", "a@yahoo.fr", true), ("a-t@site.example", "a@site.example", nil),
    ] as [(String, String, Bool?)])
  func mailboxes(left: String, right: String, isAlias: Bool?) throws {
    let profile = try shipped("ezbooking")
    let slot = try #require(profile.requestedNames.slot(of: "form.email"))
    let request = Request(method: "POST", path: "/booking/create/1/8")
    let (found, batch) = try steps(
      [left, right].map {
        var copy = request
        copy.extras = [(slot, $0)]
        return copy
      }, profile, key: Array(repeating: 7, count: 32))
    #expect((found[0].mailbox == found[1].mailbox) == (isAlias != nil))
    if let isAlias { #expect(found[0].mailboxTraits.contains(.alias) == isAlias) }
    #expect(found[0].mailbox.isPresent && !batch.bytes.isEmpty)
  }

  @Test("tokens depend on the site's key, and shape is kept in place of the address")
  func tokens() throws {
    let profile = try shipped("ezbooking")
    let slot = try #require(profile.requestedNames.slot(of: "form.email"))
    let number = try #require(profile.requestedNames.slot(of: "form.number_agdref"))
    let request = Request(
      method: "POST", path: "/booking/create/1/8",
      extras: [(slot, "x@mail.yopmail.com"), (number, "99 123-456 78")])
    let plain = Request(
      method: "POST", path: "/booking/create/1/8",
      extras: [(slot, "no mailbox"), (number, "9912345678")])
    let a = try steps([request, plain], profile, key: Array(repeating: 1, count: 32)).steps
    let b = try steps([request], profile, key: Array(repeating: 2, count: 32)).steps
    #expect(a[0].mailbox != b[0].mailbox)
    #expect(a[0].mailboxTraits.contains(.disposable) && a[1].mailboxTraits.contains(.malformed))
    #expect(a[0].document == a[1].document && a[0].document.isPresent)
  }

  @Test("staff and declared automation are told apart from everybody else")
  func who() throws {
    var profile = try shipped("ezbooking")
    profile.staff = [try #require(Network("10.20.0.0/16"))]
    let (found, _) = try steps(
      [
        Request(client: "10.20.3.4"), Request(agent: "Mozilla (UPTIMEROBOT/2)"),
        Request(agent: nil),
        Request(client: "2001:db8::1:2:3:4"),
      ], profile)
    #expect(found[0].flags.contains(.staff) && !found[1].flags.contains(.staff))
    #expect(found[1].flags.contains(.declared) && !found[2].flags.contains(.declared))
    #expect(found[2].agent == 0 && found[3].client.description == "2001:db8::")
  }
}
