/// Tells whose a port in a JSON log is, where a map names several keys for the client.
///
/// A port belongs to the address under the same name: `source.port` to `source.ip`, `remote_port` to
/// `remote_addr` and `remote_ip`. Beside another address it is that of the connection: Caddy logs
/// the proxy's `remote_port` beside the `client_ip` that the proxy named.
struct JSONPorts {
  /// The slot of the port; -1 when the map has none.
  let slot: Int
  /// The slot of the client.
  let clientSlot: Int
  /// By the rank of the port's path: bit i, that it goes with the client's path of rank i.
  ///
  /// Empty where a user names one key for each: these belong together.
  private let pairs: [UInt64]

  init(_ map: JSONFieldMap) {
    let port = map.entries.firstIndex { $0.role == .port }
    let client = map.entries.firstIndex { $0.role == .remote }
    slot = port ?? -1
    clientSlot = client ?? 0
    guard let port, let client, map.isPreset else {
      pairs = []
      return
    }
    let owners = map.entries[client].paths
    pairs = map.entries[port].paths.map { path in
      let name = path.dropLast("port".count)
      return owners.indices.reduce(0) {
        owners[$1].hasPrefix(name) ? $0 | 1 << UInt64($1) : $0
      }
    }
  }

  /// Whether the port found at the path of `rank` is the client's, whose path has the other rank.
  func isClients(_ rank: UInt8, besideClient clientRank: UInt8?) -> Bool {
    guard !pairs.isEmpty else { return true }
    guard let clientRank else { return false }
    return pairs[Int(rank)] & 1 << UInt64(clientRank) != 0
  }
}
