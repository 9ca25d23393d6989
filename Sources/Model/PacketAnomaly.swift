/// Something odd in captured traffic: counted, with the frame of its first sample; never fatal.
public enum PacketAnomaly: UInt8, CaseIterable, Sendable, BitwiseCopyable {
  // Layers below TCP.
  /// The snap length cut bytes off that were needed.
  case cutByCapture
  /// The link type, or what it carries, is not one that is read.
  case unknownLink
  /// A header is shorter than its layer needs, or its lengths contradict each other.
  case badHeader
  /// More layers inside each other than the limit.
  case tooDeep
  /// Fragments of one datagram overlap.
  case fragmentOverlap
  /// Fragments were given up: too many, too large, or their rest never came.
  case fragmentLost
  // TCP.
  /// A TCP header that cannot be one.
  case badTCPHeader
  /// Two segments hold different bytes for the same place; the bytes seen first were taken.
  case overlapConflict
  /// Bytes of a stream are missing from the capture.
  case streamGap
  /// A connection whose opening was not captured.
  case midStream
  /// A segment outside what the connection can still use.
  case outOfWindow
  /// A connection or its buffer was given up to stay within the memory limits.
  case overLimit
  // HTTP.
  /// A message that breaks the grammar of HTTP.
  case badMessage
  /// A header or line longer than the limit.
  case headerTooLong
  /// Content-Length and Transfer-Encoding disagree, or repeat with other values.
  case ambiguousLength
  /// A body that decompresses to more than the limit.
  case decompressionLimit
  /// A body whose compression cannot be read.
  case badCompression
  /// A response without a request, or the other way round.
  case unpaired
  /// HTTP/2 frames or header blocks that break RFC 9113 or RFC 7541.
  case badHTTP2
  /// A PROXY protocol header that cannot be read.
  case badProxyHeader
  // TLS.
  /// A ClientHello that cannot be read.
  case badClientHello

  /// A stable name, in kebab case.
  public var code: String {
    switch self {
    case .cutByCapture: "cut-by-capture"
    case .unknownLink: "unknown-link"
    case .badHeader: "bad-header"
    case .tooDeep: "too-deep"
    case .fragmentOverlap: "fragment-overlap"
    case .fragmentLost: "fragment-lost"
    case .badTCPHeader: "bad-tcp-header"
    case .overlapConflict: "overlap-conflict"
    case .streamGap: "stream-gap"
    case .midStream: "mid-stream"
    case .outOfWindow: "out-of-window"
    case .overLimit: "over-limit"
    case .badMessage: "bad-message"
    case .headerTooLong: "header-too-long"
    case .ambiguousLength: "ambiguous-length"
    case .decompressionLimit: "decompression-limit"
    case .badCompression: "bad-compression"
    case .unpaired: "unpaired"
    case .badHTTP2: "bad-http2"
    case .badProxyHeader: "bad-proxy-header"
    case .badClientHello: "bad-client-hello"
    }
  }
}

/// A set of anomalies.
public struct PacketAnomalies: Hashable, Sendable, BitwiseCopyable {
  /// One bit for each ``PacketAnomaly``, by its raw value.
  public private(set) var bits: UInt32 = 0

  /// Creates an empty set.
  public init() {}

  /// Adds an anomaly.
  public mutating func insert(_ anomaly: PacketAnomaly) { bits |= 1 << UInt32(anomaly.rawValue) }

  /// Adds all of `other`.
  public mutating func formUnion(_ other: PacketAnomalies) { bits |= other.bits }

  /// Whether the anomaly is in the set.
  public func contains(_ anomaly: PacketAnomaly) -> Bool {
    bits & 1 << UInt32(anomaly.rawValue) != 0
  }
}

/// How often each anomaly occurred, with the frame of its first sample.
public struct AnomalyCounters: Sendable {
  private var counts = [UInt64](repeating: 0, count: PacketAnomaly.allCases.count)
  private var firsts = [UInt64](repeating: 0, count: PacketAnomaly.allCases.count)

  /// Creates counters at zero.
  public init() {}

  /// Counts an anomaly seen at `frame` (a ``SourcedFrame``; 0 when no frame can be named).
  public mutating func record(_ anomaly: PacketAnomaly, frame: UInt64) {
    let i = Int(anomaly.rawValue)
    if counts[i] == 0 { firsts[i] = frame }
    counts[i] &+= 1
  }

  /// How often it occurred.
  public func count(_ anomaly: PacketAnomaly) -> UInt64 { counts[Int(anomaly.rawValue)] }

  /// The frame of its first sample, in its file; 0 when it never occurred, or at no frame.
  public func firstFrame(_ anomaly: PacketAnomaly) -> UInt64 {
    SourcedFrame(rawValue: firsts[Int(anomaly.rawValue)]).number
  }

  /// Number of the source that the frame of its first sample is in.
  public func firstSource(_ anomaly: PacketAnomaly) -> UInt32 {
    SourcedFrame(rawValue: firsts[Int(anomaly.rawValue)]).source
  }

  /// Adds the counts of `other`, whose samples are taken where there were none.
  public mutating func add(_ other: AnomalyCounters) {
    for i in counts.indices {
      if counts[i] == 0 { firsts[i] = other.firsts[i] }
      counts[i] &+= other.counts[i]
    }
  }
}
