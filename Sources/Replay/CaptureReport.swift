public import CrenelCapture
public import CrenelDecode
import CrenelModel

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
  /// Packets that a live capture received and lost; `nil` for files.
  public var drops: LiveDrops?

  init() {}

  /// Packets and connections, in a few words.
  var summary: String { decoded?.summary ?? "\(packets) packets" }

  /// What a person should know of, one text a fact.
  var remarks: [String] {
    var texts: [String] = []
    if let drops, drops.droppedByKernel + drops.droppedByInterface > 0 {
      texts.append(
        "\(drops.droppedByKernel) packets were lost in the kernel and "
          + "\(drops.droppedByInterface) in the interface, of \(drops.received); "
          + "a larger --buffer-size or a --bpf expression helps")
    }
    if file.cut > 0 { texts.append("\(file.cut) packets were cut by the snap length") }
    if file.cutByEnd > 0 { texts.append("the file ends inside its last packet") }
    return texts + (decoded?.remarks { _ in nil } ?? [])
  }

  /// Writes `capture` into an open object.
  func write(to writer: inout JSONWriter) {
    writer.beginObject("capture")
    if let decoded {
      decoded.write(to: &writer, cut: file.cut, drops: drops) { _ in nil }
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

  /// Writes `captures` into an open object; `name` calls sources by number.
  func write(to writer: inout JSONWriter, cut: UInt64, name: (UInt32) -> String?) {
    writer.beginObject("captures")
    writer.int("files", files)
    writer.int("exchanges", decoded.exchanges)
    decoded.write(to: &writer, cut: cut, drops: nil, name: name)
    writer.endObject()
  }
}

extension PacketReport {
  /// Packets and connections, in a few words.
  var summary: String {
    let parts = [
      ("HTTP/1", connections.http1), ("HTTP/2", connections.http2), ("TLS", connections.tls),
      ("of other kinds", connections.others),
    ]
    let kinds = parts.filter { $0.1 > 0 }.map { "\($0.1) \($0.0)" }
    let sum = parts.reduce(0) { $0 + $1.1 }
    return "\(packets) packets, \(sum) connections"
      + (kinds.isEmpty ? "" : " (\(kinds.joined(separator: ", ")))")
  }

  /// What was odd, one text an anomaly; `name` calls sources by number, where there are several.
  func remarks(name: (UInt32) -> String?) -> [String] {
    PacketAnomaly.allCases.filter { anomalies.count($0) > 0 }.map { anomaly in
      let frame = anomalies.firstFrame(anomaly)
      let file = name(anomalies.firstSource(anomaly)).map { " of \(TerminalText.escaped($0))" }
      return "\(anomalies.count(anomaly)) times \(anomaly.code)"
        + (frame > 0 ? "; the first at frame \(frame)" + (file ?? "") : "")
    }
  }

  /// Writes members of an open object; `name` calls sources by number, where there are several.
  func write(
    to writer: inout JSONWriter, cut: UInt64, drops: LiveDrops?, name: (UInt32) -> String?
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
    if let drops {
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
