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
