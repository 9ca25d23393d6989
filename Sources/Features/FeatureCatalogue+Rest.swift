extension FeatureCatalogue {
  /// In which order steps come.
  static let sequence: [FeatureDescriptor] = sequenceRows.map { $0.descriptor(in: .sequence) }
  /// What the client's software shows of itself.
  static let transport: [FeatureDescriptor] = transportRows.map { $0.descriptor(in: .transport) }
  /// How sessions and addresses belong together.
  static let graph: [FeatureDescriptor] = graphRows.map { $0.descriptor(in: .graph) }
  /// What became of slots and identities.
  static let outcome: [FeatureDescriptor] = outcomeRows.map { $0.descriptor(in: .outcome) }

  private static let sequenceRows: [CatalogueRow] = [
    CatalogueRow(
      .coldEntries, "cold_entries", .count,
      "Deep steps without what comes before them in their session: a `hold` without a `list` or "
        + "`select`, an `identity` form sent that was never shown, a `confirm` without an `identity` "
        + "(on sites without such a step: without a `list` or `select`). "
        + "Only what the site's profile has a step for is missed, and a profile that goes by words "
        + "misses nothing. Counted in sessions seen to begin: with a `landing` step, or over an hour "
        + "after the run's first exchange and not within an hour of another session cookie of the same "
        + "address and agent (a cookie renewed at login); in other sessions, and in any that may have "
        + "been given up to make room, after an hour of watching. A form shown again in the answer to "
        + "what was sent was shown. Never absent; one is no sign (a restored tab)."),
    CatalogueRow(
      .skippedSteps, "skipped_steps", .count, of: [.session], upTo: 6,
      "Steps out of `landing list select hold identity` before the deepest one of the session, and "
        + "`captcha` before `confirm`, that the site's profile has and the session never made. Never "
        + "absent; 0 in sessions not judged from their first exchange (see `cold_entries`)."),
    CatalogueRow(
      .funnelDepth, "funnel_depth", .count, upTo: 6, isEvidence: false,
      "Deepest step so far: 1 `landing`, 2 `list`, 3 `select`, 4 `hold`, 5 `identity`, 6 `confirm`; 0 "
        + "none of them. Never absent."),
    CatalogueRow(
      .oracleCalls, "oracle_calls", .count,
      "`oracle` steps (checks that answer yes or no about a number). Never absent."),
    CatalogueRow(
      .oracleWithoutForm, "oracle_without_form", .count,
      "`oracle` steps in sessions that had not been shown an `identity` form; counted where the "
        + "profile has such a form and the session is judged (see `cold_entries`). Never absent."),
    CatalogueRow(
      .oracleMissRatio, "oracle_miss_ratio", .ratio,
      "Share of `oracle` steps with outcome `failure`, of those with `success` or `failure`. Absent "
        + "before the first of them."),
    CatalogueRow(
      .pathConcentration, "path_concentration", .ratio, isEvidence: false,
      "Share of the most frequent path, of all exchanges but assets, at least: counted with 4 "
        + "candidates (Misra and Gries, 1982), exact for up to 4 paths. Absent before the first."),
    CatalogueRow(
      .refererSelf, "referer_self", .ratio,
      "Share of sending requests (POST, PUT, PATCH, DELETE) whose Referer has the path of the request "
        + "itself, of those with a Referer. Absent before the first of them."),
  ]

  private static let transportRows: [CatalogueRow] = [
    CatalogueRow(
      .assetRatio, "asset_ratio", .ratio, isEvidence: false,
      "Share of assets (images, styles, scripts, fonts) of the exchanges, once the logs of "
        + "this run have shown one of anybody. Absent until then: many sites do not log assets."),
    CatalogueRow(
      .languageMissing, "language_missing", .ratio, isEvidence: false,
      "Share of exchanges without Accept-Language, assets aside, once the logs of this run have "
        + "shown one of anybody. Absent until then: most logs do not hold it."),
    CatalogueRow(
      .requestsPerConnection, "requests_per_connection", .count, of: [.session],
      "Exchanges per connection, of those logged with a connection number. Absent before the first."
    ),
    CatalogueRow(
      .declaredAutomation, "declared_automation", .bool, isEvidence: false,
      "1 when the agent or network of the latest exchange is declared automation in the site's "
        + "profile, or its agent names itself (`+http`, `bot/`, `crawler`, `spider`). Never absent."
    ),
    CatalogueRow(
      .headless, "headless", .bool,
      "1 when the agent of the latest exchange is that of a driven browser (HeadlessChrome, PhantomJS, "
        + "Playwright, Puppeteer, Selenium, HtmlUnit, jsdom). Never absent."),
    CatalogueRow(
      .libraryAgent, "library_agent", .bool,
      "1 when the agent of the latest exchange is that of an HTTP library or tool (python-requests, "
        + "curl, Go-http-client, okhttp, axios, Java and more). Never absent."),
  ]

  private static let graphRows: [CatalogueRow] = [
    CatalogueRow(
      .addressesPerSession, "addresses_per_session", .count, of: [.session], upTo: 16,
      "Addresses the session came from, as the profile counts them: the larger of IPv4 and IPv6, "
        + "since one home has both. 16 means 16 or more of both. Never absent."),
    CatalogueRow(
      .addressInterleaving, "address_interleaving", .count, of: [.session],
      "How often the session went back to an address it had left for another of the same family (A, "
        + "B, A is once). A move from Wi-Fi to mobile and on is none. Never absent."),
    CatalogueRow(
      .networks, "networks", .count, of: [.session], upTo: 16,
      "Networks of those addresses: /16 of IPv4, /32 of IPv6, the larger of the two. Never absent."),
    CatalogueRow(
      .sessionsPerAddress, "sessions_per_address", .count, of: [.client], isEvidence: false,
      "Sessions that came from the client since it was first seen. Never absent."),
    CatalogueRow(
      .agentsPerAddress, "agents_per_address", .count, of: [.client], upTo: 16, isEvidence: false,
      "Different user agents of the client; 16 means 16 or more. Many are people behind one address. "
        + "Never absent."),
    CatalogueRow(
      .byCookie, "by_cookie", .bool, of: [.session], isEvidence: false,
      "1 when the session is a cookie's, hence one browser's; 0 when it is an address and an agent, "
        + "behind which there may be several people. Never absent."),
  ]

  private static let outcomeRows: [CatalogueRow] = [
    CatalogueRow(
      .holds, "holds", .count,
      "Slots held: `hold` steps with outcome `success`, or with an unknown outcome and a status below "
        + "400. Never absent."),
    CatalogueRow(
      .holdsExpired, "holds_expired", .count,
      "Of the holds, those whose lifetime ran out without a `confirm` or `cancel`, seen at the "
        + "subject's next exchange; at least, since only the last 8 holds are followed. Where the site "
        + "confirms by mail a sent `identity` settles a hold, because the link is often opened "
        + "elsewhere. A request whose step is not known, because an expression of the profile gave "
        + "up, settles all that it may have settled: what its session held, and every hold of the "
        + "subject whose slot is known. Never absent; 0 when the profile has no hold lifetime."),
    CatalogueRow(
      .confirms, "confirms", .count,
      "`confirm` steps that were done: sent, where the profile has a sending one; `confirm_mail` where "
        + "it has no `confirm` at all. Never absent."),
    CatalogueRow(.cancels, "cancels", .count, "`cancel` steps that were done. Never absent."),
    CatalogueRow(
      .mailboxes, "mailboxes", .count, upTo: 16,
      "Different mailboxes given, aliases counted as one; 16 means 16 or more. Never absent; 0 where "
        + "the log holds none."),
    CatalogueRow(
      .mailboxAliases, "mailbox_aliases", .count, upTo: 15,
      "Further spellings of mailboxes already given under another spelling; at least. Never absent."
    ),
    CatalogueRow(
      .disposableMailboxes, "disposable_mailboxes", .count, upTo: 16,
      "Of the mailboxes, those of disposable domains. Never absent."),
    CatalogueRow(
      .documents, "documents", .count, upTo: 16,
      "Different document numbers given, to forms or to the oracle; 16 means 16 or more. Never "
        + "absent."),
    CatalogueRow(
      .nightBookings, "night_bookings", .count,
      "Bookings between 00:00 and 05:00 of the site's time, for certain: `confirms`, or `holds` where "
        + "the profile has no confirming step. Never absent."),
    CatalogueRow(
      .serverErrors, "server_errors", .count, isEvidence: false,
      "Answers with a 5xx status. Never absent."),
    CatalogueRow(
      .refusals, "refusals", .count, isEvidence: false,
      "Answers with status 403 or 429. Never absent."),
  ]
}
