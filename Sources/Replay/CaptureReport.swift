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

/// What became of the packets of a capture.
public struct CaptureReport: Sendable {
  /// What became of the records of a file.
  public var file = PacketCounters()
  /// What became of its packets.
  public var decoded: PacketReport
  /// What a live capture received, lost and waited for; `nil` for files.
  public var live: LiveReport?

  init(decoded: PacketReport) { self.decoded = decoded }

  /// Packets and connections, in a few words.
  func summary(_ language: Language) -> String {
    let count = decoded.connections
    let others = LocalizedText(en: "of other kinds", fr: "d’autres sortes")
    let parts = [
      ("HTTP/1", count.http1), ("HTTP/2", count.http2), ("TLS", count.tls),
      (others[language], count.others),
    ]
    let kinds = parts.filter { $0.1 > 0 }.map { "\($0.1) \($0.0)" }
    let sum = count.http1 + count.http2 + count.tls + count.others
    let words = LocalizedText(
      en: "\(decoded.packets) packets, \(sum) connections",
      fr: French.counted(decoded.packets, "paquet") + ", " + French.counted(sum, "connexion"))
    let ticks = live.map { live in
      LocalizedText(
        en: ", \(live.idleTicks) idle ticks",
        fr: ", " + French.counted(live.idleTicks, "attente"))
    }
    return words[language] + (kinds.isEmpty ? "" : " (\(kinds.joined(separator: ", ")))")
      + (ticks?[language] ?? "")
  }

  /// What a person should know of, one text a fact.
  func remarks(_ language: Language) -> [String] { texts.map { $0[language] } }

  private var texts: [LocalizedText] {
    var texts: [LocalizedText] = []
    if let drops = live?.drops, drops.droppedByKernel + drops.droppedByInterface > 0 {
      texts.append(
        LocalizedText(
          en: "\(drops.droppedByKernel) packets were lost in the kernel and "
            + "\(drops.droppedByInterface) in the interface, of \(drops.received); "
            + "a larger --buffer-size or a --bpf expression helps",
          fr: "paquets perdus\u{a0}: \(drops.droppedByKernel) dans le noyau et "
            + "\(drops.droppedByInterface) dans l’interface, sur \(drops.received)\u{a0}; "
            + "un --buffer-size plus grand ou une expression --bpf y remédie"))
    }
    if file.cut > 0 {
      texts.append(
        LocalizedText(
          en: "\(file.cut) packet\(file.cut == 1 ? " was" : "s were") cut by the snap length",
          fr: "paquets coupés par la longueur de capture\u{a0}: \(file.cut)"))
    }
    if let late = live?.lateAfterTick, late > 0 {
      texts.append(
        LocalizedText(
          en: "\(late) packets came more than a second late, after an idle tick had closed what "
            + "was silent; a replay of the same packets may give their connections otherwise",
          fr: "paquets arrivés plus d’une seconde en retard, après la fermeture de ce qui se "
            + "taisait\u{a0}: \(late)\u{a0}; un rejeu des mêmes paquets peut rendre leurs "
            + "connexions autrement"))
    }
    for anomaly in PacketAnomaly.allCases {
      let count = decoded.anomalies.count(anomaly)
      guard count > 0 else { continue }
      let frame = decoded.anomalies.firstFrame(anomaly)
      texts.append(
        LocalizedText(
          en: "\(count) times \(anomaly.code)" + (frame > 0 ? "; the first at frame \(frame)" : ""),
          fr: "\(count) fois \(anomaly.code)"
            + (frame > 0 ? "\u{a0}; la première à la trame \(frame)" : "")))
    }
    return texts
  }

  /// Writes members of an open object.
  func write(to writer: inout JSONWriter) {
    writer.beginObject("capture")
    writer.int("packets", decoded.packets)
    writer.int("segments", decoded.segments)
    writer.int("fragments", decoded.fragments)
    writer.int("other_packets", decoded.others)
    writer.int("unreadable_packets", decoded.unreadable)
    writer.int("cut_packets", file.cut)
    writer.beginObject("connections")
    writer.int("http1", decoded.connections.http1)
    writer.int("http2", decoded.connections.http2)
    writer.int("tls", decoded.connections.tls)
    writer.int("other", decoded.connections.others)
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
    for anomaly in PacketAnomaly.allCases where decoded.anomalies.count(anomaly) > 0 {
      writer.beginObject()
      writer.string("code", anomaly.code)
      writer.int("count", decoded.anomalies.count(anomaly))
      writer.int("first_frame", decoded.anomalies.firstFrame(anomaly))
      writer.endObject()
    }
    writer.endArray()
    writer.endObject()
  }
}
