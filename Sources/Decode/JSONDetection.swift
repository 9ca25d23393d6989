import CrenelModel

/// Tells JSON logs apart.
enum JSONDetection {
  /// The preset that reads most lines of a sample that begins with an object.
  static func detect(_ sample: Span<UInt8>, _ lines: [Range<Int>]) -> Detection {
    var best: (map: JSONFieldMap, count: Int)?
    for map in JSONFieldMap.presets {
      var configuration = DecoderConfiguration()
      configuration.zone = .utc
      var decoder = JSONLineDecoder(map: map, configuration: configuration)
      var count = 0
      var bytes: [UInt8] = []
      for line in lines {
        bytes.removeAll(keepingCapacity: true)
        for i in line { bytes.append(sample[i]) }
        var exchange = Exchange(
          at: Timestamp(nanoseconds: 0),
          provenance: Provenance(source: 0, offset: 0, length: 0, line: 0))
        let outcome = decoder.decode(bytes.indices, &bytes, &exchange)
        if case .exchange = outcome, decoder.sawClient { count += 1 }
      }
      if count > (best?.count ?? 0) { best = (map, count) }
    }
    guard let best else {
      return Detection(
        format: nil,
        reason: LocalizedText(
          en: "the lines are JSON, but no known map finds time, client and request in them",
          fr: "les lignes sont en JSON, mais aucune table connue n’y trouve heure, client et "
            + "requête"))
    }
    guard best.count * 2 >= lines.count else {
      return Detection(
        format: nil,
        reason: LocalizedText(
          en: "the lines are JSON, but \(best.map.name), which reads most, reads "
            + "\(best.count) of \(English.counted(lines.count, "line"))",
          fr: "les lignes sont en JSON, mais \(best.map.name), qui en lit le plus, en lit "
            + "\(best.count) sur \(lines.count)"))
    }
    let (isOne, count) = (best.count == 1, FormatDetector.share(best.count, lines.count))
    return Detection(
      format: LogFormat(.json(best.map), name: best.map.name),
      reason: LocalizedText(
        en: "\(count.en) \(isOne ? "is" : "are") JSON with its keys",
        fr: "\(count.fr) \(isOne ? "est" : "sont") en JSON avec ses clés"))
  }
}
