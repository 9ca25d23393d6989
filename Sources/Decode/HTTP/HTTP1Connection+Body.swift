import CrenelModel

extension HTTP1Connection {
  /// Counts bytes of the body under way, and keeps them while somebody asks for a field of it.
  mutating func keepBody(_ bytes: Span<UInt8>) {
    takeWork()
    guard let index = work.open.indices.last, !work.open[index].isRequestDone else { return }
    work.store.details[index].requestBodyBytes &+= Int64(bytes.count)
    guard work.open[index].bodyKind != .none else { return }
    let room = context.limits.bodyBytes - work.body.count
    guard room > 0 else { return }
    unsafe bytes.withUnsafeBufferPointer {
      unsafe work.body.append(contentsOf: $0.prefix(room))
    }
  }

  /// Takes the fields asked for out of the body that was kept.
  mutating func readBody(_ index: Int, _ mark: PacketMark) {
    takeWork()
    let open = work.open[index]
    guard open.bodyKind != .none, !work.body.isEmpty else { return }
    let (body, anomaly) = RequestBody.decoded(work.body, open.coding, context)
    if let anomaly { record(anomaly, mark, at: index) }
    RequestBody.read(
      body.span, open.bodyKind, context.asked, &work.store.exchanges[index], &work.store.bytes)
    work.body.removeAll(keepingCapacity: true)
  }

  /// Counts each of a set of anomalies.
  func count(_ anomalies: PacketAnomalies, _ mark: PacketMark) {
    guard anomalies.bits != 0 else { return }
    for anomaly in PacketAnomaly.allCases where anomalies.contains(anomaly) {
      context.anomalies.record(anomaly, frame: mark.frame)
    }
  }

  /// An exchange of this connection about which nothing else is known.
  func blank(_ state: StreamState) -> Exchange {
    let mark = state.firstMark
    var exchange = Exchange(
      at: mark.at,
      provenance: Provenance(frame: mark.frame, offset: state.firstPlace))
    exchange.resolution = 1
    exchange.flags.insert(.stampedAtEnd)
    exchange.client = proxied?.address ?? flow.client.address
    exchange.peer = flow.client.address
    exchange.port = proxied?.port ?? flow.client.port
    if proxied != nil { exchange.flags.insert(.forwarded) }
    exchange.connection = flow.id
    return exchange
  }

  func blankDetail() -> PacketDetail {
    var detail = PacketDetail()
    detail.server = flow.server.address
    detail.serverPort = flow.server.port
    detail.requestBodyBytes = 0
    return detail
  }
}
