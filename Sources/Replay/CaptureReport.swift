import CrenelAlerts
public import CrenelCapture
public import CrenelDecode
import CrenelModel

/// What a live capture did beside reading packets.
public struct LiveReport: Sendable {
  /// Packets received and lost.
  public var drops: LiveDrops
  /// Times that event time was moved by the clock because no packet did.
  public var idleTicks: UInt64
  /// Packets that were captured before the time of an idle tick and came after it.
  public var lateAfterTick: UInt64
}

/// What became of one capture: a file, or live interfaces.
public struct CaptureReport: Sendable {
  /// What became of the records of a file.
  public var file = PacketCounters()
  /// Packets of a file that `--bpf` left.
  public var packets: UInt64 = 0
  /// Exchanges that began in it.
  public var exchanges: UInt64 = 0
  /// What became of its packets; `nil` where other files are read in one stream with it.
  public var decoded: PacketReport?
  /// What a live capture received, lost and waited for; `nil` for files.
  public var live: LiveReport?

  init() {}

  /// Packets and connections, in a few words.
  func summary(_ language: Language) -> String {
    guard let decoded else { return PacketReport.packets(packets)[language] }
    let ticks = live.map { live in
      LocalizedText(
        en: ", \(English.counted(live.idleTicks, "idle tick"))",
        fr: ", " + French.counted(live.idleTicks, "attente"))
    }
    return decoded.summary(language) + (ticks?[language] ?? "")
  }

  /// What a person should know of, one text a fact.
  func remarks(_ language: Language) -> [String] { texts.map { $0[language] } }

  private var texts: [LocalizedText] {
    var texts: [LocalizedText] = []
    if let drops = live?.drops, drops.droppedByKernel + drops.droppedByInterface > 0 {
      texts.append(
        LocalizedText(
          en: English.counted(drops.droppedByKernel, "packet was", "packets were")
            + " lost in the kernel and \(drops.droppedByInterface) in the interface, of "
            + "\(drops.received); a larger --buffer-size or a --bpf expression helps",
          fr: French.counted(drops.droppedByKernel, "paquet perdu", "paquets perdus")
            + " dans le noyau et \(drops.droppedByInterface) dans l’interface, sur \(drops.received)\u{a0}; "
            + "un --buffer-size plus grand ou une expression --bpf y remédie"))
    }
    if file.cut > 0 {
      texts.append(
        LocalizedText(
          en: English.counted(file.cut, "packet was", "packets were") + " cut by the snap length",
          fr: French.counted(file.cut, "paquet coupé", "paquets coupés")
            + " par la longueur de capture"))
    }
    if let late = live?.lateAfterTick, late > 0 {
      texts.append(
        LocalizedText(
          en: "\(English.counted(late, "packet")) came more than a second late, after an idle "
            + "tick had closed what was silent; a replay of the same packets may give their connections otherwise",
          fr: French.counted(late, "paquet arrivé", "paquets arrivés")
            + " plus d’une seconde en retard, après la fermeture de ce qui se taisait\u{a0}; un "
            + "rejeu des mêmes paquets peut rendre leurs connexions autrement"))
    }
    return texts + (decoded?.remarks { _ in nil } ?? [])
  }

  /// Writes `capture` into an open object.
  func write(to writer: inout JSONWriter) {
    writer.beginObject("capture")
    if let decoded {
      decoded.write(to: &writer, cut: file.cut, live: live) { _ in nil }
    } else {
      writer.int("packets", packets)
      writer.int("cut_packets", file.cut)
    }
    writer.endObject()
  }
}

/// What became of several capture files that were read as one stream.
public struct CaptureStreamReport: Sendable {
  /// How many files.
  public var files: Int
  /// What became of their packets.
  public var decoded: PacketReport

  /// How many files, and what they held.
  func summary(_ language: Language) -> String {
    let start = LocalizedText(
      en: English.counted(files, "file") + " as one stream, ",
      fr: French.counted(files, "fichier lu", "fichiers lus") + " comme un seul flux, ")
    let end = LocalizedText(
      en: ", " + English.counted(decoded.exchanges, "exchange"),
      fr: ", " + French.counted(decoded.exchanges, "échange"))
    return start[language] + decoded.summary(language) + end[language]
  }

