import CrenelCapture
import CrenelDecode
import CrenelModel

extension Setup {
  /// What is read, and how.
  struct Reading {
    var inputs: InputPlan?
    var format: LogFormat?
    var lateness: Int64
    var zone: ZoneRules?
    var stamp: StampKind?
    var proxies: [Network]

    /// `nil` when something is wrong, which `attempts` then has.
    init?(_ options: RunOptions, _ attempts: inout Attempts) {
      let zone = attempts.value { try Setup.zone(options.zone) }
      let format = attempts.value { try Setup.format(options.format) }
      let lateness = attempts.value { try Setup.duration(options.lateness, option: "--lateness") }
      let stamp = attempts.value { try Setup.stamp(options.stamp) }
      let proxies = attempts.value { try Setup.networks(options.trustedProxies) }
      let inputs = attempts.value { try options.inputs.isEmpty ? nil : InputPlan(options.inputs) }
      _ = attempts.value { try options.bpf.map(Setup.check(bpf:)) }
      if let path = options.alertsFile {
        _ = attempts.value {
          var files = FilesRead((inputs ?? nil)?.sources ?? [])
          files.add(options)
          try OutputStream.check(path, sparing: files, option: "--alerts")
        }
      }
      guard let zone, let format, let lateness, let stamp, let proxies, let inputs else {
        return nil
      }
      self.inputs = inputs
      self.format = format
      self.lateness = lateness
      self.zone = zone
      self.stamp = stamp
      self.proxies = proxies
    }
  }
}
