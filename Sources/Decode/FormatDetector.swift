public import CrenelModel

/// Which format a sample of lines has, and why.
public struct Detection: Sendable {
  /// The format; `nil` when none was recognised.
  public var format: LogFormat?
  /// Why, or what was found instead, in words for people.
  public var reason: LocalizedText

  /// Creates a finding.
  public init(format: LogFormat?, reason: LocalizedText) {
    self.format = format
    self.reason = reason
  }
}

/// Tells formats apart from the first lines of a log.
public enum FormatDetector {
  /// Lines looked at.
  static let lines = 200

  /// The format that reads most of the sample's lines, and at least half of them.
  ///
  /// Only whole lines are looked at, except where there is but one. Of formats that read equally
  /// many, the one that says most about an exchange is taken: that with the finest clock, then the
  /// one named first in ``LogFormat/names``.
  public static func detect(_ sample: Span<UInt8>) -> Detection {
    let lines = split(sample)
    guard let first = lines.first else {
      return Detection(
        format: nil,
        reason: LocalizedText(
          en: "there is no line with anything on it", fr: "toutes les lignes sont vides"))
    }
    if byte(sample, firstVisible(sample, first)) == UInt8(ascii: "{") || looksLikeCRI(sample, first)
    {
      return JSONDetection.detect(sample, lines)
    }
    if starts(sample, first, with: "#Software: Microsoft")
      || starts(sample, first, with: "#Fields:") || starts(sample, first, with: "#Version:")
    {
      return Detection(
        format: LogFormat(.iis, name: "iis"),
        reason: LocalizedText(
          en: "it begins with a W3C extended log header",
          fr: "il commence par un en-tête W3C étendu"))
    }
    var best: (format: LogFormat, count: Int)?
    for family in TextFamily.allCases {
      let format = LogFormat(.family(family), name: family.rawValue)
      let count = parsed(sample, lines, format)
      if count > (best?.count ?? 0) { best = (format, count) }
    }
    let iis = LogFormat(.iis, name: "iis")
    let count = parsed(sample, lines, iis)
    if count > (best?.count ?? 0) { best = (iis, count) }
    guard let best, best.count * 2 >= lines.count else {
      return Detection(format: nil, reason: noneFits(best, lines.count))
    }
    let (isOne, share) = (best.count == 1, Self.share(best.count, lines.count))
    return Detection(
      format: best.format,
      reason: LocalizedText(
        en: "\(share.en) \(isOne ? "has" : "have") this shape",
        fr: "\(share.fr) \(isOne ? "a" : "ont") cette forme"))
  }

  /// How many of the first lines, in words that go on with a verb.
  static func share(_ count: Int, _ lines: Int) -> LocalizedText {
    lines == 1
      ? LocalizedText(en: "the first line", fr: "la première ligne")
      : LocalizedText(
        en: "\(count) of the first \(lines) lines", fr: "\(count) des \(lines) premières lignes")
  }

  private static func noneFits(
    _ best: (format: LogFormat, count: Int)?, _ lines: Int
  ) -> LocalizedText {
    guard let best else {
      return LocalizedText(
        en: "none of the known formats fits "
          + (lines == 1 ? "the first line" : "any of \(lines) lines"),
        fr: "aucun format connu ne convient à "
          + (lines == 1 ? "la première ligne" : "aucune des \(lines) lignes"))
    }
    return LocalizedText(
      en: "\(best.format.name) fits \(best.count) of \(English.counted(lines, "line"))",
      fr: "\(best.format.name) convient à \(French.counted(best.count, "ligne")) sur \(lines)")
  }

  /// How many lines a format reads.
  private static func parsed(
    _ sample: Span<UInt8>, _ lines: [Range<Int>], _ format: LogFormat
  ) -> Int {
    var configuration = DecoderConfiguration()
    configuration.zone = .utc
    guard var decoder = try? LogDecoder(format, configuration) else { return 0 }
    var batch = ExchangeBatch()
    for line in lines {
      let start = batch.bytes.count
      for i in line { batch.bytes.append(sample[i]) }
      decoder.decode(&batch, lines: start..<batch.bytes.count, offset: 0)
      batch.bytes.removeAll(keepingCapacity: true)
    }
    return Int(decoder.counters.exchanges)
  }

  /// The sample's lines that are not blank, at most ``lines``; a cut last one is left out.
  static func split(_ sample: Span<UInt8>) -> [Range<Int>] {
    var found: [Range<Int>] = []
    var start = byteOrderMark(sample, 0..<sample.count)
    while start < sample.count, found.count < lines {
      let feed = find(0x0a, in: sample, from: start, to: sample.count)
      if feed == sample.count, !found.isEmpty { break }
      if firstVisible(sample, start..<feed) < feed { found.append(start..<feed) }
      start = feed + 1
    }
    return found
  }

  static func firstVisible(_ sample: Span<UInt8>, _ line: Range<Int>) -> Int {
    for i in line where sample[i] > 0x20 { return i }
    return line.upperBound
  }

  /// Whether a container runtime wrote `2025-12-31T17:37:40.49+01:00 stdout F ` before JSON.
  private static func looksLikeCRI(_ sample: Span<UInt8>, _ line: Range<Int>) -> Bool {
    JSONLineDecoder.documentStart(sample, line) > line.lowerBound
  }
}
