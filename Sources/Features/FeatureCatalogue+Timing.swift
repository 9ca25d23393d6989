extension FeatureCatalogue {
  /// When requests come.
  static let timing: [FeatureDescriptor] = (rates + gaps + rhythm + reactions).map {
    $0.descriptor(in: .timing)
  }

  private static let rates: [CatalogueRow] = [
    CatalogueRow(
      .requests10s, "requests_10s", .count,
      "Exchanges of the last 10 s, assets too. Counted in buckets of 1 s, so that it covers 9 to "
        + "10 s and never one exchange too many. Never absent."),
    CatalogueRow(
      .requests1m, "requests_1m", .count,
      "Exchanges of the last minute, assets too, in buckets of 5 s: it covers 55 to 60 s. Never "
        + "absent."),
    CatalogueRow(
      .requests10m, "requests_10m", .count,
      "Exchanges of the last 10 min, assets too, in buckets of 1 min: it covers 9 to 10 min. Never "
        + "absent."),
    CatalogueRow(
      .requests1h, "requests_1h", .count,
      "Exchanges of the last hour, assets too, in buckets of 5 min: it covers 55 to 60 min. Never "
        + "absent."),
    CatalogueRow(
      .polls, "polls", .count, "`list` steps since the subject was first seen. Never absent."),
  ]

  private static let gaps: [CatalogueRow] = [
    CatalogueRow(
      .gapCount, "gap_count", .count, upTo: 32, isEvidence: false,
      "Gaps known, at most the last 32. A gap is the time between the starts of two `list` steps of "
        + "one session that follow each other; a client has the gaps of its sessions, so people who "
        + "share an address are never mixed into one rhythm. Never absent."),
    CatalogueRow(
      .gapMin, "gap_ms.min", .ms,
      "Shortest of the gaps, as short as the log permits. Absent without a gap."),
    CatalogueRow(
      .gapMedian, "gap_ms.p50", .ms,
      "Median of the gaps (the lower of the two middle ones), as long as the log permits. Absent "
        + "without a gap."),
    CatalogueRow(
      .gapMax, "gap_ms.max", .ms,
      "Longest of the gaps, as long as the log permits. Absent without a gap."),
    CatalogueRow(
      .gapConcentration, "gap_concentration", .ratio,
      "Share of the gaps that lie within 5 % of their median for every time the log permits: a lower "
        + "bound. On a coarse clock the 5 % are widened to 2 widths of its stamps, to 3 where the "
        + "median is 12 widths or more. Absent below 8 gaps, and where the median is below 4 widths "
        + "(4 s in a log of whole seconds): such a clock cannot tell."),
    CatalogueRow(
      .gapLogDeviation, "gap_log_sd", .log10,
      "Standard deviation of the decimal logarithm of the gaps, at most: what the log leaves open is "
        + "added. 0.2 is a factor of 1.6 up or down; people have 0.39 and more. Gaps below 1 ms count "
        + "as 1 ms. Absent below 8 gaps."),
    CatalogueRow(
      .gapBounded, "gap_bounded", .bool,
      "1 when the longest of the gaps, as long as the log permits, is at most 4 times the shortest, "
        + "as short as it permits. Absent below 8 gaps."),
  ]

  private static let rhythm: [CatalogueRow] = [
    CatalogueRow(
      .period, "period_ms", .ms, of: [.session],
      "Median of the gaps taken at the middle of what the log permits: the period that "
        + "`period_score` is about. Absent below 8 gaps."),
    CatalogueRow(
      .periodScore, "period_score", .ratio, of: [.session],
      "Share of the gaps that lie within 5 % of the period around 1 to 8 times the period for every "
        + "time the log permits (a missed poll keeps the beat); on a coarse clock within 2 widths of "
        + "its stamps. By chance it is about 0.1. Absent below 8 gaps, and where the period is "
        + "below 20 widths of the clock's stamps."),
    CatalogueRow(
      .phaseLock, "phase_lock", .ratio, of: [.session],
      "Share of the last 33 `list` steps that start for certain within one and the same 3 s of the "
        + "minute, at most one counted per minute. Absent below 9 `list` steps and where the clock's "
        + "stamps are wider than 1 s."),
    CatalogueRow(
      .activeHours24h, "active_hours_24h", .hours,
      "Clock hours, of the last 24 with the current one, in which there was an exchange. Never "
        + "absent."),
    CatalogueRow(
      .longestPause, "longest_pause_ms", .ms,
      "Longest time between two exchanges since the subject was first seen, as long as the log "
        + "permits. Absent before the second exchange."),
  ]

  private static let reactions: [CatalogueRow] = [
    CatalogueRow(
      .formMin, "form_ms.min", .ms,
      "Time the latest identity form took, at least: from the end of the answer that last showed it "
        + "to the start of the request that sent it, in one session. Absent before the first form "
        + "both shown and sent; see `form_ms.max`."),
    CatalogueRow(
      .formMax, "form_ms.max", .ms,
      "Time the latest identity form took, at most: from the end of the answer that first showed a "
        + "form not sent since (two tabs make it longer; so does a form shown again in the answer to "
        + "what was sent, which is not timed by itself). Where a session is no cookie's, two people "
        + "with one browser can make it shorter. A form shown over an hour before is forgotten. Absent before the first "
        + "form both shown and sent; only features of the exchange that sends it are about it."),
    CatalogueRow(
      .formFastest, "form_ms.fastest", .ms,
      "Smallest `form_ms.max` so far. Absent before the first form both shown and sent."),
    CatalogueRow(
      .formCount, "form_count", .count, isEvidence: false,
      "Identity forms both shown and sent, of which there are times. Never absent."),
    CatalogueRow(
      .captchaMin, "captcha_ms.min", .ms,
      "Time the latest captcha took, at least: from the end of the answer that last showed one to the "
        + "start of the request that answered it, in one session. Absent before the first."),
    CatalogueRow(
      .captchaMax, "captcha_ms.max", .ms,
      "Time the latest captcha took, at most: from the end of the answer that first showed one not "
        + "answered since. Absent before the first."),
    CatalogueRow(
      .ownReactionMin, "reaction_ms.min", .ms,
      "Time from sight to the latest hold, at least: from the end of the session's latest `list` "
        + "answer that had something free to the start of its `hold`. Absent before the first hold "
        + "after such a sight."),
    CatalogueRow(
      .ownReactionMax, "reaction_ms.max", .ms,
      "Time from sight to the latest hold, at most: from the end of the session's first `list` answer "
        + "that had something free, since its last hold and since the service was last seen full. "
        + "Absent before the first hold after such a sight."),
    CatalogueRow(
      .retry5xxMedian, "retry_5xx_ms", .ms,
      "Median of the last 16 times, as long as the log permits, from a 5xx answer to the start of the "
        + "session's next request of the same path; assets aside. Absent before the first."),
    CatalogueRow(
      .retry5xxRatio, "retry_5xx_ratio", .ratio,
      "Share of 5xx answers whose path the session asked for again for certain within 5 s, of those "
        + "that were followed by a request of the same path or by another 5xx; assets aside. Absent "
        + "before the first."),
    CatalogueRow(
      .retry5xxLogDeviation, "retry_5xx_log_sd", .log10,
      "Standard deviation of the decimal logarithm of the last 16 of these times, at most: what the "
        + "log leaves open is added. Absent below 8 of them."),
    CatalogueRow(
      .reholdAtExpiry, "rehold_at_expiry", .count,
      "Holds of a slot that the subject had held before, from 10 s before to 10 s after that hold's "
        + "lifetime ran out, for certain. Never absent."),
  ]
}
