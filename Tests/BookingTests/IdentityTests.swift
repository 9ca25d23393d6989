import CrenelBooking
import CrenelModel
import CrenelTestKit
import Foundation
import Testing

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
