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
        reason: "the lines are JSON, but no known map finds time, client and request in them")
    }
    guard best.count * 2 >= lines.count else {
      return Detection(
        format: nil,
        reason: "the lines are JSON, but \(best.map.name), which reads most, reads "
          + "\(best.count) of \(lines.count) lines")
    }
    return Detection(
      format: LogFormat(.json(best.map), name: best.map.name),
      reason: "\(best.count) of the first \(lines.count) lines are JSON with its keys")
  }
}
