extension Exchange {
  /// What the log calls the client where it gives no address of it; absent where it gives one.
  public var clientName: ByteRange { client.isIP ? .absent : self[.clientName] }
}

/// A client as it is named in whatever is written: its address, or what the log has in place of one.
public struct NamedClient: Hashable, Sendable, CustomStringConvertible {
  /// The address, or what stands for the name.
  public let client: ClientAddress
  /// The text of the log, a host name or `unix:`; `nil` for an address, and where it has none.
  public let name: [UInt8]?

  /// The client of an exchange.
  public init(_ exchange: Exchange, in batch: borrowing ExchangeBatch) {
    client = exchange.client
    let name = exchange.clientName
    self.name = name.isPresent ? Array(batch.bytes[name.indices]) : nil
  }

  /// A client of which no name is at hand.
  public init(_ client: ClientAddress) {
    self.client = client
    name = nil
  }

  /// For people, safe on a terminal; `name:` and a hash for a name that is not at hand.
  public var description: String {
    name.map { TerminalText.escaped($0.span) } ?? client.description
  }
}

extension JSONWriter {
  /// Writes `ip`, or `address` for a name; nothing for a client without either.
  public mutating func client(_ client: NamedClient) {
    address("ip", client.client)
    if let name = client.name { string("address", bytes: name.span) }
  }
}