  /// Writes `captures` into an open object; `name` calls sources by number.
  func write(to writer: inout JSONWriter, cut: UInt64, name: (UInt32) -> String?) {
    writer.beginObject("captures")
    writer.int("files", files)
    writer.int("exchanges", decoded.exchanges)
    decoded.write(to: &writer, cut: cut, live: nil, name: name)
    writer.endObject()
  }
}

extension PacketReport {
  /// How many packets, in words.
  static func packets(_ count: UInt64) -> LocalizedText {
    LocalizedText(en: English.counted(count, "packet"), fr: French.counted(count, "paquet"))
  }

  /// Packets and connections, in a few words.
  func summary(_ language: Language) -> String {
    let others = LocalizedText(en: "of other kinds", fr: "d’autres sortes")
    let parts = [
      ("HTTP/1", connections.http1), ("HTTP/2", connections.http2), ("TLS", connections.tls),
      (others[language], connections.others),
    ]
    let kinds = parts.filter { $0.1 > 0 }.map { "\($0.1) \($0.0)" }
    let sum = parts.reduce(0) { $0 + $1.1 }
    let words = LocalizedText(
      en: ", " + English.counted(sum, "connection"), fr: ", " + French.counted(sum, "connexion"))
    return Self.packets(packets)[language] + words[language]
      + (kinds.isEmpty ? "" : " (\(kinds.joined(separator: ", ")))")
  }

  /// What was odd, one text an anomaly; `name` calls sources by number, where there are several.
  func remarks(name: (UInt32) -> String?) -> [LocalizedText] {
    PacketAnomaly.allCases.filter { anomalies.count($0) > 0 }.map { anomaly in
      let (count, frame) = (anomalies.count(anomaly), anomalies.firstFrame(anomaly))
      let file = name(anomalies.firstSource(anomaly)).map { TerminalText.escaped($0) }
      guard frame > 0 else {
        return LocalizedText(
          en: "\(English.counted(count, "time")) \(anomaly.code)",
          fr: "\(count) fois \(anomaly.code)")
      }
      return LocalizedText(
        en: "\(English.counted(count, "time")) \(anomaly.code); the first at frame \(frame)"
          + (file.map { " of \($0)" } ?? ""),
        fr: "\(count) fois \(anomaly.code)\u{a0}; la première à la trame \(frame)"
          + (file.map { " de \($0)" } ?? ""))
    }
  }

  /// Writes members of an open object; `name` calls sources by number, where there are several.
  func write(
    to writer: inout JSONWriter, cut: UInt64, live: LiveReport?, name: (UInt32) -> String?
  ) {
    writer.int("packets", packets)
    writer.int("segments", segments)
    writer.int("fragments", fragments)
    writer.int("other_packets", others)
    writer.int("unreadable_packets", unreadable)
    writer.int("cut_packets", cut)
    writer.beginObject("connections")
    writer.int("http1", connections.http1)
    writer.int("http2", connections.http2)
    writer.int("tls", connections.tls)
    writer.int("other", connections.others)
    writer.endObject()
    if let live {
      let drops = live.drops
      writer.int("idle_ticks", live.idleTicks)
      writer.int("late_after_tick", live.lateAfterTick)
      writer.beginObject("drops")
      writer.int("received", drops.received)
      writer.int("kernel", drops.droppedByKernel)
      writer.int("interface", drops.droppedByInterface)
      writer.endObject()
    }
    writer.beginArray("anomalies")
    for anomaly in PacketAnomaly.allCases where anomalies.count(anomaly) > 0 {
      let frame = anomalies.firstFrame(anomaly)
      writer.beginObject()
      writer.string("code", anomaly.code)
      writer.int("count", anomalies.count(anomaly))
      if frame > 0, let file = name(anomalies.firstSource(anomaly)) {
        writer.string("first_source", file)
      }
      writer.int("first_frame", frame)
      writer.endObject()
    }
    writer.endArray()
  }
}
