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
  var summary: String {
    let count = decoded.connections
    let parts = [
      ("HTTP/1", count.http1), ("HTTP/2", count.http2), ("TLS", count.tls),
      ("of other kinds", count.others),
    ]
    let kinds = parts.filter { $0.1 > 0 }.map { "\($0.1) \($0.0)" }
    let sum = count.http1 + count.http2 + count.tls + count.others
    return "\(decoded.packets) packets, \(sum) connections"
      + (kinds.isEmpty ? "" : " (\(kinds.joined(separator: ", ")))")
      + (live.map { ", \($0.idleTicks) idle ticks" } ?? "")
  }

  /// What a person should know of, one text a fact.
  var remarks: [String] {
    var texts: [String] = []
    if let drops = live?.drops, drops.droppedByKernel + drops.droppedByInterface > 0 {
      texts.append(
        "\(drops.droppedByKernel) packets were lost in the kernel and "
          + "\(drops.droppedByInterface) in the interface, of \(drops.received); "
          + "a larger --buffer-size or a --bpf expression helps")
    }
    if let late = live?.lateAfterTick, late > 0 {
      texts.append(
        "\(late) packets came more than a second late, after an idle tick had closed what was silent; "
          + "a replay of the same packets may give their connections otherwise")
    }
    if file.cut > 0 {
      texts.append("\(file.cut) packet\(file.cut == 1 ? " was" : "s were") cut by the snap length")
    }
    for anomaly in PacketAnomaly.allCases {
      let count = decoded.anomalies.count(anomaly)
      guard count > 0 else { continue }
      let frame = decoded.anomalies.firstFrame(anomaly)
      texts.append(
        "\(count) times \(anomaly.code)" + (frame > 0 ? "; the first at frame \(frame)" : ""))
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
