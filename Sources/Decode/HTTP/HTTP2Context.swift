import CrenelModel

/// What all HTTP/2 connections of a run share: what is asked of them, and who clients are.
struct HTTP2Context: Sendable {
  /// A name asked for, with the slot of its value.
  struct Name: Sendable {
    var bytes: [UInt8]
    var slot: Int
  }

  /// Request headers asked for as `header.x`: lower case, `_` for `-`.
  let headers: [Name]
  /// Cookies asked for as `cookie.x`.
  let cookies: [Name]
  private let chain: ForwardedChain?

  /// Creates a context from what the site profile and the command line say.
  init(_ configuration: DecoderConfiguration) {
    headers = Self.names("header.", configuration.names) {
      $0.lowercased().replacing("-", with: "_")
    }
    cookies = Self.names("cookie.", configuration.names) { $0 }
    chain =
      configuration.client == .forwarded
      ? ForwardedChain(trusted: configuration.trustedProxies) : nil
  }

  private static func names(
    _ prefix: String, _ all: FieldNames, _ spelling: (String) -> String
  ) -> [Name] {
    all.names.enumerated().filter { $0.element.hasPrefix(prefix) }.map {
      Name(bytes: Array(spelling(String($0.element.dropFirst(prefix.count))).utf8), slot: $0.offset)
    }
  }

  /// Walks back over trusted proxies to the client, where the configuration asks for it.
  func findClient(_ exchange: inout Exchange, _ bytes: Span<UInt8>) {
    guard let chain, exchange[.forwardedFor].count > 0 else { return }
    let found = chain.client(
      behind: exchange.client, bytes, exchange[.forwardedFor].indices)
    if found.isUnclear { exchange.flags.insert(.forwardingUnclear) }
    guard found.client != exchange.client else { return }
    exchange.client = found.client
    exchange.flags.insert(.forwarded)
  }
}
